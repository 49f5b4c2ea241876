"""How YouTube counts what a video brought: videos by their ids, and the channel's list of uploads.

`viewCount`, `likeCount` and `commentCount`, texts of digits, each of which may be missing (comments switched off, likes
hidden). Impressions, shares and clicks stand in YouTube Analytics alone, which asks for a scope of its own. YouTube Data
API v3 discovery document, revision 20261104, VideoStatistics; read 2026-11-24. Needs the scope `youtube.readonly`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from polypost.errors import ReconnectRequired
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.kit.answers import member, paragraphs, utc, word
from polypost.platforms.youtube.api import call, items, permalink, uploads_of
from polypost.platforms.youtube.errors import Forbidden, Missing

_BATCH, _PAGE, _MOST_PAGES = 50, 50, 20
_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)

Found = Mapping[str, Any]


class PostMetrics:
    """`MetricsSource` for YouTube."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the channel's videos, 50 at a time; strangers' videos are left out."""
        ids = list(dict.fromkeys(proof.id for proof in proofs if _ID.fullmatch(proof.id)))
        return {str(video["id"]): _metrics(video) for video in await _videos(session, ids)}

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The channel's uploads of that time, also private ones, among its newest 1,000."""
        times: dict[str, datetime] = {}
        token: str | None = None
        for _ in range(_MOST_PAGES):
            page, token = await _uploads(session, token)
            times |= {number: at for number, at in page if since.replace(microsecond=0) <= at <= until}
            if len(times) >= most or token is None or (page and page[-1][1] < since):
                break
        found = {str(video["id"]): video for video in await _videos(session, list(times)[:most])}
        return [_measured(found[number], at) for number, at in times.items() if number in found]


async def _videos(session: Session, ids: Sequence[str]) -> list[Found]:
    """Those of these videos that are there and the channel's own."""
    found: list[Found] = []
    for start in range(0, len(ids), _BATCH):
        wanted = ",".join(ids[start : start + _BATCH])
        # Both parts together cost one unit, as one of them does.
        found += items(await _read(session, "videos", {"part": "snippet,statistics", "id": wanted}))
    return [
        video
        for video in found
        if video.get("id") in ids and member(video, "snippet").get("channelId") == session.account.id
    ]


async def _uploads(session: Session, token: str | None) -> tuple[list[tuple[str, datetime]], str | None]:
    """A page of the channel's videos with their times, newest first, and what asks for the next."""
    playlist = uploads_of(session.account)
    params = {"part": "snippet,contentDetails", "playlistId": playlist, "maxResults": str(_PAGE)}
    try:
        body = await _read(session, "playlistItems", params | ({"pageToken": token} if token else {}))
    except Missing:
        # The list comes into being with the first upload.
        return [], None
    entries = [
        (str(member(entry, "contentDetails").get("videoId")), at)
        for entry in items(body)
        if (at := utc(member(entry, "snippet").get("publishedAt")))
    ]
    return entries, word(body.get("nextPageToken"))


async def _read(session: Session, path: str, params: Mapping[str, str]) -> dict[str, Any]:
    try:
        return await call(session, "GET", path, params=params)
    except Forbidden as refused:
        # People may untick single scopes when they consent.
        raise ReconnectRequired(
            f"{refused.message} Reading needs the scope youtube.readonly.", reason=refused.reason
        ) from refused


def _metrics(video: Found) -> Metrics:
    told = member(video, "statistics")
    return Metrics(
        likes=_count(told, "likeCount"),
        comments=_count(told, "commentCount"),
        views=_count(told, "viewCount"),
    )


def _measured(video: Found, at: datetime) -> Measured:
    number, snippet = str(video["id"]), member(video, "snippet")
    text = paragraphs(snippet.get("title"), snippet.get("description"))
    return Measured(Proof(number, permalink(number)), text, at, _metrics(video))


def _count(figures: Found, name: str) -> int | None:
    value = figures.get(name)
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else None
