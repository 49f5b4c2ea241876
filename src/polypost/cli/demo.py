"""`--sandbox`: the simulators, a demo project with a connected account on each, and the words a newcomer needs."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection

from polypost import access, clock
from polypost.app import Rooms, Surroundings, demo_project
from polypost.configured import app_of
from polypost.errors import OutboundError, PolypostError
from polypost.integrations import AccountSession
from polypost.integrations import service as integrations
from polypost.outbound import Networks
from polypost.outbound.guard import LOOPBACK
from polypost.platforms.base import App, Tokens
from polypost.platforms.registry import connector, connectors
from polypost.sandbox import Sandbox
from polypost.sandbox.local import SETTING_UP
from polypost.settings import Settings

log = structlog.get_logger("polypost.demo")
PROJECT = "Demo"
SPARE = 2
LOOK_SECONDS = 1.0
CONTROL = "sandbox"


class Demo:
    """A sandbox inside this process, or one that runs elsewhere."""

    def __init__(
        self, settings: Settings, box: Sandbox | None, about: dict[str, Any], control: Networks
    ) -> None:
        self._settings = settings
        self._box = box
        self._control = control.client(CONTROL)
        self._networks = control
        self._seen: set[tuple[str, str]] = set()
        self.url: str = about["sandboxUrl"]
        self._urls: dict[str, str] = about["sandboxUrls"]
        self._setting_up = Networks(self._urls, headers={SETTING_UP: "accounts"})
        self._video: dict[str, str] = about["demoVideo"]
        self.surroundings = Surroundings(
            urls=self._urls,
            allow=(urlsplit(about["mediaUrl"]).netloc,),
            loopback=_on_loopback(settings),
            model_url=about["modelUrl"],
            smtp_url=about["mailUrl"],
            introduce=self._introduce,
        )

    @classmethod
    async def start(cls, settings: Settings, *, inside: bool) -> Demo:
        """Start the simulators here, or find those at POLYPOST_SANDBOX_URL. Raises NotSent, NoAnswer, OSError."""
        box = None
        url = settings.sandbox_url or ""
        if inside:
            box = Sandbox(
                settings.data / "sandbox", allow=settings.allow_addresses, hosts=settings.sandbox_hosts
            )
            url = (await box.start()).url
        control = Networks({CONTROL: url})
        about = (await control.client(CONTROL).request("GET", f"{url}/_sandbox")).json()
        demo = cls(settings, box, about, control)
        for entry in (await demo._accounts())[0]:
            demo.surroundings.apps.setdefault(
                entry["platform"],
                App(entry["clientId"], entry["clientSecret"], scopes=tuple(entry["scopes"])),
            )
        return demo

    async def stop(self) -> None:
        """Stop the simulators if they run here."""
        await self._networks.aclose()
        await self._setting_up.aclose()
        if self._box is not None:
            await self._box.stop()

    async def connect(self, rooms: Rooms) -> dict[str, Any]:
        """Connect the demo accounts to the demo project; what the ready line says."""
        await self._let_fetch(rooms.public_url)
        for each in connectors():
            platform = each.spec.id
            # The sandbox's own apps are known there.
            if self._settings.platform(platform, "CLIENT_ID") and each.spec.oauth is not None:
                app = app_of(self._settings, self.surroundings, platform)
                assert app is not None
                await self._introduce(platform, app, rooms.services.connect.callback_url(platform))
        project = await demo_project(rooms, PROJECT)
        key = await _key(rooms, project, self._settings.data / "demo-key")
        first: dict[str, dict[str, Any]] = {}
        counts: dict[str, int] = {}
        for entry in (await self._accounts())[0]:
            platform = entry["platform"]
            place = counts[platform] = counts.get(platform, 0) + 1
            self._seen.add((platform, entry["platformUserId"]))
            # The simulators' second account stays free for whoever wants to try connecting one.
            if place != SPARE and (found := await self._connect(rooms, project.id, entry)) is not None:
                needed = {"platformSpecificData": entry["options"]} if entry.get("options") else {}
                first.setdefault(platform, {"platform": platform, "accountId": found, **needed})
        accounts = list(first.values())
        return {"apiKey": key, "accounts": accounts, "sandboxUrl": self.url, "sandboxUrls": self._urls}

    async def follow(self, rooms: Rooms) -> None:
        """Connect accounts that are opened on the simulators later (`POST /_sandbox/seed`), until cancelled."""
        project = await demo_project(rooms, PROJECT)
        known = ""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                found, tag = await self._accounts(known)
                for entry in found:
                    key = (entry["platform"], entry["platformUserId"])
                    if key not in self._seen:
                        await self._connect(rooms, project.id, entry)
                        self._seen.add(key)
                known = tag
            except PolypostError as error:
                log.info("the sandbox does not answer", error=str(error))

    def welcome(self, ready: dict[str, Any]) -> str:
        """What a newcomer reads: page, key, accounts, and a curl that works."""
        targets = ",\n".join(f"         {_quoted(entry)}" for entry in ready["accounts"])
        curl = (
            f"curl -s {ready['url']}/v1/posts \\\n"
            f"  -H 'x-access-key: {ready['apiKey']}' -H 'content-type: application/json' \\\n"
            f'  -d \'{{"content": "Hello from Polypost at \'"$(date +%T)"\'", "publishNow": true,\n'
            f'       "mediaItems": [{_quoted(self._video)}],\n'
            f'       "platforms": [\n{targets}]}}\''
        )
        accounts = "\n".join(f"  {entry['platform']}: {entry['accountId']}" for entry in ready["accounts"])
        beside = (
            "Your own pictures and webhook receivers may be at addresses of this machine (http://localhost:…),\n"
            "as long as POLYPOST_PUBLIC_URL does not say that others use this server.\n\n"
            if self.surroundings.loopback
            else ""
        )
        return (
            f"Polypost listens on {ready['url']}\n"
            f"Dashboard: {ready['dashboardUrl']}\n"
            f"Accounts and posts on the simulated networks: {ready['sandboxUrl']}\n"
            f"The API, to read and to try: {ready['url']}/docs\n\n"
            f"Key: {ready['apiKey']}\nAccounts:\n{accounts}\n\n{beside}"
            f"Publish your first post:\n\n{curl}\n"
        )

    async def _let_fetch(self, url: str) -> None:
        """Let networks that pull reach this server's copies, by its address and by the name people type."""
        place = urlsplit(url)
        port = place.port or (443 if place.scheme == "https" else 80)
        host = place.hostname or "127.0.0.1"
        for name in dict.fromkeys((f"[{host}]" if ":" in host else host, "localhost")):
            address = {"address": f"{name}:{port}"}
            await self._control.request("POST", f"{self.url}/_sandbox/allow", json=address)

    async def _introduce(self, platform: str, app: App, redirect: str) -> None:
        """Register an app on its simulated network, as its owner has done on the real one."""
        if self._settings.platform(platform, "URL"):
            return
        body = {
            "platform": platform,
            "clientId": app.client_id,
            "clientSecret": app.client_secret or None,
            "redirectUris": [redirect],
        }
        try:
            await self._control.request("POST", f"{self.url}/_sandbox/apps", json=body)
        except OutboundError as error:
            log.info("the sandbox does not answer", error=str(error))

    async def _accounts(self, known: str = "") -> tuple[list[dict[str, Any]], str]:
        """All accounts with their ETag; none of them while that is the one `known`."""
        headers = {"If-None-Match": known} if known else None
        answer = await self._control.request("GET", f"{self.url}/_sandbox/accounts", headers=headers)
        listed = [] if answer.status_code == HTTPStatus.NOT_MODIFIED else answer.json()["accounts"]
        return list(listed), answer.headers["ETag"]

    async def _connect(self, rooms: Rooms, project_id: str, entry: dict[str, Any]) -> str | None:
        network = connector(entry["platform"])
        if network is None:
            return None
        known = await rooms.services.store.read(lambda db: _known(db, project_id, entry))
        if known is not None:
            return known
        seconds = entry.get("expiresIn")
        tokens = Tokens(
            access_token=entry["accessToken"],
            refresh_token=entry.get("refreshToken"),
            access_expires_at=clock.now() + timedelta(seconds=seconds) if seconds else None,
            scopes=tuple(entry["scopes"]),
            extra=entry.get("extra", {}),
        )
        http = self._setting_up.client(entry["platform"])
        accounts = await network.identify(AccountSession.of_login(http, tokens))
        account = next(each for each in accounts if each.id == entry["platformUserId"])
        added = await rooms.services.store.write(
            lambda db: integrations.add(
                db,
                rooms.services.vault,
                project_id,
                account,
                account.tokens or tokens,
                platform=entry["platform"],
            )
        )
        return added.id


