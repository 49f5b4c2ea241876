"""Every login by OAuth 2.0 that is kept alive, against its simulator: from the consent page to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.platforms.logins import BACK
from tests.platforms.simulators.helpers import playing

from polypost.errors import PlatformError, ReconnectRequired, Rejected, TokenExpired
from polypost.integrations import AccountSession
from polypost.integrations.addresses import authorize_url
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import App, Grant, OAuth2, Tokens
from polypost.platforms.registry import connector

pytestmark = pytest.mark.anyio

PLATFORMS = ("twitter", "youtube", "tiktok", "pinterest", "linkedin", "reddit", "googlebusiness")
# LinkedIn gives refresh tokens to apps that may ask for more than anybody's.
MORE = {"linkedin": ("w_organization_social",)}
VERIFIER = "v" * 43


@dataclass
class Scene:
    """One network with its first demo account, `home`."""

    network: Any
    http: NetworkClient
    web: httpx2.AsyncClient
    url: str
    oauth: OAuth2
    app: App
    home: str

    async def consent(self) -> Grant:
        verifier = VERIFIER if self.oauth.pkce else None
        url = authorize_url(self.oauth, self.app.client_id, BACK, "s", verifier=verifier, override=self.url)
        page = await self.web.get(f"{url}&sandbox_decision=approve")
        assert page.status_code == 302, page.text
        back = httpx2.URL(page.headers["location"]).params
        assert back["state"] == "s"
        return Grant(back["code"], BACK, verifier)

    async def exchange(self, grant: Grant) -> Tokens:
        tokens: Tokens = await self.network.login.exchange(self.http, self.app, grant)
        return tokens

    async def refresh(self, tokens: Tokens) -> Tokens:
        fresh: Tokens = await self.network.login.refresh(self.http, self.app, tokens)
        return fresh

    async def works(self, tokens: Tokens) -> bool:
        found = await self.network.identify(AccountSession.of_login(self.http, tokens))
        return self.home in {each.id for each in found}

    def without_secret(self) -> Scene:
        return replace(self, app=App(self.app.client_id, "wrong"))


@pytest.fixture(params=PLATFORMS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    platform, network = request.param, connector(request.param)
    assert network is not None
    assert network.spec.oauth is not None
    asked = replace(network.spec.oauth, scopes=(*network.spec.oauth.scopes, *MORE.get(platform, ())))
    async with playing(tmp_path) as running:
        entry = (await running.accounts(platform))[0]
        app = App(entry["clientId"], entry["clientSecret"])
        networks, url = Networks(running.info.urls), running.info.urls[platform]
        http = networks.client(platform)
        try:
            yield Scene(network, http, running.http, url, asked, app, entry["platformUserId"])
        finally:
            await networks.aclose()


async def refused(call: Any, kind: type[PlatformError], code: str) -> None:
    with pytest.raises(kind) as refusal:
        await call
    assert (type(refusal.value), refusal.value.code) == (kind, code)


async def test_a_code_is_good_for_one_exchange_by_its_app(scene: Scene) -> None:
    grant = await scene.consent()
    await refused(scene.without_secret().exchange(grant), Rejected, "platform_setup")
    tokens = await scene.exchange(grant)
    assert set(tokens.scopes) == set(scene.oauth.scopes)
    assert await scene.works(tokens)
    await refused(scene.exchange(grant), Rejected, "rejected")
    if scene.oauth.pkce:
        grant = replace(await scene.consent(), verifier="w" * 43)
        await refused(scene.exchange(grant), Rejected, "rejected")


async def test_an_authorisation_is_renewed_and_ended(scene: Scene) -> None:
    tokens = await scene.exchange(await scene.consent())
    await refused(scene.without_secret().refresh(tokens), Rejected, "platform_setup")
    fresh = await scene.refresh(tokens)
    assert fresh.access_token != tokens.access_token
    assert (fresh.refresh_token != tokens.refresh_token) is scene.oauth.refresh_rotates
    assert set(fresh.scopes) == set(scene.oauth.scopes)
    assert await scene.works(fresh)
    if scene.oauth.refresh_rotates:
        await refused(scene.refresh(tokens), ReconnectRequired, "reconnect_required")
    # Doing it once more is no error.
    for _ in range(2):
        await scene.network.login.revoke(scene.http, scene.app, fresh)
    # Pinterest ends nobody's authorisation but that of system users.
    if scene.network.spec.id == "pinterest":
        assert await scene.works(fresh)
        return
    await refused(scene.works(fresh), TokenExpired, "reconnect_required")
    await refused(scene.refresh(fresh), ReconnectRequired, "reconnect_required")
