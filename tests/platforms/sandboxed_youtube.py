"""The sandbox with one of its YouTube channels, for whole stories, and a line to it that breaks where it is told to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tests.platforms import sandboxed
from tests.platforms.run import MemoryFile

from polypost.platforms.base import Post
from polypost.platforms.youtube import CONNECTOR

UNIT = 262_144


class Breaker:
    """A line to the simulator that is cut each time this many bytes have gone over it, counted over all connections."""

    def __init__(self, behind: str) -> None:
        self._behind = urlsplit(behind)
        self.offsets: list[int] = []
        self.sent = 0
        self.broken = 0
        self._calls: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Breaker:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for end in self._ends:
            end.close()
        await asyncio.gather(*self._calls)
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        there, out = await asyncio.open_connection(self._behind.hostname, self._behind.port)
        back = asyncio.create_task(self._back(there, writer))
        for each in (task, back):
            self._calls.add(each)
            each.add_done_callback(self._calls.discard)
        self._ends |= {out, writer}
        with suppress(ConnectionError):
            await self._forth(reader, out)
        for end in (out, writer):
            end.close()
            self._ends.discard(end)

    async def _forth(self, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            left = self.offsets[0] - self.sent if self.offsets else len(piece) + 1
            passed = piece[: max(left, 0)]
            self.sent += len(passed)
            out.write(passed)
            await out.drain()
            if left <= len(piece):
                self.offsets.pop(0)
                self.broken += 1
                return

    async def _back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await there.read(65_536):
                writer.write(piece)
                await writer.drain()
        writer.close()


class Room(sandboxed.Room):
    platform = "youtube"
    line_to = Breaker
    shape: ClassVar[dict[str, Any]] = {"width": 1280, "height": 720, "size": 700_000}

    def stored(self, shown: dict[str, Any]) -> bytes:
        """The bytes that the network has of a video."""
        return (self.folder / "sandbox" / "blobs" / shown["media"][0]["blob"]).read_bytes()


def post(
    film: MemoryFile, text: str = "Hello world", *, thumbnail: MemoryFile | None = None, **options: Any
) -> Post:
    if thumbnail is not None:
        film = replace(film, thumbnail=thumbnail.url)
    extra = {} if thumbnail is None else {thumbnail.url: thumbnail}
    return Post("tgt_1", text, (film,), CONNECTOR.options.model_validate(options), extra)
