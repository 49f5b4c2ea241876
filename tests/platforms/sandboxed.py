"""The sandbox with a network's first demo account, for whole stories of its connector."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar

import httpx2
import pytest
from tests import media
from tests.platforms.run import MemoryFile, MemoryRun
from tests.platforms.simulators.helpers import Files, Play, playing, serving

from polypost import clock
from polypost.errors import ReconnectRequired, Rejected
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Grant, Tokens
from polypost.probe import probe


@asynccontextmanager
async def direct(url: str) -> AsyncIterator[Any]:
    """The line to a network with nothing between."""
    yield SimpleNamespace(url=url)


@dataclass
class Room:
    """The running sandbox: `run` publishes for `account` over `line`, `web` is a browser on the network's pages."""

    platform: ClassVar[str]
    # Whether the network fetches the files itself; to the others their addresses are names.
    pulls: ClassVar[bool] = False
    shape: ClassVar[Mapping[str, Any]] = {"width": 1280, "height": 720}
    line_to: ClassVar[Callable[[str], AbstractAsyncContextManager[Any]]] = direct

    running: Play
    line: Any
    networks: Networks
    web: httpx2.AsyncClient
    credentials: dict[str, Any]
    folder: Path
    files: Files
    account: Account
    token: str

    @classmethod
    async def known(cls, entry: Mapping[str, Any], http: NetworkClient) -> Account:
        """The account as connecting it would make it known."""
        return Account(entry["platformUserId"], entry["username"])

    @property
    def http(self) -> NetworkClient:
        return self.networks.client(self.platform)

    @property
    def app(self) -> App:
        return App(self.credentials["clientId"], self.credentials["clientSecret"])

    @property
    def tokens(self) -> Tokens:
        entry = self.credentials
        return Tokens(entry["accessToken"], entry["refreshToken"], extra=entry["extra"])

    def run(self, **kept: Any) -> MemoryRun:
        settings = {"pause": self.pass_time, "extra": self.credentials["extra"]} | kept
        return MemoryRun(self.http, self.account, self.token, **settings)

    async def pass_time(self, wait: timedelta) -> None:
        await self.order("clock", advance=max(wait.total_seconds(), 0.0))
        if self.pulls:
            # The network comes to its fetching.
            await asyncio.sleep(0.01)

    async def order(self, path: str, **body: Any) -> None:
        await self.running.control("POST", path, **body)

    async def fault(self, fault: str, **more: Any) -> None:
        await self.order("faults", **({"platform": self.platform, "fault": fault, "times": 1} | more))

    async def posts(self) -> list[dict[str, Any]]:
        """Every post that was ever visible, oldest first."""
        return (await self.running.posts(self.platform))[::-1]

    async def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """The exchanges with a method in whose path this stands, oldest first."""
        found = await self.running.control("GET", f"requests?platform={self.platform}&limit=500")
        told: list[dict[str, Any]] = found["requests"][::-1]
        return [each for each in told if each["method"].startswith(method) and path in each["path"]]

    def file(self, name: str, data: bytes, **more: Any) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        url = self.files.add(name, data) if self.pulls else f"https://media.example.com/{name}"
        return MemoryFile(data, probe(path), url, **more)

    def picture(self, name: str = "a.png") -> MemoryFile:
        return self.file(name, media.png(640, 480))

    def film(
        self, name: str = "a.mp4", *, kind: Any = None, thumbnail: str | None = None, **shape: Any
    ) -> MemoryFile:
        return self.file(name, media.mp4(**{**self.shape, **shape}), type=kind, thumbnail=thumbnail)


R = TypeVar("R", bound=Room)


@asynccontextmanager
async def ready(kind: type[R], folder: Path) -> AsyncIterator[R]:
    """A room of this kind, in a folder."""
    async with (
        serving() as files,
        playing(folder / "sandbox", allow=[files.url.removeprefix("http://")]) as running,
        kind.line_to(url := running.info.urls[kind.platform]) as line,
        httpx2.AsyncClient(base_url=url, trust_env=False) as web,
    ):
        networks = Networks({kind.platform: line.url})
        try:
            entry = (await running.accounts(kind.platform))[0]
            account = await kind.known(entry, networks.client(kind.platform))
            yield kind(running, line, networks, web, entry, folder, files, account, entry["accessToken"])
        finally:
            await networks.aclose()


def play(kind: type[R], folder: Path, story: Callable[[R], Awaitable[None]]) -> None:
    """Run a story that several tests share with a sandbox around it; time that it moves is put back."""

    async def main() -> None:
        async with ready(kind, folder) as room:
            await story(room)

    before = clock._Advance.seconds
    try:
        asyncio.run(main())
    finally:
        clock._Advance.seconds = before


@dataclass
class PullingRoom(Room):
    """The same for a network of Meta's that fetches upright pictures and films."""

    pulls: ClassVar[bool] = True
    shape: ClassVar[Mapping[str, Any]] = {"width": 1080, "height": 1920}

    def picture(self, name: str = "a.jpg", width: int = 1080, height: int = 1080) -> MemoryFile:
        return self.file(name, media.jpeg(width, height))

    async def login(self, network: Any) -> None:
        """From the consent page to a renewed token, and to the end of that."""
        app = App("app", "app-secret")
        callback = f"https://polypost.example/v1/connect/{self.platform}/callback"
        asked = {
            "client_id": app.client_id,
            "redirect_uri": callback,
            "response_type": "code",
            "scope": ",".join(network.spec.oauth.scopes),
            "state": "s",
            "sandbox_decision": "approve",
        }
        page = await self.web.get("/oauth/authorize", params=asked)
        back = httpx2.URL(page.headers["location"])
        grant = Grant(f"{back.params['code']}#{back.fragment}", callback)
        tokens = await network.login.exchange(self.http, app, grant)
        assert set(tokens.scopes) == set(network.spec.oauth.scopes)
        (account,) = await network.identify(MemoryRun(self.http, self.account, tokens.access_token))
        assert (account.id, account.username) == (self.account.id, self.account.username)
        with pytest.raises(Rejected):
            await network.login.exchange(self.http, app, grant)
        assert await network.login.refresh(self.http, app, tokens) is tokens
        clock.advance(25 * 3600)
        renewed = await network.login.refresh(self.http, app, tokens)
        assert renewed.access_expires_at is not None
        assert tokens.access_expires_at is not None
        assert renewed.access_expires_at > tokens.access_expires_at + timedelta(hours=24)
        clock.advance(61 * 86_400)
        with pytest.raises(ReconnectRequired):
            await network.login.refresh(self.http, app, renewed)
