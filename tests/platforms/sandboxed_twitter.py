"""The sandbox with one of its X accounts, for whole stories."""

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
from polypost.platforms.base import Account, App, Tokens
from polypost.probe import probe
from polypost.sandbox import Sandbox


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
        await self.order("faults", **({"platform": "twitter", "fault": fault, "times": 1} | more))

    async def posts(self) -> list[dict[str, Any]]:
        """Every post that was ever visible, oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": "twitter"})
        posts: list[dict[str, Any]] = answer.json()["posts"]
        return posts[::-1]

    def file(self, name: str, data: bytes) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        return MemoryFile(data, probe(path), f"https://media.example.com/{name}")

    def picture(self, name: str = "a.png") -> MemoryFile:
        return self.file(name, media.png(640, 480))

    def film(self, name: str = "a.mp4", **shape: Any) -> MemoryFile:
        return self.file(name, media.mp4(**({"width": 1280, "height": 720} | shape)))


def play(folder: Path, story: Callable[[Room], Awaitable[None]]) -> None:
    """Run a story with a sandbox around it; time that it moves is put back."""

    async def main() -> None:
        sandbox = Sandbox(folder / "sandbox")
        info = await sandbox.start()
        networks = Networks({"twitter": info.urls["twitter"]})
        try:
            async with (
                httpx2.AsyncClient(base_url=info.url, trust_env=False) as control,
                httpx2.AsyncClient(base_url=info.urls["twitter"], trust_env=False) as web,
            ):
                found = (await control.get("/_sandbox/accounts", params={"platform": "twitter"})).json()
                await story(Room(networks.client("twitter"), web, control, found["accounts"][0], folder))
        finally:
            await networks.aclose()
            await sandbox.stop()

    before = clock._Advance.seconds
    try:
        asyncio.run(main())
    finally:
        clock._Advance.seconds = before
