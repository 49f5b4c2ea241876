"""The sandbox with one of its Bluesky accounts, for whole stories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Post, Tokens
from polypost.platforms.bluesky import CONNECTOR
from polypost.probe import probe
from polypost.sandbox import Sandbox

APP = App("", "")


@dataclass
class Room:
    """The running sandbox with one of its accounts."""

    http: NetworkClient
    web: httpx2.AsyncClient
    control: httpx2.AsyncClient
    credentials: dict[str, Any]
    folder: Path

    @property
    def account(self) -> Account:
        return Account(self.credentials["platformUserId"], self.credentials["username"])

    @property
    def tokens(self) -> Tokens:
        return Tokens(
            self.credentials["accessToken"], self.credentials["refreshToken"], extra=self.credentials["extra"]
        )

    def run(self, **kept: Any) -> MemoryRun:
        settings = {"pause": self.pass_time, "extra": self.credentials["extra"]} | kept
        return MemoryRun(self.http, self.account, self.credentials["accessToken"], **settings)

    async def pass_time(self, wait: timedelta) -> None:
        await self.order("clock", advance=wait.total_seconds())

    async def order(self, path: str, **body: Any) -> None:
        (await self.control.post(f"/_sandbox/{path}", json=body)).raise_for_status()

    async def fault(self, fault: str, **more: Any) -> None:
        await self.order("faults", **({"platform": "bluesky", "fault": fault, "times": 1} | more))

    async def posts(self) -> list[dict[str, Any]]:
        """Every post that was ever visible, oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": "bluesky"})
        posts: list[dict[str, Any]] = answer.json()["posts"]
        return posts[::-1]

    async def records(self) -> list[dict[str, Any]]:
        """The records of those posts."""
        return [post["raw"]["record"] for post in await self.posts()]

    async def calls(self) -> list[str]:
        """What was asked of the simulator, oldest first."""
        answer = await self.control.get("/_sandbox/requests", params={"platform": "bluesky"})
        entries = reversed(answer.json()["requests"])
        return [entry["path"].removeprefix("/xrpc/").rpartition(".")[2] for entry in entries]

    def file(self, name: str, data: bytes, kind: Any = None) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        return MemoryFile(data, probe(path), f"https://media.example.com/{name}", kind)

    def picture(self, name: str = "a.png") -> MemoryFile:
        return self.file(name, media.png(640, 480))

    def film(self, name: str = "a.mp4", kind: Any = None, **shape: Any) -> MemoryFile:
        return self.file(name, media.mp4(**({"width": 1280, "height": 720} | shape)), kind)


def post(
    text: str = "Hello", *files: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    """A post with options in their wire form; `further` holds the files that options name."""
    parsed = CONNECTOR.options.model_validate(options)
    return Post("t1", text, files, parsed, {file.url: file for file in (*files, *further)})


def play(folder: Path, story: Callable[[Room], Awaitable[None]]) -> None:
    """Run a story with a sandbox around it; time that it moves is put back."""

    async def main() -> None:
        sandbox = Sandbox(folder / "sandbox")
        info = await sandbox.start()
        networks = Networks({"bluesky": info.urls["bluesky"]})
        try:
            async with (
                httpx2.AsyncClient(base_url=info.url, trust_env=False) as control,
                httpx2.AsyncClient(base_url=info.urls["bluesky"], trust_env=False) as web,
            ):
                found = (await control.get("/_sandbox/accounts", params={"platform": "bluesky"})).json()
                await story(Room(networks.client("bluesky"), web, control, found["accounts"][0], folder))
        finally:
            await networks.aclose()
            await sandbox.stop()

    before = clock._Advance.seconds
    try:
        asyncio.run(main())
    finally:
        clock._Advance.seconds = before
