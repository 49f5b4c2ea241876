"""Users' files, fetched by URL: guarded at every hop, bounded in time and size, streamed to disk (O4, O5, O7)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urljoin

import httpcore2
import httpx2

from polypost import __version__
from polypost.errors import AddressRefused, FetchFailed, StoreUnavailable
from polypost.outbound.backend import GuardedBackend, NameUnknown
from polypost.outbound.guard import URL_CHARACTERS, Guard
from polypost.outbound.lookups import Resolve, Resolver
from polypost.outbound.transport import BROKEN, SENDING, Transport

T = TypeVar("T")

REDIRECTS = 3
# What a host says of the file itself; whatever else goes wrong may be over in a while.
_GONE = frozenset({401, 403, 404, 410})
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_LOCATION = re.compile(rb"[!-\[\]-~]{1,%d}" % URL_CHARACTERS)
# No connection outlives its answer: each request resolves and judges anew.
_HEADERS = {
    "User-Agent": f"Polypost/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_WRITE_BYTES = 256 * 1024
_PIECES_JUDGED = 4096
_PIECE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a fetch may take, in seconds, and how slow it may be.

    Over each `window` seconds at least `floor` bytes a second must arrive.
    """

    connect: float = 5.0
    first_byte: float = 10.0
    total: float = 60.0
    slow_total: float = 6 * 3600.0
    floor: float = 50_000.0
    window: float = 60.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is now on disk: its size in bytes and the URL that gave it, after redirects."""

    size: int
    url: str


class FetchStumbled(FetchFailed):
    """The media could not be fetched this time; another try may bring it. `nameless` says that the host's name is unknown."""

    def __init__(self, *, nameless: bool = False) -> None:
        super().__init__("The media could not be fetched this time.", next_step="Try again later.")
        self.nameless = nameless


class Fetcher:
    """Fetches users' URLs; `resolve` stands in for the system's resolver."""

    def __init__(self, guard: Guard, *, resolve: Resolve | None = None, bounds: Bounds | None = None) -> None:
        self._guard = guard
        self._bounds = bounds or Bounds()
        self._transport = Transport(backend=GuardedBackend(guard, resolve or Resolver()), connections=64)

    async def fetch(self, url: str, into: Path, *, max_bytes: int, slow_ok: bool = False) -> Fetched:
        """Stream what `url` serves into the file `into`; nothing stays there when it fails.

        `slow_ok` gives hours instead of a minute, as large videos need. Raises AddressRefused,
        FetchFailed (`media_unreachable`, `media_too_large`) with fixed texts for what is said of the file,
        FetchStumbled for what may be over soon, or StoreUnavailable when the file cannot be written.
        """
        total = self._bounds.slow_total if slow_ok else self._bounds.total
        try:
            async with asyncio.timeout(total):
                async with self._follow(url) as (answer, final):
                    size = await self._save(answer, into, max_bytes)
        except BROKEN as error:
            raise FetchStumbled(nameless=isinstance(error, NameUnknown)) from error
        return Fetched(size, final)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    @asynccontextmanager
    async def _follow(self, url: str) -> AsyncIterator[tuple[httpcore2.Response, str]]:
        for _ in range(REDIRECTS + 1):
            answer = await self._ask(url)
            try:
                if answer.status not in _REDIRECT_STATUSES:
                    yield answer, url
                    return
                url = self._next_url(url, answer)
            finally:
                await answer.aclose()
        raise FetchStumbled

    async def _ask(self, url: str) -> httpcore2.Response:
        request = self._request(url)
        clock = asyncio.get_running_loop()
        async with asyncio.timeout(self._bounds.connect) as deadline:

            async def connected(event: str, info: Mapping[str, Any]) -> None:
                if event == SENDING:
                    deadline.reschedule(clock.time() + self._bounds.first_byte)

            return await self._transport.send(request, connect=self._bounds.connect, trace=connected)

    def _request(self, url: str) -> httpx2.Request:
        self._guard.check_url(url)
        try:
            return httpx2.Request("GET", url, headers=_HEADERS)
        except httpx2.InvalidURL as error:
            raise AddressRefused from error

    def _next_url(self, url: str, answer: httpcore2.Response) -> str:
        location = _header(answer, b"location")
        if location is None or not _LOCATION.fullmatch(location):
            raise FetchStumbled
        onward = urljoin(url, location.decode("ascii"))
        if self._guard.target(onward).scheme == "http" and self._guard.target(url).scheme == "https":
            raise AddressRefused
        return onward

    async def _save(self, answer: httpcore2.Response, into: Path, max_bytes: int) -> int:
        _check_head(answer, max_bytes)
        file = _create(into)
        try:
            size = await self._pour(answer, file, max_bytes)
            await _disk(file.close)
        except BaseException:
            await asyncio.to_thread(_discard, file, into)
            raise
        return size

    async def _pour(self, answer: httpcore2.Response, file: BinaryIO, max_bytes: int) -> int:
        size = pieces = 0
        waiting = bytearray()
        async with asyncio.timeout(self._bounds.window) as deadline:
            floor = Floor(self._bounds, deadline)
            async for piece in answer.aiter_stream():
                size += len(piece)
                pieces += 1
                if size > max_bytes:
                    raise _too_large()
                if pieces >= _PIECES_JUDGED and size < pieces * _PIECE_BYTES:
                    # A body in crumbs costs far more to read than to send.
                    raise FetchStumbled
                floor.took(len(piece))
                waiting += piece
                if len(waiting) >= _WRITE_BYTES:
                    await _disk(partial(file.write, waiting))
                    waiting = bytearray()
                elif pieces % 32 == 0:
                    # Pieces that came together are handed out without a pause; others want to run too.
                    await asyncio.sleep(0)
        await _disk(partial(file.write, waiting))
        return size


