"""X's rate limits and the headers that tell of them."""

from __future__ import annotations

import math
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.sandbox.networks.twitter import errors
from polypost.sandbox.networks.twitter.auth import Caller
from polypost.sandbox.networks.twitter.limits import RATES, Window
from polypost.sandbox.simkit import Bucket, Network, Refused, exchange

DAILY_WINDOW = timedelta(hours=24)


class Rates:
    """Counts calls, puts the headers on every answer, refuses what is too much."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def take(self, request: Request, caller: Caller | None, endpoint: str) -> None:
        """Count a call. Raises Refused (429) when a window is used up; its reset is then in the headers."""
        # Callers judge the token before: a 401 has no such headers (a log of February 2026).
        rate = RATES[endpoint]
        call = exchange(request)
        owner = caller.account.id if caller else "app"
        self._strike(request, endpoint)
        user = self._take(endpoint, owner, rate.user)
        call.headers.update(headers("x-rate-limit", user))
        self._refuse_unless(user)
        if rate.app is not None:
            app = self._take(f"{endpoint}:app", caller.token.client_id if caller else "app", rate.app)
            if rate.app.length == DAILY_WINDOW:
                call.headers.update(headers("x-app-limit-24hour", app))
            elif not app.ok:
                call.headers.update(headers("x-rate-limit", app))
            self._refuse_unless(app)
        if rate.long is not None:
            long = self._take(f"{endpoint}:long", owner, rate.long)
            if not long.ok:
                call.headers.update(headers("x-rate-limit", long))
            self._refuse_unless(long)

    def _strike(self, request: Request, endpoint: str) -> None:
        call = exchange(request)
        left = call.lasting("rate_limited", f":{endpoint}")
        if not left and request.method == "GET":
            left = call.lasting("read_limited", f":{endpoint}")
        if left:
            reset = clock.now() + timedelta(seconds=left)
            used_up = Bucket(RATES[endpoint].user.calls, 0, reset, ok=False)
            raise Refused(too_many(headers("x-rate-limit", used_up)))

    def _take(self, name: str, owner: str, window: Window) -> Bucket:
        return self._net.buckets.take(name, owner, limit=window.calls, window=window.length)

    def _refuse_unless(self, bucket: Bucket) -> None:
        if not bucket.ok:
            raise Refused(too_many())


def headers(prefix: str, bucket: Bucket) -> dict[str, str]:
    """The three headers of one window."""
    return {
        f"{prefix}-limit": str(bucket.limit),
        f"{prefix}-remaining": str(bucket.remaining),
        f"{prefix}-reset": str(math.ceil(bucket.reset.timestamp())),
    }


def too_many(more: dict[str, str] | None = None) -> Response:
    """429; `more` are headers that go with it."""
    answer = errors.problem(429, "Too Many Requests", "Too Many Requests")
    answer.headers.update(more or {})
    return answer


def too_many_until(seconds: float) -> Response:
    """429 of the short window, whose reset is `seconds` away."""
    reset = clock.now() + timedelta(seconds=seconds)
    return too_many(headers("x-rate-limit", Bucket(RATES["create"].user.calls, 0, reset, ok=False)))


def daily_used_up(seconds: float) -> Response:
    """429 of the daily window while the short one still shows room."""
    now = clock.now()
    # So it was reported: what counts is the latest reset among the windows that are used up.
    room = Bucket(
        RATES["create"].user.calls, RATES["create"].user.calls - 1, now + RATES["create"].user.length, ok=True
    )
    day = Bucket(100, 0, now + timedelta(seconds=seconds), ok=False)
    return too_many({**headers("x-rate-limit", room), **headers("x-user-limit-24hour", day)})
