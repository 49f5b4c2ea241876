"""What Threads tells of a profile's posts.

Meta for Developers, Threads API: Insights, read 2026-11-24; reposts have none.

| ours | Threads' |
| --- | --- |
| views, likes | `views`, `likes` |
| comments | `replies` |
| shares | `reposts` + `quotes` + `shares`: the three ways in which people pass a post on |
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.families.meta.graph import identity
from polypost.platforms.threads.graph import Graph
from polypost.platforms.threads.graph_errors import Gone, PermissionMissing

# There is no call for several posts, so they are asked side by side, a few at a time.
AT_ONCE = 4
ROWS_AT_ONCE = 100
_METRICS = "views,likes,replies,reposts,quotes,shares"
_FIELDS = "id,text,timestamp,permalink,media_type"
_REPOST = "REPOST_FACADE"


async def measure(session: Session, proofs: Sequence[Proof]) -> dict[str, Metrics]:
    """Posts by their id. Raises PermissionMissing (a ReconnectRequired) without threads_manage_insights."""
    graph, found = Graph(session), dict[str, Metrics]()
    known = [proof.id for proof in proofs if proof.id.isascii() and proof.id.isdecimal()]
    for begin in range(0, len(known), AT_ONCE):
        part = known[begin : begin + AT_ONCE]
        told = await asyncio.gather(*(_one(graph, each) for each in part), return_exceptions=True)
        for post_id, outcome in zip(part, told, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome is not None:
                found[post_id] = outcome
    return found


async def recent(session: Session, *, since: datetime, until: datetime, most: int) -> list[Measured]:
    """The profile's own posts, without its replies and reposts."""
    rows = await _listed(Graph(session), since, until, most)
    told = await measure(session, [Proof(str(identity(row))) for row in rows])
    return [
        Measured(
            Proof(post_id, row.get("permalink")),
            row.get("text") or None,
            _instant(row),
            told.get(post_id, Metrics()),
        )
        for row in rows
        if (post_id := str(identity(row)))
    ]


async def _listed(graph: Graph, since: datetime, until: datetime, most: int) -> list[Mapping[str, Any]]:
    found, after = list[Mapping[str, Any]](), ""
    while len(found) < most:
        asked = {"after": after} if after else {}
        body = await graph.get(
            f"{graph.session.account.id}/threads",
            fields=_FIELDS,
            since=str(int(since.timestamp())),
            until=str(int(until.timestamp())),
            limit=str(min(ROWS_AT_ONCE, most)),
            **asked,
        )
        listed = body.get("data")
        rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
        rows = [row for row in rows if identity(row) is not None and row.get("timestamp")]
        mine = [row for row in rows if row.get("media_type") != _REPOST]
        found += [row for row in mine if since <= _instant(row) < until]
        after = _next(body)
        if not after:
            break
    return found[:most]


async def _one(graph: Graph, post_id: str) -> Metrics | None:
    try:
        body = await graph.get(f"{post_id}/insights", metric=_METRICS)
    except Gone:
        return None
    except PermissionMissing as refused:
        raise PermissionMissing(
            "Threads tells figures only with the permission threads_manage_insights, which this account has not given.",
            reason=refused.reason,
        ) from refused
    numbers = _numbers(body)
    passed_on = [numbers[name] for name in ("reposts", "quotes", "shares") if name in numbers]
    return Metrics(
        views=numbers.get("views"),
        likes=numbers.get("likes"),
        comments=numbers.get("replies"),
        shares=sum(passed_on) if passed_on else None,
    )


def _numbers(body: Mapping[str, Any]) -> dict[str, int]:
    """The value of each metric; those that are no number are left out."""
    found = {}
    listed = body.get("data")
    for row in listed if isinstance(listed, list) else []:
        values = row.get("values") if isinstance(row, Mapping) else None
        last = values[-1] if isinstance(values, list) and values else None
        value = last.get("value") if isinstance(last, Mapping) else None
        if isinstance(value, int) and not isinstance(value, bool):
            found[str(row.get("name"))] = value
    return found


def _next(body: Mapping[str, Any]) -> str:
    paging = body.get("paging")
    if not isinstance(paging, Mapping) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return str(cursors.get("after") or "") if isinstance(cursors, Mapping) else ""


def _instant(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(row["timestamp"]))
