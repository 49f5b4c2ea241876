"""Pinterest's rate limits by category and access tier, and the headers that tell of them."""

from __future__ import annotations

import math
from datetime import timedelta

from starlette.requests import Request

from polypost import clock
from polypost.sandbox.networks.pinterest import errors
from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.simkit import Bucket, Network, Refused, Token, exchange

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
READ, WRITE, ANALYTICS = "org_read", "org_write", "org_analytics"


class Rates:
    """Counts calls, puts the headers on every answer, refuses what is too much."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def take(self, request: Request, token: Token, category: str, *, trial: bool) -> None:
        """Count a call. Raises Refused (429) when a window is used up.

        An app with Trial access has all its calls of a day in one number; with Standard access each user of the app
        has a number a second and one a minute for each category.
        """
        if trial:
            windows = [(f"trial:{category}", token.client_id, limit("trial_requests_per_day"), DAY)]
            windows.append(("trial", token.client_id, limit("trial_requests_per_day"), DAY))
        else:
            owner = f"{token.client_id}/{token.account_id}"
            windows = [
                (category, owner, limit(f"{category}_per_minute"), MINUTE),
                ("second", owner, limit("standard_requests_per_second"), SECOND),
            ]
        taken = [
            self._net.buckets.take(name, owner, limit=most, window=window)
            for name, owner, most, window in windows
        ]
        spans = [int(window.total_seconds()) for *_, window in windows]
        exchange(request).headers.update(headers(taken, spans))
        if not all(bucket.ok for bucket in taken):
            raise Refused(errors.answer("rate"))


def headers(buckets: list[Bucket], spans: list[int]) -> dict[str, str]:
    """The three headers: the window with the least room first, then every window with its length in seconds."""
    nearest = min(buckets, key=lambda bucket: bucket.remaining if bucket.ok else -1)
    policies = ", ".join(f"{bucket.limit};w={span}" for bucket, span in zip(buckets, spans, strict=True))
    return {
        "x-ratelimit-limit": f"{nearest.limit}, {policies}",
        "x-ratelimit-remaining": str(nearest.remaining if nearest.ok else 0),
        "x-ratelimit-reset": str(max(1, math.ceil((nearest.reset - clock.now()).total_seconds()))),
    }