def _on_loopback(settings: Settings) -> bool:
    """Whether the server is for this machine alone."""
    public = urlsplit(settings.public_url or "http://localhost").hostname
    return settings.host in LOOPBACK and public in LOOPBACK


def _quoted(value: Any) -> str:
    """JSON as it stands between a shell's single quotes."""
    return json.dumps(value).replace("'", "'\\''")


def _known(db: Connection, project_id: str, entry: dict[str, Any]) -> str | None:
    _, found = integrations.list_integrations(
        db,
        project_id,
        platforms=[entry["platform"]],
        q=entry["platformUserId"],
        limit=100,
        offset=0,
        sort="asc",
    )
    for each in found:
        if each.platform_user_id == entry["platformUserId"] and each.auth_status == "active":
            return each.id
    return None


async def _key(rooms: Rooms, project: access.Project, path: Path) -> str:
    """The demo project's key, the same at every start: a sandbox guards nothing but itself."""
    earlier = await asyncio.to_thread(_read, path)
    if earlier is not None:
        try:
            await rooms.services.keyring.authenticate(earlier)
        except PolypostError:
            log.info("the demo key of before is no longer valid")
        else:
            return earlier
    _, secret = await rooms.services.store.write(
        lambda db: access.create_key(db, project.id, name="demo", kind="test")
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
    return secret


def _read(path: Path) -> str | None:
    return path.read_text().strip() if path.exists() else None
