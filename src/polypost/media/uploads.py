"""Uploads from clients: their addresses, the bytes that come, who may read them, and their end."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from polypost import clock
from polypost.errors import (
    NotFound,
    PolypostError,
    Unavailable,
)
from polypost.media import intake, kinds, upload_rows, verdicts
from polypost.media.bucket import Bucket
from polypost.media.cleanup import Cleanup
from polypost.media.folder import Folder
from polypost.media.intake import Space
from polypost.media.receiver import Part, Pieces, Receiver, elsewhere
from polypost.media.signing import Signer
from polypost.media.verdicts import LARGEST, MB, UploadMissing
from polypost.outbound.fetch import Bounds
from polypost.platforms.base import MediaKind
from polypost.probe import Facts, probe
from polypost.storage import Store, new_id

RESERVE = 200 * MB
_TOKEN = re.compile(r"(upl_[0-9a-f]{32})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a client sends its file to, and where everybody reads it afterwards. `most` is in bytes."""

    id: str
    upload_url: str
    public_url: str
    expires_at: datetime
    most: int
    resumable: bool


class Uploads:
    """The uploads of one server.

    `host` names the folder's machine, as for `Library`; with a `bucket` new uploads go there. `signer` signs upload
    URLs. `quota` is the most bytes that uploads may take, `reserve` what they leave free on the disk.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        host: str,
        signer: Signer,
        bucket: Bucket | None = None,
        quota: int | None = None,
        reserve: int = RESERVE,
        bounds: Bounds = intake.BOUNDS,
    ) -> None:
        self._store = store
        self._folder = Folder(folder)
        self._host = host
        self._signer = signer
        self.bucket = bucket
        space = Space(self._folder, reserve=reserve, quota=quota)
        self._receiver = Receiver(store, self._folder, host, space, bounds)
        self._keeper = Cleanup(store, self._folder, host, bucket)

    # Addresses

    async def offer(
        self, project_id: str, *, base: str, filename: str, mime: str, length: int | None
    ) -> Offer:
        """Make room for one file; `base` is this server's own address.

        Raises InvalidRequest for a type that no network takes, PayloadTooLarge, StoreUnavailable.
        """
        kind = kinds.kind_of(mime)
        if length is not None and length > LARGEST[kind]:
            raise intake.too_large(LARGEST[kind])
        upload_id = new_id("upl")
        place = f"uploads/{upload_id}/{kinds.address_name(filename, mime)}"
        public = f"{base}/media/{place}"
        if self.bucket is not None and self.bucket.public_url is not None:
            public = f"{self.bucket.public_url}/{place}"
        ends = await self._store.write(
            lambda db: upload_rows.create(
                db,
                project_id,
                upload_id,
                host=self._host if self.bucket is None else upload_rows.BUCKET,
                url=public,
                filename=filename,
                mime=mime,
                length=length,
                path=None if self.bucket is None else place,
            )
        )
        url = await self._upload_url(upload_id, ends, place, base)
        return Offer(upload_id, url, public, ends, LARGEST[kind], self.bucket is None)

    async def offered(self, project_id: str, upload_id: str, *, base: str) -> Offer:
        """What was offered before, once more. Raises Gone for an upload whose time is over."""
        row = await self._store.read(lambda db: upload_rows.by_id(db, upload_id))
        if row is None or row.project_id != project_id or row.state in {"removing", "gone"}:
            raise upload_rows.gone()
        url = await self._upload_url(upload_id, row.expires_at, row.path, base)
        most = LARGEST[kinds.kind_of(row.mime)]
        return Offer(upload_id, url, row.url, row.expires_at, most, self.bucket is None)

    async def _upload_url(self, upload_id: str, ends: datetime, place: str, base: str) -> str:
        if self.bucket is not None:
            return await self.bucket.upload_url(place, upload_rows.LIFE)
        until = str(int(ends.timestamp()))
        return f"{base}/media/uploads/{upload_id}.{until}.{self._signer.sign(f'{upload_id}.{until}')}"

    async def keep(self, project_id: str, content: bytes, *, base: str, filename: str) -> tuple[str, str]:
        """Store a file that this server made, like one that was uploaded: its public address and its type.

        Raises Unsupported or TooManyPixels for bytes that are no media, else as `offer` and `put`, and Unavailable.
        """
        mime = (await asyncio.to_thread(_facts, content)).mime
        offer = await self.offer(project_id, base=base, filename=filename, mime=mime, length=len(content))
        await self._fill(offer, content)
        return offer.public_url, mime

    async def adopt(self, project_id: str, file: Path, facts: Facts, *, base: str, filename: str) -> Offer:
        """Store a file of this server like one that was uploaded. Raises as `keep`."""
        offer = await self.offer(project_id, base=base, filename=filename, mime=facts.mime, length=facts.size)
        await self._fill(offer, file)
        return offer

    async def _fill(self, offer: Offer, content: bytes | Path) -> None:
        row = await self._named(offer.public_url)
        assert row is not None
        if self.bucket is not None:
            await self.bucket.write(row.path, content)
        else:
            await self.put(row, _whole(content))

    async def find(self, token: str) -> Row[Any]:
        """The row that an upload URL names. Raises NotFound for a forged one, Gone for one whose time is over."""
        found = _TOKEN.fullmatch(token)
        if found is None or not self._signer.knows(f"{found[1]}.{found[2]}", found[3]):
            raise NotFound("There is no such upload.", code="upload_not_found")
        if int(found[2]) <= clock.now().timestamp():
            raise upload_rows.gone()
        upload_id = found[1]
        return await self._store.read(lambda db: upload_rows.alive(db, upload_id))

    async def rehouse(self) -> None:
        """Have everything that is in no bucket be in this folder, which nobody else has: it may have been moved."""
        await self._store.write(lambda db: upload_rows.rehouse(db, self._host))

    async def recover(self) -> None:
        """Make the folder and the rows agree again after a crash."""
        await self._keeper.recover()

    async def clean(self, now: datetime) -> None:
        """Remove the uploads whose time is over, in bounded batches."""
        await self._keeper.clean(now)

    async def own(self, urls: Iterable[str]) -> set[str]:
        """Those of the addresses that are uploads of this server; asks nothing when none looks like one."""
        likely = [url for url in urls if upload_rows.id_in(url) is not None]
        return await self._store.read(lambda db: upload_rows.own(db, likely)) if likely else set()

    async def facts(self, urls: Iterable[str]) -> dict[str, Facts]:
        """What the complete uploads behind these addresses are, as far as this machine has them."""
        wanted = list(urls)
        rows = await self._store.read(lambda db: upload_rows.whole(db, self._host, wanted)) if wanted else ()
        found = {}
        for row in rows:
            with suppress(OSError, PolypostError):
                found[row.url] = await asyncio.to_thread(probe, self._folder.place(row.path))
        return found

    # Bytes in

    async def put(self, row: Row[Any], pieces: Pieces, *, announced: int | None = None) -> Row[Any]:
        """Take a whole file; as `Receiver.put`."""
        return await self._receiver.put(row, pieces, announced=announced)

    async def append(self, row: Row[Any], part: Part, pieces: Pieces) -> int:
        """Take a piece of a file; as `Receiver.append`."""
        return await self._receiver.append(row, part, pieces)

    async def settled(self, row: Row[Any]) -> Row[Any]:
        """The row once no request adds to its file any more; one that still does is interrupted."""
        return await self._receiver.settled(row)

    # Bytes out

    async def readable(self, upload_id: str, name: str) -> Row[Any] | None:
        """The row of a complete upload that everybody may read under this name; None where there is none.

        Raises ServiceUnavailable for a file on another machine.
        """
        found = await self._store.read(lambda db: upload_rows.by_id(db, upload_id))
        if found is None or not found.url.endswith(f"/{upload_id}/{name}"):
            return None
        if found.host == upload_rows.BUCKET:
            return found if found.state in {"open", "complete"} and self.bucket is not None else None
        if found.state != "complete":
            return None
        if found.host != self._host:
            raise elsewhere()
        return found if await asyncio.to_thread(self._folder.holds, found.path, found.size) else None

    def place(self, row: Row[Any]) -> Path:
        """Where the file of a complete upload stands on this machine."""
        return self._folder.place(row.path)

    async def bring(self, url: str, into: Path, kind: MediaKind) -> bool:
        """Put the bytes of an upload into a file, without asking any network; False for another address.

        Raises UploadMissing with the code of what is missing, Unavailable for a file that this machine cannot reach.
        """
        found = await self._named(url)
        if found is None:
            return False
        if found.state in {"removing", "gone"}:
            raise UploadMissing(code=verdicts.UPLOAD_GONE)
        if found.host == upload_rows.BUCKET:
            if self.bucket is None:
                raise Unavailable(
                    "The uploaded file is in S3 storage, and this server has none.",
                    code="storage_unavailable",
                    next_step="Set POLYPOST_S3_URL here too.",
                )
            await self.bucket.fetch(found.path, into, most=LARGEST[kind])
            return True
        if found.state != "complete":
            raise UploadMissing(code=verdicts.UPLOAD_OPEN)
        if found.host != self._host:
            raise Unavailable(str(elsewhere()), code="upload_elsewhere", next_step=elsewhere().next_step)
        try:
            await asyncio.to_thread(_link, self._folder.place(found.path), into)
        except FileNotFoundError as missing:
            raise UploadMissing(code=verdicts.UPLOAD_GONE) from missing
        return True

    async def learned(self, url: str, facts: Facts, digest: str) -> None:
        """Note what a file from the bucket turned out to be."""
        found = await self._named(url)
        if found is not None and found.host == upload_rows.BUCKET:
            await self._store.write(
                lambda db: upload_rows.learned(db, found.id, size=facts.size, sha256=digest, mime=facts.mime)
            )

    async def _named(self, url: str) -> Row[Any] | None:
        if upload_rows.id_in(url) is None:
            return None
        return await self._store.read(lambda db: upload_rows.by_url(db, url))


def _facts(content: bytes) -> Facts:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return probe(Path(file.name))


async def _whole(content: bytes | Path) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with await asyncio.to_thread(content.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, MB):
            yield piece


def _link(source: Path, into: Path) -> None:
    into.unlink(missing_ok=True)
    try:
        os.link(source, into)
    except FileNotFoundError:
        raise
    except OSError:
        # Another disk, or one without links.
        shutil.copyfile(source, into)
