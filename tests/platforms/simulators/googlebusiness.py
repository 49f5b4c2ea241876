"""One login speaking to the Google Business simulator, and a place whose files Google can fetch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, playing
from tests.platforms.simulators.instagram import Files

LIVE, REJECTED, PROCESSING = "LIVE", "REJECTED", "PROCESSING"


class Google:
    """One login, and the location whose demo account it is."""

    def __init__(self, running: Play, account: dict[str, Any], files: Files) -> None:
        self.running = running
        self.url = running.info.urls["googlebusiness"]
        self.account = account
        self.token = account["accessToken"]
        self.home = account["platformUserId"]
        self.files = files

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.running.http.request(method, f"{self.url}{path}", headers=headers, **more)

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", path, params=query))

    async def post(self, **body: Any) -> httpx2.Response:
        told = {"languageCode": "en", "summary": "Open today", "topicType": "STANDARD"} | body
        told = {name: value for name, value in told.items() if value is not None}
        return await self.call("POST", f"/v4/{self.home}/localPosts", json=told)

    async def posted(self, **body: Any) -> dict[str, Any]:
        return good(await self.post(**body))

    def photo(self, name: str = "a.jpg", data: bytes | None = None) -> list[dict[str, str]]:
        url = self.files.add(name, data or media.jpeg(1200, 900))
        return [{"mediaFormat": "PHOTO", "sourceUrl": url}]

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"/v4/{self.home}/localPosts", **query)).get(
            "localPosts", []
        )
        return found

    async def visible(self) -> list[dict[str, Any]]:
        return await self.running.posts("googlebusiness")

    async def fault(self, fault: str, **more: Any) -> None:
        await self.running.fault("googlebusiness", fault, **({"times": 1} | more))

    async def advance(self, seconds: float) -> None:
        await self.running.control("POST", "clock", advance=seconds)

    async def token_call(self, path: str = "/token", **form: str) -> httpx2.Response:
        """A call to the identity server in the demo app's name, unless another is named."""
        app = {"client_id": self.account["clientId"], "client_secret": self.account["clientSecret"]}
        return await self.running.http.post(self.url + path, data={**app, **form})

    async def page(self, url: str, status: int = 200) -> str:
        place = url.replace("https://local.google.com", "").replace("https://maps.google.com", "")
        answer = await self.running.http.get(self.url + place)
        assert answer.status_code == status
        return answer.text


def telling(folder: Path) -> Callable[[Any], None]:
    """Runs a story with the first demo location, against a sandbox of its own."""

    def told(story: Any) -> None:
        async def main() -> None:
            files = Files()
            files.answers.set()
            server = await asyncio.start_server(files.serve, "127.0.0.1", 0)
            address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            files.url = f"http://{address}"
            async with server:
                async with playing(folder, allow=[address]) as running:
                    account = (await running.accounts("googlebusiness"))[0]
                    await story(Google(running, account, files))
                await files.finish()

        asyncio.run(main())

    return told


def good(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bad(answer: httpx2.Response, status: int, word: str) -> dict[str, Any]:
    """The error of a refusal, whose status and word must be these."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert (error["code"], error["status"]) == (status, word)
    return error


def broken(answer: httpx2.Response, code: int, field: str | None = None) -> str:
    """The sentence of a post that does not fit."""
    (detail,) = bad(answer, 400, "INVALID_ARGUMENT")["details"]
    (entry,) = detail["errorDetails"]
    assert (entry["code"], entry.get("field")) == (code, field), entry
    return str(entry["message"])
