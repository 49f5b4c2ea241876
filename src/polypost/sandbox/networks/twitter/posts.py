"""Making, removing and reading posts over the API."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.twitter import errors, rates
from polypost.sandbox.networks.twitter.answers import Answers, Asked
from polypost.sandbox.networks.twitter.auth import Auth
from polypost.sandbox.networks.twitter.compose import Composer
from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.networks.twitter.rates import Rates
from polypost.sandbox.simkit import BadBody, Network, Refused, SimPost, exchange, read_json

# The earliest time that may be asked for (X API OpenAPI 2.167).
EARLIEST = datetime(2010, 11, 6, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
ANALYTICS = {
    "impressions": "impression_count",
    "likes": "like_count",
    "replies": "reply_count",
    "retweets": "retweet_count",
    "quote_tweets": "quote_count",
    "bookmarks": "bookmark_count",
}
STEPS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(days=7)}
MOST_POINTS = 1_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)

OWN_FAULTS: dict[str, Callable[[float], Response]] = {
    "no_credits": lambda _seconds: errors.no_credits(),
    "daily_limit": rates.daily_used_up,
    "usage_capped": lambda _seconds: errors.usage_capped(),
    "not_enrolled": lambda _seconds: errors.not_enrolled(),
    "suspended": lambda _seconds: errors.suspended(),
}


class Posts:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, rates: Rates, answers: Answers, composer: Composer) -> None:
        self._auth = auth
        self._rates = rates
        self._answers = answers
        self._net = net
        self._composer = composer

    async def create(self, request: Request) -> Response:
        """`POST /2/tweets`, the call that makes something visible."""
        caller = await self._auth.user(request, "tweet.read", "tweet.write", "users.read")
        self._rates.take(request, caller, "create")
        call = exchange(request)
        for name, answer in OWN_FAULTS.items():
            if rule := call.fault(name):
                raise Refused(answer(rule.length))
        try:
            body = await read_json(request)
        except BadBody as error:
            raise errors.invalid(f"The body cannot be read: {error}.") from error
        order = self._composer.check(caller, body)
        async with call.commit():
            self._composer.refuse_duplicate(order)
            post = self._composer.make(order)
        data = {"id": post.id, "text": post.raw["text"], "edit_history_tweet_ids": post.raw["edit_history"]}
        # Recorded answers of 2021 and 2022 have it, under the old host.
        where = f"https://api.twitter.com/2/tweets/{post.id}"
        return JSONResponse({"data": data}, 201, headers={"location": where})

    async def delete(self, request: Request) -> Response:
        """`DELETE /2/tweets/{id}`; deleting what is gone is a success too."""
        caller = await self._auth.user(request, "tweet.read", "tweet.write", "users.read")
        self._rates.take(request, caller, "delete")
        post = self._net.posts.get(_id(request.path_params["id"]), deleted=True)
        if post is not None:
            if post.account_id != caller.account.id:
                raise errors.forbidden()
            self._net.posts.delete(post.id)
        return JSONResponse({"data": {"deleted": True}})

    async def one(self, request: Request) -> Response:
        """`GET /2/tweets/{id}`."""
        asked = await self._read(request, "lookup")
        post_id = _id(request.path_params["id"])
        post = self._net.posts.get(post_id)
        if post is None:
            return JSONResponse({"errors": [errors.missing_entry("tweet", "id", post_id)]})
        answer = self._answers.posts([post], asked)
        return JSONResponse({**answer, "data": answer["data"][0], **_errors(asked)})

    async def _read(self, request: Request, endpoint: str) -> Asked:
        caller = await self._auth.reader(request)
        self._rates.take(request, caller, endpoint)
        return Asked.of(request, caller.account.id if caller else None)

    async def several(self, request: Request) -> Response:
        """`GET /2/tweets?ids=…`."""
        asked = await self._read(request, "lookup")
        found = self._found(request, asked)
        answer = self._answers.posts(found, asked) if found else {}
        return JSONResponse({**answer, **_errors(asked)})

    def _found(self, request: Request, asked: Asked) -> list[SimPost]:
        ids = [_id(part) for part in request.query_params.get("ids", "").split(",")]
        if len(ids) > limit("lookup_ids"):
            raise errors.invalid("There are more than 100 ids.", {"ids": [str(len(ids))]})
        posts = {post_id: self._net.posts.get(post_id) for post_id in ids}
        asked.errors += [errors.missing_entry("tweet", "ids", i) for i, post in posts.items() if post is None]
        return [post for post in posts.values() if post]

    async def timeline(self, request: Request) -> Response:
        """`GET /2/users/{id}/tweets`, newest first."""
        asked = await self._read(request, "timeline")
        account_id = _id(request.path_params["id"])
        if self._net.accounts.get(account_id) is None:
            return JSONResponse({"errors": [errors.missing_entry("user", "id", account_id)]})
        size, posts = self._page(request, account_id, exchange(request).listed_until())
        page = posts[:size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        if len(posts) > size:
            meta["next_token"] = _page_token(page[-1].seq)
        answer = self._answers.posts(page, asked) if page else {}
        return JSONResponse({**answer, "meta": meta, **_errors(asked)})

    def _page(self, request: Request, account_id: str, visible: datetime) -> tuple[int, list[SimPost]]:
        query = request.query_params
        size = _whole(query.get("max_results", "10"), "max_results")
        if not limit("listing_min") <= size <= limit("listing_max"):
            raise errors.invalid("max_results must be between 5 and 100.", {"max_results": [str(size)]})
        bounds = [_page_seq(query.get("pagination_token")), self._seq_of(query, "until_id")]
        posts = self._net.posts.by_account(
            account_id,
            limit=size + 1,
            since=_time(query, "start_time", EARLIEST),
            until=min(_time(query, "end_time", LATEST), visible),
            before=min([bound for bound in bounds if bound is not None], default=None),
            after=self._seq_of(query, "since_id") or 0,
        )
        if "replies" in query.get("exclude", "").split(","):
            posts = [post for post in posts if post.parent is None]
        return size, posts

    def _seq_of(self, query: Any, name: str) -> int | None:
        if name not in query:
            return None
        post = self._net.posts.get(_id(query[name]), deleted=True)
        if post is None:
            raise errors.invalid(f"{name} is not a known post.", {name: [query[name]]})
        return post.seq

    async def analytics(self, request: Request) -> Response:
        """`GET /2/tweets/analytics`: the owner's numbers, spread over the time asked for."""
        caller = await self._auth.user(request, "tweet.read", "users.read")
        self._rates.take(request, caller, "analytics")
        asked = Asked.of(request, caller.account.id)
        begin = _time(request.query_params, "start_time", None)
        end = _time(request.query_params, "end_time", None)
        granularity = request.query_params.get("granularity", "total")
        step = end - begin if granularity == "total" else STEPS.get(granularity)
        if step is None or begin >= end or (end - begin) / step > MOST_POINTS:
            raise errors.invalid(
                "The granularity or the time span is not valid.", {"granularity": [granularity]}
            )
        wanted = set(request.query_params.get("analytics.fields", "impressions,likes").split(","))
        found = [post for post in self._found(request, asked) if post.account_id == caller.account.id]
        return JSONResponse(
            {"data": [self._series(p, begin, end, step, wanted) for p in found], **_errors(asked)}
        )

    def _series(
        self, post: SimPost, begin: datetime, end: datetime, step: timedelta, wanted: set[str]
    ) -> dict[str, Any]:
        metrics = self._answers.metrics(post)
        numbers = {name: metrics[old] for name, old in ANALYTICS.items() if name in wanted}
        points = []
        while begin < end:
            # Everything happened in the step in which the post came out; nobody needs a finer fiction.
            counted = begin <= post.created < begin + step
            values = numbers if counted else dict.fromkeys(numbers, 0)
            points.append({"timestamp": clock.iso(begin), "metrics": values})
            begin += step
        return {"id": post.id, "timestamped_metrics": points}


def _errors(asked: Asked) -> dict[str, Any]:
    return {"errors": asked.errors} if asked.errors else {}


def _id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII):
        raise errors.invalid(f"The `id` value [{text[:40]}] is not valid.", {"id": [text[:40]]})
    return text


def _whole(text: str, name: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        raise errors.invalid(f"The `{name}` value is not a number.", {name: [text[:40]]})
    return int(text)


def _time(query: Any, name: str, default: datetime | None) -> datetime:
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not _TIME.fullmatch(text):
        raise errors.invalid(f"{name} must be a time like 2026-01-31T12:00:00Z.", {name: [str(text)[:40]]})
    try:
        return clock.resolve(text).instant
    except clock.BadTime as error:
        raise errors.invalid(f"{name} is not a time.", {name: [text]}) from error


def _page_token(seq: int) -> str:
    return base64.b32hexencode(str(seq).encode()).decode().rstrip("=").lower()


def _page_seq(token: str | None) -> int | None:
    if token is None:
        return None
    try:
        padded = token.upper() + "=" * (-len(token) % 8)
        return int(base64.b32hexdecode(padded))
    except ValueError as error:
        raise errors.invalid(
            "The pagination token is not valid.", {"pagination_token": [token[:40]]}
        ) from error
