"""The connector's login against the simulator: from the consent page to every location, and to the end of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.platforms.simulators.googlebusiness import Google
from tests.platforms.simulators.helpers import on
from tests.platforms.simulators.test_googlebusiness_login_simulator import BACK, consented

from polypost.errors import PlatformError
from polypost.integrations import AccountSession
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Grant, Tokens
from polypost.platforms.googlebusiness import CONNECTOR

APP = App("sandbox-app", "sandbox-app-secret")
GROUP = "accounts/110000000000000000002"
Story = Callable[[Google, NetworkClient], Any]


@pytest.fixture
def tell(tmp_path: Path) -> Callable[[Story], None]:
    """Tell a story of the connector's client before the simulator."""

    def told(story: Story) -> None:
        async def main(google: Google) -> None:
            networks = Networks({"googlebusiness": google.url})
            try:
                await story(google, networks.client("googlebusiness"))
            finally:
                await networks.aclose()

        on(Google, tmp_path, main)

    return told


async def exchanged(google: Google, http: NetworkClient, **query: str) -> Tokens:
    code = (await consented(google, **query))["code"]
    return await CONNECTOR.login.exchange(http, APP, Grant(code, BACK))


async def found(http: NetworkClient, tokens: Tokens) -> list[Account]:
    return await CONNECTOR.identify(AccountSession.of_login(http, tokens))


def test_a_login_stands_for_every_location(tell: Any) -> None:
    async def story(google: Google, http: NetworkClient) -> None:
        await google.running.control("POST", "seed", accounts=130, platform="googlebusiness")
        tokens = await exchanged(google, http)
        places = await found(http, tokens)
        assert len(places) == 132
        assert {each.id for each in places} == {
            each["platformUserId"] for each in await google.running.accounts("googlebusiness")
        }
        # Location 1 is found under both accounts, and is named by the group.
        assert all(each.id.startswith(f"{GROUP}/locations/") for each in places)
        first = next(each for each in places if each.id == google.home)
        assert (first.name, first.metadata["hasVoiceOfMerchant"]) == ("Demo Café", True)
        page = await google.page(first.profile_url or "")
        assert "Demo Café" in page

    tell(story)


@pytest.mark.parametrize(
    ("fault", "query", "code"),
    [
        ("no_refresh_token", {}, "rejected"),
        (None, {"sandbox_scopes": "openid"}, "rejected"),
        ("no_locations", {}, "no_account"),
        ("quota_zero", {}, "platform_setup"),
        ("api_disabled", {}, "platform_setup"),
        ("scope_missing", {}, "reconnect_required"),
    ],
)
def test_logins_that_come_to_nothing(tell: Any, fault: str | None, query: dict[str, str], code: str) -> None:
    async def story(google: Google, http: NetworkClient) -> None:
        if fault is not None:
            await google.fault(fault, times=None)
        with pytest.raises(PlatformError) as refusal:
            await found(http, await exchanged(google, http, **query))
        assert refusal.value.code == code

    tell(story)


def test_a_suspended_location_is_connected_and_marked(tell: Any) -> None:
    async def story(google: Google, http: NetworkClient) -> None:
        tokens = await exchanged(google, http)
        await google.fault("suspended", times=None)
        assert {each.metadata["hasVoiceOfMerchant"] for each in await found(http, tokens)} == {False}

    tell(story)
