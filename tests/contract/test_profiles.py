"""Profiles: made, found, changed, deleted; and how accounts come into one by every way of connecting."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.contract.tenant import Linked, Tenant, paths, visit, words
from tests.contract.test_selection import login, said
from tests.processes import World

New = Callable[..., Tenant]
BACK = "http://localhost:9/back"


def made(tenant: Tenant, **more: Any) -> dict[str, Any]:
    answer = tenant.client.post("/v1/profiles/", json={"name": words(), **more})
    assert answer.status_code == 201, answer.text
    assert answer.json()["success"] is True
    return dict(answer.json()["profile"])


def error(answer: httpx2.Response) -> tuple[int, str]:
    body = answer.json()
    assert "error" in body
    assert "success" not in body
    return answer.status_code, body["code"]


def connected(tenant: Tenant, profile_id: str, platform: str = "twitter", **more: str) -> Linked:
    """A new account that was connected into a profile."""
    opened = tenant.world.control("POST", "seed", json={"accounts": 1, "platform": platform})["accounts"][0]
    began = tenant.client.get(f"/v1/connect/{platform}", params={"profileId": profile_id, **more})
    assert began.status_code == 200, began.text
    done = visit(tenant.world, began.json()["url"], decision="approve", account=opened["platformUserId"])
    assert done.status_code == 200, done.text
    (entry,) = accounts(tenant, q=opened["platformUserId"])
    assert entry["profileId"] == profile_id
    return Linked(entry["id"], platform, opened["platformUserId"], opened["username"])


def accounts(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    answer = tenant.client.get("/v1/connect/integrations", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["integrations"])
    return list(answer.json()["integrations"])


def shown(tenant: Tenant, integration_id: str) -> dict[str, Any]:
    return dict(tenant.client.get(f"/v1/connect/integrations/{integration_id}").json()["integration"])


def test_from_making_to_deleting(tenant: Tenant) -> None:
    profile = made(tenant, name="Acme", description="Everything of Acme", colour="ignored")
    assert set(profile) == {"id", "name", "description", "integrationCount", "createdAt", "updatedAt"}
    assert (profile["name"], profile["description"], profile["integrationCount"]) == (
        "Acme",
        "Everything of Acme",
        0,
    )
    path = f"/v1/profiles/{profile['id']}"
    assert tenant.client.get(path).json() == {"success": True, "profile": profile}
    renamed = tenant.client.patch(path, json={"name": "Acme Co"}).json()["profile"]
    assert (renamed["name"], renamed["description"]) == ("Acme Co", "Everything of Acme")
    assert renamed["updatedAt"] >= profile["updatedAt"]
    assert tenant.client.patch(path, json={"description": None}).json()["profile"]["description"] is None
    assert tenant.client.patch(path, json={"name": None}).json()["profile"]["name"] == "Acme Co"
    assert tenant.client.delete(path).json() == {"success": True, "message": "Profile deleted."}
    for method in ("GET", "DELETE"):
        assert error(tenant.client.request(method, path)) == (404, "profile_not_found")
    assert error(tenant.client.patch(path, json={"name": "x"})) == (404, "profile_not_found")
    listed = tenant.client.get("/v1/profiles", params={"limit": 100}).json()["profiles"]
    assert profile["id"] not in {each["id"] for each in listed}


def test_lists_have_pages_and_a_search(world: World, new: New) -> None:
    tenant = new(world)
    ids = [made(tenant, name=name)["id"] for name in ("Café ÄRGER", "café ärger", "100% sure", "plain")]
    whole = tenant.client.get("/v1/profiles/").json()
    assert (whole["success"], whole["total"], whole["page"], whole["limit"]) == (True, 4, 1, 50)
    assert [each["id"] for each in whole["profiles"]] == ids[::-1]
    first = tenant.client.get("/v1/profiles", params={"limit": 3}).json()
    second = tenant.client.get("/v1/profiles/", params={"limit": 3, "page": 2}).json()
    assert [each["id"] for each in (*first["profiles"], *second["profiles"])] == ids[::-1]
    assert second["total"] == 4
    assert tenant.client.get("/v1/profiles", params={"page": 100_000}).json()["profiles"] == []

    def found(name: str) -> list[str]:
        return [
            each["id"] for each in tenant.client.get("/v1/profiles", params={"name": name}).json()["profiles"]
        ]

    assert found("ärGer") == ids[1::-1]
    assert found("%") == [ids[2]]
    assert found("_") == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x", "description": "x" * 1001}, "description"),
    ],
    ids=["missing", "empty", "too_long", "null", "number", "nul", "description_too_long"],
)
def test_a_wrong_body_is_400_and_named(local: Tenant, body: dict[str, Any], where: str) -> None:
    assert paths(local.client.post("/v1/profiles", json=body)) == {where}
    if "name" in body and body["name"] is not None:
        path = f"/v1/profiles/{made(local)['id']}"
        assert paths(local.client.patch(path, json=body)) == {where}


def test_limits_are_reached_exactly(local: Tenant) -> None:
    profile = made(local, name="ü" * 200, description="ü" * 1000)
    assert (len(profile["name"]), len(profile["description"])) == (200, 1000)
    for query in ("limit=0", "limit=101", "page=0", "page=x", "name=", f"name={'x' * 201}"):
        answer = local.client.get(f"/v1/profiles?{query}")
        assert paths(answer) == {query.partition("=")[0]}
        assert answer.json()["error"]


@pytest.mark.parametrize("bad", ["123", "prof_", "prof_A", "prof_a%2Fb", "int_abc", "null"])
def test_a_malformed_id_is_400(local: Tenant, bad: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = local.client.request(method, f"/v1/profiles/{bad}", json={} if method == "PATCH" else None)
        assert error(answer) == (400, "validation_error")


def test_what_is_foreign_is_absent(world: World, new: New) -> None:
    mine, stranger = new(world), new(world)
    profile_id = made(mine)["id"]
    account = stranger.connect("twitter")
    path = f"/v1/profiles/{profile_id}"
    for answer in (
        stranger.client.get(path),
        stranger.client.patch(path, json={"name": "theirs"}),
        stranger.client.delete(path),
        stranger.client.get("/v1/connect/twitter", params={"profileId": profile_id}),
        stranger.client.patch(f"/v1/connect/integrations/{account.id}", json={"profileId": profile_id}),
    ):
        assert error(answer) == (404, "profile_not_found")
    assert stranger.client.get("/v1/usage", params={"profileId": profile_id}).status_code == 404
    assert error(
        mine.client.patch(f"/v1/connect/integrations/{account.id}", json={"profileId": profile_id})
    ) == (404, "integration_not_found")
    assert accounts(mine, profileId=profile_id) == []
    assert mine.client.get(path).json()["profile"]["name"] != "theirs"


def test_a_key_needs_the_scope(world: World, new: New) -> None:
    tenant = new(world)
    made(tenant)
    key = world.command("keys", "create", "--project", tenant.project_id, "--scope", "read")["apiKey"]
    reading = {"x-access-key": key}
    assert tenant.client.get("/v1/profiles", headers=reading).json()["total"] == 1
    refused = tenant.client.post("/v1/profiles", json={"name": "x"}, headers=reading)
    assert error(refused) == (403, "missing_scope")


def test_accounts_are_counted_found_and_moved(tenant: Tenant) -> None:
    one, two = made(tenant)["id"], made(tenant)["id"]
    inside, outside = connected(tenant, one), tenant.connect("twitter")
    path = f"/v1/connect/integrations/{outside.id}"

    def counts() -> list[int]:
        return [
            tenant.client.get(f"/v1/profiles/{each}").json()["profile"]["integrationCount"]
            for each in (one, two)
        ]

    assert counts() == [1, 0]
    assert [each["id"] for each in accounts(tenant, profileId=one)] == [inside.id]
    assert outside.id in {each["id"] for each in accounts(tenant, profileId="null")}
    moved = tenant.client.patch(path, json={"profileId": two})
    assert moved.status_code == 200
    assert moved.json()["success"] is True
    entry = moved.json()["integration"]
    assert (entry["id"], entry["profileId"]) == (outside.id, two)
    assert entry == accounts(tenant, profileId=two)[0]
    assert shown(tenant, outside.id)["profileId"] == two
    assert counts() == [1, 1]
    again = tenant.client.patch(path, json={"profileId": two}).json()["integration"]
    assert again["profileId"] == two
    assert tenant.client.patch(path, json={"profileId": None}).json()["integration"]["profileId"] is None
    assert counts() == [1, 0]
    assert outside.id in {each["id"] for each in accounts(tenant, profileId="null")}
    tenant.disconnect(inside)
    assert counts() == [0, 0]
    assert accounts(tenant, profileId=one) == []


def test_what_a_move_refuses(local: Tenant) -> None:
    account = local.account("twitter")
    path = f"/v1/connect/integrations/{account.id}"
    for body, where in (
        ({}, "profileId"),
        ({"profileId": 7}, "profileId"),
        ({"profileId": ""}, "profileId"),
        ({"profileId": None, "name": "x"}, "name"),
    ):
        assert paths(local.client.patch(path, json=body)) == {where}
    for profile_id in ("prof_unknown", "null", "anything"):
        answer = local.client.patch(path, json={"profileId": profile_id})
        assert error(answer) == (404, "profile_not_found")
    answer = local.client.patch("/v1/connect/integrations/int_unknown", json={"profileId": None})
    assert error(answer) == (404, "integration_not_found")
    deleted = made(local)["id"]
    local.client.delete(f"/v1/profiles/{deleted}")
    assert error(local.client.patch(path, json={"profileId": deleted})) == (404, "profile_not_found")
    assert shown(local, account.id)["profileId"] is None


def test_accounts_of_a_deleted_profile_keep_it_and_are_found_without_one(tenant: Tenant) -> None:
    profile_id = made(tenant)["id"]
    account = connected(tenant, profile_id)
    assert account.id not in {each["id"] for each in accounts(tenant, profileId="null")}
    entry = {"platform": "twitter", "accountId": account.id}
    post_id = tenant.post({**tenant.body(), "platforms": [entry]}).json()["postId"]

    def posts(profile: str) -> set[str]:
        answer = tenant.client.get("/v1/posts", params={"profileId": profile, "limit": 100})
        return {each["postId"] for each in answer.json()["posts"]}

    assert (post_id in posts(profile_id), post_id in posts("null")) == (True, False)
    tenant.client.delete(f"/v1/profiles/{profile_id}")
    assert shown(tenant, account.id)["profileId"] == profile_id
    for profile in (profile_id, "null"):
        assert account.id in {each["id"] for each in accounts(tenant, profileId=profile)}
        assert post_id in posts(profile)
    assert tenant.post({**tenant.body(), "platforms": [entry]}).status_code == 202
    # Connected again without naming one, it stays where it is.
    url = tenant.client.get("/v1/connect/twitter").json()["url"]
    visit(tenant.world, url, decision="approve", account=account.user_id)
    assert shown(tenant, account.id)["profileId"] == profile_id


def test_connecting_again_keeps_the_profile_unless_another_is_given(tenant: Tenant) -> None:
    one, two = made(tenant)["id"], made(tenant)["id"]
    account = connected(tenant, one)
    for query, ends_in in (({}, one), ({"profileId": two}, two)):
        url = tenant.client.get("/v1/connect/twitter", params=query).json()["url"]
        visit(tenant.world, url, decision="approve", account=account.user_id)
        assert shown(tenant, account.id)["profileId"] == ends_in
    tenant.disconnect(account)
    visit(
        tenant.world,
        tenant.client.get("/v1/connect/twitter").json()["url"],
        decision="approve",
        account=account.user_id,
    )
    assert shown(tenant, account.id)["profileId"] == two


def test_a_profile_that_is_deleted_while_a_person_consents(tenant: Tenant) -> None:
    profile_id = made(tenant)["id"]
    url = tenant.client.get("/v1/connect/twitter", params={"profileId": profile_id}).json()["url"]
    tenant.client.delete(f"/v1/profiles/{profile_id}")
    done = visit(tenant.world, url, decision="approve")
    (account,) = re.findall(r"int_[0-9a-z]+", done.text)
    assert shown(tenant, account)["profileId"] == profile_id
    assert account in {each["id"] for each in accounts(tenant, profileId="null")}


@pytest.mark.parametrize("platform", ["facebook", "linkedin"])
@pytest.mark.parametrize("headless", ["true", "false"])
def test_a_selection_lands_in_the_profile(local: Tenant, platform: str, headless: str) -> None:
    profile_id = made(local)["id"]
    with httpx2.Client(timeout=30, trust_env=False) as browser:
        away = login(local, browser, platform, redirectUri=BACK, headless=headless, profileId=profile_id)
        if headless == "true":
            path = f"{local.world.url}/v1/connect/{platform}/selection/{said(away)['selectionToken']}"
            wanted = browser.get(path).json()["accounts"][0]["id"]
            answer = browser.post(path, json={"selectedAccountIds": [wanted]}).json()
            ids = [each["id"] for each in answer["integrations"]]
            assert [each["profileId"] for each in answer["integrations"]] == [profile_id]
        else:
            page = browser.get(away)
            wanted = re.findall(r'name="account" value="([^"]+)"', page.text)[0]
            answer = browser.post(away, data={"account": wanted})
            assert answer.status_code == 303
            back = urlsplit(answer.headers["location"])
            assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
            ids = parse_qs(back.query)["integrationId"]
    assert [each["id"] for each in accounts(local, profileId=profile_id)] == ids


def test_blueskys_sign_in_lands_in_the_profile(local: Tenant) -> None:
    profile_id = made(local)["id"]
    opened = local.world.control("POST", "seed", json={"accounts": 1, "platform": "bluesky"})["accounts"][0]
    pair = {"identifier": opened["username"], "password": opened["appPassword"]}
    query = {"profileId": profile_id, "redirectUri": BACK, "headless": "true"}
    for wrong in ("prof_unknown", "null", ""):
        refused = local.client.post("/v1/connect/bluesky/auth", params={"profileId": wrong}, json=pair)
        assert error(refused) == (404, "profile_not_found")
    assert accounts(local, platform="bluesky") == []
    answer = local.client.post("/v1/connect/bluesky/auth", params=query, json=pair)
    assert answer.json()["integration"]["profileId"] == profile_id
    assert [each["platform"] for each in accounts(local, profileId=profile_id)] == ["bluesky"]


def test_redirects_app_and_profile_together(local: Tenant) -> None:
    profile_id = made(local)["id"]
    app = {"platform": "twitter", "name": "Ours", "clientId": words(), "clientSecret": "s"}
    app_id = local.client.post("/v1/apps", json=app).json()["app"]["id"]
    query = {
        "redirectUri": BACK,
        "cancelRedirectUri": "http://localhost:9/no",
        "headless": "true",
        "profileId": profile_id,
        "appId": app_id,
    }

    def decided(decision: str) -> str:
        url = local.client.get("/v1/connect/twitter", params=query).json()["url"]
        with httpx2.Client(timeout=30, trust_env=False) as browser:
            callback = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": decision}))
            return str(browser.get(callback.headers["location"]).headers["location"])

    assert decided("deny").startswith("http://localhost:9/no?status=cancelled")
    assert accounts(local, profileId=profile_id) == []
    there = decided("approve")
    assert there.startswith(f"{BACK}?status=success")
    (account,) = accounts(local, profileId=profile_id)
    assert said(there)["integrationId"] == account["id"]
    assert (account["appId"], account["byok"]) == (app_id, True)
    for wrong, code in (
        ({"redirectUri": "https://evil.example/"}, (400, "validation_error")),
        ({"profileId": "prof_unknown"}, (404, "profile_not_found")),
        ({"appId": "app_unknown"}, (404, "app_not_found")),
    ):
        assert error(local.client.get("/v1/connect/twitter", params=query | wrong)) == code
    named = {"appId": app_id, "server": "mastodon.example"}
    assert error(local.client.get("/v1/connect/mastodon", params=named)) == (404, "app_not_found")


def test_usage_of_a_profile_also_of_accounts_that_are_gone(world: World, new: New) -> None:
    tenant = new(world)
    profile_id = made(tenant)["id"]
    inside, outside = connected(tenant, profile_id), tenant.connect("twitter")

    def usage(**query: str) -> Any:
        return tenant.client.get("/v1/usage/", params=query)

    assert usage(profileId=profile_id).json() == {"success": True, "totalUsage": 0, "usage": []}
    for account in (inside, inside, outside):
        entry = {"platform": "twitter", "accountId": account.id}
        assert tenant.post({**tenant.body(), "platforms": [entry]}).json()["status"] == "published"
    tenant.disconnect(inside)
    mine = usage(profileId=profile_id).json()
    assert (mine["totalUsage"], "balance" in mine) == (2, False)
    assert [(month["count"], month["platform"]) for month in mine["usage"]] == [(2, {"twitter": 2})]
    assert usage(profileId="null").json()["totalUsage"] == 1
    assert usage(integrationId=inside.id).json()["totalUsage"] == 2
    assert usage().json()["totalUsage"] == 3
    for query, status in (
        ({"profileId": "prof_unknown"}, 404),
        ({"integrationId": "int_unknown"}, 404),
        ({"profileId": profile_id, "integrationId": inside.id}, 400),
        ({"from": "2026-00"}, 400),
    ):
        answer = usage(**query)
        assert answer.status_code == status
        assert answer.json()["success"] is False
    assert usage(**{"from": "0000-01", "to": "9999-12"}).json()["totalUsage"] == 3
    tenant.client.delete(f"/v1/profiles/{profile_id}")
    assert usage(profileId=profile_id).status_code == 404
    assert usage(profileId="null").json()["totalUsage"] == 3
