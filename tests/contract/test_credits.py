"""Projects with a limit: 402 before anything is stored, and a ledger that is exact whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import ANY

import pytest

from polypost import access
from tests.contract.tenant import Tenant, later, operator, words
from tests.processes import World

New = Callable[..., Tenant]


def test_the_command_makes_a_project_with_a_limit(world: World, new: New) -> None:
    made = world.command("projects", "create", f"Limited {words()}", "--credits", "3")
    tenant = new(world)
    answer = tenant.client.get("/v1/usage", headers={"x-access-key": made["apiKey"]}).json()
    assert made["credits"] == 3
    assert answer["balance"]["purchased"] == {"total": 3, "used": 0, "remaining": 3}


def test_not_enough_is_402_and_stores_nothing(world: World, new: New) -> None:
    tenant = new(world, credits=1)
    body = tenant.body(None, "twitter", "instagram")
    for more in ({}, {"publishNow": False, "scheduledFor": later(600)}):
        answer = tenant.post(body | more)
        assert answer.status_code == 402
        said = answer.json()
        assert (said["success"], said["code"]) == (False, "insufficient_credits")
        assert "needs 2 credits" in said["message"]
        assert "Raise the project's limit" in said["message"]
    assert tenant.client.get("/v1/posts").json()["total"] == 0
    assert tenant.on_network(body["content"]) == []
    assert (tenant.used(), tenant.left()) == (0, 1)


def test_a_402_does_not_use_its_key_up(world: World, new: New) -> None:
    tenant = new(world, credits=1)
    headers = {"Idempotency-Key": "credits-1"}
    assert tenant.post(tenant.body(None, "twitter", "instagram"), headers=headers).status_code == 402
    assert tenant.post(tenant.body(), headers=headers).status_code == 202


def test_a_limit_is_reached_exactly(world: World, new: New) -> None:
    tenant = new(world, credits=3)
    tenant.published("twitter", "instagram")
    tenant.published()
    assert (tenant.used(), tenant.left()) == (3, 0)
    assert tenant.post(tenant.body()).status_code == 402
    assert tenant.used() == 3


def test_scheduling_sets_aside_and_cancelling_gives_back(world: World, new: New) -> None:
    tenant = new(world, credits=2)
    post_id = tenant.scheduled("twitter", "instagram")["postId"]
    assert (tenant.used(), tenant.left()) == (0, 0)
    assert tenant.post(tenant.body()).status_code == 402
    tenant.client.delete(f"/v1/posts/scheduled/{post_id}")
    tenant.client.delete(f"/v1/posts/scheduled/{post_id}")
    assert (tenant.used(), tenant.left()) == (0, 2)
    tenant.published()
    # Back on the schedule it would need both again.
    answer = tenant.client.patch(f"/v1/posts/scheduled/{post_id}", json={"scheduledFor": later(600)})
    assert answer.status_code == 402
    assert tenant.get(post_id)["status"] == "draft"


def test_an_edit_settles_the_difference(world: World, new: New) -> None:
    tenant = new(world, credits=2)
    post_id = tenant.scheduled()["postId"]
    path = f"/v1/posts/scheduled/{post_id}"
    picture = [{"type": "image", "url": world.demo_image()}]
    both = [tenant.entry(), tenant.entry("instagram")]
    assert tenant.left() == 1
    wider = {"content": words(), "platforms": both, "mediaItems": picture}
    assert tenant.client.put(path, json=wider).status_code == 200
    assert tenant.left() == 0
    assert tenant.client.put(path, json={"content": words(), "platforms": both[:1]}).status_code == 200
    assert tenant.left() == 1
    third = tenant.connect("twitter")
    too_wide = wider | {"platforms": [*both, {"platform": "twitter", "accountId": third.id}]}
    assert tenant.client.put(path, json=too_wide).status_code == 402
    assert len(tenant.get(post_id)["platforms"]) == 1
    assert tenant.left() == 1


def test_failures_are_free_and_a_retry_is_paid_once(world: World, new: New) -> None:
    tenant = new(world, credits=1)
    tenant.fault("duplicate", tenant.account("twitter"), times=1)
    post_id = tenant.post(tenant.body()).json()["postId"]
    assert (tenant.used(), tenant.left()) == (0, 1)
    assert tenant.client.post(f"/v1/posts/{post_id}/retry").json()["status"] == "published"
    assert (tenant.used(), tenant.left()) == (1, 0)


def test_a_retry_that_cannot_be_paid_is_402(world: World, new: New) -> None:
    tenant = new(world, credits=1)
    tenant.fault("duplicate", tenant.account("twitter"), times=1)
    post_id = tenant.post(tenant.body()).json()["postId"]
    tenant.published()
    assert tenant.client.post(f"/v1/posts/{post_id}/retry").status_code == 402
    assert tenant.get(post_id)["status"] == "failed"


def test_many_at_once_never_overdraw(world: World, new: New) -> None:
    tenant = new(world, credits=5)
    for _ in range(4):
        tenant.connect("twitter")

    def post(number: int) -> int:
        account = tenant.accounts[number % 4]
        entry = {"platform": "twitter", "accountId": account.id}
        body = {"content": words(), "publishNow": True, "platforms": [entry]}
        return tenant.post(body).status_code

    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(post, range(24)))
    assert sorted(codes) == [202] * 5 + [402] * 19
    assert (tenant.used(), tenant.left()) == (5, 0)


@pytest.mark.parametrize("credits", [0])
def test_no_credits_at_all(world: World, new: New, credits: int) -> None:
    tenant = new(world, credits=credits)
    assert tenant.post(tenant.body()).status_code == 402


def test_usage_by_month_network_and_account(world: World, new: New) -> None:
    tenant = new(world)
    tenant.published("twitter", "instagram")
    tenant.published()
    said = tenant.client.get("/v1/usage").json()
    (month,) = said["usage"]
    now = time.gmtime()
    assert (month["year"], month["month"]) == (now.tm_year, now.tm_mon)
    assert (month["count"], month["platform"]) == (3, {"twitter": 2, "instagram": 1})
    assert said["totalUsage"] == 3
    assert said["balance"]["monthly"]["used"] == 3
    one = tenant.client.get("/v1/usage", params={"integrationId": tenant.account("instagram").id}).json()
    assert (one["totalUsage"], "balance" in one) == (1, False)
    this = f"{now.tm_year:04}-{now.tm_mon:02}"
    assert len(tenant.client.get("/v1/usage", params={"from": this, "to": this}).json()["usage"]) == 1
    assert tenant.client.get("/v1/usage", params={"to": "2020-01"}).json()["usage"] == []
    assert tenant.client.get("/v1/usage", params={"integrationId": "int_unknown"}).status_code == 404


def test_a_monthly_allowance_is_spent_before_what_lasts(world: World, new: New) -> None:
    tenant = new(world, credits=1)
    changed = world.command("projects", "set", tenant.project_id, "--monthly-credits", "2")
    assert (changed["credits"], changed["monthlyCredits"]) == (1, 2)

    def balance() -> tuple[list[int], list[int]]:
        said = tenant.client.get("/v1/usage").json()["balance"]
        assert said["unlimited"] is False
        monthly, lasting = said["monthly"], said["purchased"]
        assert monthly["cycleStart"] < monthly["cycleEnd"]
        return (
            [monthly[name] for name in ("limit", "used", "remaining")],
            [lasting[name] for name in ("total", "used", "remaining")],
        )

    # Settings hold within a second.
    until(lambda: balance() == ([2, 0, 2], [1, 0, 1]))
    post_id = tenant.scheduled("twitter", "instagram")["postId"]
    assert balance() == ([2, 2, 0], [1, 0, 1])
    tenant.published()
    assert balance() == ([2, 2, 0], [1, 1, 0])
    assert tenant.post(tenant.body()).status_code == 402
    dry = tenant.client.post("/v1/posts/validate", json=tenant.body()).json()
    assert dry["credits"]["remaining"] == 0
    tenant.client.delete(f"/v1/posts/scheduled/{post_id}")
    assert balance() == ([2, 0, 2], [1, 1, 0])
    assert tenant.client.delete(
        f"/v1/posts/{tenant.published()['postId']}", params={"deleteFromPlatforms": True}
    ).json() == {"success": True, "creditsCharged": 1, "platforms": ANY}
    assert balance() == ([2, 2, 0], [1, 1, 0])
    assert tenant.used() == 3
    operator(world, lambda db: access.change_project(db, tenant.project_id, credits="unlimited"))
    until(lambda: tenant.client.get("/v1/usage").json()["balance"]["unlimited"])


def test_an_allowance_alone_is_all_there_is(world: World, new: New) -> None:
    tenant = new(world)
    for _ in range(4):
        tenant.connect("twitter")
    operator(world, lambda db: access.change_project(db, tenant.project_id, monthly_credits=3))
    until(lambda: not tenant.client.get("/v1/usage").json()["balance"]["unlimited"])

    def post(number: int) -> int:
        entry = {"platform": "twitter", "accountId": tenant.accounts[number % 4].id}
        return tenant.post({"content": words(), "publishNow": True, "platforms": [entry]}).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(post, range(12)))
    assert sorted(codes) == [202] * 3 + [402] * 9
    said = tenant.client.get("/v1/usage").json()["balance"]
    assert (said["monthly"]["remaining"], said["purchased"]["total"]) == (0, 0)


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition that other processes bring about."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_books_balance(world: World) -> None:
    """After everything the other tests did, every invariant of the store holds."""
    said = world.command("doctor")
    # What some of them left waits yet.
    assert (said["ok"], said["findings"]) == (True, [])
