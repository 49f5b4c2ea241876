"""Connecting a TikTok account and keeping its tokens alive."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.platforms.scripted_tiktok import TikTokScript, run_on, said, with_tiktok

from polypost import clock
from polypost.errors import ReconnectRequired, Rejected, TokenExpired, Unavailable
from polypost.integrations.addresses import authorize_url
from polypost.platforms.base import App, Grant, Tokens
from polypost.platforms.tiktok import CONNECTOR
from polypost.platforms.tiktok.spec import OAUTH

TOKEN, REVOKE, USER = "POST /v2/oauth/token/", "POST /v2/oauth/revoke/", "GET /v2/user/info/"
APP = App("key", "secret")
GRANT = Grant("code*1!2", "https://polypost.example/callback", "verifier")
OLD = Tokens("act.old", "rft.old", scopes=("video.publish",))
PAIR = {
    "access_token": "act.new",
    "expires_in": 7200,
    "open_id": "open-1",
    "refresh_expires_in": 15_552_000,
    "refresh_token": "rft.new",
    "scope": "user.info.basic,video.publish",
    "token_type": "Bearer",
}


def flat(code: str, status: int = 400) -> tuple[int, dict[str, str]]:
    return status, {"error": code, "error_description": "why", "log_id": "1"}


def test_the_consent_page_is_asked_in_tiktoks_own_words():
    url = authorize_url(OAUTH, "key", "https://polypost.example/callback", "s", verifier="verifier")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith("https://www.tiktok.com/v2/auth/authorize/?")
    assert asked == {
        "client_key": "key",
        "response_type": "code",
        "redirect_uri": "https://polypost.example/callback",
        "scope": "user.info.basic,user.info.profile,video.publish,video.upload",
        "state": "s",
        "disable_auto_auth": "1",
        "code_challenge": hashlib.sha256(b"verifier").hexdigest(),
        "code_challenge_method": "S256",
    }


def test_a_code_becomes_a_pair_whose_ends_are_believed():
    async def story(net: TikTokScript) -> None:
        net.on(TOKEN, (200, PAIR))
        tokens = await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert (tokens.access_token, tokens.refresh_token) == ("act.new", "rft.new")
        assert tokens.scopes == ("user.info.basic", "video.publish")
        assert timedelta(minutes=119) < tokens.access_expires_at - clock.now() <= timedelta(hours=2)
        assert tokens.refresh_expires_at - clock.now() > timedelta(days=179)
        assert net.calls[TOKEN][0].fields == {
            "client_key": "key",
            "client_secret": "secret",
            "grant_type": "authorization_code",
            "code": "code*1!2",
            "redirect_uri": GRANT.redirect_uri,
            "code_verifier": "verifier",
        }

    with_tiktok(story)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_refused_code_says_so_whatever_the_status(status):
    async def story(net: TikTokScript) -> None:
        net.on(TOKEN, flat("invalid_grant", status))
        with pytest.raises(Rejected, match="why"):
            await CONNECTOR.login.exchange(net.http, APP, GRANT)

    with_tiktok(story)


@pytest.mark.parametrize(("given", "kept"), [("rft.new", "rft.new"), (None, "rft.old"), ("", "rft.old")])
def test_a_refresh_keeps_whatever_refresh_token_holds_now(given, kept):
    async def story(net: TikTokScript) -> None:
        net.on(TOKEN, (200, {**PAIR, "refresh_token": given, "scope": None, "expires_in": None}))
        tokens = await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert (tokens.access_token, tokens.refresh_token) == ("act.new", kept)
        assert tokens.scopes == OLD.scopes
        assert tokens.access_expires_at is None
        assert net.calls[TOKEN][0].fields["refresh_token"] == "rft.old"

    with_tiktok(story)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (flat("invalid_grant"), ReconnectRequired, "reconnect_required"),
        (flat("invalid_grant", 200), ReconnectRequired, "reconnect_required"),
        (flat("access_denied"), ReconnectRequired, "reconnect_required"),
        (flat("invalid_client", 401), Rejected, "platform_setup"),
        (flat("unauthorized_client"), Rejected, "platform_setup"),
        (flat("server_error", 500), Unavailable, "platform_unavailable"),
        (flat("temporarily_unavailable"), Unavailable, "platform_unavailable"),
        (flat("new_word", 429), Unavailable, "platform_unavailable"),
        ((502, b"<html>"), Unavailable, "platform_unavailable"),
        ((200, b"[]"), Unavailable, "platform_unavailable"),
        ((200, said(code="internal_error")), Unavailable, "platform_unavailable"),
    ],
)
def test_a_refused_refresh(answer, kind, code):
    async def story(net: TikTokScript) -> None:
        net.on(TOKEN, answer)
        with pytest.raises(kind) as refused:
            await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert refused.value.code == code

    with_tiktok(story)


def test_nothing_is_asked_without_a_refresh_token():
    async def story(net: TikTokScript) -> None:
        with pytest.raises(ReconnectRequired):
            await CONNECTOR.login.refresh(net.http, APP, Tokens("act.old"))
        assert TOKEN not in net.calls

    with_tiktok(story)


@pytest.mark.parametrize("answer", [(200, {}), flat("invalid_grant")])
def test_revoking_is_done_once(answer):
    async def story(net: TikTokScript) -> None:
        net.on(REVOKE, answer)
        await CONNECTOR.login.revoke(net.http, APP, OLD)
        assert net.calls[REVOKE][0].fields == {
            "client_key": "key",
            "client_secret": "secret",
            "token": "act.old",
        }

    with_tiktok(story)


def test_who_it_is():
    async def story(net: TikTokScript) -> None:
        user = {
            "open_id": "open-1",
            "union_id": "union-1",
            "avatar_url": "https://cdn.example/a.png",
            "display_name": "Demo",
            "username": "demo",
        }
        net.on(USER, (200, said({"user": user})))
        (account,) = await CONNECTOR.identify(run_on(net))
        assert (account.id, account.username, account.name) == ("open-1", "demo", "Demo")
        assert account.profile_url == "https://www.tiktok.com/@demo"
        assert account.metadata == {"union_id": "union-1"}
        assert net.calls[USER][0].fields == {"fields": "open_id,union_id,avatar_url,display_name,username"}

    with_tiktok(story)


def test_a_person_may_keep_the_name_back():
    async def story(net: TikTokScript) -> None:
        known = {"user": {"open_id": "open-1", "display_name": "Demo"}}
        net.on(USER, (401, said(code="scope_not_authorized")), (200, said(known)))
        (account,) = await CONNECTOR.identify(run_on(net))
        assert (account.id, account.username, account.name) == ("open-1", None, "Demo")
        assert "username" not in net.calls[USER][1].fields["fields"]

    with_tiktok(story)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, said({"user": {}})), Unavailable),
        ((200, said()), Unavailable),
        ((401, said(code="scope_not_authorized")), ReconnectRequired),
        ((401, said(code="access_token_invalid")), TokenExpired),
    ],
)
def test_nobody_that_could_be_named(answer, kind):
    async def story(net: TikTokScript) -> None:
        net.on(USER, answer)
        with pytest.raises(kind):
            await CONNECTOR.identify(run_on(net))

    with_tiktok(story)
