"""Mastodon's throttles, and the headers that tell of the one nearest to its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.sandbox.networks.mastodon.errors import error
from polypost.sandbox.networks.mastodon.limits import LONG_WINDOW, POST_WINDOW, SHORT_WINDOW, limit
from polypost.sandbox.simkit import Bucket, Network, Refused, Token, exchange

TOO_MANY = "Too many requests"
MEDIA, DELETE, POST = "media", "delete", "post"
_OF_USER = {
    MEDIA: ("media_per_window", LONG_WINDOW),
    DELETE: ("deletes_per_window", LONG_WINDOW),
    POST: ("posts_per_three_hours", POST_WINDOW),
}


class Rates:
    """Counts calls, puts the headers on every answer, refuses what is too much."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def take(self, request: Request, token: Token | None, what: str | None = None) -> None:
        """Count a call, and `what` it does where that has a number of its own. Raises Refused (429)."""
        windows: list[tuple[str, str, str, timedelta]]
        if token is None:
            windows = [("open", "nobody", "requests_per_window", SHORT_WINDOW)]
        else:
            windows = [
                ("token", token.value, "requests_per_window", SHORT_WINDOW),
                ("user", token.account_id, "requests_per_window_of_user", SHORT_WINDOW),
            ]
            if what is not None:
                name, span = _OF_USER[what]
                windows.append((what, token.account_id, name, span))
        taken = [
            self._net.buckets.take(name, owner, limit=limit(number), window=span)
            for name, owner, number, span in windows
        ]
        exchange(request).headers.update(headers(taken))
        if not all(bucket.ok for bucket in taken):
            raise Refused(error(429, TOO_MANY))


def headers(buckets: list[Bucket]) -> dict[str, str]:
    """The three headers of the window nearest to its end."""
    nearest = min(buckets, key=lambda bucket: bucket.remaining if bucket.ok else -1)
    return {
        "x-ratelimit-limit": str(nearest.limit),
        "x-ratelimit-remaining": str(nearest.remaining if nearest.ok else 0),
        "x-ratelimit-reset": stamp(nearest.reset),
    }


def too_many_until(seconds: float) -> Response:
    """429 whose reset is `seconds` away; there is no Retry-After."""
    answer = error(429, TOO_MANY)
    bucket = Bucket(limit("requests_per_window"), 0, clock.now() + timedelta(seconds=seconds), ok=False)
    answer.headers.update(headers([bucket]))
    return answer


def stamp(instant: datetime) -> str:
    """An instant with microseconds, as the header has it."""
    return f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z"
