"""The sandbox with one of its YouTube channels, for whole stories, and a line to it that breaks where it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from tests import media
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Post, Tokens
from polypost.platforms.youtube import CONNECTOR
from polypost.probe import probe
from polypost.sandbox import Sandbox

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


@dataclass
class Room:
    """The running sandbox with one of its channels."""

    http: NetworkClient
    web: httpx2.AsyncClient
    control: httpx2.AsyncClient
    credentials: dict[str, Any]
    folder: Path
    line: Breaker
    networks: Networks = field(repr=False)

    @property
    def account(self) -> Account:
        return Account(self.credentials["platformUserId"], self.credentials["username"])

    @property
    def app(self) -> App:
        return App(self.credentials["clientId"], self.credentials["clientSecret"])

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.credentials["accessToken"], self.credentials["refreshToken"])

    def run(self, **kept: Any) -> MemoryRun:
        return MemoryRun(
            self.http, self.account, self.credentials["accessToken"], pause=self.pass_time, **kept
        )

    async def pass_time(self, wait: timedelta) -> None:
        await self.order("clock", advance=wait.total_seconds())

    async def order(self, path: str, **body: Any) -> None:
        (await self.control.post(f"/_sandbox/{path}", json=body)).raise_for_status()

    async def fault(self, fault: str, **more: Any) -> None:
        await self.order("faults", **({"platform": "youtube", "fault": fault, "times": 1} | more))

    async def posts(self) -> list[dict[str, Any]]:
        """Every video that was ever visible, oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": "youtube"})
        posts: list[dict[str, Any]] = answer.json()["posts"]
        return posts[::-1]

    async def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """The calls, oldest first."""
        answer = await self.control.get("/_sandbox/requests", params={"platform": "youtube", "limit": "500"})
        found = answer.json()["requests"][::-1]
        return [each for each in found if each["method"].startswith(method) and path in each["path"]]

    def file(self, name: str, data: bytes) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        return MemoryFile(data, probe(path), f"https://media.example.com/{name}")

    def film(self, name: str = "a.mp4", **shape: Any) -> MemoryFile:
        return self.file(name, media.mp4(**({"width": 1280, "height": 720, "size": 700_000} | shape)))

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


def play(folder: Path, story: Callable[[Room], Awaitable[None]]) -> None:
    """Run a story with a sandbox around it; time that it moves is put back."""

    async def main() -> None:
        sandbox = Sandbox(folder / "sandbox")
        info = await sandbox.start()
        try:
            async with (
                httpx2.AsyncClient(base_url=info.url, trust_env=False) as control,
                httpx2.AsyncClient(base_url=info.urls["youtube"], trust_env=False) as web,
                Breaker(info.urls["youtube"]) as line,
            ):
                networks = Networks({"youtube": line.url})
                try:
                    found = (await control.get("/_sandbox/accounts", params={"platform": "youtube"})).json()
                    await story(
                        Room(
                            networks.client("youtube"),
                            web,
                            control,
                            found["accounts"][0],
                            folder,
                            line,
                            networks,
                        )
                    )
                finally:
                    await networks.aclose()
        finally:
            await sandbox.stop()

    before = clock._Advance.seconds
    try:
        asyncio.run(main())
    finally:
        clock._Advance.seconds = before
