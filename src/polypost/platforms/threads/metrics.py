"""What Threads tells of a profile's posts.

Meta for Developers, Threads API: Insights, read 2026-11-24; reposts have none.

| ours | Threads' |
| --- | --- |
| views, likes | `views`, `likes` |
| comments | `replies` |
| shares | `reposts` + `quotes` + `shares`: the three ways in which people pass a post on |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.families.meta.errors import Gone, PermissionMissing
from polypost.platforms.families.meta.graph import identity
from polypost.platforms.families.meta.insights import made_at, numbers_in, rows_between, side_by_side
from polypost.platforms.threads.graph import Graph

_METRICS = "views,likes,replies,reposts,quotes,shares"
_FIELDS = "id,text,timestamp,permalink,media_type"
_REPOST = "REPOST_FACADE"


async def measure(session: Session, proofs: Sequence[Proof]) -> dict[str, Metrics]:
    """Posts by their id. Raises PermissionMissing (a ReconnectRequired) without threads_manage_insights."""
    known = [proof.id for proof in proofs if proof.id.isascii() and proof.id.isdecimal()]
    told = await side_by_side(known, partial(_one, Graph(session)))
    return {post_id: made for post_id, made in zip(known, told, strict=True) if made is not None}


async def recent(session: Session, *, since: datetime, until: datetime, most: int) -> list[Measured]:
    """The profile's own posts, without its replies and reposts."""
    rows = await rows_between(Graph(session), "threads", _FIELDS, since, until, most=most, shown=_is_own)
    told = await measure(session, [Proof(str(identity(row))) for row in rows])
    return [
        Measured(
            Proof(post_id, row.get("permalink")),
            row.get("text") or None,
            made_at(row),
            told.get(post_id, Metrics()),
        )
        for row in rows
        if (post_id := str(identity(row)))
    ]


def _is_own(row: Mapping[str, Any]) -> bool:
    return row.get("media_type") != _REPOST


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
    numbers = numbers_in(body)
    passed_on = [numbers[name] for name in ("reposts", "quotes", "shares") if name in numbers]
    return Metrics(
        views=numbers.get("views"),
        likes=numbers.get("likes"),
        comments=numbers.get("replies"),
        shares=sum(passed_on) if passed_on else None,
    )
