"""The channel of a login, and how Google is asked for a refresh token."""

from __future__ import annotations

import httpx2
import pytest
from tests.platforms.sandboxed_youtube import Room

from polypost.errors import ReconnectRequired, Rejected
from polypost.platforms.base import App, Grant
from polypost.platforms.youtube import CONNECTOR

pytestmark = pytest.mark.anyio

APP = App("app", "app-secret")
CALLBACK = "https://polypost.example/v1/connect/youtube/callback"
SCOPES = CONNECTOR.spec.oauth.scopes if CONNECTOR.spec.oauth else ()


async def consent(room: Room, app: App = APP, **more: str) -> Grant:
    oauth = CONNECTOR.spec.oauth
    assert oauth is not None
    asked = {
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": oauth.scope_separator.join(oauth.scopes),
        "state": "s",
        "sandbox_decision": "approve",
        **oauth.authorize_extra,
        **more,
    }
    page = await room.web.get(httpx2.URL(oauth.authorize_url).path, params=asked)
    assert page.status_code == 302, page.text
    back = httpx2.URL(page.headers["location"])
    assert back.params["state"] == "s"
    return Grant(back.params["code"], CALLBACK)


async def test_the_channel_of_a_login(room: Room) -> None:
    (account,) = await CONNECTOR.identify(room.run())
    assert (account.id, account.username) == (room.account.id, "demo")
    assert account.profile_url == "https://www.youtube.com/@demo"
    assert account.metadata == {"uploads": f"UU{account.id[2:]}", "long_uploads": "allowed"}


async def test_connecting_again_brings_a_refresh_token_again(room: Room) -> None:
    for _ in range(2):
        tokens = await CONNECTOR.login.exchange(room.http, APP, await consent(room))
        assert tokens.refresh_token is not None
    unforced = await CONNECTOR.login.exchange(room.http, APP, await consent(room, prompt="select_account"))
    assert unforced.refresh_token is None
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.login.refresh(room.http, APP, unforced)


async def test_an_account_without_a_channel(room: Room) -> None:
    await room.fault("no_channel")
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.identify(room.run())
    assert refused.value.code == "no_account"
