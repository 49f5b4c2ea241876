"""What Facebook tells of a Page's posts.

Insights: Meta for Developers, Graph API: Insights, read 2026-11-24 (the `post_impressions` family went on 15 Jun 2026);
counts: fields of the post; several objects in one call and edges among the fields: Graph API, Using the Graph API.

| ours | Facebook's |
| --- | --- |
| views | `post_media_view`; of a video or reel `blue_reels_play_count` or `total_video_views` |
| reach | `post_total_media_view_unique`; of a video `total_video_views_unique` |
| clicks | `post_clicks` |
| likes | all reactions, whatever their kind |
| comments, shares | the post's own counts; Facebook leaves `shares` out where there are none |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.facebook.graph import Graph
from polypost.platforms.facebook.reconcile import address
from polypost.platforms.families.meta.errors import Gone, ParameterRefused, PermissionMissing
from polypost.platforms.families.meta.graph import listed
from polypost.platforms.families.meta.insights import made_at, numbers_in, rows_between
from polypost.platforms.kit.answers import count, member

# "Multiple ID read requests", Graph API, read 2026-11-24.
IDS_AT_ONCE = 50
_TIME = "created_time"
_COUNTS = "shares,comments.limit(0).summary(true),reactions.limit(0).summary(true)"
_OF_POST = f"{_COUNTS},insights.metric(post_media_view,post_total_media_view_unique,post_clicks)"
_ROW = "id,message,created_time,permalink_url,attachments{media_type,target{id}}"
_ID = re.compile(r"\d+(?:_\d+)?", re.ASCII)
_SCOPES = "read_insights and pages_read_engagement"


async def measure(session: Session, proofs: Sequence[Proof]) -> dict[str, Metrics]:
    """Posts and stories by their id, videos and reels by their own; without read_insights only the counts are told."""
    graph = Graph(session)
    ids = [proof.id for proof in proofs if _ID.fullmatch(proof.id)]
    bare = [each for each in ids if "_" not in each]
    videos = await _read(graph, bare, "post_id,video_insights", "post_id")
    posts_of = {video: post for video, body in videos.items() if (post := _post_of(session, body))}
    wanted = [each for each in ids if "_" in each] + list(posts_of.values())
    posts = await _read(graph, list(dict.fromkeys(wanted)), _OF_POST, _COUNTS)
    # Stories are posts whose id is a single number too.
    posts |= await _read(graph, [each for each in bare if each not in videos], _OF_POST, _COUNTS)
    found = {each: _metrics(posts[each], {}) for each in ids if each in posts}
    for video, body in videos.items():
        found[video] = _metrics(
            posts.get(posts_of.get(video, ""), {}), numbers_in(body.get("video_insights"))
        )
    return found


async def recent(session: Session, *, since: datetime, until: datetime, most: int) -> list[Measured]:
    """What the Page published, its stories excepted, which Facebook lists without figures."""
    graph = Graph(session)
    rows = await rows_between(graph, "published_posts", _ROW, since, until, time=_TIME, most=most)
    proofs = [_proof(row) for row in rows]
    told = await measure(session, proofs)
    return [
        Measured(proof, row.get("message") or None, made_at(row, _TIME), told.get(proof.id, Metrics()))
        for proof, row in zip(proofs, rows, strict=True)
    ]


async def _read(graph: Graph, ids: Sequence[str], fields: str, plain: str) -> dict[str, dict[str, Any]]:
    """These objects by id, those left out that are not there; `plain` fields where the others are refused."""
    found: dict[str, dict[str, Any]] = {}
    for begin in range(0, len(ids), IDS_AT_ONCE):
        found |= await _read_some(graph, ids[begin : begin + IDS_AT_ONCE], fields, plain)
    return found


async def _read_some(graph: Graph, ids: Sequence[str], fields: str, plain: str) -> dict[str, dict[str, Any]]:
    try:
        body = await graph.get("", ids=",".join(ids), fields=fields)
    except PermissionMissing as refused:
        if fields == plain:
            raise PermissionMissing(
                f"Facebook tells the figures of this Page only with {_SCOPES}.", reason=refused.reason
            ) from refused
        return await _read_some(graph, ids, plain, plain)
    except (Gone, ParameterRefused) as refused:
        # One object that is missing, or of another kind, refuses the call for all.
        if len(ids) > 1:
            middle = len(ids) // 2
            first = await _read_some(graph, ids[:middle], fields, plain)
            return first | await _read_some(graph, ids[middle:], fields, plain)
        if isinstance(refused, ParameterRefused) and fields != plain:
            return await _read_some(graph, ids, plain, plain)
        return {}
    return {each: row for each in ids if isinstance(row := body.get(each), dict)}


def _metrics(post: Mapping[str, Any], video: Mapping[str, int]) -> Metrics:
    numbers = numbers_in(post.get("insights"))
    shares = post.get("shares")
    return Metrics(
        views=_first(video, ("blue_reels_play_count", "total_video_views"), numbers.get("post_media_view")),
        reach=_first(video, ("total_video_views_unique",), numbers.get("post_total_media_view_unique")),
        clicks=numbers.get("post_clicks"),
        likes=_counted(post, "reactions"),
        comments=_counted(post, "comments"),
        # Facebook leaves the count of a post that nobody shared out of its answer.
        shares=(count(shares, "count") if isinstance(shares, Mapping) else 0) if post else None,
    )


def _first(numbers: Mapping[str, int], names: Iterable[str], otherwise: int | None) -> int | None:
    return next((numbers[name] for name in names if name in numbers), otherwise)


def _counted(post: Mapping[str, Any], edge: str) -> int | None:
    return count(member(member(post, edge), "summary"), "total_count")


def _post_of(session: Session, body: Mapping[str, Any]) -> str | None:
    told = str(body.get("post_id") or "")
    return (told if "_" in told else f"{session.account.id}_{told}") if told else None


def _proof(row: Mapping[str, Any]) -> Proof:
    """A video goes by its own id, as when it is published; everything else by the post's."""
    url = address(row.get("permalink_url"))
    for each in listed(row.get("attachments")):
        if each.get("media_type") == "video" and (target := member(each, "target").get("id")):
            return Proof(str(target), url)
    return Proof(str(row["id"]), url)
