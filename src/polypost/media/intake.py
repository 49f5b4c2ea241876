"""Bytes that clients send, into a file: within the space there is, not too slowly, and never in memory (O5)."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from polypost.errors import ApiError, Conflict, Locked, PayloadTooLarge, RequestTimeout, ServiceUnavailable
from polypost.media.folder import Folder
from polypost.media.verdicts import MB
from polypost.outbound.fetch import Bounds, Floor

# The floor is that of any request body here; the rest is as for files that this server fetches.
BOUNDS = Bounds(floor=16_000.0)
MARK = 8 * MB
_WRITE_BYTES = 256 * 1024


class Space:
    """What uploads may still take: all but `reserve` bytes of the disk, and `quota` bytes at most."""

    def __init__(self, folder: Folder, *, reserve: int, quota: int | None) -> None:
        self._folder = folder
        self._reserve = reserve
        self.quota = quota
        self._received = 0
        self._unrecorded = 0

    async def watch(self, taken: int) -> Ration:
        """A view of the space for one file, with `taken` bytes in recorded ones. Raises ServiceUnavailable when full."""
        left = await asyncio.to_thread(self._folder.free) - self._reserve
        if self.quota is not None:
            left = min(left, self.quota - taken - self._unrecorded)
        if left <= 0:
            raise no_space()
        return Ration(self, self._received + left)

    def count(self, size: int) -> int:
        """Note `size` bytes that arrived for any file; all that ever did and were not thrown away."""
        self._received += size
        self._unrecorded += size
        return self._received

    def settle(self, size: int, *, kept: bool) -> None:
        """These bytes are recorded now, or thrown away."""
        self._unrecorded -= size
        if not kept:
            self._received -= size


class Ration:
    """What one file takes of the space; files that grow beside it count too."""

    def __init__(self, space: Space, until: int) -> None:
        self._space = space
        self._until = until
        self._open = 0

    def take(self, size: int) -> None:
        """Count bytes before they are written. Raises ServiceUnavailable when there is no room for them."""
        self._open += size
        if self._space.count(size) > self._until:
            raise no_space()

    def settle(self, *, kept: bool) -> None:
        """What was taken is recorded, or thrown away."""
        self._space.settle(self._open, kept=kept)
        self._open = 0


class Growing:
    """One file while one request adds to it; no other request and no other process can.

    It holds `most` bytes at most; `excess` is raised for more. `mark`, if given, is called with the file's size each time that a good piece of it is safe on the disk.
    `digest` hears every byte that is added.
    """

    def __init__(
        self,
        path: Path,
        offset: int,
        ration: Ration,
        *,
        most: int,
        excess: ApiError,
        bounds: Bounds = BOUNDS,
        mark: Callable[[int], Awaitable[None]] | None = None,
        digest: Any = None,
    ) -> None:
        self.path = path
        self.size = offset
        self._ration = ration
        self._most = most
        self._excess = excess
        self._bounds = bounds
        self._mark = mark
        self._digest = digest
        self._marked = offset
        self._file: BinaryIO | None = None
        self._deadline: asyncio.Timeout | None = None
        self._interrupted = False
        self.kept = False

    async def open(self) -> None:
        """Take the file. Raises Locked when another process has it, Conflict when it is shorter than it was."""
        self._file = await asyncio.to_thread(_take, self.path, self.size)

    def interrupt(self) -> None:
        """Let a later request have the file: what arrived so far stays, the running request ends with a Conflict."""
        self._interrupted = True
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time())

    async def pour(self, pieces: AsyncIterator[bytes]) -> None:
        """Add everything that comes.

        Whatever ends it, `size` then says how much of the file is written. Raises `excess`,
        RequestTimeout, ServiceUnavailable when there is no room, Conflict after `interrupt`.
        """
        waiting = bytearray()
        try:
            async with asyncio.timeout(self._bounds.slow_total):
                async with asyncio.timeout(self._bounds.window) as self._deadline:
                    if self._interrupted:
                        self.interrupt()
                    floor = Floor(self._bounds, self._deadline)
                    async for piece in pieces:
                        if self.size + len(waiting) + len(piece) > self._most:
                            raise self._excess
                        self._ration.take(len(piece))
                        if not self._interrupted:
                            floor.took(len(piece))
                        waiting += piece
                        if len(waiting) >= _WRITE_BYTES:
                            await self._write(waiting)
        except TimeoutError as late:
            raise (_taken_over() if self._interrupted else _too_slow()) from late
        finally:
            self._deadline = None
            await self._write(waiting)

    async def sync(self) -> None:
        """Make what is written durable."""
        await _disk(os.fsync, self._open_file.fileno())

    async def shorten(self, size: int) -> None:
        """Take back what was added beyond `size`."""
        await _disk(self._open_file.truncate, size)
        self.size = size

    async def close(self) -> None:
        """Give the file free; set `kept` before if what was added stays."""
        self._ration.settle(kept=self.kept)
        if self._file is not None:
            await asyncio.to_thread(self._file.close)

    @property
    def _open_file(self) -> BinaryIO:
        assert self._file is not None
        return self._file

    async def _write(self, waiting: bytearray) -> None:
        piece = bytes(waiting)
        waiting.clear()
        await _disk(partial(_write_all, self._open_file, piece, self._digest))
        self.size += len(piece)
        if self._mark is not None and self.size - self._marked >= MARK:
            await self.sync()
            await self._mark(self.size)
            self._marked = self.size
            self._ration.settle(kept=True)


def _take(path: Path, offset: int) -> BinaryIO:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if file.seek(0, os.SEEK_END) < offset:
            raise Conflict("The server has less of this file than it had.", code="upload_offset")
        # What came after the last safe point may be there in part.
        file.truncate(offset)
        file.seek(offset)
    except BlockingIOError as held:
        file.close()
        raise busy() from held
    except BaseException:
        file.close()
        raise
    return file


def is_growing(path: Path) -> bool:
    """Whether some process adds to this file right now."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _write_all(file: BinaryIO, piece: bytes, digest: Any) -> None:
    if digest is not None:
        digest.update(piece)
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


async def _disk(call: Callable[..., Any], *args: Any) -> None:
    try:
        await asyncio.to_thread(call, *args)
    except OSError as error:
        raise not_stored() from error


def too_large(most: int) -> PayloadTooLarge:
    """The error for a file that no network would take."""
    said = f"The file is larger than {most // MB} MB, more than any network takes of this type."
    return PayloadTooLarge(said, code="media_too_large", next_step="Make the file smaller.")


def not_stored() -> ServiceUnavailable:
    """The error when the server's own disk refuses the file."""
    return ServiceUnavailable(
        "The server could not keep the file on its disk.",
        code="media_not_stored",
        headers={"Retry-After": "10"},
    )


def no_space() -> ServiceUnavailable:
    """The error for a file that would be welcome if there were room."""
    return ServiceUnavailable(
        "There is not enough disk space on the server.",
        code="media_no_space",
        next_step="Nothing of this file was kept. Try again later.",
        headers={"Retry-After": "60"},
    )


def busy() -> Locked:
    """The error for two requests that add to one file."""
    return Locked(
        "Another request is adding to this file.",
        code="upload_busy",
        next_step="Ask for the offset again in a moment.",
        headers={"Retry-After": "1"},
    )


def _too_slow() -> RequestTimeout:
    return RequestTimeout(
        "The file came too slowly.",
        code="upload_too_slow",
        next_step="Send at least 16 kB a second, or in parts with the tus protocol.",
    )


def _taken_over() -> Conflict:
    return Conflict("A later request goes on with this file.", code="upload_taken_over")
