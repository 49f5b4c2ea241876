"""One account speaking to the Mastodon simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, playing


class Mastodon:
    """A demo account; `call` shows its token."""

    def __init__(self, running: Play, account: dict[str, Any]) -> None:
        self.running = running
        self.account = account
        self.url = running.info.urls["mastodon"]
        self.number = account["platformUserId"].partition("@")[0]

    async def call(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.account['accessToken']}"} | more.pop("headers", {})
        if key:
            headers["idempotency-key"] = key
        return await self.running.http.request(method, f"{self.url}{path}", headers=headers, **more)

    async def open(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """A call without a token."""
        return await self.running.http.request(method, f"{self.url}{path}", **more)

    async def post(self, text: str = "Hello", *, key: str | None = None, **more: Any) -> dict[str, Any]:
        return good(await self.call("POST", "/api/v1/statuses", key=key, json={"status": text, **more}))

    async def upload(
        self, data: bytes | None = None, kind: str = "image/png", **form: str
    ) -> httpx2.Response:
        files = {"file": ("a", media.png(30, 20) if data is None else data, kind)}
        return await self.call("POST", "/api/v2/media", files=files, data=form)

    async def picture(self, **form: str) -> str:
        return str(good(await self.upload(**form))["id"])

    async def fault(self, fault: str, **more: Any) -> None:
        await self.running.fault("mastodon", fault, **({"times": 1} | more))

    async def older(self) -> None:
        """The server is one before 4.3 from now on."""
        await self.running.fault("mastodon", "older_server")

    async def advance(self, seconds: float) -> None:
        await self.running.control("POST", "clock", advance=seconds)

    async def visible(self) -> list[dict[str, Any]]:
        return await self.running.posts("mastodon")

    async def as_other(self) -> Mastodon:
        """The second demo account."""
        return Mastodon(self.running, (await self.running.accounts("mastodon"))[1])

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.open("GET", path)
        assert answer.status_code == status
        return answer.text


@asynccontextmanager
async def at_mastodon(folder: Path) -> AsyncIterator[Mastodon]:
    """The first demo account of a sandbox in a folder."""
    async with playing(folder) as running:
        yield Mastodon(running, (await running.accounts("mastodon"))[0])


def telling(folder: Path) -> Callable[[Any], None]:
    """Runs a story with the first demo account, against a sandbox of its own."""

    def told(story: Any) -> None:
        async def main() -> None:
            async with at_mastodon(folder) as net:
                await story(net)

        asyncio.run(main())

    return told


def good(answer: httpx2.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def bad(answer: httpx2.Response, status: int, words: str = "") -> str:
    """The sentence of a refusal."""
    assert answer.status_code == status, answer.text
    error = answer.json()
    assert set(error) <= {"error", "error_description"}
    assert words in error["error"]
    return str(error["error"])
