"""The sandbox with one of its Reddit accounts, for whole stories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, MediaRef, Post, Tokens
from polypost.platforms.reddit import CONNECTOR
from polypost.probe import probe
from polypost.sandbox import Sandbox


@dataclass(frozen=True)
class Thumbed(MemoryFile):
    """A file whose media item names a still picture."""

    thumbnail: str | None = None

    @property
    def ref(self) -> MediaRef:
        return replace(super().ref, thumbnail=self.thumbnail)


def post(
    text: str = "Hello", *files: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    """A target for r/sandbox unless told otherwise."""
    chosen = CONNECTOR.options.model_validate({"subreddit": "sandbox", **options})
    return Post("target-1", text, files, chosen, {file.url: file for file in further})


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
        await self.order("faults", **({"platform": "reddit", "fault": fault, "times": 1} | more))

    async def posts(self) -> list[dict[str, Any]]:
        """Every post that was ever visible, oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": "reddit"})
        posts: list[dict[str, Any]] = answer.json()["posts"]
        return posts[::-1]

    async def read(self, path: str) -> Any:
        """What the API shows the account."""
        headers = {"authorization": f"Bearer {self.credentials['accessToken']}", "user-agent": "test:room:1"}
        answer = await self.web.get(path, headers=headers, params={"raw_json": 1})
        answer.raise_for_status()
        return answer.json()

    async def shown(self) -> list[dict[str, Any]]:
        """The account's posts as the API lists them, newest first."""
        listed = await self.read(f"/user/{self.account.username}/submitted")
        return [child["data"] for child in listed["data"]["children"]]

    def file(self, name: str, data: bytes, **more: Any) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        url = f"https://media.example.com/{name}"
        return Thumbed(data, probe(path), url, **more) if more else MemoryFile(data, probe(path), url)

    def picture(self, name: str = "a.png") -> MemoryFile:
        return self.file(name, media.png(64, 48))

    def film(self, name: str = "a.mp4", **more: Any) -> MemoryFile:
        return self.file(name, media.mp4(width=640, height=360), **more)


def play(folder: Path, story: Callable[[Room], Awaitable[None]]) -> None:
    """Run a story with a sandbox around it; time that it moves is put back."""

    async def main() -> None:
        sandbox = Sandbox(folder / "sandbox")
        info = await sandbox.start()
        networks = Networks({"reddit": info.urls["reddit"]})
        try:
            async with (
                httpx2.AsyncClient(base_url=info.url, trust_env=False) as control,
                httpx2.AsyncClient(base_url=info.urls["reddit"], trust_env=False) as web,
            ):
                found = (await control.get("/_sandbox/accounts", params={"platform": "reddit"})).json()
                await story(Room(networks.client("reddit"), web, control, found["accounts"][0], folder))
        finally:
            await networks.aclose()
            await sandbox.stop()

    before = clock._Advance.seconds
    try:
        asyncio.run(main())
    finally:
        clock._Advance.seconds = before
