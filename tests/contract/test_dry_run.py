"""The dry run: the verdict of acceptance without a trace of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.hostile_media import Stage
from tests.contract.tenant import Tenant, later, paths, words
from tests.processes import World

PATHS = ["/v1/posts?dryRun=true", "/v1/posts/validate"]


def verdict(tenant: Tenant, body: Any, path: str = PATHS[0]) -> dict[str, Any]:
    """What the dry run says; nothing may be stored, paid or published by it."""
    before = tenant.client.get("/v1/posts").json()["total"], tenant.used()
    answer = tenant.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert (tenant.client.get("/v1/posts").json()["total"], tenant.used()) == before
    said = answer.json()
    assert said["valid"] is said["success"] is not bool(said["errors"])
    return dict(said)


@pytest.mark.parametrize("path", PATHS)
def test_a_good_body(tenant: Tenant, path: str) -> None:
    body = tenant.body(None, "twitter", "instagram")
    body["platforms"][1]["content"] = "For pictures"
    said = verdict(tenant, body, path)
    assert said["valid"] is True
    assert said["credits"] == {"price": 2, "remaining": None}
    assert said["scheduledFor"] is None
    assert [entry["content"] for entry in said["platforms"]] == [body["content"], "For pictures"]
    assert tenant.on_network(body["content"]) == []


def test_the_instant_a_time_means(local: Tenant) -> None:
    body = local.body(scheduledFor="2027-03-14T02:30:00", timezone="America/New_York")
    said = verdict(local, body)
    assert said["scheduledFor"] == "2027-03-14T07:30:00.000Z"
    assert said["timezone"] == "America/New_York"
    assert "does not exist" in said["warningMessage"]


@pytest.mark.parametrize("path", PATHS)
def test_it_says_what_acceptance_says(local: Tenant, path: str) -> None:
    entry = {"platform": "twitter", "accountId": "int_nobody"}
    for change in (
        {"content": "x" * 300},
        {"content": None},
        {"platforms": []},
        {"platforms": [entry, "x"]},
        {"surprise": 1, "publishNow": "x", "timezone": "Mars"},
        {"mediaItems": [{"type": "image", "url": "http://10.0.0.1/"}, {"type": "x", "url": 5}]},
        {"scheduledFor": later(60)},
        {"platforms": [{**local.entry(), "platformSpecificData": {"x": 1}}]},
    ):
        body = local.body() | change
        said = verdict(local, body, path)
        refused = local.post(body)
        assert {problem["path"] for problem in said["errors"]} == paths(refused)
        assert said["errors"] == refused.json()["errors"]


def test_media_are_looked_at_when_asked(local: Tenant, stage: Stage) -> None:
    good = local.world.demo_image()
    items = [{"type": "image", "url": good}, {"type": "image", "url": stage.url("404.jpg")}]
    body = local.body(mediaItems=items)
    assert verdict(local, body)["valid"] is True
    for path in ("/v1/posts?dryRun=true&probeMedia=true", "/v1/posts/validate?probeMedia=true"):
        said = verdict(local, body, path)
        assert [problem["path"] for problem in said["errors"]] == ["mediaItems[1].url"]
        assert said["errors"][0]["hint"]
    wrong_type = local.body(mediaItems=[{"type": "video", "url": good}])
    said = verdict(local, wrong_type, "/v1/posts/validate?probeMedia=true")
    assert [problem["path"] for problem in said["errors"]] == ["mediaItems[0].type"]


def test_media_of_options_are_looked_at_too(local: Tenant, stage: Stage) -> None:
    body = local.body()
    item = {"content": words(), "mediaItems": [{"type": "image", "url": stage.url("page.jpg")}]}
    body["platforms"][0]["platformSpecificData"] = {"threadItems": [{"content": words()}, item]}
    said = verdict(local, body, "/v1/posts/validate?probeMedia=true")
    where = "platforms[0].platformSpecificData.threadItems[1].mediaItems[0].url"
    assert [problem["path"] for problem in said["errors"]] == [where]


def test_the_price_and_whether_it_can_be_paid(world: World, new: Callable[..., Tenant]) -> None:
    poor = new(world, credits=1)
    said = verdict(poor, poor.body(None, "twitter", "instagram"))
    assert said["credits"] == {"price": 2, "remaining": 1}
    assert [problem["code"] for problem in said["errors"]] == ["insufficient_credits"]
    assert verdict(poor, poor.body())["valid"] is True


def test_it_leaves_the_idempotency_key_free(local: Tenant) -> None:
    headers = {"Idempotency-Key": "dry-1"}
    local.client.post(PATHS[0], json=local.body(), headers=headers)
    answer = local.post(local.body(), headers=headers)
    assert answer.status_code == 202
    assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize("query", ["dryRun=true", "dryRun=True", "dryRun=1", "dryrun=true", "DRYRUN=1"])
def test_every_spelling_of_yes_is_a_dry_run(local: Tenant, query: str) -> None:
    assert verdict(local, local.body(), f"/v1/posts?{query}")["valid"] is True


@pytest.mark.parametrize("query", ["dryRun=yes", "dryRun=", "dryRun", "dryRun=tru", "dryRun=true&dryRun=x"])
def test_a_dry_run_that_is_not_understood_publishes_nothing(local: Tenant, query: str) -> None:
    body = local.body()
    assert paths(local.client.post(f"/v1/posts?{query}", json=body)) == {"dryRun"}
    assert local.on_network(body["content"]) == []


def test_false_publishes(local: Tenant) -> None:
    assert local.client.post("/v1/posts?dryRun=false", json=local.body()).status_code == 202
