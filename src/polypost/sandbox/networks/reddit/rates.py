"""The two kinds of limits: on calls, told in headers, and on posting, told in the answer."""

from __future__ import annotations

import math
from datetime import timedelta

from starlette.requests import Request

from polypost import clock
from polypost.sandbox.networks.reddit import errors
from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.simkit import Network, Refused, Token, exchange


class Rates:
    """Counts calls and posts. Windows of ten minutes begin on the clock's tens, for everybody at once."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def take(self, request: Request, token: Token) -> None:
        """Count a call of one account through one app. Raises Refused (429); the headers go with every answer."""
        left = _left()
        most = limit("requests_per_window")
        owner = f"{token.client_id}:{token.account_id}"
        bucket = self._net.buckets.take("requests", owner, limit=most, window=timedelta(seconds=left))
        headers = {
            "x-ratelimit-used": str(most - bucket.remaining),
            # A fraction as text, and below it the seconds that are left (recordings of 2023).
            "x-ratelimit-remaining": f"{bucket.remaining:.1f}",
            "x-ratelimit-reset": str(max(1, math.ceil(left))),
        }
        exchange(request).headers.update(headers)
        if not bucket.ok:
            raise errors.too_many_requests(headers)

    def post(self, account_id: str, what: str) -> None:
        """Count a post or a comment. Raises Refused: RATELIMIT in a 200."""
        window = timedelta(seconds=limit("window_seconds"))
        bucket = self._net.buckets.take(what, account_id, limit=limit(f"{what}_per_window"), window=window)
        if not bucket.ok:
            raise Refused(errors.posting_too_fast((bucket.reset - clock.now()).total_seconds()))


def _left() -> float:
    window = limit("window_seconds")
    return window - clock.now().timestamp() % window
