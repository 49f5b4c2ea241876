"""Connecting a Pinterest account, and tokens that renew each other."""

from __future__ import annotations

import pytest
from tests.platforms.scripted_pinterest import Script, run_on, with_network

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import App, Grant, Tokens
from polypost.platforms.pinterest import CONNECTOR

TOKEN, REVOKE = "POST /v5/oauth/token", "POST /v5/oauth/token/revoke"
APP = App("1234567", "secret")
GRANT = Grant("code-1", "https://polypost.example/v1/connect/pinterest/callback")
REFUSED = {"code": 2, "message": "Authentication failed."}


def test_an_app_that_pinterest_does_not_know() -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, (401, REFUSED))
        net.on(REVOKE, (401, REFUSED))
        with pytest.raises(Rejected) as refusal:
            await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert refusal.value.code == "platform_setup"
        with pytest.raises(Rejected) as refusal:
            await CONNECTOR.login.refresh(net.http, APP, Tokens("old", "pinr_0"))
        assert refusal.value.code == "platform_setup"
        # No token goes to the address that would end it.
        assert [call.fields for call in net.calls[REVOKE]] == [{"token": "none"}] * 2

    with_network(story)


def test_who_it_is() -> None:
    async def story(net: Script) -> None:
        route = "GET /v5/user_account"
        me = {
            "id": "5",
            "username": "demo",
            "account_type": "PINNER",
            "business_name": None,
            "board_count": 2,
        }
        net.on(route, (200, me | {"profile_image": "https://i.pinimg.com/a.jpg", "about": "x"}))
        (account,) = await CONNECTOR.identify(run_on(net))
        assert (account.id, account.username, account.name) == ("5", "demo", "demo")
        assert account.profile_url == "https://www.pinterest.com/demo/"
        assert account.metadata == {"account_type": "PINNER", "board_count": 2}
        net.on(route, (200, me | {"business_name": "Shop"}))
        assert (await CONNECTOR.identify(run_on(net)))[0].name == "Shop"
        net.on(route, (200, {"username": "demo"}))
        with pytest.raises(Unavailable):
            await CONNECTOR.identify(run_on(net))

    with_network(story)
