"""Logins that stand for several accounts, over HTTP: on a page of one's own, and on the server's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.contract.tenant import Tenant, visit

BACK = "http://localhost:9/back?session=7"
KINDS = {"facebook": {"page"}, "linkedin": {"person", "organization"}}


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(params=KINDS)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def login(tenant: Tenant, browser: httpx2.Client, platform: str, **query: str) -> str:
    """Go through the consent page; where the callback sends the browser."""
    url = tenant.client.get(f"/v1/connect/{platform}", params=query).json()["url"]
    callback = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": "approve"}))
    assert callback.status_code in {302, 303}, callback.text
    answer = browser.get(callback.headers["location"])
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def said(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def ids(tenant: Tenant, platform: str) -> set[str]:
    listed = tenant.client.get("/v1/connect/integrations", params={"platform": platform, "limit": 100}).json()
    return {each["platformUserId"] for each in listed["integrations"]}


def test_a_choice_on_a_page_of_ones_own(
    embedded: Any, new: Callable[..., Tenant], browser: httpx2.Client, platform: str
) -> None:
    tenant = new(embedded)
    away = said(login(tenant, browser, platform, redirectUri=BACK, headless="true"))
    assert (away["status"], away["platform"], away["session"]) == ("selection_required", platform, "7")
    path = f"/v1/connect/{platform}/selection/{away['selectionToken']}"
    # Open: the token is the key.
    anybody = httpx2.Client(base_url=tenant.world.url, trust_env=False)
    offered = anybody.get(path)
    assert offered.status_code == 200
    assert offered.headers["cache-control"] == "no-store"
    offer = offered.json()
    assert (offer["success"], offer["platform"]) == (True, platform)
    assert 0 < offer["expiresInSeconds"] <= 600
    assert len(offer["accounts"]) > 1
    for each in offer["accounts"]:
        assert set(each) == {"id", "type", "platformUserId", "displayName", "username", "imageUrl"}
        assert each["type"] in KINDS[platform]
    assert ids(tenant, platform) == set()
    wrong = anybody.post(path, json={"selectedAccountIds": ["nobody"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (400, "selectedAccountIds[0]")
    assert anybody.post(path, json={"selectedAccountIds": []}).status_code == 400
    chosen = offer["accounts"][-1]["id"]
    answer = anybody.post(path, json={"selectedAccountIds": [chosen]}).json()
    assert (answer["success"], answer["platform"]) == (True, platform)
    assert said(answer["redirectUri"])["status"] == "success"
    assert [each["platformUserId"] for each in answer["integrations"]] == [chosen]
    assert ids(tenant, platform) == {chosen}
    for again in (anybody.get(path), anybody.post(path, json={"selectedAccountIds": [chosen]})):
        assert again.status_code == 404
        assert again.json()["code"] == "selection_not_found"
        assert "error" in again.json()
    body = {
        "content": f"Chosen {chosen}",
        "publishNow": True,
        "platforms": [{"platform": platform, "accountId": answer["integrations"][0]["id"]}],
    }
    assert tenant.post(body).json()["status"] == "published"
    anybody.close()


def test_a_choice_on_the_page_of_this_server(
    embedded: Any, new: Callable[..., Tenant], browser: httpx2.Client, platform: str
) -> None:
    tenant = new(embedded)
    page = login(tenant, browser, platform, redirectUri=BACK)
    assert urlsplit(page).path.startswith(f"/v1/connect/{platform}/choose/")
    shown = browser.get(page)
    assert shown.status_code == 200
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    offered = re.findall(r'name="account" value="([^"]+)"', shown.text)
    assert len(offered) > 1
    nothing = browser.post(page, data={})
    assert nothing.status_code == 400
    assert "at least one" in nothing.text
    done = browser.post(page, data={"account": offered})
    assert done.status_code == 303
    assert said(done.headers["location"])["status"] == "success"
    assert ids(tenant, platform) == set(offered)
    assert browser.get(page).status_code == 404


def test_without_an_address_of_ones_own_the_page_says_what_is_connected(
    local: Tenant, browser: httpx2.Client, platform: str
) -> None:
    page = login(local, browser, platform)
    offered = re.findall(r'name="account" value="([^"]+)"', browser.get(page).text)
    done = browser.post(page, data={"account": offered[:1]})
    assert done.status_code == 200
    (account,) = re.findall(r"int_[0-9a-z]+", done.text)
    assert local.client.get(f"/v1/connect/integrations/{account}").status_code == 200


def test_whether_an_authorisation_renews_itself_is_said_truly(
    local: Tenant, browser: httpx2.Client, platform: str
) -> None:
    page = login(local, browser, platform)
    (first, *_) = re.findall(r'name="account" value="([^"]+)"', browser.get(page).text)
    (account,) = re.findall(r"int_[0-9a-z]+", browser.post(page, data={"account": first}).text)
    found = local.client.get(f"/v1/connect/integrations/{account}").json()["integration"]
    # A Page's token has no end; an ordinary LinkedIn app gets no refresh token, a partner's does.
    stays = found["accessTokenExpiresAt"] is None or found["refreshTokenExpiresAt"] is not None
    assert found["tokenStatus"]["autoRefreshes"] is stays


def test_another_networks_token_opens_nothing(local: Tenant, browser: httpx2.Client) -> None:
    away = said(login(local, browser, "facebook", redirectUri=BACK, headless="true"))
    token = away["selectionToken"]
    assert local.client.get(f"/v1/connect/linkedin/selection/{token}").status_code == 404
    assert local.client.get(f"/v1/connect/facebook/selection/{token}x").status_code == 404
    assert local.client.get(f"/v1/connect/facebook/selection/{token}").status_code == 200


def test_bluesky_by_an_app_password(tenant: Tenant) -> None:
    opened = tenant.world.control("POST", "seed", json={"accounts": 1, "platform": "bluesky"})["accounts"][0]
    password = opened["appPassword"]
    path = "/v1/connect/bluesky/auth"
    answer = tenant.client.post(f"{path}/", json={"identifier": opened["username"], "password": password})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["success"], body["message"]) == (True, "Bluesky connected.")
    assert body["integration"]["platformUserId"] == opened["platformUserId"]
    assert password not in answer.text
    wrong = tenant.client.post(path, json={"identifier": opened["username"], "password": "no-no-no-no"})
    assert wrong.status_code == 401
    assert "error" in wrong.json()
    assert tenant.client.post(path, json={"identifier": "x"}).status_code == 400
    assert tenant.client.get("/v1/connect/bluesky").json()["code"] == "validation_error"
    assert (
        tenant.client.post("/v1/connect/twitter/auth", json={"identifier": "a", "password": "b"}).status_code
        == 400
    )
    post = {
        "content": f"By password {opened['username']}",
        "publishNow": True,
        "platforms": [{"platform": "bluesky", "accountId": body["integration"]["id"]}],
    }
    assert tenant.post(post).json()["status"] == "published"
    gone = tenant.client.delete(f"/v1/connect/integrations/{body['integration']['id']}")
    assert gone.status_code == 200


def test_the_way_of_other_networks_stays(local: Tenant) -> None:
    """A login of one account is connected at once, whatever is asked."""
    url = local.client.get("/v1/connect/threads", params={"headless": "true"}).json()["url"]
    done = visit(local.world, url, decision="approve")
    assert done.status_code == 200
    assert "int_" in done.text
