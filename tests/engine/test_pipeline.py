"""What becomes of a post when its network misbehaves; the sandbox says what was really published."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.processes import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("pipeline"))
    world.start()
    yield world
    world.stop()


@pytest.fixture(autouse=True)
def _calm(world: World) -> Iterator[None]:
    world.control("POST", "limits", json={"enforced": False})
    yield
    world.control("DELETE", "faults")


def fault(world: World, platform: str, name: str, **more: Any) -> None:
    world.control("POST", "faults", json={"platform": platform, "fault": name, **more})


def publish(
    world: World, *platforms: str, text: str | None = None, headers: Any = None, **more: Any
) -> dict[str, Any]:
    """The final post of a publish-now request."""
    body = {
        "content": text or f"pipeline {uuid.uuid4().hex}",
        "publishNow": True,
        "mediaItems": [{"type": "image", "url": world.demo_image()}],
        "platforms": [{"platform": name, "accountId": world.accounts[name]} for name in platforms],
        **more,
    }
    with world.client() as client:
        answer = client.post("/v1/posts", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        post_id = answer.json()["postId"]
    return world.settle([post_id])[post_id]


def seen(world: World, post: dict[str, Any], platform: str) -> int:
    return sum(each["text"] == post["content"] for each in world.visible(platform))


def used(world: World) -> int:
    with world.client() as client:
        return int(client.get("/v1/usage").json()["totalUsage"])


@pytest.mark.parametrize("platform", ["twitter", "instagram"])
@pytest.mark.parametrize("name", ["lost_answer", "error_after"])
def test_an_answer_lost_after_storing_is_found_again(world, platform, name):
    before = used(world)
    fault(world, platform, name, times=1)
    post = publish(world, platform)
    assert post["status"] == "published"
    assert seen(world, post, platform) == 1
    assert used(world) == before + 1
    with world.client() as client:
        kinds = [
            line["kind"] for line in client.get(f"/v1/posts/{post['postId']}/timeline").json()["timeline"]
        ]
    assert "found" in kinds


@pytest.mark.parametrize("platform", ["twitter", "instagram"])
@pytest.mark.parametrize("name", ["error_before", "reset_before"])
def test_a_call_that_did_nothing_is_made_once_more_after_the_last_look(world, platform, name):
    fault(world, platform, name, times=1)
    post = publish(world, platform)
    assert post["status"] == "published"
    assert seen(world, post, platform) == 1


def test_two_equal_texts_in_doubt_are_not_sent_again(world):
    """R2: the duplicate refusal is no net where another open target says the same."""
    text = f"pipeline {uuid.uuid4().hex}"
    fault(world, "twitter", "reset_before", times=2)
    later = time.time() + 2
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(later))
    with world.client() as client:
        ids = [
            client.post(
                "/v1/posts",
                json={
                    "content": text,
                    "scheduledFor": stamp,
                    "platforms": [{"platform": "twitter", "accountId": world.accounts["twitter"]}],
                },
            ).json()["postId"]
            for _ in range(2)
        ]
    final = world.settle(ids)
    codes = [post["platforms"][0]["errorCode"] for post in final.values()]
    assert sum(each["text"] == text for each in world.visible("twitter")) <= 1
    assert "outcome_unknown" in codes


def test_a_duplicate_says_so(world):
    first = publish(world, "twitter", mediaItems=[])
    again = publish(world, "twitter", text=first["content"], mediaItems=[])
    assert again["status"] == "failed"
    assert again["platforms"][0]["errorCode"] == "duplicate"
    assert seen(world, first, "twitter") == 1


def test_a_rate_limit_is_waited_for_and_met_once(world):
    fault(world, "twitter", "rate_limited", times=1, seconds=2)
    post = publish(world, "twitter", headers={"Prefer": "respond-async"})
    assert post["status"] == "published"
    with world.client() as client:
        lines = client.get(f"/v1/posts/{post['postId']}/timeline").json()["timeline"]
    assert sum(line["kind"] == "rate_limited" for line in lines) == 1


def test_slow_processing_gives_the_worker_back(world):
    fault(world, "instagram", "processing", times=1, seconds=3)
    waiting = publish(world, "instagram", headers={"Prefer": "respond-async"})
    assert waiting["status"] == "published"


def test_a_picture_that_is_not_there_fails_its_targets_with_a_reason(world):
    gone = world.demo_image().replace("demo.jpg", "absent.jpg")
    post = publish(world, "twitter", "instagram", mediaItems=[{"type": "image", "url": gone}])
    assert post["status"] == "failed"
    for target in post["platforms"]:
        assert "not publicly accessible" in target["errorMessage"]


def test_one_failure_and_one_success_is_partial_and_only_the_success_is_paid(world):
    before = used(world)
    fault(world, "instagram", "spam", times=1)
    post = publish(world, "twitter", "instagram")
    assert post["status"] == "partial"
    targets = {target["platform"]: target for target in post["platforms"]}
    assert targets["twitter"]["status"] == "published"
    assert targets["instagram"]["status"] == "failed"
    assert targets["instagram"]["errorMessage"]
    assert used(world) == before + 1


def test_a_thread_goes_out_in_order(world):
    text = f"pipeline {uuid.uuid4().hex}"
    entry = {
        "platform": "twitter",
        "accountId": world.accounts["twitter"],
        "platformSpecificData": {
            "threadItems": [{"content": f"{text} second"}, {"content": f"{text} third"}]
        },
    }
    post = publish(world, text=text, mediaItems=[], platforms=[entry])
    assert post["status"] == "published"
    assert post["platforms"][0]["warningMessage"] is None
    texts = [each["text"] for each in world.visible("twitter") if each["text"].startswith(text)]
    assert sorted(texts) == sorted([text, f"{text} second", f"{text} third"])


def test_a_dead_token_fails_its_target_names_the_cure_and_marks_the_account(world):
    world.control("POST", "seed", json={"accounts": 1, "platform": "twitter"})
    account = None
    while account is None:
        with world.client() as client:
            found = client.get("/v1/connect/integrations?platform=twitter").json()["integrations"]
        fresh = [each for each in found if each["id"] != world.accounts["twitter"]]
        account = fresh[0] if fresh else None
    fault(world, "twitter", "token_dead", accountId=account["platformUserId"])
    entries = [
        {"platform": "twitter", "accountId": account["id"]},
        {"platform": "instagram", "accountId": world.accounts["instagram"]},
    ]
    post = publish(world, platforms=entries)
    assert post["status"] == "partial"
    dead = next(target for target in post["platforms"] if target["platform"] == "twitter")
    assert "onnect" in dead["errorMessage"]
    with world.client() as client:
        shown = client.get(f"/v1/connect/integrations/{account['id']}").json()["integration"]
    assert shown["authStatus"] == "reconnect_required"
    assert shown["tokenStatus"]["reconnectRequired"]


def test_an_unknown_outcome_is_retried_only_by_force(world):
    fault(world, "twitter", "lost_answer", times=1)
    fault(world, "twitter", "listing_lag", seconds=60)
    post = publish(world, "twitter", mediaItems=[])
    target = post["platforms"][0]
    if target["status"] == "published":
        pytest.fail("the listing lag hid nothing")
    assert target["errorCode"] == "outcome_unknown"
    with world.client() as client:
        refused = client.post(f"/v1/posts/{post['postId']}/retry", json={})
        assert refused.status_code == 409
        assert refused.json()["code"] == "outcome_unknown"


def test_doctor_finds_nothing_after_all_of_this(world):
    assert world.command("doctor")["findings"] == []


def test_readiness_tells_numbers_and_no_names(world):
    with world.client() as client:
        load = client.get("/healthz/ready").json()["checks"]["load"]
    assert load.keys() == {"ok", "seats", "taken", "aside", "waiting", "overdue", "overdueSeconds"}
    assert load["seats"] == 32
    assert all(isinstance(figure, int | float) for figure in load.values())


def test_a_paused_worker_publishes_nothing_twice(tmp_path, fresh_database):
    """P17: SIGSTOP for longer than the lease, then SIGCONT."""
    world = World(tmp_path, database_url=fresh_database)
    world.start(workers=2)
    try:
        world.control("POST", "limits", json={"enforced": False})
        fault(world, "twitter", "slow", percent=100, seconds=0.5)
        with world.client() as client:
            ids = [
                client.post(
                    "/v1/posts",
                    headers={"Prefer": "respond-async"},
                    json={
                        "content": f"paused {number} {uuid.uuid4().hex}",
                        "publishNow": True,
                        "platforms": [{"platform": "twitter", "accountId": world.accounts["twitter"]}],
                    },
                ).json()["postId"]
                for number in range(6)
            ]
        time.sleep(0.8)
        os.kill(world.workers[0].pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(world.workers[0].pid, signal.SIGCONT)
        final = world.settle(ids)
        texts = [post["text"] for post in world.visible("twitter")]
        for post in final.values():
            assert texts.count(post["content"]) == 1, post
        assert world.command("doctor")["findings"] == []
    finally:
        world.stop()
