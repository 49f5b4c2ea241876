"""Connecting a Pinterest account, and tokens that renew each other."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.scripted_pinterest import Script, run_on, with_network

from polypost import clock
from polypost.errors import ReconnectRequired, Rejected, Unavailable
from polypost.platforms.base import App, Grant, Tokens
from polypost.platforms.pinterest import CONNECTOR

TOKEN, REVOKE = "POST /v5/oauth/token", "POST /v5/oauth/token/revoke"
APP = App("1234567", "secret")
GRANT = Grant("code-1", "https://polypost.example/v1/connect/pinterest/callback")
PAIR = {
    "access_token": "pina_1",
    "refresh_token": "pinr_1",
    "response_type": "authorization_code",
    "token_type": "bearer",
    "expires_in": 2_592_000,
    "refresh_token_expires_in": 5_184_000,
    "scope": "pins:read pins:write",
}
REFUSED = {"code": 2, "message": "Authentication failed."}
NOT_ALLOWED = (403, {"code": 29, "message": "You are not permitted to access that resource."})


def days(tokens: Tokens) -> tuple[int, int]:
    """How long the two tokens live, in whole days."""
    assert tokens.access_expires_at
    assert tokens.refresh_expires_at
    now = clock.now()
    return tuple(  # type: ignore[return-value]  # a pair
        round((end - now) / timedelta(days=1))
        for end in (tokens.access_expires_at, tokens.refresh_expires_at)
    )


def test_the_code() -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, (200, PAIR))
        tokens = await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert (tokens.access_token, tokens.refresh_token) == ("pina_1", "pinr_1")
        assert tokens.scopes == ("pins:read", "pins:write")
        assert days(tokens) == (30, 60)
        call = net.calls[TOKEN][0]
        assert b64decode(call.headers["authorization"].removeprefix("Basic ")) == b"1234567:secret"
        assert call.fields == {
            "grant_type": "authorization_code",
            "code": "code-1",
            "redirect_uri": GRANT.redirect_uri,
            "continuous_refresh": "true",
        }

    with_network(story)


@pytest.mark.parametrize(
    "answer", [(400, {"code": 283, "message": "Invalid authorization code"}), (401, REFUSED)]
)
def test_a_code_that_is_refused(answer: Any) -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, answer)
        net.on(REVOKE, NOT_ALLOWED)
        with pytest.raises(Rejected) as refusal:
            await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert refusal.value.code == "rejected"

    with_network(story)


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


def test_a_new_pair() -> None:
    async def story(net: Script) -> None:
        fresh = PAIR | {"access_token": "pina_2", "refresh_token": "pinr_2"}
        net.on(TOKEN, (200, fresh))
        tokens = await CONNECTOR.login.refresh(net.http, APP, Tokens("pina_1", "pinr_1"))
        assert (tokens.access_token, tokens.refresh_token) == ("pina_2", "pinr_2")
        assert net.calls[TOKEN][0].fields == {"grant_type": "refresh_token", "refresh_token": "pinr_1"}

    with_network(story)


def test_the_old_refresh_token_is_kept_where_there_is_no_new_one() -> None:
    async def story(net: Script) -> None:
        end = clock.now() + timedelta(days=20)
        net.on(TOKEN, (200, {"access_token": "pina_2", "expires_in": 2_592_000}))
        old = Tokens("pina_1", "pinr_1", refresh_expires_at=end, scopes=("pins:read",))
        tokens = await CONNECTOR.login.refresh(net.http, APP, old)
        assert (tokens.access_token, tokens.refresh_token) == ("pina_2", "pinr_1")
        assert (tokens.refresh_expires_at, tokens.scopes) == (end, ("pins:read",))

    with_network(story)


def test_the_end_of_a_refresh_token_as_an_instant() -> None:
    async def story(net: Script) -> None:
        end = int(clock.now().timestamp()) + 86_400
        body = {name: value for name, value in PAIR.items() if name != "refresh_token_expires_in"}
        net.on(TOKEN, (200, body | {"refresh_token_expires_at": end}))
        tokens = await CONNECTOR.login.refresh(net.http, APP, Tokens("pina_1", "pinr_1"))
        assert tokens.refresh_expires_at
        assert int(tokens.refresh_expires_at.timestamp()) == end

    with_network(story)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, {"code": 283, "message": "The authorization grant is invalid"}), ReconnectRequired),
        ((401, REFUSED), ReconnectRequired),
        ((403, {"code": 29, "message": "no"}), ReconnectRequired),
        ((500, {"code": 12, "message": "no"}), Unavailable),
        ((200, {}), Unavailable),
    ],
)
def test_refreshing_that_fails(answer: Any, kind: type[Exception]) -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, answer)
        net.on(REVOKE, NOT_ALLOWED)
        with pytest.raises(kind):
            await CONNECTOR.login.refresh(net.http, APP, Tokens("pina_1", "pinr_1"))

    with_network(story)


def test_without_a_refresh_token() -> None:
    async def story(net: Script) -> None:
        with pytest.raises(ReconnectRequired):
            await CONNECTOR.login.refresh(net.http, APP, Tokens("pina_1"))
        assert not net.calls

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


def test_revoking_is_refused_for_people_and_that_is_fine() -> None:
    async def story(net: Script) -> None:
        net.on(REVOKE, NOT_ALLOWED, (200, b""))
        await CONNECTOR.login.revoke(net.http, APP, Tokens("pina_1", "pinr_1"))
        assert [call.fields["token_type_hint"] for call in net.calls[REVOKE]] == [
            "refresh_token",
            "access_token",
        ]
        net.on(REVOKE, (500, {"code": 12, "message": "no"}))
        with pytest.raises(Unavailable):
            await CONNECTOR.login.revoke(net.http, APP, Tokens("pina_1"))

    with_network(story)
