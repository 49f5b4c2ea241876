"""Connecting a TikTok account and keeping its tokens alive."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.platforms.scripted_tiktok import TikTokScript, run_on, said, with_tiktok

from polypost.errors import ReconnectRequired, TokenExpired, Unavailable
from polypost.integrations.addresses import authorize_url
from polypost.platforms.tiktok import CONNECTOR
from polypost.platforms.tiktok.spec import OAUTH

USER = "GET /v2/user/info/"


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
