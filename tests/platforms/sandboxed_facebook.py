"""The sandbox with one of its Facebook Pages, for whole stories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.recording import Exchange, recording
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Post
from polypost.platforms.facebook import CONNECTOR
from polypost.probe import probe
from polypost.sandbox import Sandbox


@dataclass
class Room:
    """The running sandbox with its first Page; `url` is the network's address, `exchanges` what went over it."""

    http: NetworkClient
    control: httpx2.AsyncClient
    credentials: dict[str, Any]
    folder: Path
    url: str
    exchanges: list[Exchange]

    @property
    def account(self) -> Account:
        return Account(self.credentials["platformUserId"], self.credentials["username"])

    @property
    def app(self) -> App:
        return App(self.credentials["clientId"], self.credentials["clientSecret"])

    def run(self, **kept: Any) -> MemoryRun:
        token = self.credentials["accessToken"]
        return MemoryRun(self.http, self.account, token, pause=self.pass_time, **kept)

    async def pass_time(self, wait: timedelta) -> None:
        await self.order("clock", advance=wait.total_seconds())

    async def order(self, path: str, **body: Any) -> None:
        (await self.control.post(f"/_sandbox/{path}", json=body)).raise_for_status()

    async def fault(self, fault: str, **more: Any) -> None:
        await self.order("faults", **({"platform": "facebook", "fault": fault, "times": 1} | more))

    async def posts(self) -> list[dict[str, Any]]:
        """Every post that was ever visible, oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": "facebook"})
        posts: list[dict[str, Any]] = answer.json()["posts"]
        return posts[::-1]

    async def read(self, object_id: str, fields: str) -> dict[str, Any]:
        """An object as the network tells it to the Page."""
        answer = await self.http.request(
            "GET",
            f"{CONNECTOR.spec.hosts['graph']}/v26.0/{object_id}",
            params={"fields": fields},
            headers={"Authorization": f"Bearer {self.credentials['accessToken']}"},
        )
        found: dict[str, Any] = answer.json()
        return found

    def file(self, name: str, data: bytes) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        return MemoryFile(data, probe(path), f"https://media.example.com/{name}")

    def picture(self, name: str = "a.jpg") -> MemoryFile:
        return self.file(name, media.jpeg())

    def film(self, name: str = "a.mp4", **shape: Any) -> MemoryFile:
        return self.file(name, media.mp4(**({"width": 1080, "height": 1920, "seconds": 10} | shape)))


def post(
    *items: MemoryFile, text: str = "Hello #world", extra: dict[str, MemoryFile] | None = None, **options: Any
) -> Post:
    """A target with these items."""
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), extra or {})


KINDS: dict[str, Callable[[Room], Post]] = {
    "text": lambda room: post(),
    "link": lambda room: post(link="https://example.com/page", firstComment="The first"),
    "photo": lambda room: post(room.picture(), altTexts=["A picture"]),
    "photos": lambda room: post(
        room.picture(), room.file("b.png", media.png()), room.file("c.gif", media.gif())
    ),
    "video": lambda room: post(
        room.film(size=2_500_000),
        title="A film",
        videoThumbnailUrl="https://media.example.com/cover.jpg",
        extra={"https://media.example.com/cover.jpg": room.picture("cover.jpg")},
    ),
    "reel": lambda room: post(room.film(), contentType="reel", title="A reel", firstComment="The first"),
    "photo story": lambda room: post(room.picture(), text="", contentType="story"),
    "video story": lambda room: post(room.film(), text="", contentType="story"),
    "unpublished text": lambda room: post(published=False),
    "unpublished photos": lambda room: post(room.picture(), room.picture("b.jpg"), published=False),
    "unpublished video": lambda room: post(room.film(), published=False),
    "draft of a reel": lambda room: post(room.film(), contentType="reel", published=False),
}


def play(folder: Path, story: Callable[[Room], Awaitable[None]]) -> None:
    """Run a story with a sandbox around it and a wire-tap before it; time that it moves is put back."""

    async def main() -> None:
        sandbox = Sandbox(folder / "sandbox")
        info = await sandbox.start()
        try:
            async with (
                recording(info.urls["facebook"]) as kept,
                httpx2.AsyncClient(base_url=info.url, trust_env=False) as control,
            ):
                networks = Networks({"facebook": kept.url})
                found = (await control.get("/_sandbox/accounts", params={"platform": "facebook"})).json()
                entry = found["accounts"][0]
                http = networks.client("facebook")
                try:
                    await story(Room(http, control, entry, folder, kept.url, kept.exchanges))
                finally:
                    await networks.aclose()
        finally:
            await sandbox.stop()

    before = clock._Advance.seconds
    try:
        asyncio.run(main())
    finally:
        clock._Advance.seconds = before
