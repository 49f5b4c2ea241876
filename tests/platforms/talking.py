"""A connector that speaks with its simulator about comments and messages, with a wire-tap between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from tests.platforms.recording import Recording, recording
from tests.platforms.simulators.facebook import Facebook, at_facebook
from tests.platforms.simulators.instagram import Instagram, at_instagram
from tests.platforms.simulators.threads import Threads, at_threads

from polypost.integrations import AccountSession
from polypost.outbound import Networks
from polypost.platforms.base import Account, App, Grant, Tokens
from polypost.platforms.registry import connector

PLATFORMS = ("facebook", "instagram", "threads")
BACK = "https://polypost.example/callback"
DIALOGS = {
    "facebook": "/v26.0/dialog/oauth",
    "instagram": "/oauth/authorize",
    "threads": "/oauth/authorize",
}
Side = Facebook | Instagram | Threads


@dataclass
class Talk:
    """One account: `side` speaks to the simulator by itself, `network` is the connector, `tap` heard it all."""

    platform: str
    side: Side
    network: Any
    networks: Networks
    session: AccountSession
    tap: Recording

    async def post(self) -> str:
        """A new post of the account; the network's id."""
        if isinstance(self.side, Facebook):
            made: str = (await self.side.made("feed", message="A post"))["id"]
            return made
        return await (self.side.picture() if isinstance(self.side, Instagram) else self.side.text("A post"))

    async def visitor(self, post_id: str, text: str, **more: str) -> str:
        """A stranger comments; the comment's id."""
        body = {"platform": self.platform, "postId": post_id, "text": text, **more}
        return str((await self.side.running.control("POST", "comments", **body))["id"])

    async def letter(self, text: str, who: str = "Visitor") -> dict[str, Any]:
        """A stranger writes to the account."""
        body = {"platform": self.platform, "accountId": self.side.id, "text": text, "from": who}
        return dict(await self.side.running.control("POST", "messages", **body))

    async def lesser(self, *scopes: str) -> AccountSession:
        """The account as it is after a consent to these scopes alone."""
        asked = {
            "client_id": "sandbox-app",
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": ",".join(scopes),
            "sandbox_decision": "approve",
        }
        url = f"{self.side.url}{DIALOGS[self.platform]}"
        async with httpx2.AsyncClient(trust_env=False) as web:
            page = await web.get(url, params=asked)
        code = httpx2.URL(page.headers["location"]).params["code"]
        http = self.networks.client(self.platform)
        tokens = await self.network.login.exchange(
            http, App("sandbox-app", "sandbox-app-secret"), Grant(code, BACK)
        )
        found = await self.network.identify(AccountSession.of_login(http, tokens))
        (account,) = [each for each in found if each.id == self.side.id]
        return AccountSession(http, account.tokens or tokens, account)


@asynccontextmanager
async def talking(folder: Path, platform: str) -> AsyncIterator[Talk]:
    """The first demo account of a network."""
    places: dict[str, Any] = {"facebook": at_facebook, "instagram": at_instagram, "threads": at_threads}
    async with places[platform](folder) as side, recording(side.url) as tap:
        networks = Networks({platform: tap.url})
        account = Account(side.id, username=side.account["username"], name=side.account["name"])
        http = networks.client(platform, commit_deadline=5)
        session = AccountSession(http, Tokens(side.token), account)
        try:
            yield Talk(platform, side, connector(platform), networks, session, tap)
        finally:
            await networks.aclose()
