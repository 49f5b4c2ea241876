"""The uploads of X: sessions, segments, processing, and what a post may use."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from polypost import clock
from polypost.probe import Facts
from polypost.sandbox.networks.twitter.auth import Caller
from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.networks.twitter.media_rules import FOR_POSTS, examine, kind_of, media_key
from polypost.sandbox.simkit import Document, Media, Network, media_of

UPLOAD, SEGMENT = "upload", "segment"
PROCESSING_SECONDS = 1.0
RECEIVING, DONE = "receiving", "done"


@dataclass(frozen=True, slots=True)
class Upload:
    """One media id: who owns it, what it is for, how far it is. `facts` are known once all bytes are here."""

    id: str
    owners: tuple[str, ...]
    category: str
    media_type: str | None
    total: int
    blob: str
    stage: str
    size: int
    begun: float
    ready_at: float
    facts: Facts | None
    wrong: str | None
    alt: str
    expires_at: float

    @property
    def kind(self) -> str:
        """image, gif, video or subtitles."""
        return kind_of(self.category)

    @property
    def key(self) -> str:
        """X's media key."""
        return media_key(self.category, self.id) if self.kind != "subtitles" else f"0_{self.id}"

    @property
    def expired(self) -> bool:
        """Whether its day is over."""
        return self.expires_at <= clock.now().timestamp()

    @property
    def state(self) -> str:
        """receiving, pending, in_progress, succeeded or failed."""
        now = clock.now().timestamp()
        if self.stage == RECEIVING:
            return RECEIVING
        if now < self.ready_at:
            # A third of the work is waiting, so that clients meet both words.
            return "pending" if now < self.begun + (self.ready_at - self.begun) / 3 else "in_progress"
        return "failed" if self.wrong else "succeeded"

    @property
    def processed(self) -> bool:
        """Whether this kind of media is worked on after the upload, so that its status can be asked."""
        return self.kind in {"gif", "video"}

    def usable(self, account_id: str) -> bool:
        """Whether the account may put it into a post now."""
        mine = account_id in self.owners and self.category in FOR_POSTS
        return mine and not self.expired and self.state == "succeeded"

    def as_media(self) -> Media:
        """It as a part of a post."""
        return media_of(self.blob, self.facts, self.alt, kind=self.kind)


class Library:
    """Everything that has been uploaded."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def begin(
        self,
        caller: Caller,
        *,
        category: str,
        media_type: str | None,
        total: int,
        owners: tuple[str, ...] = (),
    ) -> Upload:
        """Open an upload session."""
        now = clock.now()
        upload_id = self._net.snowflake()
        expires = now + timedelta(seconds=limit("media_life_seconds"))
        body = {
            "owners": [caller.account.id, *owners],
            "category": category,
            "media_type": media_type,
            "total": total,
            "blob": self._net.blobs.new(),
            "stage": RECEIVING,
            "size": 0,
            "begun": now.timestamp(),
            "ready_at": now.timestamp(),
            "facts": None,
            "wrong": None,
            "alt": "",
        }
        document = self._net.documents.put(
            UPLOAD, upload_id, body, account_id=caller.account.id, expires=expires
        )
        return _upload(document)

    def get(self, upload_id: str) -> Upload | None:
        """The upload with this media id, also when it has expired."""
        document = self._net.documents.get(UPLOAD, upload_id)
        return None if document is None else _upload(document)

    async def add_segment(self, upload: Upload, index: int, chunks: AsyncIterator[bytes]) -> int:
        """Store a segment, in place of an earlier one with the same index; answers its size in bytes."""
        blob = self._net.blobs.new()
        size = await self._net.blobs.receive(blob, chunks, limit=limit("segment_bytes"))
        if size > limit("segment_bytes"):
            self._net.blobs.delete(blob)
            return size
        # There are at most 1,000 segments: three digits and a spare one keep them in order.
        name = f"{upload.id}.{index:04}"
        if (earlier := self._net.documents.get(SEGMENT, name)) is not None:
            self._net.blobs.delete(earlier.body["blob"])
        # The owner column holds the upload, so that its segments can be listed.
        self._net.documents.put(SEGMENT, name, {"blob": blob, "size": size}, account_id=upload.id)
        return size

    def received(self, upload: Upload) -> int:
        """How many bytes have come in segments."""
        return sum(d.body["size"] for d in self._net.documents.of_account(SEGMENT, upload.id))

    async def join(self, upload: Upload) -> None:
        """Put the segments together in the order of their indexes."""
        segments = sorted(self._net.documents.of_account(SEGMENT, upload.id), key=lambda d: d.id)
        blobs = [d.body["blob"] for d in segments]
        await asyncio.to_thread(self._concatenate, upload.blob, blobs)
        for segment in segments:
            self._net.blobs.delete(segment.body["blob"])
            self._net.documents.delete(SEGMENT, segment.id)

    def _concatenate(self, target: str, blobs: list[str]) -> None:
        with self._net.blobs.path(target).open("wb") as whole:
            for blob in blobs:
                with self._net.blobs.path(blob).open("rb") as part:
                    shutil.copyfileobj(part, whole, 1024 * 1024)

    def finish(self, caller: Caller, upload: Upload, *, extra_seconds: float, fails: bool = False) -> Upload:
        """All bytes are here: examine them; videos and animations are worked on for a while, which may fail."""
        facts, wrong = examine(self._net.blobs.path(upload.blob), upload.kind, premium=caller.premium)
        now = clock.now().timestamp()
        self._net.documents.update(
            UPLOAD,
            upload.id,
            stage=DONE,
            size=self._net.blobs.size(upload.blob),
            begun=now,
            ready_at=now + PROCESSING_SECONDS + extra_seconds if upload.processed else now,
            facts=None if facts is None else facts.as_dict(),
            wrong=wrong or ("The file could not be processed." if fails else None),
        )
        finished = self.get(upload.id)
        assert finished is not None
        return finished

    def describe(self, upload: Upload, text: str) -> None:
        """Set the alternative text."""
        self._net.documents.update(UPLOAD, upload.id, alt=text)


def _upload(document: Document) -> Upload:
    facts = document.body["facts"]
    read = {"owners": tuple(document.body["owners"]), "facts": Facts.from_dict(facts) if facts else None}
    expires_at = document.expires.timestamp() if document.expires else 0.0
    return Upload(id=document.id, expires_at=expires_at, **{**document.body, **read})
