"""What Instagram tells of an account's media.

Meta for Developers, Instagram Platform: Insights, read 2026-11-24 (`impressions` and `plays` are gone since v22).

| ours | Instagram's |
| --- | --- |
| views, reach | `views`, `reach` |
| likes | `likes`, else the field `like_count`; stories have none |
| comments | `comments`, else the field `comments_count`; of a story `replies` |
| shares, saves | `shares`, `saved`; stories cannot be saved |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from polypost.errors import Rejected
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.instagram.graph import Graph
from polypost.platforms.instagram.graph_errors import Gone, PermissionMissing

S = TypeVar("S")
T = TypeVar("T")

# There is no call for several media, so they are asked side by side, a few at a time.
AT_ONCE = 4
ROWS_AT_ONCE = 100
# A metric that a medium does not have refuses the whole call, so each kind is asked for its own.
_OF_MEDIUM = "reach,views,likes,comments,saved,shares"
_OF_STORY = "reach,views,replies,shares"
_FIELDS = "id,media_product_type,like_count,comments_count"
_STORY_LIFE = timedelta(hours=24)


async def measure(session: Session, proofs: Sequence[Proof]) -> dict[str, Metrics]:
    """Media by their id; without instagram_business_manage_insights only likes and comments are told."""
    graph = Graph(session)

    async def one(proof: Proof) -> Metrics | None:
        try:
            return await _metrics(graph, await graph.get(proof.id, fields=_FIELDS))
        except Gone:
            return None

    known = [proof for proof in proofs if proof.id.isascii() and proof.id.isdecimal()]
    told = await _each(known, one)
    return {proof.id: made for proof, made in zip(known, told, strict=True) if made is not None}


async def recent(session: Session, *, since: datetime, until: datetime, most: int) -> list[Measured]:
    """The account's media, the stories of the last day among them."""
    graph = Graph(session)
    rows = await _listed(graph, "media", since, until, most)
    if until > session.now() - _STORY_LIFE:
        rows += await _listed(graph, "stories", since, until, most)
        rows.sort(key=_instant, reverse=True)

    async def one(row: Mapping[str, Any]) -> Metrics:
        try:
            return await _metrics(graph, row)
        except Gone:
            return Metrics()

    told = await _each(rows[:most], one)
    return [
        Measured(Proof(str(row["id"]), row.get("permalink")), row.get("caption") or None, _instant(row), made)
        for row, made in zip(rows, told, strict=False)
    ]


async def _listed(
    graph: Graph, edge: str, since: datetime, until: datetime, most: int
) -> list[dict[str, Any]]:
    found, after = list[dict[str, Any]](), ""
    while len(found) < most:
        asked = {"after": after} if after else {}
        if edge == "media":
            # Stories know no paging by time, and are of one day anyway.
            asked |= {"since": str(int(since.timestamp())), "until": str(int(until.timestamp()))}
        body = await graph.get(
            f"{graph.session.account.id}/{edge}",
            fields=f"{_FIELDS},caption,timestamp,permalink",
            limit=str(min(ROWS_AT_ONCE, most)),
            **asked,
        )
        listed = body.get("data")
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        rows = [row for row in rows if row.get("id") and row.get("timestamp")]
        found += [row for row in rows if since <= _instant(row) < until]
        after = _next(body)
        if not after or (rows and _instant(rows[-1]) < since):
            break
    return found[:most]


async def _metrics(graph: Graph, medium: Mapping[str, Any]) -> Metrics:
    story = medium.get("media_product_type") == "STORY"
    numbers = await _insights(graph, str(medium["id"]), _OF_STORY if story else _OF_MEDIUM)
    likes, comments = _number(medium.get("like_count")), _number(medium.get("comments_count"))
    return Metrics(
        views=numbers.get("views"),
        reach=numbers.get("reach"),
        likes=None if story else numbers.get("likes", likes),
        comments=numbers.get("replies") if story else numbers.get("comments", comments),
        shares=numbers.get("shares"),
        saves=numbers.get("saved"),
    )


async def _insights(graph: Graph, media_id: str, metric: str) -> dict[str, int]:
    """Nothing where Instagram tells nothing: without the scope, for a story after its day or with few viewers, for media from before the account was professional."""
    try:
        body = await graph.get(f"{media_id}/insights", metric=metric)
    except (PermissionMissing, Rejected):
        return {}
    found = {}
    listed = body.get("data")
    for row in listed if isinstance(listed, list) else []:
        values = row.get("values") if isinstance(row, dict) else None
        last = values[-1] if isinstance(values, list) and values and isinstance(values[-1], dict) else {}
        value = _number(last.get("value"))
        if value is not None:
            found[str(row.get("name"))] = value
    return found


async def _each(items: Sequence[S], ask: Callable[[S], Awaitable[T]]) -> list[T]:
    """Ask about all, a few at a time; the first trouble ends it."""
    found: list[T] = []
    for begin in range(0, len(items), AT_ONCE):
        part = items[begin : begin + AT_ONCE]
        for outcome in await asyncio.gather(*map(ask, part), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            found.append(outcome)
    return found


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _next(body: Mapping[str, Any]) -> str:
    paging = body.get("paging")
    if not isinstance(paging, Mapping) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return str(cursors.get("after") or "") if isinstance(cursors, Mapping) else ""


def _instant(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(row["timestamp"]))
