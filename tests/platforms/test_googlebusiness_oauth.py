"""Connecting the locations of a Google login, and keeping its token alive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.scripted_googlebusiness import (
    ACCOUNTS,
    REVOKE,
    TOKEN,
    Script,
    reason,
    refused,
    run_on,
    with_network,
)

from polypost import clock
from polypost.errors import RateLimited, ReconnectRequired, Rejected, Unavailable
from polypost.platforms.base import App, Grant, Tokens
from polypost.platforms.googlebusiness import CONNECTOR

APP = App("client-1", "secret")
GRANT = Grant("code-1", "https://polypost.example/v1/connect/googlebusiness/callback", "verifier-1")
MANAGE = "https://www.googleapis.com/auth/business.manage"
GOOD = {
    "access_token": "ya29.1",
    "expires_in": 3599,
    "refresh_token": "1//1",
    "scope": MANAGE,
    "token_type": "Bearer",
}
OLD = Tokens("ya29.0", "1//1", scopes=(MANAGE,))


def without(*names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **more}.items() if name not in names}


def test_the_consent_page_is_asked_for_what_is_needed() -> None:
    oauth = CONNECTOR.spec.oauth
    assert oauth is not None
    assert oauth.scopes == (MANAGE,)
    assert oauth.pkce
    assert oauth.authorize_extra == {"access_type": "offline", "prompt": "consent"}


def test_the_code() -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, (200, GOOD))
        tokens = await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert (tokens.access_token, tokens.refresh_token, tokens.scopes) == ("ya29.1", "1//1", (MANAGE,))
        assert tokens.access_expires_at is not None
        left = tokens.access_expires_at - clock.now()
        assert timedelta(minutes=59) < left <= timedelta(seconds=3599)
        assert net.calls[TOKEN][0].fields == {
            "grant_type": "authorization_code",
            "code": "code-1",
            "redirect_uri": GRANT.redirect_uri,
            "code_verifier": "verifier-1",
            "client_id": "client-1",
            "client_secret": "secret",
        }

    with_network(story)


@pytest.mark.parametrize(
    ("answer", "kind", "code", "words"),
    [
        (
            (400, {"error": "invalid_grant", "error_description": "Bad Request"}),
            Rejected,
            "rejected",
            "login",
        ),
        ((401, {"error": "invalid_client"}), Rejected, "platform_setup", "credentials"),
        ((400, {"error": "redirect_uri_mismatch"}), Rejected, "platform_setup", "redirect"),
        ((200, without(scope="openid")), Rejected, "rejected", "ticked"),
        ((200, without("refresh_token")), Rejected, "rejected", "refresh token"),
        ((200, {}), Unavailable, "platform_unavailable", "token"),
        ((500, b"no"), Unavailable, "platform_unavailable", "trouble"),
        ((429, b"no"), RateLimited, "rate_limited", "slow down"),
    ],
)
def test_a_login_that_comes_to_nothing(answer: Any, kind: type[Exception], code: str, words: str) -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, answer)
        with pytest.raises(kind) as refusal:
            await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert refusal.value.code == code
        assert words in refusal.value.message

    with_network(story)


def test_a_token_address_that_names_no_scopes_gave_what_was_asked_for() -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, (200, without("scope")))
        assert (await CONNECTOR.login.exchange(net.http, APP, GRANT)).scopes == ()

    with_network(story)


def test_renewing_keeps_the_refresh_token() -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, (200, without("refresh_token", access_token="ya29.2")))
        fresh = await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert (fresh.access_token, fresh.refresh_token) == ("ya29.2", "1//1")
        net.on(TOKEN, (200, without(refresh_token="1//2", refresh_token_expires_in=604_799)))
        fresh = await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert fresh.refresh_token == "1//2"
        assert fresh.refresh_expires_at is not None

    with_network(story)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
            ReconnectRequired,
        ),
        ((400, {"error": "invalid_scope"}), ReconnectRequired),
        ((401, {"error": "invalid_client"}), Rejected),
        ((503, b""), Unavailable),
        ((429, b""), RateLimited),
        ((200, b"<html>"), Unavailable),
    ],
)
def test_a_renewal_that_is_refused(answer: Any, kind: type[Exception]) -> None:
    async def story(net: Script) -> None:
        net.on(TOKEN, answer)
        with pytest.raises(kind) as refusal:
            await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert type(refusal.value) is kind
        with pytest.raises(ReconnectRequired):
            await CONNECTOR.login.refresh(net.http, APP, Tokens("ya29.0"))

    with_network(story)


@pytest.mark.parametrize(("status", "good"), [(200, True), (400, True), (503, False)])
def test_giving_back_is_best_effort(status: int, good: bool) -> None:
    async def story(net: Script) -> None:
        net.on(REVOKE, (status, {}))
        if good:
            await CONNECTOR.login.revoke(net.http, APP, OLD)
        else:
            with pytest.raises(Unavailable):
                await CONNECTOR.login.revoke(net.http, APP, OLD)
        assert net.calls[REVOKE][0].fields == {"token": "1//1"}

    with_network(story)


def places(account: str) -> str:
    return f"GET /v1/accounts/{account}/locations"


def test_every_location_of_every_account_on_every_page() -> None:
    async def story(net: Script) -> None:
        group = {"name": "accounts/2", "accountName": "Cafés", "type": "LOCATION_GROUP"}
        owner = {"name": "accounts/1", "accountName": "Ada", "type": "PERSONAL"}
        net.on(
            ACCOUNTS, (200, {"accounts": [group, 5, {}], "nextPageToken": "b"}), (200, {"accounts": [owner]})
        )
        metadata = {
            "mapsUri": "https://maps.google.com/maps?cid=5",
            "placeId": "ChIJ",
            "hasVoiceOfMerchant": True,
        }
        first = {
            "name": "locations/10",
            "title": "One",
            "languageCode": "de",
            "storeCode": "A",
            "metadata": metadata,
        }
        net.on(places("1"), (200, {"locations": [first, {"name": "locations/12", "title": "Mine"}]}))
        net.on(
            places("2"),
            (200, {"locations": [first, {}], "nextPageToken": "c"}),
            (200, {"locations": [{"name": "locations/11"}]}),
        )
        found = {account.id: account for account in await CONNECTOR.identify(run_on(net))}
        assert set(found) == {
            "accounts/2/locations/10",
            "accounts/1/locations/12",
            "accounts/2/locations/11",
        }
        one = found["accounts/2/locations/10"]
        assert (one.name, one.username, one.image_url, one.kind) == ("One", None, None, "location")
        assert one.profile_url == "https://maps.google.com/maps?cid=5"
        assert one.metadata == {
            "accountName": "Cafés",
            "storeCode": "A",
            "placeId": "ChIJ",
            "languageCode": "de",
            "hasVoiceOfMerchant": True,
        }
        assert one.tokens is None
        assert found["accounts/2/locations/11"].metadata["hasVoiceOfMerchant"] is False
        asked = net.calls[places("2")]
        assert asked[0].fields == {
            "readMask": "name,title,storeCode,languageCode,metadata",
            "pageSize": "100",
        }
        assert [call.fields.get("pageToken") for call in asked] == [None, "c"]
        assert [call.fields for call in net.calls[ACCOUNTS]] == [
            {"pageSize": "20"},
            {"pageSize": "20", "pageToken": "b"},
        ]

    with_network(story)


ZERO = reason("RATE_LIMIT_EXCEEDED", quota_limit_value="0")


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ((200, {}), "no_account", "no business location"),
        (refused(429, "RESOURCE_EXHAUSTED", ZERO), "platform_setup", "not approved"),
        (refused(429, "RESOURCE_EXHAUSTED"), "platform_setup", "not approved"),
        (refused(403, "PERMISSION_DENIED", reason("SERVICE_DISABLED")), "platform_setup", "switched on"),
    ],
)
def test_a_login_without_locations_or_without_access(answer: Any, code: str, words: str) -> None:
    async def story(net: Script) -> None:
        net.on(ACCOUNTS, answer)
        with pytest.raises(Rejected) as refusal:
            await CONNECTOR.identify(run_on(net))
        assert refusal.value.code == code
        assert words in refusal.value.message

    with_network(story)


def test_a_limit_in_the_middle_is_a_limit() -> None:
    async def story(net: Script) -> None:
        net.on(ACCOUNTS, (200, {"accounts": [{"name": "accounts/1"}]}))
        net.on(places("1"), refused(429, "RESOURCE_EXHAUSTED"))
        with pytest.raises(RateLimited):
            await CONNECTOR.identify(run_on(net))
        net.on(ACCOUNTS, (200, {"accounts": [{"name": "accounts/1"}], "nextPageToken": "b"}), refused(429))
        with pytest.raises(RateLimited):
            await CONNECTOR.identify(run_on(net))

    with_network(story)
