"""What a member and an app may publish in a day that ends at midnight UTC. No header tells how much is left."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from polypost import clock
from polypost.sandbox.networks.linkedin import errors
from polypost.sandbox.networks.linkedin.auth import Caller
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.simkit import Network, Refused


class Rates:
    """Counts the calls that publish."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def take(self, caller: Caller) -> None:
        """Count a call. Raises Refused (429) when a day's allowance is used up."""
        # LinkedIn counts by days of UTC and has no usage headers (Rate Limiting).
        window = midnight() - clock.now()
        owners = (
            ("MEMBER", caller.account.id, "posts_per_member_day"),
            ("APPLICATION", caller.token.client_id, "posts_per_app_day"),
        )
        for scope, owner, name in owners:
            if not self._net.buckets.take(name, owner, limit=limit(name), window=window).ok:
                raise Refused(errors.throttled(scope))


def midnight() -> datetime:
    """The next midnight UTC."""
    return datetime.combine(clock.now().astimezone(UTC).date() + timedelta(days=1), time(), UTC)
