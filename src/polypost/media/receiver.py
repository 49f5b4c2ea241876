"""Taking the bytes of uploads: a whole file at once, or piece by piece; what is not right is not kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import Row

from polypost.errors import (
    ApiError,
    ChecksumMismatch,
    Conflict,
    InvalidRequest,
    PayloadTooLarge,
    ServiceUnavailable,
    StoreUnavailable,
)
from polypost.media import intake, kinds, upload_rows
from polypost.media.folder import Folder
from polypost.media.intake import Growing, Space
from polypost.media.verdicts import LARGEST
from polypost.outbound.fetch import Bounds
from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.storage import Store, new_id

Pieces = AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a file that comes in several: where it begins, what it is part of, and how to check it.

    `length` is the size of the whole file where the client says it, `checksum` an algorithm and a digest.
    """

    offset: int
    length: int | None = None
    checksum: tuple[str, bytes] | None = None


class Receiver:
    """Takes files into one folder. `bounds` say how slow a client may be."""

    def __init__(self, store: Store, folder: Folder, host: str, space: Space, bounds: Bounds) -> None:
        self._store = store
        self._folder = folder
        self._host = host
        self._space = space
        self._bounds = bounds
        self._growing: dict[str, Growing] = {}
        self._waiting: Counter[str] = Counter()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

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
        async with self._alone(row.id):
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

    async def settled(self, row: Row[Any]) -> Row[Any]:
        """The row once no request adds to its file any more; one that still does is interrupted."""
        async with self._alone(row.id):
            return await self._row(row.id)

    @asynccontextmanager
    async def _alone(self, upload_id: str) -> AsyncIterator[None]:
        """One request at a time for a growing file: the one that still adds to it gives way to the next."""
        turn = self._turns.setdefault(upload_id, asyncio.Lock())
        self._waiting[upload_id] += 1
        try:
            if (running := self._growing.get(upload_id)) is not None:
                running.interrupt()
            await turn.acquire()
        finally:
            self._waiting[upload_id] -= 1
            if not self._waiting[upload_id]:
                del self._waiting[upload_id]
        try:
            yield
        finally:
            turn.release()

    async def _finish(self, row: Row[Any], name: str) -> Row[Any]:
        facts = await asyncio.to_thread(_facts, self._folder.part(name), row.mime)
        try:
            digest = await asyncio.to_thread(self._folder.finish, name)
        except OSError as error:
            raise intake.not_stored() from error
        complete = partial(
            upload_rows.complete,
            upload_id=row.id,
            host=self._host,
            path=name,
            size=facts.size,
            sha256=digest,
            mime=facts.mime,
        )
        try:
            unneeded = await self._store.write(complete)
        except StoreUnavailable:
            # All bytes are here: whoever sends the end once more need not send the rest.
            await asyncio.to_thread(self._folder.reopen, name)
            raise
        except ApiError:
            await asyncio.to_thread(self._folder.remove, [name])
            raise
        await asyncio.to_thread(self._folder.remove, unneeded)
        return await self._row(row.id)

    async def _grown(self, upload_id: str, name: str | None, size: int, length: int | None) -> None:
        await self._store.write(
            lambda db: upload_rows.grow(db, upload_id, host=self._host, part=name, offset=size, length=length)
        )

    @asynccontextmanager
    async def _opened(self, name: str, offset: int, *, key: str = "", **how: Any) -> AsyncIterator[Growing]:
        quota = self._space.quota is not None
        taken = await self._store.read(lambda db: upload_rows.taken(db, self._host)) if quota else 0
        ration = await self._space.watch(taken)
        growing = Growing(self._folder.part(name), offset, ration, bounds=self._bounds, **how)
        try:
            await growing.open()
            if key:
                self._growing[key] = growing
                if key in self._waiting:
                    growing.interrupt()
            yield growing
        except OSError as error:
            raise intake.not_stored() from error
        finally:
            self._growing.pop(key, None)
            await growing.close()

    async def _row(self, upload_id: str) -> Row[Any]:
        return await self._store.read(lambda db: upload_rows.alive(db, upload_id))


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


def _wrong_length(length: int | None) -> InvalidRequest:
    return InvalidRequest(
        message=f"This upload was announced with {length} bytes. Send exactly these, or ask for another upload.",
        code="upload_length",
    )


def _wrong_offset(offset: int) -> Conflict:
    return Conflict(
        f"The server has {offset} bytes of this file.", code="upload_offset", next_step="Go on from there."
    )
