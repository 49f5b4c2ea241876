"""Google's allowances: requests a minute of a project for each API, edits a minute of a location. No headers tell of them."""

from __future__ import annotations

from datetime import timedelta

from polypost import clock
from polypost.sandbox.networks.googlebusiness import errors
from polypost.sandbox.networks.googlebusiness.limits import limit
from polypost.sandbox.simkit import Account, Network, Refused

MINUTE = timedelta(minutes=1)


class Rates:
    """Counts calls and refuses what is too much."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def project(self, project: str, service: str) -> None:
        """Count a call of a project. Raises Refused (429)."""
        most = limit("requests_per_minute")
        if not self._net.buckets.take(service, project, limit=most, window=MINUTE).ok:
            raise Refused(errors.quota(service, most))

    def edit(self, location: Account) -> None:
        """Count a change at a location. Raises Refused (429)."""
        # Ten a minute for each profile, which nobody can have raised (Usage limits).
        most = limit("edits_per_minute")
        bucket = self._net.buckets.take("edits", location.id, limit=most, window=MINUTE)
        if not bucket.ok:
            raise Refused(errors.rate_limited((bucket.reset - clock.now()).total_seconds()))