class Floor:
    """Moves a deadline along while enough arrives: each window must see its share before it ends."""

    def __init__(self, bounds: Bounds, deadline: asyncio.Timeout) -> None:
        self._window = bounds.window
        self._share = bounds.floor * bounds.window
        self._deadline = deadline
        self._time = asyncio.get_running_loop().time
        self._ends = self._time() + bounds.window
        self._arrived = 0

    def took(self, size: int) -> None:
        """Count `size` bytes that arrived now."""
        now = self._time()
        while now >= self._ends:
            self._ends += self._window
            self._arrived = 0
        had_share = self._arrived >= self._share
        self._arrived += size
        if not had_share and self._arrived >= self._share:
            # This window is safe; the end of the next is the first moment at which too little can have come.
            self._deadline.reschedule(self._ends + self._window)


def _check_head(answer: httpcore2.Response, max_bytes: int) -> None:
    if answer.status in _GONE:
        raise _unreachable()
    if answer.status != 200:
        raise FetchStumbled
    encoding = _header(answer, b"content-encoding")
    if (encoding or b"identity").strip().lower() != b"identity":
        raise _unreachable()
    length = _header(answer, b"content-length")
    if length is not None and length.isdigit() and int(length) > max_bytes:
        raise _too_large()


def _header(answer: httpcore2.Response, name: bytes) -> bytes | None:
    return next((bytes(value) for key, value in answer.headers if key.lower() == name), None)


def _create(into: Path) -> BinaryIO:
    try:
        return into.open("wb")
    except OSError as error:
        raise _unwritable() from error


async def _disk(call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except OSError as error:
        raise _unwritable() from error


def _discard(file: BinaryIO, into: Path) -> None:
    # What can no longer be written out is thrown away in the next line.
    with suppress(OSError):
        file.close()
    into.unlink(missing_ok=True)


def _unreachable() -> FetchFailed:
    return FetchFailed(
        "The media could not be fetched.",
        next_step="Check that the URL is public and answers with the file itself, without a login.",
    )


def _too_large() -> FetchFailed:
    return FetchFailed("The media is too large.", code="media_too_large", next_step="Use a smaller file.")


def _unwritable() -> StoreUnavailable:
    return StoreUnavailable(
        "The fetched media could not be written to disk.",
        next_step="Check the free space of the data folder.",
    )
