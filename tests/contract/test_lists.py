"""The lists: filters, paging, order, and every spelling that clients use for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.contract.tenant import Tenant, later, paths
from tests.processes import World


@pytest.fixture(scope="module")
def shelf(world: World, new: Callable[..., Tenant]) -> tuple[Tenant, dict[str, str]]:
    """A project with a post of every kind."""
    tenant = new(world)
    good, bad = tenant.connect("twitter"), tenant.connect("twitter")
    tenant.fault("duplicate", bad)
    ids = {
        "published": tenant.published("twitter")["postId"],
        "picture": tenant.published("instagram")["postId"],
        "both": tenant.published("twitter", "instagram")["postId"],
        "later": tenant.scheduled(seconds=7200)["postId"],
        "sooner": tenant.scheduled("instagram", seconds=3600)["postId"],
        "draft": tenant.scheduled()["postId"],
    }
    tenant.client.delete(f"/v1/posts/scheduled/{ids['draft']}")
    failing = tenant.body()
    failing["platforms"] = [{"platform": "twitter", "accountId": bad.id}]
    ids["failed"] = tenant.post(failing).json()["postId"]
    mixed = tenant.body()
    mixed["platforms"] = [{"platform": "twitter", "accountId": each} for each in (good.id, bad.id)]
    ids["partial"] = tenant.post(mixed).json()["postId"]
    tenant.world.control("DELETE", "faults")
    return tenant, ids


Shelf = tuple[Tenant, dict[str, str]]


def listed(shelf: Shelf, query: Any = "", path: str = "/v1/posts") -> list[str]:
    """The names of the posts that a query finds, in its order."""
    tenant, ids = shelf
    names = {post_id: name for name, post_id in ids.items()}
    answer = tenant.client.get(path, params=query) if not isinstance(query, str) else get(shelf, path, query)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["success"] is True
    return [names[post["postId"]] for post in said["posts"]]


def get(shelf: Shelf, path: str, query: str) -> httpx2.Response:
    """A GET with exactly this query string."""
    tenant, _ = shelf
    url = httpx2.URL(tenant.world.url + path + (f"?{query}" if query else ""))
    return tenant.client.send(httpx2.Request("GET", url, headers={"x-access-key": tenant.key}))


def test_everything_newest_first(shelf: Shelf) -> None:
    newest = ["partial", "failed", "draft", "sooner", "later", "both", "picture", "published"]
    assert listed(shelf) == newest
    assert listed(shelf, path="/v1/posts/") == newest
    assert listed(shelf, {"sort": "asc"}) == newest[::-1]


@pytest.mark.parametrize("status", ["published", "partial", "failed", "draft"])
def test_by_status(shelf: Shelf, status: str) -> None:
    found = listed(shelf, {"status": status})
    assert status in found
    assert all(shelf[0].get(shelf[1][name])["status"] == status for name in found)


def test_by_network_in_every_spelling(shelf: Shelf) -> None:
    pictures = ["sooner", "both", "picture"]
    assert listed(shelf, "platform=instagram") == pictures
    every = listed(shelf)
    for query in (
        "platform=twitter&platform=instagram",
        "platform=twitter%2Cinstagram",
        "platform=twitter,instagram",
        "platform=twitter,&platform=,instagram",
        "platform=",
    ):
        assert listed(shelf, query) == every
    assert listed(shelf, "platform=youtube") == []
    assert listed(shelf, "platform=youtube,instagram") == pictures


def test_by_profile(shelf: Shelf) -> None:
    assert listed(shelf, "profileId=null") == listed(shelf)
    assert listed(shelf, "profileId=prof_unknown") == []


def test_by_time(shelf: Shelf) -> None:
    tenant, ids = shelf
    middle = tenant.get(ids["both"])["createdAt"]
    after = listed(shelf, {"createdAfter": middle})
    before = listed(shelf, {"createdBefore": middle})
    assert after + [name for name in before if name not in after] == listed(shelf)
    assert {"partial", "later"} <= set(after)
    assert {"published", "picture"} <= set(before)
    assert listed(shelf, {"scheduledAfter": later(5000)}) == ["later"]
    assert listed(shelf, {"scheduledBefore": later(3700), "status": "scheduled"}) == ["sooner"]
    assert listed(shelf, {"createdAfter": later(60)}) == []
    # A plus sign that was not encoded is a space by the time it arrives.
    assert listed(shelf, f"createdAfter={later(60)}") == []


def test_pages_cover_everything_once(shelf: Shelf) -> None:
    tenant, ids = shelf
    seen: list[str] = []
    for offset in range(0, 12, 3):
        said = tenant.client.get("/v1/posts", params={"limit": 3, "offset": offset}).json()
        assert said["total"] == len(ids)
        seen += [post["postId"] for post in said["posts"]]
    assert sorted(seen) == sorted(ids.values())
    assert listed(shelf, {"offset": 100}) == []


@pytest.mark.parametrize("path", ["/v1/posts/scheduled", "/v1/posts/scheduled/"])
def test_the_scheduled_next_first(shelf: Shelf, path: str) -> None:
    assert listed(shelf, path=path) == ["sooner", "later"]
    assert listed(shelf, {"sort": "desc"}, path) == ["later", "sooner"]
    assert listed(shelf, {"limit": 1, "offset": 1}, path) == ["later"]
    assert shelf[0].client.get(path, params={"limit": 1}).json()["total"] == 2


@pytest.mark.parametrize(
    ("path", "query", "where"),
    [
        ("/v1/posts", "limit=0", "limit"),
        ("/v1/posts", "limit=101", "limit"),
        ("/v1/posts", "limit=ten", "limit"),
        ("/v1/posts", "limit=", "limit"),
        ("/v1/posts", "limit=99999999999999999999999", "limit"),
        ("/v1/posts", "offset=-1", "offset"),
        ("/v1/posts", "sort=newest", "sort"),
        ("/v1/posts", "status=processing", "status"),
        ("/v1/posts", "platform=myspace", "platform[0]"),
        ("/v1/posts", "platform=twitter,myspace", "platform[1]"),
        ("/v1/posts", "createdAfter=yesterday", "createdAfter"),
        ("/v1/posts", "createdBefore=2026-13-01T00:00:00Z", "createdBefore"),
        ("/v1/posts", "scheduledAfter=", "scheduledAfter"),
        ("/v1/posts/scheduled", "limit=1000", "limit"),
        ("/v1/posts/scheduled", "sort=", "sort"),
        ("/v1/connect/integrations", "limit=101", "limit"),
        ("/v1/connect/integrations", "platform=x", "platform[0]"),
        ("/v1/usage", "from=2026", "from"),
        ("/v1/usage", "to=2026-13", "to"),
        ("/v1/usage", "profileId=a&integrationId=b", "integrationId"),
        ("/v1/posts/post_x", "deleteFromPlatforms=maybe", "deleteFromPlatforms"),
        ("/v1/connect/twitter", "headless=perhaps", "headless"),
    ],
)
def test_a_wrong_query_is_400_and_named(local: Tenant, path: str, query: str, where: str) -> None:
    method = "DELETE" if "deleteFrom" in query else "GET"
    answer = local.client.request(method, f"{path}?{query}")
    assert where in paths(answer)
    assert answer.json()["errors"][0]["hint"]


def test_unknown_query_keys_are_ignored(local: Tenant) -> None:
    assert local.client.get("/v1/posts?colour=blue&limit=5").status_code == 200


def test_several_wrong_parameters_are_all_named(local: Tenant) -> None:
    answer = local.client.get("/v1/posts?limit=0&offset=-1&sort=x")
    assert paths(answer) == {"limit", "offset", "sort"}


def test_integrations(shelf: Shelf) -> None:
    tenant, _ = shelf
    path = "/v1/connect/integrations"
    newest = [each.id for each in reversed(tenant.accounts)]

    def ids(query: dict[str, Any] | None = None) -> list[str]:
        return [entry["id"] for entry in tenant.client.get(path, params=query).json()["integrations"]]

    assert ids() == newest
    assert ids({"sort": "asc"}) == newest[::-1]
    assert ids({"limit": 1, "offset": 1}) == newest[1:2]
    assert tenant.client.get(f"{path}/", params={"limit": 1}).json()["total"] == len(newest)
    picked = tenant.accounts[0]
    for query in (picked.id, picked.user_id, picked.username, picked.username.upper()):
        assert picked.id in ids({"q": query})
    assert ids({"q": "%"}) == ids({"q": "_"}) == ids({"q": picked.id[:-1]}) == []
    assert ids({"profileId": "null"}) == newest
    assert ids({"profileId": "prof_unknown"}) == []
    by_network = ids({"platform": "instagram"})
    assert by_network == [each.id for each in reversed(tenant.accounts) if each.platform == "instagram"]
    assert ids({"platform": "instagram,twitter"}) == ids({"platform": ["instagram", "twitter"]}) == newest


def test_an_encoded_slash_stays_in_its_segment(local: Tenant) -> None:
    for path, code in (
        ("/v1/posts/tok%2F1", "post_not_found"),
        ("/v1/posts/tok%2f1/", "post_not_found"),
        ("/v1/posts/scheduled%2Fpost_x", "post_not_found"),
        ("/v1/connect/integrations/tok%2F1", "integration_not_found"),
    ):
        answer = local.client.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == code


def test_no_list_answers_with_a_redirect(local: Tenant) -> None:
    for path in ("posts", "posts/scheduled", "usage", "platforms", "connect/integrations", "health"):
        for end in ("", "/"):
            assert local.client.get(f"/v1/{path}{end}").status_code == 200
