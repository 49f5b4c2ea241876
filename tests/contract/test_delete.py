"""Deleting a post, here and on the networks: the closed answer, charged once, honest about what is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.contract.tenant import Tenant, words
from tests.processes import World

TOP = {"success", "creditsCharged", "platforms"}
ENTRY = {"platform", "integrationId", "platformPostId", "status", "success"}
MORE = {"message", "errorMessage"}


def delete(tenant: Tenant, post_id: str, *, everywhere: bool = False) -> httpx2.Response:
    """`DELETE /v1/posts/{postId}`, its answer checked for shape."""
    query = {"deleteFromPlatforms": "true"} if everywhere else None
    answer = tenant.client.delete(f"/v1/posts/{post_id}", params=query)
    if answer.status_code == 200:
        said = answer.json()
        assert {"success"} <= set(said) <= TOP
        for entry in said["platforms"]:
            assert ENTRY <= set(entry) <= ENTRY | MORE
            assert all(isinstance(entry[name], str) for name in ("platform", "integrationId", "status"))
    return answer


def gone(tenant: Tenant, post_id: str) -> None:
    """Nothing shows the post any more."""
    assert tenant.client.get(f"/v1/posts/{post_id}").status_code == 404
    assert delete(tenant, post_id).status_code == 404
    listed = tenant.client.get("/v1/posts", params={"limit": 100}).json()["posts"]
    assert post_id not in {post["postId"] for post in listed}


def test_here_only(tenant: Tenant) -> None:
    post = tenant.published()
    used = tenant.used()
    said = delete(tenant, post["postId"]).json()
    assert (said["success"], said["creditsCharged"]) == (True, 0)
    gone(tenant, post["postId"])
    seen = [
        each
        for each in tenant.world.visible("twitter")
        if each["id"] == post["platforms"][0]["platformPostId"]
    ]
    assert [each["deleted"] for each in seen] == [False]
    # What was published stays paid.
    assert tenant.used() == used


def test_on_the_network_too_charged_once(tenant: Tenant) -> None:
    post = tenant.published()
    used = tenant.used()
    said = delete(tenant, post["postId"], everywhere=True).json()
    assert (said["success"], said["creditsCharged"]) == (True, 1)
    assert said["platforms"][0]["success"] is True
    seen = [
        each
        for each in tenant.world.visible("twitter")
        if each["id"] == post["platforms"][0]["platformPostId"]
    ]
    assert [each["deleted"] for each in seen] == [True]
    assert tenant.used() == used + 1
    gone(tenant, post["postId"])
    assert tenant.used() == used + 1


def test_a_whole_thread_is_taken_back(tenant: Tenant) -> None:
    body = tenant.body()
    rest = [words(), words()]
    body["platforms"][0]["platformSpecificData"] = {"threadItems": [{"content": text} for text in rest]}
    post_id = tenant.post(body).json()["postId"]
    assert delete(tenant, post_id, everywhere=True).json()["creditsCharged"] == 1
    for text in (body["content"], *rest):
        assert [each["deleted"] for each in tenant.on_network(text)] == [True]


def test_every_network_is_charged_for_its_own_deletion(tenant: Tenant) -> None:
    post = tenant.published("twitter", "instagram")
    used = tenant.used()
    said = delete(tenant, post["postId"], everywhere=True).json()
    assert [entry["status"] for entry in said["platforms"]] == ["deleted", "deleted"]
    assert said["creditsCharged"] == 2
    assert tenant.used() == used + 2


def test_what_is_scheduled_or_running_is_409(tenant: Tenant) -> None:
    post_id = tenant.scheduled()["postId"]
    for everywhere in (False, True):
        answer = delete(tenant, post_id, everywhere=everywhere)
        assert answer.status_code == 409
        assert "Cancel it first" in answer.json()["message"]
    assert tenant.get(post_id)["status"] == "scheduled"
    tenant.client.delete(f"/v1/posts/scheduled/{post_id}")
    assert delete(tenant, post_id).json()["success"] is True
    gone(tenant, post_id)
    slow = tenant.connect("twitter")
    tenant.fault("slow", slow, seconds=1)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": slow.id}]}
    running = tenant.post(body, headers={"Prefer": "respond-async"}).json()["postId"]
    assert delete(tenant, running).status_code == 409
    tenant.settle(running)
    assert delete(tenant, running).status_code == 200


def test_a_failed_post_costs_nothing_to_delete(tenant: Tenant) -> None:
    tenant.fault("duplicate", tenant.account("twitter"), times=1)
    post_id = tenant.post(tenant.body()).json()["postId"]
    said = delete(tenant, post_id, everywhere=True).json()
    assert (said["success"], said["creditsCharged"]) == (True, 0)
    assert said["platforms"][0]["platformPostId"] is None


def test_a_dead_account_says_what_to_do_and_leaves_the_post(tenant: Tenant) -> None:
    dying = tenant.connect("twitter")
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": dying.id}]}
    post_id = tenant.post(body).json()["postId"]
    tenant.fault("token_dead", dying)
    used = tenant.used()
    said = delete(tenant, post_id, everywhere=True).json()
    assert (said["success"], said["creditsCharged"]) == (False, 0)
    assert "onnect the account again" in said["platforms"][0]["errorMessage"]
    assert tenant.used() == used
    assert tenant.get(post_id)["status"] == "published"
    tenant.disconnect(dying)
    again = delete(tenant, post_id, everywhere=True).json()
    assert "onnect it again" in again["platforms"][0]["errorMessage"]
    assert delete(tenant, post_id).json()["success"] is True


def test_several_at_once_charge_once(tenant: Tenant) -> None:
    post_id = tenant.published()["postId"]
    used = tenant.used()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: delete(tenant, post_id, everywhere=True), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 404}
    assert sum(answer.json().get("creditsCharged", 0) for answer in answers) == 1
    assert tenant.used() == used + 1


def test_without_credits_for_it_nothing_is_deleted(world: World, new: Callable[..., Tenant]) -> None:
    poor = new(world, credits=1)
    post = poor.published()
    answer = delete(poor, post["postId"], everywhere=True)
    assert answer.status_code == 402
    assert poor.get(post["postId"])["status"] == "published"
    assert delete(poor, post["postId"]).status_code == 200
    assert poor.used() == 1


def test_a_deleted_posts_body_is_free_again_and_its_key_is_not(tenant: Tenant) -> None:
    body = tenant.body()
    headers = {"Idempotency-Key": "delete-1"}
    first = tenant.post(body, headers=headers).json()["postId"]
    delete(tenant, first, everywhere=True)
    again = tenant.post(body, headers=headers)
    assert (again.status_code, again.json()["postId"]) == (202, first)
    for fresh in ({"Idempotency-Key": "delete-2"}, {}):
        other = tenant.post(body, headers=fresh)
        assert other.status_code == 202
        assert other.json()["postId"] != first


@pytest.mark.parametrize("ended", [False, True])
def test_a_retry_in_between_is_said_with_what_was_deleted(
    world: World, new: Callable[..., Tenant], *, ended: bool
) -> None:
    tenant = new(world)
    kept, failing = tenant.connect("twitter"), tenant.connect("twitter")
    tenant.fault("duplicate", failing, times=1)
    entries = [{"platform": "twitter", "accountId": each.id} for each in (kept, failing)]
    post_id = tenant.post({**tenant.body(), "platforms": entries}).json()["postId"]
    assert tenant.get(post_id)["status"] == "partial"
    # Each of its calls, so that the deletion is held up whatever else this account is asked about meanwhile.
    tenant.fault("slow", kept, seconds=6)
    if not ended:
        tenant.fault("rate_limited", failing, seconds=12, times=1)

    with ThreadPoolExecutor(1) as pool:
        deleting = pool.submit(delete, tenant, post_id, everywhere=True)
        while not struck(world, kept.user_id):
            time.sleep(0.02)
        again = tenant.client.post(f"/v1/posts/{post_id}/retry", headers={"Prefer": "respond-async"})
        asked = world.control("GET", "requests", params={"platform": "twitter", "limit": 20})["requests"]
        mine = [each for each in asked if each["accountId"] == kept.user_id]
        assert again.status_code == 202, (again.text, mine)
        if ended:
            tenant.settle(post_id)
        answer = deleting.result()
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["success"], said["creditsCharged"]) == (False, 1)
    told = {entry["integrationId"]: entry for entry in said["platforms"]}
    assert (told[kept.id]["status"], told[kept.id]["success"]) == ("deleted", True)
    assert told[failing.id]["success"] is False
    assert told[failing.id]["status"] in ({"published"} if ended else {"pending", "publishing"})
    assert "Delete it once more" in told[failing.id]["errorMessage"]

    tenant.settle(post_id)
    rest = delete(tenant, post_id, everywhere=True).json()
    assert (rest["success"], rest["creditsCharged"]) == (True, 1)
    gone(tenant, post_id)


def struck(world: World, user_id: str) -> bool:
    """Whether a slow call of this account has begun."""
    rules = world.control("GET", "faults")["faults"]
    return any(rule["accountId"] == user_id and rule["hits"] for rule in rules)
