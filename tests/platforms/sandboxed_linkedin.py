"""The sandbox with LinkedIn's first demo member and the organization this member administers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from tests import media
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Grant, Post, Tokens
from polypost.platforms.linkedin import CONNECTOR
from polypost.platforms.linkedin.spec import OAUTH
from polypost.probe import probe
from polypost.sandbox import Sandbox

BACK = "http://127.0.0.1/v1/connect/linkedin/callback"
ORGANIZATION = "urn:li:organization:5000001"
SELF_SERVE = App("sandbox-self-serve-app", "any")


@dataclass
class Room:
    """The running sandbox; `account` is whom `run` publishes for, `token` what it shows."""

    http: NetworkClient
    web: httpx2.AsyncClient
    control: httpx2.AsyncClient
    credentials: dict[str, Any]
    folder: Path
    account: Account
    token: str

    @property
    def app(self) -> App:
        return App(self.credentials["clientId"], self.credentials["clientSecret"])

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.credentials["accessToken"], self.credentials["refreshToken"])

    def company(self) -> Room:
        """The same member acting for the organization."""
        return replace(self, account=Account(ORGANIZATION, "demo-company", kind="organization"))

    async def self_serve(self) -> Room:
        """The same member, connected to an app that LinkedIn has not vetted."""
        tokens = await CONNECTOR.login.exchange(self.http, SELF_SERVE, await self.consent(SELF_SERVE))
        return replace(self, token=tokens.access_token)

    def run(self, **kept: Any) -> MemoryRun:
        return MemoryRun(self.http, self.account, self.token, pause=self.pass_time, **kept)

    async def consent(
        self, app: App, scopes: tuple[str, ...] = OAUTH.scopes, account: str | None = None
    ) -> Grant:
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": BACK,
            "scope": " ".join(scopes),
            "state": "s",
        }
        form = {
            "sandbox_account": account or self.credentials["platformUserId"],
            "sandbox_decision": "approve",
        }
        answer = await self.web.post(urlsplit(OAUTH.authorize_url).path, params=query, data=form)
        return Grant(parse_qs(urlsplit(answer.headers["location"]).query)["code"][0], BACK)

    async def pass_time(self, wait: timedelta) -> None:
        await self.order("clock", advance=wait.total_seconds())

    async def order(self, path: str, **body: Any) -> None:
        (await self.control.post(f"/_sandbox/{path}", json=body)).raise_for_status()

    async def fault(self, fault: str, **more: Any) -> None:
        await self.order("faults", **({"platform": "linkedin", "fault": fault, "times": 1} | more))

    async def posts(self) -> list[dict[str, Any]]:
        """Every post that was ever visible, oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": "linkedin"})
        posts: list[dict[str, Any]] = answer.json()["posts"]
        return posts[::-1]

    async def calls(self, method: str, path: str) -> list[dict[str, Any]]:
        """The exchanges with a method whose path begins so, oldest first."""
        answer = await self.control.get("/_sandbox/requests", params={"platform": "linkedin"})
        found = [
            entry
            for entry in answer.json()["requests"]
            if entry["method"] == method and entry["path"].startswith(path)
        ]
        return found[::-1]

    def file(self, name: str, data: bytes) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        return MemoryFile(data, probe(path), f"https://media.example.com/{name}")

    def picture(self, name: str = "a.png") -> MemoryFile:
        return self.file(name, media.png(640, 480))

    def film(self, name: str = "a.mp4", **shape: Any) -> MemoryFile:
        return self.file(name, media.mp4(**({"size": 100_000} | shape)))

    def document(self, name: str = "a.pdf") -> MemoryFile:
        return self.file(name, media.pdf())


def post(text: str = "Hello", *files: MemoryFile, **options: Any) -> Post:
    """A post with options in their wire form."""
    return Post("t1", text, files, CONNECTOR.options.model_validate(options))


def play(folder: Path, story: Callable[[Room], Awaitable[None]]) -> None:
    """Run a story with a sandbox around it; time that it moves is put back."""

    async def main() -> None:
        sandbox = Sandbox(folder / "sandbox")
        info = await sandbox.start()
        networks = Networks({"linkedin": info.urls["linkedin"]})
        try:
            async with (
                httpx2.AsyncClient(base_url=info.url, trust_env=False) as control,
                httpx2.AsyncClient(base_url=info.urls["linkedin"], trust_env=False) as web,
            ):
                found = (await control.get("/_sandbox/accounts", params={"platform": "linkedin"})).json()
                entry = found["accounts"][0]
                account = Account(entry["platformUserId"], entry["username"], kind="person")
                http = networks.client("linkedin")
                await story(Room(http, web, control, entry, folder, account, entry["accessToken"]))
        finally:
            await networks.aclose()
            await sandbox.stop()

    before = clock._Advance.seconds
    try:
        asyncio.run(main())
    finally:
        clock._Advance.seconds = before
