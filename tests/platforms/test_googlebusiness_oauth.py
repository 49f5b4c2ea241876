"""Connecting the locations of a Google login."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.scripted_googlebusiness import ACCOUNTS, Script, reason, refused, run_on

from polypost.errors import RateLimited, Rejected
from polypost.platforms.googlebusiness import CONNECTOR

pytestmark = pytest.mark.anyio

MANAGE = "https://www.googleapis.com/auth/business.manage"


def test_the_consent_page_is_asked_for_what_is_needed() -> None:
    oauth = CONNECTOR.spec.oauth
    assert oauth is not None
    assert oauth.scopes == (MANAGE,)
    assert oauth.pkce
    assert oauth.authorize_extra == {"access_type": "offline", "prompt": "consent"}


def places(account: str) -> str:
    return f"GET /v1/accounts/{account}/locations"


async def test_every_location_of_every_account_on_every_page(net: Script) -> None:
    group = {"name": "accounts/2", "accountName": "Cafés", "type": "LOCATION_GROUP"}
    owner = {"name": "accounts/1", "accountName": "Ada", "type": "PERSONAL"}
    net.on(ACCOUNTS, (200, {"accounts": [group, 5, {}], "nextPageToken": "b"}), (200, {"accounts": [owner]}))
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
async def test_a_login_without_locations_or_without_access(
    net: Script, answer: Any, code: str, words: str
) -> None:
    net.on(ACCOUNTS, answer)
    with pytest.raises(Rejected) as refusal:
        await CONNECTOR.identify(run_on(net))
    assert refusal.value.code == code
    assert words in refusal.value.message


async def test_a_limit_in_the_middle_is_a_limit(net: Script) -> None:
    net.on(ACCOUNTS, (200, {"accounts": [{"name": "accounts/1"}]}))
    net.on(places("1"), refused(429, "RESOURCE_EXHAUSTED"))
    with pytest.raises(RateLimited):
        await CONNECTOR.identify(run_on(net))
    net.on(ACCOUNTS, (200, {"accounts": [{"name": "accounts/1"}], "nextPageToken": "b"}), refused(429))
    with pytest.raises(RateLimited):
        await CONNECTOR.identify(run_on(net))
