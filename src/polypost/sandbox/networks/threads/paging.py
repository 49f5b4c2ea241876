"""Lists: which posts, between which times, from which cursor on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.threads.auth import Caller
from polypost.sandbox.networks.threads.errors import API, invalid, parse
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.networks.threads.nodes import Nodes
from polypost.sandbox.simkit import Network, SimPost, exchange, meta

LATEST = datetime(2100, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown, and whether there is more behind it."""

    posts: list[SimPost]
    more: bool


def own_posts(net: Network, request: Request, caller: Caller, belongs: Callable[[SimPost], bool]) -> Page:
    """The caller's posts that belong, newest first. Raises Refused (100) for parameters that cannot be."""
    size, after, before = _size(caller), _cursor(caller, "after"), _cursor(caller, "before")
    if after is not None and before is not None:
        raise invalid("The parameters before and after cannot be used together")
    lag = timedelta(seconds=exchange(request).seconds("listing_lag"))
    since = instant(caller, "since", EARLIEST)
    until = min(instant(caller, "until", LATEST), clock.now() - lag)
    found: list[SimPost] = []
    at = after
    while len(found) <= size:
        part = net.posts.by_account(
            caller.account.id, limit=CHUNK, since=since, until=until, before=at, after=before or 0
        )
        found += [post for post in part if belongs(post)]
        if len(part) < CHUNK:
            break
        at = part[-1].seq
    # The posts just before the cursor are the last ones of all that are newer.
    if before is not None:
        return Page(found[-size:], more=True)
    return Page(found[:size], more=len(found) > size)


def window(caller: Caller, posts: list[SimPost]) -> Page:
    """A page of a list that is all there. Raises Refused (100)."""
    size, after = _size(caller), _cursor(caller, "after")
    places = [index for index, post in enumerate(posts) if post.seq == after]
    begin = places[0] + 1 if places else 0
    return Page(posts[begin : begin + size], more=len(posts) > begin + size)


def listed(nodes: Nodes, request: Request, caller: Caller, page: Page) -> Response:
    """The answer with the asked-for fields of each post, and the way on."""
    asked = parse(caller.params.text("fields"))
    shown = [nodes.post(post, asked, reader=caller.account.id) for post in page.posts]
    body: dict[str, Any] = {"data": shown}
    if page.posts:
        first, last = meta.seq_cursor(page.posts[0].seq), meta.seq_cursor(page.posts[-1].seq)
        body["paging"] = meta.paging(request, caller.token, first, last, more=page.more)
    return JSONResponse(body)


def instant(caller: Caller, name: str, default: datetime) -> datetime:
    """A time as Unix seconds or as a date. Raises Refused (100)."""
    text = caller.params.text(name).strip()
    if not text:
        return default
    return meta.instant(text, name, API)


def _size(caller: Caller) -> int:
    return meta.page_size(caller.params.text("limit"), limit("page_size"), limit("page_size_max"), API)


def _cursor(caller: Caller, name: str) -> int | None:
    return meta.seq_of(caller.params, name, API)
