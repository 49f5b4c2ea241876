"""`/v1/apps`: OAuth apps of the project's own, from their credentials to an account that was connected with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.contract.tenant import Tenant, visit, words

SECRET = "a-secret-that-nobody-sees"


def made(tenant: Tenant, **more: Any) -> dict[str, Any]:
    body = {"platform": "twitter", "name": "Ours", "clientId": words(), "clientSecret": SECRET} | more
    answer = tenant.client.post("/v1/apps/", json=body)
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    return dict(answer.json()["app"])


def error(answer: httpx2.Response) -> tuple[int, str]:
    body = answer.json()
    assert "error" in body
    assert "success" not in body
    return answer.status_code, body["code"]


def test_an_account_by_an_app_of_ones_own(tenant: Tenant) -> None:
    app = made(tenant, imageUrl="https://example.com/logo.png")
    began = tenant.client.get("/v1/connect/twitter", params={"appId": app["id"]})
    url = began.json()["url"]
    assert parse_qs(urlsplit(url).query)["client_id"] == [app["clientId"]]
    done = visit(tenant.world, url, decision="approve")
    assert done.status_code == 200
    listed = tenant.client.get("/v1/connect/integrations", params={"platform": "twitter"}).json()
    (account,) = [each for each in listed["integrations"] if each["appId"] == app["id"]]
    assert account["byok"] is True
    assert account["app"] == {"id": app["id"], "name": "Ours", "imageUrl": "https://example.com/logo.png"}
    assert tenant.client.get(f"/v1/apps/{app['id']}").json()["app"]["integrationCount"] == 1
    assert error(tenant.client.delete(f"/v1/apps/{app['id']}")) == (409, "app_in_use")
    assert tenant.client.delete(f"/v1/connect/integrations/{account['id']}").status_code == 200
    assert tenant.client.delete(f"/v1/apps/{app['id']}").json() == {
        "success": True,
        "message": "App deleted.",
    }
    assert error(tenant.client.get(f"/v1/apps/{app['id']}")) == (404, "app_not_found")


def test_lists_have_pages_and_filters(local: Tenant) -> None:
    names = [made(local, name=f"Page {number}")["name"] for number in range(3)]
    first = local.client.get("/v1/apps", params={"limit": 2, "name": "page "}).json()
    assert (first["success"], first["total"], first["page"], first["limit"]) == (True, 3, 1, 2)
    assert [each["name"] for each in first["apps"]] == names[:0:-1]
    second = local.client.get("/v1/apps/", params={"limit": 2, "page": 2, "name": "page "}).json()
    assert [each["name"] for each in second["apps"]] == names[:1]
    assert local.client.get("/v1/apps", params={"platform": ["instagram"]}).json()["apps"] == []
    assert error(local.client.get("/v1/apps", params={"limit": 101}))[0] == 400


def test_changes(local: Tenant) -> None:
    app = made(local, imageUrl="https://example.com/a.png")
    path = f"/v1/apps/{app['id']}"
    changed = local.client.patch(path, json={"name": "Newer", "clientSecret": "another"}).json()["app"]
    assert (changed["name"], changed["imageUrl"]) == ("Newer", "https://example.com/a.png")
    assert local.client.patch(path, json={"imageUrl": None}).json()["app"]["imageUrl"] is None
    assert error(local.client.patch(path, json={"clientId": "x"}))[0] == 400


def test_what_is_refused(local: Tenant, new: Callable[..., Tenant]) -> None:
    app = made(local)
    body = {"platform": "twitter", "name": "Ours", "clientId": app["clientId"], "clientSecret": "s"}
    assert error(local.client.post("/v1/apps", json=body)) == (409, "app_exists")
    for wrong in (
        {"name": ""},
        {"clientSecret": ""},
        {"imageUrl": "javascript:alert(1)"},
        {"platform": "orkut"},
    ):
        answer = local.client.post("/v1/apps", json=body | {"clientId": words()} | wrong)
        assert answer.status_code == 400
        assert [problem["path"] for problem in answer.json()["errors"]] == list(wrong)
    assert error(local.client.get("/v1/apps/123")) == (400, "validation_error")
    stranger = new(local.world)
    assert error(stranger.client.get(f"/v1/apps/{app['id']}")) == (404, "app_not_found")
    assert error(stranger.client.get("/v1/connect/twitter", params={"appId": app["id"]})) == (
        404,
        "app_not_found",
    )
    other = local.client.get("/v1/connect/instagram", params={"appId": app["id"]})
    assert error(other) == (404, "app_not_found")
