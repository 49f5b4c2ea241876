"""The uploads of LinkedIn: images, documents and videos between their announcement and the post that shows them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.probe import Facts
from polypost.sandbox.networks.linkedin import urns
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.networks.linkedin.media_rules import examine, most_bytes
from polypost.sandbox.simkit import Document, Media, Network, media_of

ASSET, PART, CHUNK = "asset", "asset_part", "asset_chunk"
WAITING, DONE = "waiting", "done"


@dataclass(frozen=True, slots=True)
class Asset:
    """One uploaded thing. `facts` are known once all bytes are here; `damaged` tells that a video was put together wrongly."""

    urn: str
    kind: str
    owner: str
    secret: str
    blob: str
    stage: str
    size: int
    ready_at: float
    facts: Facts | None
    wrong: str | None
    damaged: bool
    expires: datetime

    @property
    def status(self) -> str:
        """WAITING_UPLOAD, PROCESSING, AVAILABLE or PROCESSING_FAILED."""
        if self.stage == WAITING:
            return "WAITING_UPLOAD"
        if clock.now().timestamp() < self.ready_at:
            return "PROCESSING"
        return "PROCESSING_FAILED" if self.wrong else "AVAILABLE"

    @property
    def expired(self) -> bool:
        """Whether its upload addresses are over."""
        return self.expires <= clock.now()

    def as_media(self, alt: str = "") -> Media:
        """It as a part of a post."""
        return media_of(self.blob, self.facts, alt, kind=self.kind)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a video: what an upload address is announced for."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that came in one request to one of a video's addresses, under the id that names them when it is finished."""

    etag: str
    number: int
    blob: str
    size: int


class Library:
    """Everything that has been announced."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def begin(self, kind: str, owner: str, *, size: int = 0) -> Asset:
        """Announce an upload; a video of `size` bytes gets its parts."""
        now = clock.now()
        urn = urns.asset(kind)
        body = {
            "kind": kind,
            "owner": owner,
            "secret": secrets.token_urlsafe(12),
            "blob": self._net.blobs.new(),
            "stage": WAITING,
            "size": size,
            "ready_at": now.timestamp(),
            "facts": None,
            "wrong": None,
            "damaged": False,
        }
        step = limit("video_part_bytes")
        with self._net.store.transaction():
            expires = now + timedelta(hours=limit("upload_hours"))
            document = self._net.documents.put(ASSET, urn, body, account_id=owner, expires=expires)
            for number, first in enumerate(range(0, size, step)):
                place = {"number": number, "first": first, "last": min(first + step, size) - 1}
                # The owner column holds the video, so that its parts can be listed.
                self._net.documents.put(PART, f"{urn}.{number:05}", place, account_id=urn)
        return _asset(document)

    def get(self, urn: str) -> Asset | None:
        """The asset with this URN."""
        document = self._net.documents.get(ASSET, urn)
        return None if document is None else _asset(document)

    def parts(self, video: Asset) -> list[Part]:
        """A video's parts in the order of their bytes."""
        found = [Part(**document.body) for document in self._net.documents.of_account(PART, video.urn)]
        return sorted(found, key=lambda part: part.number)

    async def receive(self, asset: Asset, chunks: AsyncIterator[bytes]) -> int:
        """Take an image's or document's bytes; how many came."""
        return await self._net.blobs.receive(asset.blob, chunks, limit=most_bytes(asset.kind))

    async def receive_part(self, video: Asset, part: Part, chunks: AsyncIterator[bytes]) -> Chunk:
        """Take bytes for a part. Each request counts by itself: what is joined in the end is what `finalizeUpload` lists."""
        blob = self._net.blobs.new()
        size = await self._net.blobs.receive(blob, chunks, limit=limit("video_bytes_max"))
        # Etags look like some of those on record: hex digits.
        etag = hashlib.md5(f"{video.urn} {part.number} {blob}".encode(), usedforsecurity=False).hexdigest()
        body = {"number": part.number, "blob": blob, "size": size}
        self._net.documents.put(CHUNK, etag, body, account_id=video.urn)
        return Chunk(etag, part.number, blob, size)

    def chunks(self, video: Asset) -> list[Chunk]:
        """What has come for a video, in the order in which it came."""
        return [Chunk(each.id, **each.body) for each in self._net.documents.of_account(CHUNK, video.urn)]

    async def join(self, video: Asset, order: Sequence[Chunk]) -> None:
        """Put a video together as told, which need not be right."""
        await asyncio.to_thread(self._concatenate, video.blob, [chunk.blob for chunk in order])

    def _concatenate(self, target: str, blobs: list[str]) -> None:
        with self._net.blobs.path(target).open("wb") as whole:
            for blob in blobs:
                with self._net.blobs.path(blob).open("rb") as part:
                    shutil.copyfileobj(part, whole, 1024 * 1024)

    def finish(
        self, asset: Asset, *, extra_seconds: float, damaged: bool = False, failed: bool = False
    ) -> Asset:
        """All bytes are here: look at them, and be done after a while."""
        facts, wrong = examine(self._net.blobs.path(asset.blob), asset.kind)
        wait = limit(f"{asset.kind}_processing_seconds") + extra_seconds
        self._net.documents.update(
            ASSET,
            asset.urn,
            stage=DONE,
            size=self._net.blobs.size(asset.blob),
            ready_at=clock.now().timestamp() + wait,
            facts=None if facts is None else facts.as_dict(),
            # LinkedIn takes a video whose parts are in the wrong order; it just does not play.
            wrong="PROCESSING_ERROR" if failed else None if damaged else wrong,
            damaged=damaged,
        )
        finished = self.get(asset.urn)
        assert finished is not None
        return finished


def _asset(document: Document) -> Asset:
    body: dict[str, Any] = dict(document.body)
    known = body.pop("facts")
    assert document.expires is not None
    facts = None if known is None else Facts.from_dict(known)
    return Asset(document.id, expires=document.expires, facts=facts, **body)
