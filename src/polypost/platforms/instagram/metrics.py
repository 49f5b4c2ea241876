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

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from polypost.errors import Rejected
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.families.meta.errors import Gone, PermissionMissing
from polypost.platforms.families.meta.insights import made_at, numbers_in, rows_between, side_by_side
from polypost.platforms.instagram.graph import Graph
from polypost.platforms.kit.answers import count

# A metric that a medium does not have refuses the whole call, so each kind is asked for its own.
_OF_MEDIUM = "reach,views,likes,comments,saved,shares"
_OF_STORY = "reach,views,replies,shares"
_FIELDS = "id,media_product_type,like_count,comments_count"
_ROW = f"{_FIELDS},caption,timestamp,permalink"
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
    told = await side_by_side(known, one)
    return {proof.id: made for proof, made in zip(known, told, strict=True) if made is not None}


async def recent(session: Session, *, since: datetime, until: datetime, most: int) -> list[Measured]:
    """The account's media, the stories of the last day among them."""
    graph = Graph(session)
    rows = await rows_between(graph, "media", _ROW, since, until, most=most, ordered=True)
    if until > session.now() - _STORY_LIFE:
        # Stories know no paging by time, and are of one day anyway.
        rows += await rows_between(graph, "stories", _ROW, since, until, most=most, timed=False, ordered=True)
        rows.sort(key=made_at, reverse=True)

    async def one(row: Mapping[str, Any]) -> Metrics:
        try:
            return await _metrics(graph, row)
        except Gone:
            return Metrics()

    told = await side_by_side(rows[:most], one)
    return [
        Measured(Proof(str(row["id"]), row.get("permalink")), row.get("caption") or None, made_at(row), made)
        for row, made in zip(rows, told, strict=False)
    ]


async def _metrics(graph: Graph, medium: Mapping[str, Any]) -> Metrics:
    story = medium.get("media_product_type") == "STORY"
    numbers = await _insights(graph, str(medium["id"]), _OF_STORY if story else _OF_MEDIUM)
    likes, comments = count(medium, "like_count"), count(medium, "comments_count")
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
    return numbers_in(body)
