"""Bluesky's rate limits and the headers that tell of them: one set, of the limit that leaves least."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.sandbox.networks.bluesky import errors
from polypost.sandbox.networks.bluesky.limits import limit
from polypost.sandbox.simkit import Bucket, Network, Refused, exchange

HOUR, DAY, FIVE_MINUTES = timedelta(hours=1), timedelta(days=1), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Window:
    """So many points in so much time."""

    name: str
    most: int
    length: timedelta


CALLS = (Window("calls", limit("calls_per_five_minutes"), FIVE_MINUTES),)
LOGINS = (
    Window("logins", limit("logins_per_five_minutes"), FIVE_MINUTES),
    Window("logins_day", limit("logins_per_day"), DAY),
)
WRITES = (
    Window("writes", limit("write_points_per_hour"), HOUR),
    Window("writes_day", limit("write_points_per_day"), DAY),
)
BLOBS = (Window("blobs", limit("blobs_per_day"), DAY),)


class Rates:
    """Counts points, puts the headers on every answer, refuses what is too much."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def take(self, request: Request, windows: tuple[Window, ...], owner: str, cost: int = 1) -> None:
        """Count a call. Raises Refused (429) when a window is used up."""
        call = exchange(request)
        for window in windows:
            bucket = self._net.buckets.take(
                window.name, owner, limit=window.most, window=window.length, cost=cost
            )
            shown = call.headers.get("ratelimit-remaining")
            if shown is None or bucket.remaining < int(shown) or not bucket.ok:
                call.headers.update(headers(bucket, window.length))
            if not bucket.ok:
                raise Refused(too_many())


def headers(bucket: Bucket, length: timedelta) -> dict[str, str]:
    """The four headers of one window; the reset is in seconds since 1970."""
    return {
        "ratelimit-limit": str(bucket.limit),
        "ratelimit-remaining": str(bucket.remaining),
        "ratelimit-reset": str(math.ceil(bucket.reset.timestamp())),
        "ratelimit-policy": f"{bucket.limit};w={int(length.total_seconds())}",
    }


def too_many() -> Response:
    """429; there is no Retry-After here."""
    return errors.answer(429, "RateLimitExceeded", "Rate Limit Exceeded")


def too_many_until(seconds: float) -> Response:
    """429 of the writes of an hour, whose reset is `seconds` away."""
    window = WRITES[0]
    reset = clock.now() + timedelta(seconds=seconds)
    answer = too_many()
    answer.headers.update(headers(Bucket(window.most, 0, reset, ok=False), window.length))
    return answer
