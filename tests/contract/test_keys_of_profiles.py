"""Keys that are bound to profiles: they reach those accounts and the posts on them, and nothing else of the project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from polypost import access
from tests.contract.tenant import Linked, Tenant, later, operator, words
from tests.contract.test_profiles import connected, error, made

# Besides these, calls about the whole project and about accounts themselves are refused.
KEPT = {
    "GET /v1/health/auth",
    "GET /v1/platforms",
    "GET /v1/platforms/{name}",
    "GET /v1/pinterest/boards",
    "GET /v1/tiktok/creator-info",
    "GET /v1/connect/integrations",
    "GET /v1/connect/integrations/{integrationId}",
    "POST /v1/media/upload",
    "POST /v1/posts",
    "POST /v1/posts/validate",
    "POST /v1/posts/preview",
    "GET /v1/posts",
    "GET /v1/posts/{postId}",
    "PUT /v1/posts/{postId}",
    "DELETE /v1/posts/{postId}",
    "POST /v1/posts/{postId}/retry",
    "GET /v1/posts/{postId}/timeline",
    "GET /v1/posts/scheduled",
    "DELETE /v1/posts/scheduled/{postId}",
    "PATCH /v1/posts/scheduled/{postId}",
    "PUT /v1/posts/scheduled/{postId}",
    "POST /v1/posts/drafts",
    "PUT /v1/posts/drafts/{postId}",
    "POST /v1/posts/drafts/{postId}/schedule",
}


class Bound:
    """A key of one profile: an account in it, one in another, one in none."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        mine, other = made(tenant)["id"], made(tenant)["id"]
        self.inside, self.elsewhere = connected(tenant, mine), connected(tenant, other)
        self.loose = tenant.connect("twitter")
        key = operator(
            tenant.world,
            lambda db: access.create_key(db, tenant.project_id, name="client", profiles=[mine])[1],
        )
        headers = {"x-access-key": key}
        self.client = httpx2.Client(base_url=tenant.world.url, headers=headers, timeout=60, trust_env=False)

    def body(self, *accounts: Linked, **more: Any) -> dict[str, Any]:
        entries = [{"platform": each.platform, "accountId": each.id} for each in accounts]
        return {"content": words(), "platforms": entries} | (more or {"publishNow": True})


@pytest.fixture(scope="module")
def bound(tenant: Tenant) -> Iterator[Bound]:
    found = Bound(tenant)
    with found.client:
        yield found


def test_it_sees_and_uses_its_profiles_accounts(bound: Bound) -> None:
    listed = bound.client.get("/v1/connect/integrations").json()
    assert [each["id"] for each in listed["integrations"]] == [bound.inside.id]
    assert bound.client.get(f"/v1/connect/integrations/{bound.inside.id}").status_code == 200
    for foreign in (bound.elsewhere, bound.loose):
        path = f"/v1/connect/integrations/{foreign.id}"
        assert error(bound.client.get(path)) == (404, "integration_not_found")
        asked = {"profileId": bound.tenant.client.get(path).json()["integration"]["profileId"] or "null"}
        assert bound.client.get("/v1/connect/integrations", params=asked).json()["total"] == 0
    out = bound.client.post("/v1/posts", json=bound.body(bound.inside))
    assert (out.status_code, out.json()["status"]) == (202, "published")


@pytest.mark.parametrize(
    "path",
    ["/v1/posts", "/v1/posts?dryRun=true", "/v1/posts/validate", "/v1/posts/preview", "/v1/posts/drafts"],
)
def test_foreign_accounts_are_unknown(bound: Bound, path: str) -> None:
    for foreign in (bound.elsewhere, bound.loose):
        when = {} if path.endswith("drafts") else {"publishNow": True}
        asked = bound.body(bound.inside, foreign, **(when or {"timezone": "UTC"}))
        answer = bound.client.post(path, json=asked)
        (wrong,) = answer.json()["errors"]
        assert (wrong["path"], wrong["code"]) == ("platforms[1].accountId", "unknown_account")
        assert bound.tenant.on_network(asked["content"]) == []


def test_it_sees_and_changes_posts_on_its_accounts_alone(bound: Bound) -> None:
    hour = {"scheduledFor": later(3600)}
    whole = bound.tenant.client
    mine = whole.post("/v1/posts", json=bound.body(bound.inside, **hour)).json()["postId"]
    mixed = whole.post("/v1/posts", json=bound.body(bound.inside, bound.elsewhere, **hour)).json()["postId"]
    loose = whole.post("/v1/posts", json=bound.body(bound.loose, **hour)).json()["postId"]
    for path in ("/v1/posts?limit=100", "/v1/posts/scheduled?limit=100"):
        page = bound.client.get(path).json()
        shown = {each.get("postId", each.get("id")) for each in page["posts"]}
        assert mine in shown
        assert not shown & {mixed, loose}
        assert page["total"] == len(shown)
    for post_id, status in ((mine, 200), (mixed, 404), (loose, 404)):
        assert bound.client.get(f"/v1/posts/{post_id}").status_code == status
        assert bound.client.get(f"/v1/posts/{post_id}/timeline").status_code == status
        edited = bound.client.put(f"/v1/posts/scheduled/{post_id}", json=bound.body(bound.inside, **hour))
        assert edited.status_code == status
        moved = bound.client.patch(f"/v1/posts/scheduled/{post_id}", json={"scheduledFor": later(7200)})
        assert moved.status_code == status
        assert bound.client.delete(f"/v1/posts/scheduled/{post_id}").status_code == status
        again = bound.client.put(f"/v1/posts/drafts/{post_id}", json=bound.body(bound.inside, timezone="UTC"))
        assert again.status_code == status
        assert bound.client.delete(f"/v1/posts/{post_id}").status_code == status
    assert bound.client.put(
        f"/v1/posts/scheduled/{mine}", json=bound.body(bound.elsewhere, **hour)
    ).status_code in {400, 404}
    assert {whole.get(f"/v1/posts/{each}").json()["post"]["status"] for each in (mixed, loose)} == {
        "scheduled"
    }


def test_an_account_that_leaves_the_profile_takes_its_posts_along(bound: Bound) -> None:
    moved = connected(bound.tenant, made(bound.tenant)["id"])
    path = f"/v1/connect/integrations/{moved.id}"
    profile = bound.client.get("/v1/connect/integrations").json()["integrations"][0]["profileId"]
    post_id = bound.tenant.client.post("/v1/posts", json=bound.body(moved)).json()["postId"]
    assert bound.client.get(f"/v1/posts/{post_id}").status_code == 404
    assert bound.tenant.client.patch(path, json={"profileId": profile}).status_code == 200
    assert bound.client.get(f"/v1/posts/{post_id}").status_code == 200
    assert bound.tenant.client.patch(path, json={"profileId": None}).status_code == 200
    assert bound.client.get(f"/v1/posts/{post_id}").status_code == 404


def test_every_other_call_is_refused(bound: Bound) -> None:
    document = bound.client.get("/openapi.json").json()
    kept = set()
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            if call.get("security") == []:
                continue
            needed = [each for each in call.get("parameters", []) if each["required"]]
            given = {
                each["name"]: each["schema"].get("enum", [each["schema"].get("const", "twitter")])[0]
                for each in needed
            }
            answer = bound.client.request(
                method.upper(),
                path.format_map(given),
                params={each["name"]: given[each["name"]] for each in needed if each["in"] == "query"},
            )
            if answer.status_code == 403:
                assert answer.json()["code"] == "key_bound_to_profiles", answer.text
                assert "without --profile" in answer.text
            else:
                kept.add(f"{method.upper()} {path}")
    assert kept == KEPT
