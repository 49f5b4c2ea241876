"""A sandbox for a test, a client for it, and a demo account that speaks to its network by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import httpx2
import pytest

from polypost.sandbox import Sandbox, SandboxInfo
from polypost.sandbox.simkit.apps import Apps


@dataclass
class Play:
    """A running sandbox as a test sees it."""

    info: SandboxInfo
    http: httpx2.AsyncClient

    async def control(self, method: str, path: str, **json: Any) -> Any:
        answer = await self.http.request(
            method, f"{self.info.url}/_sandbox/{path}".rstrip("/"), json=json or None
        )
        assert answer.is_success, answer.text
        return answer.json()

    async def accounts(self, platform: str) -> list[dict[str, Any]]:
        return (await self.control("GET", f"accounts?platform={platform}"))["accounts"]

    async def posts(self, platform: str) -> list[dict[str, Any]]:
        return (await self.control("GET", f"posts?platform={platform}"))["posts"]

    async def fault(self, platform: str, fault: str, **more: Any) -> dict[str, Any]:
        return await self.control("POST", "faults", platform=platform, fault=fault, **more)


# The sandbox's own apps and strangers', which any secret will do for, and where they lead people back to.
APPS = (
    "sandbox-app", "sandbox-enterprise-app", "sandbox-self-serve-app", "sandbox-testing-app", "sandbox-unaudited-app",
    "strangers-app", "a", "another", "another-app", "app", "c", "fb", "native-app", "other", "partners-app", "phone",
    "quickstart", "theirs", "x", "3505",
)  # fmt: skip
BACKS = (
    *(f"https://app.example/{path}" for path in ("", "back", "back?x=1", "callback", "callback?a=b")),
    *(f"https://other.example/{path}" for path in ("", "back")),
    "https://here.example/callback", "https://polypost.example/callback", "http://x/cb",
)  # fmt: skip


def register(sandbox: Sandbox, info: SandboxInfo) -> None:
    """Have every network know these apps, as `POST /_sandbox/apps` does one by one."""
    assert sandbox._store is not None
    with sandbox._store.transaction():
        for platform in info.urls:
            hosts = ("polypost.example", "post.example.org")
            backs = (*BACKS, *(f"https://{host}/v1/connect/{platform}/callback" for host in hosts))
            for client_id in APPS:
                Apps(sandbox._store, platform).register(client_id, redirects=backs)


@asynccontextmanager
async def playing(folder: Path, **options: Any) -> AsyncIterator[Play]:
    sandbox = Sandbox(folder, **options)
    info = await sandbox.start()
    register(sandbox, info)
    try:
        async with httpx2.AsyncClient(timeout=20, trust_env=False) as http:
            yield Play(info, http)
    finally:
        await sandbox.stop()


def play(folder: Path, story: Callable[[Play], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a story against a sandbox of its own."""

    async def main() -> None:
        async with playing(folder, **options) as running:
            await story(running)

    asyncio.run(main())


@dataclass
class Files:
    """A tiny web server for the media that a network fetches; it answers while `answers` is set."""

    url: str = ""
    served: dict[str, bytes] = field(default_factory=dict)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[Any] = field(default_factory=list)

    def add(self, name: str, data: bytes) -> str:
        self.served[f"/{name}"] = data
        return f"{self.url}/{name}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.append(asyncio.current_task())
        data = self.served.get((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        await self.answers.wait()
        status = "404 Not Found" if data is None else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(data or b'')}\r\nConnection: close\r\n\r\n"
        # A fetch that gave up has closed its end by now.
        with suppress(ConnectionError):
            writer.write(head.encode() + (data or b""))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def finish(self) -> None:
        """Let every call under way come to its end."""
        self.answers.set()
        await asyncio.gather(*self.calls)


@asynccontextmanager
async def serving(port: int | None = None) -> AsyncIterator[Files]:
    """Such a server, at `port` if one is given."""
    files = Files()
    files.answers.set()
    server = await asyncio.start_server(files.serve, "127.0.0.1", port or 0)
    files.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield files
        await files.finish()


# What the sandbox adds to a network's page: the way back, and the buttons, which lead back to the asked address.
_ADDED = re.compile(
    r' · <a href="[^"]*">all networks</a>|<details class="card controls".*?</details>', re.DOTALL
)


def without_buttons(page: str) -> str:
    """A page as the network would have it."""
    return _ADDED.sub("", page)


class Side:
    """A demo account of one network with its token, and a place whose files the network can fetch."""

    platform: ClassVar[str]
    accounts: list[dict[str, Any]]

    def __init__(self, running: Play, account: dict[str, Any], files: Files | None = None) -> None:
        self.running = running
        self.url = running.info.urls[self.platform]
        self.account = account
        self.id = account["platformUserId"]
        self.token = account["accessToken"]
        self.files = files or Files()

    async def call(self, method: str, path: str, *, token: str | None = None, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token or self.token}"} | more.pop("headers", {})
        return await self.running.http.request(method, self.url + path, headers=headers, **more)

    async def posts(self) -> list[dict[str, Any]]:
        return await self.running.posts(self.platform)

    async def fault(self, fault: str, **more: Any) -> None:
        await self.running.fault(self.platform, fault, **({"times": 1} | more))

    async def advance(self, seconds: float) -> None:
        await self.running.control("POST", "clock", advance=seconds)

    async def other(self) -> Self:
        """The second demo account."""
        return type(self)(self.running, (await self.running.accounts(self.platform))[1], self.files)

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.running.http.get(self.url + path)
        assert answer.status_code == status, answer.text
        return without_buttons(answer.text)


S = TypeVar("S", bound=Side)


async def speaking(side: type[S], running: Play, number: int = 0) -> S:
    return side(running, (await running.accounts(side.platform))[number])


@asynccontextmanager
async def at(side: type[S], folder: Path, *, number: int = 0, port: int | None = None) -> AsyncIterator[S]:
    """A demo account of a sandbox in a folder, the first unless said otherwise; the media server is at `port`."""
    async with serving(port) as files, playing(folder, allow=[files.url.removeprefix("http://")]) as running:
        accounts = await running.accounts(side.platform)
        ready = side(running, accounts[number], files)
        ready.accounts = accounts
        yield ready


def on(side: type[S], folder: Path, story: Callable[[S], Coroutine[Any, Any, None]], **which: int) -> None:
    """Run a story with a demo account, against a sandbox of its own."""

    async def main() -> None:
        async with at(side, folder, **which) as ready:
            await story(ready)

    asyncio.run(main())


def demo_account(side: type[S], number: int = 0) -> Any:
    """A fixture: a demo account of one network, the first unless said otherwise, in a sandbox of its own."""

    # It asks for anyio_backend by name: that alone makes anyio run the tests that take it.
    @pytest.fixture
    async def account(anyio_backend: str, tmp_path: Path) -> AsyncIterator[S]:
        async with at(side, tmp_path, number=number) as ready:
            yield ready

    return account


def good(answer: httpx2.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()
