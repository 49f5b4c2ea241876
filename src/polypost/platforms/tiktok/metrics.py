"""How TikTok counts what a video brought: videos by their ids, and the account's own list.

`view_count`, `like_count`, `comment_count` and `share_count` of public videos; whether photo posts are among them is not
documented. TikTok for Developers, Display API: Video Query, Video List and Video Object; read 2026-11-24. Needs the
scope `video.list`, which not every app has, so that it is not among those that are always asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from polypost.errors import ReconnectRequired, Rejected, TokenExpired
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.kit.answers import count, objects, word
from polypost.platforms.tiktok import status
from polypost.platforms.tiktok.api import call

_BATCH = 20
_SCOPE = "video.list"
_PHOTO, _PHOTOS = "/photo/", "p_"
# TikTok takes 30 such questions in a minute, and publishing asks them too.
_HANDLES = 20
_COUNTS = "id,view_count,like_count,comment_count,share_count"
_FIELDS = f"{_COUNTS},create_time,share_url,title,video_description"
_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
# An upload's handle, from which the id of the post it became can be asked.
_PUBLISH_ID = re.compile(r"[a-z_]+~v[0-9A-Za-z._~-]{1,58}", re.ASCII)
# Short pages are allowed; so many more than the fewest possible are read.
_SPARE_PAGES = 5

Found = Mapping[str, Any]


class PostMetrics:
    """`MetricsSource` for TikTok."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the account's public videos, 20 at a time; strangers' videos are left out.

        A post that was known by its handle alone is asked for its id, 20 of them in a call; while it has none, as
        private posts never have, nothing of it is told. Raises Rejected where the authorisation lacks the scope.
        """
        posts = {proof.id: proof.id for proof in proofs if _ID.fullmatch(proof.id)}
        # Absence from the answer says nothing of photos, so that they are not taken for gone.
        figures = {
            proof.id: Metrics() for proof in proofs if proof.id in posts and _PHOTO in (proof.url or "")
        }
        handles = list(dict.fromkeys(proof.id for proof in proofs if _PUBLISH_ID.fullmatch(proof.id)))
        # Those beyond what a minute allows are there, as far as is known, and nothing is told of them this time.
        figures |= dict.fromkeys(handles[_HANDLES:], Metrics())
        for handle in handles[:_HANDLES]:
            number = await _became(session, handle)
            if number:
                posts[handle] = number
            if number == "" or (number and handle.startswith(_PHOTOS)):
                figures[handle] = Metrics()
        counted = await _queried(session, list(dict.fromkeys(posts.values())))
        return figures | {given: counted[number] for given, number in posts.items() if number in counted}

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's public videos of that time. Raises Rejected where the authorisation lacks the scope."""
        found: list[Measured] = []
        # The list begins below an instant in milliseconds.
        cursor = int(until.timestamp() * 1000) + 1
        for _ in range(most // _BATCH + _SPARE_PAGES):
            data = await _asked(session, "list", {"max_count": _BATCH, "cursor": cursor}, _FIELDS)
            page = [each for video in objects(data.get("videos")) if (each := _measured(video))]
            found += [each for at, each in page if int(since.timestamp()) <= at <= until.timestamp()]
            below = data.get("cursor")
            past = bool(page) and page[-1][0] < int(since.timestamp())
            if len(found) >= most or past or data.get("has_more") is not True or not isinstance(below, int):
                break
            cursor = below
        return found[:most]


async def _became(session: Session, publish_id: str) -> str | None:
    """The id of the post that an upload became, "" while it has none; None when TikTok does not know the upload."""
    try:
        now = await status.ask(session, publish_id)
    except Rejected:
        return None
    return now.ids[0] if now.ids else ""


async def _queried(session: Session, ids: Sequence[str]) -> dict[str, Metrics]:
    found: dict[str, Metrics] = {}
    for start in range(0, len(ids), _BATCH):
        filters = {"filters": {"video_ids": list(ids[start : start + _BATCH])}}
        data = await _asked(session, "query", filters, _COUNTS)
        found |= {str(video.get("id")): _metrics(video) for video in objects(data.get("videos"))}
    return found


async def _asked(session: Session, what: str, body: Mapping[str, Any], fields: str) -> Found:
    try:
        return await call(session, "POST", f"/v2/video/{what}/", json=body, params={"fields": fields})
    except TokenExpired:
        raise
    except ReconnectRequired as refused:
        # Publishing goes on without it, so the account is not to be marked.
        raise Rejected(
            f"TikTok tells figures only with the scope {_SCOPE}, which this authorisation lacks.",
            code="not_permitted",
            next_step=f"Add {_SCOPE} to the TikTok app and to its scopes here, then connect the account again.",
        ) from refused


def _metrics(video: Found) -> Metrics:
    return Metrics(
        likes=count(video, "like_count"),
        comments=count(video, "comment_count"),
        shares=count(video, "share_count"),
        views=count(video, "view_count"),
    )


def _measured(video: Found) -> tuple[int, Measured] | None:
    number, created = str(video.get("id") or ""), video.get("create_time")
    if not _ID.fullmatch(number) or not isinstance(created, int):
        return None
    url, texts = video.get("share_url"), (video.get("video_description"), video.get("title"))
    return created, Measured(
        Proof(number, url if isinstance(url, str) and url.startswith("https://") else None),
        next(filter(word, texts), None),
        datetime.fromtimestamp(created, UTC),
        _metrics(video),
    )
