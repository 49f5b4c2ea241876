"""`/{post}/insights` and `/{user}/threads_insights`: numbers by name; one that there is not refuses the call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.threads import errors
from polypost.sandbox.networks.threads.auth import INSIGHTS, Auth, Caller
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.networks.threads.nodes import REPOST, metrics
from polypost.sandbox.networks.threads.paging import instant
from polypost.sandbox.simkit import Network, SimPost, meta, origin
from polypost.sandbox.simkit.meta import stamp

# Threads API: Insights, read 2026-11-24.
OF_POST = ("views", "likes", "replies", "reposts", "quotes", "shares")
DEMOGRAPHICS, FOLLOWERS = "follower_demographics", "followers_count"
OF_ACCOUNT = ("views", "likes", "replies", "reposts", "quotes", "clicks", FOLLOWERS, DEMOGRAPHICS)
BREAKDOWNS = {"country": "US", "city": "Dublin, Ireland", "age": "25-34", "gender": "U"}
POSTS = 200


class Insights:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth) -> None:
        self._auth = auth
        self._net = net

    async def post(self, request: Request) -> Response:
        """`GET /{post}/insights`; a repost has none."""
        caller = await self._auth.enter(request, INSIGHTS)
        post_id = str(request.path_params["id"])
        post = self._net.posts.get(post_id)
        if post is None or post.account_id != caller.account.id:
            raise meta.missing(post_id)
        names = _names(caller, OF_POST)
        if post.raw["media_type"] == REPOST:
            return JSONResponse({"data": []})
        numbers = self._numbers(post)
        return JSONResponse({"data": [_entry(post.id, name, numbers[name]) for name in names]})

    async def account(self, request: Request) -> Response:
        """`GET /{user}/threads_insights`."""
        caller = await self._auth.own(request, INSIGHTS)
        names = _names(caller, OF_ACCOUNT)
        now = clock.now()
        since, until = instant(caller, "since", now - timedelta(days=1)), instant(caller, "until", now)
        if since.timestamp() < limit("insights_begin") or until < since:
            raise errors.invalid("Params since and until must be times from 13 April 2024 on, in this order")
        posts = self._net.posts.by_account(caller.account.id, limit=POSTS)
        data = [self._total(caller, name, posts, since, until) for name in names]
        return JSONResponse({"data": data, "paging": self._paging(request, since, until)})

    def _paging(self, request: Request, since: datetime, until: datetime) -> dict[str, str]:
        """The same question about the time before and after."""
        asked = {name: value for name, value in request.query_params.items() if name != "access_token"}
        span, address = until - since, f"{origin(request)}{request.url.path}"
        moved = {"previous": (since - span, since), "next": (until, until + span)}
        return {
            way: f"{address}?{urlencode({**asked, 'since': int(a.timestamp()), 'until': int(b.timestamp())})}"
            for way, (a, b) in moved.items()
        }

    def _numbers(self, post: SimPost) -> dict[str, int]:
        return metrics(post) | {"replies": self._net.posts.count_replies(post.id)}

    def _total(
        self, caller: Caller, name: str, posts: list[SimPost], since: datetime, until: datetime
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": name,
            "period": "day",
            "title": name,
            "description": f"The {name.replace('_', ' ')} of this profile.",
            "id": f"{caller.account.id}/insights/{name}/day",
        }
        followers = int(caller.account.data["followers_count"])
        if name == DEMOGRAPHICS:
            return entry | {"period": "lifetime", "total_value": _breakdown(caller, followers)}
        if name == FOLLOWERS:
            return entry | {"total_value": {"value": followers}}
        total = sum(self._numbers(post)[name] for post in posts)
        # Only views come day by day, all others as one total (Insights).
        if name != "views":
            return entry | {"total_value": {"value": total}}
        days = min(90, (until - since).days + 1)
        ends = [until - timedelta(days=back) for back in reversed(range(days))]
        values = [{"value": total if end == until else 0, "end_time": stamp(end)} for end in ends]
        return entry | {"values": values}


def _names(caller: Caller, known: tuple[str, ...]) -> list[str]:
    given = caller.params.values.get("metric", "")
    names = [str(n) for n in given] if isinstance(given, list) else str(given).split(",")
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not wanted:
        raise errors.invalid("The parameter metric is required")
    for index, name in enumerate(wanted):
        if name not in known:
            raise errors.invalid(f"metric[{index}] must be one of the following values: {', '.join(known)}")
    return wanted


def _breakdown(caller: Caller, followers: int) -> dict[str, Any]:
    by = caller.params.text("breakdown")
    if by not in BREAKDOWNS:
        raise errors.invalid("Param breakdown must be one of country, city, age and gender")
    if followers < limit("demographics_followers"):
        raise errors.invalid("The profile must have at least 100 followers")
    results = [{"dimension_values": [BREAKDOWNS[by]], "value": followers}]
    return {"breakdowns": [{"dimension_keys": [by], "results": results}]}


def _entry(post_id: str, name: str, value: int) -> dict[str, Any]:
    # Meta's own sample names the number of replies differently in its id.
    inner = "thread_replies" if name == "replies" else name
    return {
        "name": name,
        "period": "lifetime",
        "values": [{"value": value}],
        "title": name.capitalize(),
        "description": f"The number of {name} of this post.",
        "id": f"{post_id}/insights/{inner}/lifetime",
    }
