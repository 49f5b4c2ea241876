"""Connecting a Threads profile and keeping its token alive."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.platforms.scripted_threads import Script, refused, run_on, with_network

from polypost import clock
from polypost.errors import ReconnectRequired, Rejected, TokenExpired, Unavailable
from polypost.platforms.base import App, Grant, Tokens
from polypost.platforms.threads import CONNECTOR

TOKEN, LONG, REFRESH = "POST /oauth/access_token", "GET /access_token", "GET /refresh_access_token"
DEBUG = "GET /debug_token"
APP = App("app", "app-secret")
GRANT = Grant("code-1#_", "https://polypost.example/v1/connect/threads/callback")
SCOPES = ["threads_basic", "threads_content_publish"]


def answering(net: Script) -> None:
    net.on(TOKEN, (200, {"access_token": "short", "user_id": 12345678901234567}))
    net.on(LONG, (200, {"access_token": "long", "token_type": "bearer", "expires_in": 5_183_944}))
    net.on(DEBUG, (200, {"data": {"is_valid": True, "scopes": SCOPES}}))


def test_a_code_becomes_a_token_of_sixty_days():
    async def story(net: Script) -> None:
        answering(net)
        tokens = await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert tokens.access_token == "long"
        assert tokens.refresh_token is None
        assert tokens.scopes == tuple(SCOPES)
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
            "grant_type": "th_exchange_token",
            "client_secret": "app-secret",
            "access_token": "short",
        }
        assert net.calls[DEBUG][0].fields == {"input_token": "long"}

    with_network(story)


@pytest.mark.parametrize("answer", [(500, b""), (400, refused(190)), (200, {"data": 5}), None, (200, {})])
def test_permissions_that_cannot_be_read_stop_nobody(answer):
    async def story(net: Script) -> None:
        answering(net)
        net.on(DEBUG, answer)
        assert (await CONNECTOR.login.exchange(net.http, APP, GRANT)).scopes == ()

    with_network(story)


def test_a_login_without_the_permission_to_publish_is_refused():
    async def story(net: Script) -> None:
        answering(net)
        net.on(DEBUG, (200, {"data": {"scopes": ["threads_basic"]}}))
        with pytest.raises(Rejected, match="does not allow publishing"):
            await CONNECTOR.login.exchange(net.http, APP, GRANT)

    with_network(story)


def test_a_token_that_lives_long_already_is_kept():
    async def story(net: Script) -> None:
        answering(net)
        net.on(LONG, (400, refused(452, 4279019)))
        tokens = await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert (tokens.access_token, tokens.access_expires_at) == ("short", None)

    with_network(story)


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"error_type": "OAuthException", "code": 400, "error_message": "Invalid authorization code"}),
        (400, refused(100)),
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


@pytest.mark.parametrize("answer", [(200, {}), (200, b"?"), (500, refused(2))])
def test_trouble_while_connecting_is_said_as_trouble(answer):
    async def story(net: Script) -> None:
        net.on(TOKEN, answer)
        with pytest.raises(Unavailable):
            await CONNECTOR.login.exchange(net.http, APP, GRANT)

    with_network(story)


OLD = Tokens("old", extra={"issued_at": "2026-01-01T00:00:00+00:00"}, scopes=("a",))


def test_a_token_is_renewed_and_says_when_to_renew_it_next():
    async def story(net: Script) -> None:
        net.on(REFRESH, (200, {"access_token": "new", "token_type": "bearer", "expires_in": 5_184_000}))
        tokens = await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert (tokens.access_token, tokens.scopes) == ("new", ("a",))
        half = datetime.fromisoformat(tokens.extra["refresh_at"]) - clock.now()
        assert timedelta(days=29) < half <= timedelta(days=30)
        assert net.calls[REFRESH][0].fields == {"grant_type": "th_refresh_token", "access_token": "old"}

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


def test_the_profile_behind_a_token():
    async def story(net: Script) -> None:
        me = {
            "id": 24876543210987001,
            "username": "demo",
            "name": "",
            "threads_profile_picture_url": "https://a.example/p.png",
            "is_verified": True,
        }
        net.on("GET /v1.0/me", (200, me))
        (account,) = await CONNECTOR.identify(run_on(net))
        assert (account.id, account.username, account.name) == ("24876543210987001", "demo", "demo")
        assert account.profile_url == "https://www.threads.net/@demo"
        assert account.image_url == "https://a.example/p.png"
        assert account.metadata == {"is_verified": True}

    with_network(story)


def test_a_profile_without_an_id_is_not_connected():
    async def story(net: Script) -> None:
        net.on("GET /v1.0/me", (200, {"username": "demo"}))
        with pytest.raises(Rejected):
            await CONNECTOR.identify(run_on(net))

    with_network(story)
