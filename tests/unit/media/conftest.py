"""A file server on loopback that counts what it is asked, and libraries that may ask it."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from polypost.media import Library
from polypost.outbound import Fetcher, Guard
from polypost.storage import Store


@dataclass
class Served:
    """How one path is answered: `cut` ends the connection so many bytes early, `gate` holds the body back."""

    body: bytes | Iterable[bytes]
    length: int
    content_type: str = "application/octet-stream"
    status: int = 200
    cut: int = 0
    gate: asyncio.Event | None = None


@dataclass
class FileServer:
    """What it serves, and how often each path was asked for."""

    port: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    files: dict[str, Served] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def put(self, path: str, body: bytes, **how: object) -> str:
        """Serve `body` under `path`; its URL."""
        self.files[path] = Served(body, len(body), **how)
        return f"http://{self.address}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        self.asked[path] += 1
        self.arrived.set()
        served = self.files.get(path, Served(b"", 0, status=404))
        if served.gate is not None:
            await served.gate.wait()
        writer.write(
            f"HTTP/1.1 {served.status} X\r\nContent-Type: {served.content_type}\r\n"
            f"Content-Length: {served.length}\r\nConnection: close\r\n\r\n".encode()
        )
        if isinstance(served.body, bytes):
            writer.write(served.body[: len(served.body) - served.cut])
        else:
            for piece in served.body:
                writer.write(piece)
                await writer.drain()
        await writer.drain()


@dataclass
class Rooms:
    """One file server, and as many libraries as a test wants."""

    store: Store
    server: FileServer
    folder: Path
    _stack: AsyncExitStack

    async def library(self, owner: str = "one", **how: object) -> Library:
        """A library of its own, as another process would have it."""
        fetcher = Fetcher(Guard([self.server.address]))
        self._stack.push_async_callback(fetcher.aclose)
        library = Library(self.store, fetcher, self.folder, **({"owner": owner, "host": "here"} | how))
        self._stack.push_async_callback(library.close)
        return library

    def on_disk(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def rooms(tmp_path: Path) -> Callable[[Store], object]:
    """`async with rooms(store) as room` opens a server, and closes it with all libraries."""

    @asynccontextmanager
    async def opened(store: Store) -> AsyncIterator[Rooms]:
        files = FileServer()
        server = await asyncio.start_server(files.answer, "127.0.0.1", 0)
        files.port = server.sockets[0].getsockname()[1]
        async with server, AsyncExitStack() as stack:
            yield Rooms(store, files, tmp_path / "media", stack)

    return opened


@pytest.fixture
def png() -> bytes:
    """A picture of 40 by 30 pixels."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()
