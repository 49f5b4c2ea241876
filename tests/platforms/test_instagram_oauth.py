"""Connecting an Instagram account and keeping its token alive."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.platforms.scripted_instagram import (
    Script,
    refused,
    run_on,
    with_network,
)

from polypost import clock
from polypost.errors import (
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import (
    App,
    Grant,
    Tokens,
)
from polypost.platforms.instagram import CONNECTOR

TOKEN, LONG = "POST /oauth/access_token", "GET /access_token"
APP = App("app", "app-secret")
GRANT = Grant("code-1#_", "https://polypost.example/callback")


@pytest.mark.parametrize(
    "short",
    [
        {"data": [{"access_token": "short", "user_id": "9", "permissions": "a,b"}]},
        {"access_token": "short", "user_id": 9, "permissions": ["a", "b"]},
    ],
)
def test_a_code_becomes_a_token_of_sixty_days(short):
    async def story(net: Script) -> None:
        net.on(TOKEN, (200, short))
        net.on(LONG, (200, {"access_token": "long", "token_type": "bearer", "expires_in": 5_183_944}))
        tokens = await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert tokens.access_token == "long"
        assert tokens.scopes == ("a", "b")
        assert tokens.access_expires_at is not None
        assert tokens.access_expires_at - clock.now() > timedelta(days=59)
        assert net.calls[TOKEN][0].fields == {
            "client_id": "app",
            "client_secret": "app-secret",
            "grant_type": "authorization_code",
            "redirect_uri": GRANT.redirect_uri,
            "code": "code-1",
        }
        assert net.calls[LONG][0].fields == {
            "grant_type": "ig_exchange_token",
            "client_secret": "app-secret",
            "access_token": "short",
        }

    with_network(story)


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"error_type": "OAuthException", "code": 400, "error_message": "Invalid authorization code"}),
        (400, refused(190)),
        (401, b""),
    ],
)
def test_a_code_that_is_refused(answer):
    async def story(net: Script) -> None:
        net.on(TOKEN, answer)
        with pytest.raises(Rejected):
            await CONNECTOR.login.exchange(net.http, APP, GRANT)

    with_network(story)


OLD = Tokens("old", extra={"issued_at": "2026-01-01T00:00:00+00:00"}, scopes=("a",))
REFRESH = "GET /refresh_access_token"


def test_a_token_is_renewed_and_says_when_to_renew_it_next():
    async def story(net: Script) -> None:
        net.on(REFRESH, (200, {"access_token": "new", "expires_in": 5_184_000, "permissions": "a,b"}))
        tokens = await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert tokens.access_token == "new"
        assert tokens.scopes == ("a", "b")
        half = datetime.fromisoformat(tokens.extra["refresh_at"]) - clock.now()
        assert timedelta(days=29) < half <= timedelta(days=30)
        assert net.calls[REFRESH][0].fields == {"grant_type": "ig_refresh_token", "access_token": "old"}

    with_network(story)


def test_a_token_of_today_is_left_alone():
    async def story(net: Script) -> None:
        young = replace(OLD, extra={"issued_at": (clock.now() - timedelta(hours=23)).isoformat()})
        assert await CONNECTOR.login.refresh(net.http, APP, young) is young
        assert not net.calls

    with_network(story)


@pytest.mark.parametrize("answer", [(400, refused(190, 463)), (400, refused(100)), (403, refused(10))])
def test_a_token_that_is_not_renewed_needs_a_new_connection(answer):
    async def story(net: Script) -> None:
        net.on(REFRESH, answer)
        with pytest.raises(ReconnectRequired) as needed:
            await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert not isinstance(needed.value, TokenExpired)
        assert needed.value.reason == "refresh_rejected"

    with_network(story)


def test_trouble_while_renewing_is_not_the_end_of_the_connection():
    async def story(net: Script) -> None:
        net.on(REFRESH, (500, refused(2)))
        with pytest.raises(Unavailable):
            await CONNECTOR.login.refresh(net.http, APP, OLD)

    with_network(story)


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_account_is_the_professional_one(wrapped):
    async def story(net: Script) -> None:
        me = {"id": "99", "user_id": 1784, "username": "demo", "name": "", "account_type": "MEDIA_CREATOR"}
        net.on("GET /v26.0/me", (200, {"data": [me]} if wrapped else me))
        (account,) = await CONNECTOR.identify(run_on(net))
        assert (account.id, account.username, account.name) == ("1784", "demo", "demo")
        assert account.profile_url == "https://www.instagram.com/demo/"

    with_network(story)


@pytest.mark.parametrize("me", [{"id": "99"}, {"user_id": "1", "account_type": "PERSONAL"}])
def test_an_account_that_cannot_publish_is_not_connected(me):
    async def story(net: Script) -> None:
        net.on("GET /v26.0/me", (200, me))
        with pytest.raises(Rejected):
            await CONNECTOR.identify(run_on(net))

    with_network(story)
