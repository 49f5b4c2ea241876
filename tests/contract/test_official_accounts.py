"""The official Python client on apps of one's own, selections and Bluesky's sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import postpeer
import pytest

from tests.contract.tenant import Tenant, words
from tests.contract.test_official_client import Official


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Official]:
    client = Official(request.param, tenant)
    yield client
    client.close()


def test_apps(official: Official) -> None:
    made = official("apps.create", platform="youtube", name="Ours", client_id=words(), client_secret="s").app
    assert official("apps.get", made.id).app.name == "Ours"
    listed = official("apps.list", platform="youtube", name="our", limit=10, page=1)
    assert made.id in {each.id for each in listed.apps}
    assert official("apps.update", made.id, name="Newer").app.name == "Newer"
    assert official("connect.get_oauth_url", "youtube", app_id=made.id).url
    assert official("apps.delete", made.id).success is True
    with pytest.raises(postpeer.NotFoundError):
        official("apps.get", made.id)
    with pytest.raises(postpeer.BadRequestError):
        official("apps.get", "not-an-id")


@pytest.mark.parametrize("platform", ["linkedin", "facebook"])
def test_a_selection(official: Official, platform: str) -> None:
    back = "http://localhost:9/back"
    url = official("connect.get_oauth_url", platform, redirect_uri=back, headless=True).url
    with httpx2.Client(trust_env=False, timeout=30) as browser:
        callback = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": "approve"}))
        away = browser.get(callback.headers["location"]).headers["location"]
    token = parse_qs(urlsplit(away).query)["selectionToken"][0]
    offer = official(f"connect.{platform}.get_selection", token)
    assert offer.platform == platform
    assert len(offer.accounts) > 1
    chosen = [offer.accounts[0].id]
    done = official(f"connect.{platform}.submit_selection", token, selected_account_ids=chosen)
    assert [each.platform_user_id for each in done.integrations] == chosen
    assert done.redirect_uri is not None
    with pytest.raises(postpeer.NotFoundError):
        official(f"connect.{platform}.get_selection", token)


def test_bluesky(official: Official) -> None:
    world = official.tenant.world
    opened = world.control("POST", "seed", json={"accounts": 1, "platform": "bluesky"})["accounts"][0]
    pair = {"identifier": opened["username"], "password": opened["appPassword"]}
    official("connect.bluesky", **pair)
    found = official("connect.integrations.list", platform="bluesky", q=opened["platformUserId"])
    assert [each.platform_user_id for each in found.integrations] == [opened["platformUserId"]]
    with pytest.raises(postpeer.AuthenticationError):
        official("connect.bluesky", **(pair | {"password": "no-no-no-no"}))
