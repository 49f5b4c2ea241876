"""Uploads from clients: their addresses, the bytes that come, who may read them, and their end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import Row

from polypost import clock
from polypost.errors import (
    ChecksumMismatch,
    Conflict,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    ServiceUnavailable,
    Unavailable,
)
from polypost.media import intake, kinds, uploads, verdicts
from polypost.media.bucket import Bucket
from polypost.media.folder import Folder
from polypost.media.intake import Growing, Space
from polypost.media.keeper import Keeper
from polypost.media.verdicts import LARGEST, MB, UploadMissing
from polypost.outbound.fetch import Bounds
from polypost.platforms.base import MediaKind
from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.storage import Store, new_id

RESERVE = 200 * MB
_TOKEN = re.compile(r"(upl_[0-9a-f]{32})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)

Pieces = AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a client sends its file to, and where everybody reads it afterwards. `most` is in bytes."""

    upload_url: str
    public_url: str
    expires_at: datetime
    most: int
    resumable: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a file that comes in several: where it begins, what it is part of, and how to check it.

    `length` is the size of the whole file where the client says it, `checksum` an algorithm and a digest.
    """

    offset: int
    length: int | None = None
    checksum: tuple[str, bytes] | None = None


class Uploads:
    """The uploads of one server.

    `host` names the folder's machine, as for `Library`; with a `bucket` new uploads go there. `secret` signs upload
    URLs. `quota` is the most bytes that uploads may take, `reserve` what they leave free on the disk.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        host: str,
        secret: bytes,
        bucket: Bucket | None = None,
        quota: int | None = None,
        reserve: int = RESERVE,
        bounds: Bounds = intake.BOUNDS,
    ) -> None:
        self._store = store
        self._folder = Folder(folder)
        self._host = host
        self._secret = secret
        self.bucket = bucket
        self._space = Space(self._folder, reserve=reserve, quota=quota)
        self._bounds = bounds
        self._keeper = Keeper(store, self._folder, host, bucket)
        self._growing: dict[str, Growing] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

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
            lambda db: uploads.create(
                db,
                project_id,
                upload_id,
                host=self._host if self.bucket is None else uploads.BUCKET,
                url=public,
                filename=filename,
                mime=mime,
                length=length,
                path=None if self.bucket is None else place,
            )
        )
        if self.bucket is not None:
            url = await self.bucket.upload_url(place, uploads.LIFE)
        else:
            until = str(int(ends.timestamp()))
            url = f"{base}/media/uploads/{upload_id}.{until}.{self._signature(upload_id, until)}"
        return Offer(url, public, ends, LARGEST[kind], self.bucket is None)

    async def find(self, token: str) -> Row[Any]:
        """The row that an upload URL names. Raises NotFound for a forged one, Gone for one whose time is over."""
        found = _TOKEN.fullmatch(token)
        if found is None or not hmac.compare_digest(self._signature(found[1], found[2]), found[3]):
            raise NotFound("There is no such upload.", code="upload_not_found")
        if int(found[2]) <= clock.now().timestamp():
            raise uploads.gone()
        return await self._row(found[1])

    async def recover(self) -> None:
        """Make the folder and the rows agree again after a crash."""
        await self._keeper.recover()

    async def clean(self, now: datetime) -> None:
        """Remove the uploads whose time is over, in bounded batches."""
        await self._keeper.clean(now)

    async def own(self, urls: Iterable[str]) -> set[str]:
        """Those of the addresses that are uploads of this server; asks nothing when none looks like one."""
        likely = [url for url in urls if uploads.id_in(url) is not None]
        return await self._store.read(lambda db: uploads.own(db, likely)) if likely else set()

    # Bytes in

    async def put(self, row: Row[Any], pieces: Pieces, *, announced: int | None = None) -> Row[Any]:
        """Take a whole file; nothing of it is kept unless all of it is right. The row as it is then.

        Repeating it with the same bytes changes nothing. Raises InvalidRequest for bytes of another type,
        PayloadTooLarge, RequestTimeout, ServiceUnavailable, Conflict for other bytes than a post uses, Gone.
        """
        most = LARGEST[kinds.kind_of(row.mime)]
        if announced is not None and announced > most:
            raise intake.too_large(most)
        if announced is not None and row.length is not None and announced != row.length:
            raise _wrong_length(row.length)
        name = new_id("file")
        async with self._opened(name, 0, most=most, excess=intake.too_large(most)) as growing:
            try:
                await growing.pour(pieces)
                if row.length is not None and growing.size != row.length:
                    raise _wrong_length(row.length)
                kept = await self._finish(row, name)
                growing.kept = True
                return kept
            finally:
                await asyncio.to_thread(self._folder.part(name).unlink, missing_ok=True)

    async def append(self, row: Row[Any], part: Part, pieces: Pieces) -> int:
        """Take a piece of a file; the size of the file that is safe then. The last piece completes it.

        What arrived before a connection broke stays, except with a checksum. A later request interrupts an
        earlier one that is still at it. Raises Conflict for a piece that does not begin where the file ends,
        ChecksumMismatch, Locked, and as `put`.
        """
        most = LARGEST[kinds.kind_of(row.mime)]
        if part.length is not None and part.length > most:
            raise intake.too_large(most)
        self.interrupt(row.id)
        async with self._turn(row.id):
            row = await self._row(row.id)
            length = row.length if row.length is not None else part.length
            if part.length not in {None, length}:
                raise _wrong_length(length)
            if part.offset != row.offset:
                raise _wrong_offset(row.offset)
            if row.state == "complete":
                return int(row.offset)
            if row.part is not None and row.host != self._host:
                raise elsewhere()
            return await self._append(row, part, pieces, length, most if length is None else length)

    async def _append(self, row: Row[Any], part: Part, pieces: Pieces, length: int | None, most: int) -> int:
        name = row.part or new_id("file")
        check = _Check(*part.checksum) if part.checksum is not None else None

        async def mark(size: int) -> None:
            if size != length and check is None:
                await self._grown(row.id, name, size, length)

        excess = _wrong_length(length) if length is not None else intake.too_large(most)
        how: dict[str, Any] = {"most": most, "excess": excess, "mark": mark, "digest": check and check.digest}
        async with self._opened(name, row.offset, key=row.id, **how) as growing:
            good = False
            try:
                await growing.pour(pieces)
                good = check is None or check.passes()
            finally:
                if check is not None and not good:
                    await growing.shorten(row.offset)
                await growing.sync()
                # The end is written down with the whole file, so that nobody takes the one for the other.
                if growing.size != length:
                    await self._grown(row.id, name, growing.size, length)
                growing.kept = growing.size > row.offset
            if not good:
                raise ChecksumMismatch("The bytes do not have this checksum.", next_step="Send them again.")
            if growing.size == length:
                await self._finish_grown(row, name, length)
            return growing.size

    async def _finish_grown(self, row: Row[Any], name: str, length: int) -> None:
        try:
            await self._finish(row, name)
        except (InvalidRequest, PayloadTooLarge):
            # Of a file that is no good, nothing is kept: the upload begins anew.
            await self._grown(row.id, None, 0, length)
            await asyncio.to_thread(self._folder.remove, [name])
            raise

    def interrupt(self, upload_id: str) -> None:
        """Let a request that still adds to this file end: its client has begun another."""
        if (running := self._growing.get(upload_id)) is not None:
            running.interrupt()

    async def settled(self, row: Row[Any]) -> Row[Any]:
        """The row once no request adds to its file any more."""
        self.interrupt(row.id)
        async with self._turn(row.id):
            return await self._row(row.id)

    async def _finish(self, row: Row[Any], name: str) -> Row[Any]:
        facts = await asyncio.to_thread(_facts, self._folder.part(name), row.mime)
        try:
            digest = await asyncio.to_thread(self._folder.finish, name)
        except OSError as error:
            raise intake.not_stored() from error
        unneeded = [name]
        try:
            unneeded = await self._store.write(
                lambda db: uploads.complete(
                    db, row.id, host=self._host, path=name, size=facts.size, sha256=digest, mime=facts.mime
                )
            )
        finally:
            await asyncio.to_thread(self._folder.remove, unneeded)
        return await self._row(row.id)

    async def _grown(self, upload_id: str, name: str | None, size: int, length: int | None) -> None:
        await self._store.write(
            lambda db: uploads.grow(db, upload_id, host=self._host, part=name, offset=size, length=length)
        )

    @asynccontextmanager
    async def _opened(self, name: str, offset: int, *, key: str = "", **how: Any) -> AsyncIterator[Growing]:
        quota = self._space.quota is not None
        taken = await self._store.read(lambda db: uploads.taken(db, self._host)) if quota else 0
        ration = await self._space.watch(taken)
        growing = Growing(self._folder.part(name), offset, ration, bounds=self._bounds, **how)
        try:
            await growing.open()
            if key:
                self._growing[key] = growing
            yield growing
        except OSError as error:
            raise intake.not_stored() from error
        finally:
            self._growing.pop(key, None)
            await growing.close()

    def _turn(self, upload_id: str) -> asyncio.Lock:
        return self._turns.setdefault(upload_id, asyncio.Lock())

    async def _row(self, upload_id: str) -> Row[Any]:
        found = await self._store.read(lambda db: uploads.by_id(db, upload_id))
        if found is None or found.state in {"removing", "gone"}:
            raise uploads.gone()
        return found

    # Bytes out

    async def readable(self, upload_id: str, name: str) -> Row[Any] | None:
        """The row of a complete upload that everybody may read under this name; None where there is none.

        Raises ServiceUnavailable for a file on another machine.
        """
        found = await self._store.read(lambda db: uploads.by_id(db, upload_id))
        if found is None or not found.url.endswith(f"/{upload_id}/{name}"):
            return None
        if found.host == uploads.BUCKET:
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
        if found.host == uploads.BUCKET:
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
        if found is not None and found.host == uploads.BUCKET:
            await self._store.write(
                lambda db: uploads.learned(db, found.id, size=facts.size, sha256=digest, mime=facts.mime)
            )

    async def _named(self, url: str) -> Row[Any] | None:
        if uploads.id_in(url) is None:
            return None
        return await self._store.read(lambda db: uploads.by_url(db, url))

    def _signature(self, upload_id: str, until: str) -> str:
        made = hmac.new(self._secret, f"{upload_id}.{until}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


class _Check:
    """A checksum that the bytes of one request have to have."""

    def __init__(self, algorithm: str, expected: bytes) -> None:
        self.digest = hashlib.new(algorithm, usedforsecurity=False)
        self._expected = expected

    def passes(self) -> bool:
        """Whether what was heard has it."""
        return self.digest.digest() == self._expected


def elsewhere() -> ServiceUnavailable:
    """The error for a file that only another machine has."""
    return ServiceUnavailable(
        "The uploaded file is on another machine of this installation.",
        code="upload_elsewhere",
        next_step="Let all machines share uploads: set POLYPOST_S3_URL.",
        headers={"Retry-After": "10"},
    )


def _facts(path: Path, mime: str) -> Facts:
    """The facts of a received file. Raises InvalidRequest unless it is what was announced."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels) as error:
        raise InvalidRequest(message=error.message, code=error.code) from error
    if not kinds.alike(mime, facts.mime):
        raise InvalidRequest(
            message=f"The upload was announced as {mime}, and these bytes are {facts.mime}. "
            "Ask for an upload of that type.",
            code="media_type_mismatch",
        )
    if facts.size > LARGEST[facts.kind]:
        raise intake.too_large(LARGEST[facts.kind])
    return facts


def _link(source: Path, into: Path) -> None:
    into.unlink(missing_ok=True)
    try:
        os.link(source, into)
    except FileNotFoundError:
        raise
    except OSError:
        # Another disk, or one without links.
        shutil.copyfile(source, into)


def _wrong_length(length: int | None) -> InvalidRequest:
    return InvalidRequest(
        message=f"This upload was announced with {length} bytes. Send exactly these, or ask for another upload.",
        code="upload_length",
    )


def _wrong_offset(offset: int) -> Conflict:
    return Conflict(
        f"The server has {offset} bytes of this file.", code="upload_offset", next_step="Go on from there."
    )
