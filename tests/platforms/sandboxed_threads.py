"""The Threads connector and the Threads simulator in one room, and files that the network can pull."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, Post
from polypost.platforms.threads import CONNECTOR
from polypost.probe import probe
from polypost.sandbox import Sandbox, SandboxInfo


@dataclass
class Room:
    """The running sandbox with one of its accounts, and a folder whose files the network can pull."""

    info: SandboxInfo
    http: NetworkClient
    control: httpx2.AsyncClient
    credentials: dict[str, Any]
    folder: Path
    served: dict[str, bytes] = field(default_factory=dict)
    pull_url: str = ""

    @property
    def account(self) -> Account:
        return Account(self.credentials["platformUserId"], self.credentials["username"])

    def run(self, **kept: Any) -> MemoryRun:
        return MemoryRun(self.http, self.account, self.credentials["accessToken"], pause=_moment, **kept)

    def file(self, name: str, data: bytes) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        self.served[f"/{name}"] = data
        return MemoryFile(data, probe(path), f"{self.pull_url}/{name}")

    def picture(self, name: str = "a.jpg", width: int = 1080, height: int = 1080) -> MemoryFile:
        return self.file(name, media.jpeg(width, height))

    def film(self, name: str = "a.mp4", **shape: Any) -> MemoryFile:
        return self.file(name, media.mp4(**({"width": 1080, "height": 1920} | shape)))

    async def fault(self, fault: str, **more: Any) -> None:
        rule = {"platform": "threads", "fault": fault, "times": 1} | more
        (await self.control.post("/_sandbox/faults", json=rule)).raise_for_status()

    async def posts(self) -> list[dict[str, Any]]:
        """Oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": "threads"})
        return answer.json()["posts"][::-1]


async def _moment(wait: timedelta) -> None:
    """Let the time pass for both sides, and the network come to its work."""
    clock.advance(wait.total_seconds())
    await asyncio.sleep(0.01)


def post(*items: MemoryFile, text: str = "Hello #world", chain: Any = (), **options: Any) -> Post:
    """A post; `chain` holds (text, files) of the posts that follow."""
    further: dict[str, MemoryFile] = {}
    if chain:
        options["threadItems"] = [
            {"content": words, "mediaItems": [{"type": file.ref.type, "url": file.url} for file in files]}
            for words, files in chain
        ]
        further = {file.url: file for _, files in chain for file in files}
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), further)


@asynccontextmanager
async def room(folder: Path) -> AsyncIterator[Room]:
    """A room with the first demo account."""
    served: dict[str, bytes] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = served.get((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        status = "404 Not Found" if data is None else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(data or b'')}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + (data or b""))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sandbox = Sandbox(folder / "sandbox", allow=[address])
    info = await sandbox.start()
    networks = Networks({"threads": info.urls["threads"]})
    try:
        async with httpx2.AsyncClient(base_url=info.url) as control:
            found = (await control.get("/_sandbox/accounts", params={"platform": "threads"})).json()
            http = networks.client("threads")
            yield Room(info, http, control, found["accounts"][0], folder, served, f"http://{address}")
    finally:
        await networks.aclose()
        await sandbox.stop()
        server.close()
        await server.wait_closed()
