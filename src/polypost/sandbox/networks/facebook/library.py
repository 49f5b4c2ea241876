"""Photos and videos of Pages, staged or posted, and how far the work on each video is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import UploadFile

from polypost import clock
from polypost.errors import AddressRefused, FetchFailed
from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.networks.facebook.media_rules import image
from polypost.sandbox.simkit import Document, Media, Network, media_of, pieces

PHOTO, VIDEO = "photo", "video"
# Where a video's bytes are: on the way, here, or given up.
AWAITING, HERE, FAILED = "awaiting", "here", "failed"
# Graph ids have 18 digits; these count milliseconds since 2024.
ID_BASE, ID_EPOCH_MS, ID_BITS = 122_000_000_000_000_000, 1_704_067_200_000, 10


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo; `post` is the post that shows it, None for one that is only staged."""

    id: str
    page_id: str
    media: Media
    caption: str
    temporary: bool
    post: str | None
    created: datetime


@dataclass(frozen=True, slots=True)
class Video:
    """One video. `kind` is video, reel or story; `finished` that the client has called it complete."""

    id: str
    page_id: str
    kind: str
    stage: str
    blob: str
    total: int | None
    media: Media | None
    wrong: str | None
    finished: bool
    published: bool
    state: str
    app: str
    title: str
    description: str
    thumb: str | None
    post: str | None
    scheduled: float | None
    looks: int
    begun: float
    extra: float
    created: datetime

    @property
    def worked_on(self) -> bool:
        """Whether the work on it has come to its end, good or bad."""
        waited = clock.now().timestamp() - self.begun - self.extra
        # A client that looks often sees it ready at a known look; one that only waits gets there too.
        return waited >= 0 and (
            self.looks >= limit("processing_looks") or waited >= limit("processing_seconds")
        )

    @property
    def expired(self) -> bool:
        """Whether it was never finished and its time is over."""
        return not self.finished and clock.now() - self.created > timedelta(hours=limit("staged_hours"))

    @property
    def status(self) -> str:
        """Facebook's `video_status`."""
        # The order matters: expiry and failure of the upload hide what the work on it would say.
        if self.expired:
            return "expired"
        if self.stage == FAILED:
            return "error"
        if not self.finished:
            return "upload_complete" if self.stage == HERE else "uploading"
        if not self.worked_on:
            return "processing"
        return "error" if self.wrong else "ready"


class Library:
    """Every photo and video of the network."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def new_id(self) -> str:
        """A fresh id for a photo, video, comment or the second half of a post's."""
        return str(ID_BASE + int(self._net.snowflake(epoch_ms=ID_EPOCH_MS, random_bits=ID_BITS)))

    async def image(self, file: UploadFile | None, url: str, alt: str = "") -> Media:
        """An image's bytes from a form or from their address. Raises Refused for what is no image."""
        blob, most = self._net.blobs.new(), limit("photo_bytes")
        if file is not None:
            await self._net.blobs.receive(blob, pieces(file), limit=most)
        elif not await self.fetch(url, blob, most):
            self._net.blobs.delete(blob)
            raise errors.refused("photo_unreadable")
        facts, wrong = image(self._net.blobs.path(blob))
        if wrong is not None or facts is None:
            self._net.blobs.delete(blob)
            raise errors.refused(wrong or "photo_unreadable")
        return media_of(blob, facts, alt, kind="image")

    async def fetch(self, url: str, blob: str, most: int) -> bool:
        """Load a file from its address; False when it cannot be had."""
        try:
            await self._net.fetch(url, blob, most=most)
        except (AddressRefused, FetchFailed):
            return False
        return True

    def add_photo(self, page_id: str, media: Media, *, caption: str, temporary: bool) -> Photo:
        """Keep a photo that nobody sees yet."""
        body = {"media": media, "caption": caption, "temporary": temporary, "post": None}
        return _photo(self._net.documents.put(PHOTO, self.new_id(), body, account_id=page_id))

    def photo(self, photo_id: str, page_id: str) -> Photo | None:
        """The Page's photo with this id; one that was staged and not used is gone after a day."""
        document = self._net.documents.get(PHOTO, photo_id)
        if document is None or document.account_id != page_id:
            return None
        found = _photo(document)
        # Staged photos are gone after about a day (seen in open connectors, not documented).
        old = clock.now() - found.created > timedelta(hours=limit("staged_hours"))
        return None if found.post is None and old else found

    def show_photo(self, photo: Photo, post_id: str) -> None:
        """A post shows it now."""
        self._net.documents.update(PHOTO, photo.id, post=post_id)

    def add_video(self, page_id: str, kind: str, **more: Any) -> Video:
        """Open a video whose bytes are awaited."""
        body: dict[str, Any] = {
            "kind": kind,
            "stage": AWAITING,
            "blob": self._net.blobs.new(),
            "total": None,
            "media": None,
            "wrong": None,
            "finished": False,
            "published": False,
            "state": "",
            "app": "",
            "title": "",
            "description": "",
            "thumb": None,
            "post": None,
            "scheduled": None,
            "looks": 0,
            "begun": clock.now().timestamp(),
            "extra": 0.0,
        }
        return _video(self._net.documents.put(VIDEO, self.new_id(), body | more, account_id=page_id))

    def video(self, video_id: str, page_id: str) -> Video | None:
        """The Page's video with this id."""
        document = self._net.documents.get(VIDEO, video_id)
        return None if document is None or document.account_id != page_id else _video(document)

    def videos(self, page_id: str) -> list[Video]:
        """The Page's videos, newest first."""
        return [_video(each) for each in reversed(self._net.documents.of_account(VIDEO, page_id))]

    def change(self, video: Video, **changes: Any) -> Video:
        """Set members of a stored video."""
        self._net.documents.update(VIDEO, video.id, **changes)
        changed = self.video(video.id, video.page_id)
        assert changed is not None
        return changed

    def look(self, video: Video) -> None:
        """Count a look at one that is being worked on, which brings it nearer to its end."""
        if video.status == "processing":
            self._net.documents.update(VIDEO, video.id, looks=video.looks + 1)

    def received(self, video: Video) -> int:
        """How many of its bytes are here."""
        return self._net.blobs.size(video.blob)

    def forget(self, kind: str, object_id: str) -> None:
        """Remove a photo or a video."""
        self._net.documents.delete(kind, object_id)


def _photo(document: Document) -> Photo:
    return Photo(document.id, document.account_id or "", created=document.created, **document.body)


def _video(document: Document) -> Video:
    return Video(document.id, document.account_id or "", created=document.created, **document.body)
