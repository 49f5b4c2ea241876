"""Changes of failed targets whose server or worker is killed in the middle: the old or the new, and once."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests import databases
from tests.engine.judging import findings
from tests.engine.test_mending import texts
from tests.preloaded import Nursery
from tests.processes import World

# It refuses no second copy: whatever is sent twice is there twice.
NETWORK = "googlebusiness"


@pytest.mark.parametrize("point", ["P2", "P4", "P9", "P10"])
def test_killed_in_the_middle_it_is_the_old_or_the_new(tmp_path, nursery, point):
    world = World(tmp_path, nursery=nursery)
    world.start()
    try:
        world.control("POST", "faults", json={"platform": "twitter", "fault": "duplicate", "times": 1})
        entry = {"platform": "twitter", "accountId": world.accounts["twitter"]}
        with world.client() as client:
            body = {"content": "Hello", "publishNow": True, "platforms": [entry]}
            post_id = client.post("/v1/posts", json=body).json()["postId"]
        assert world.settle([post_id])[post_id]["status"] == "failed"
        world.server.kill()
        world.start_server(POLYPOST_FAIL_POINT=point)
        with world.client() as client, pytest.raises(httpx2.TransportError):
            client.put(f"/v1/posts/{post_id}", json={"content": f"Better {point}"})
        assert world.server.wait_dead(10)
        world.server.kill()
        world.start_server()
        shown = world.settle([post_id])[post_id]
        old = point == "P2"
        assert shown["status"] == ("failed" if old else "published")
        assert shown["platforms"][0]["content"] == (None if old else f"Better {point}")
        assert texts(world.visible("twitter")) == ([] if old else [f"Better {point}"])
        assert world.command("doctor")["ok"]
    finally:
        world.stop()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, nursery: Nursery) -> Iterator[World]:
    """One API and two workers, processes of their own, on PostgreSQL."""
    folder = tmp_path_factory.mktemp("pair")
    world = World(folder, database_url=databases.fresh_database(postgres_url), nursery=nursery)
    world.start(workers=2)
    yield world
    world.stop()


def used(world: World) -> int:
    with world.client() as client:
        return int(client.get("/v1/usage").json()["totalUsage"])


def failed(world: World, *faults: str) -> tuple[str, str]:
    """A post that failed, as these faults have it, and its text."""
    text = f"Hello {uuid.uuid4().hex}"
    for fault in faults:
        world.control("POST", "faults", json={"platform": NETWORK, "fault": fault, "seconds": 3600})
    body = {"content": text, "publishNow": True, "platforms": [world.target(NETWORK)]}
    with world.client() as client:
        post_id = client.post("/v1/posts", json=body).json()["postId"]
    assert world.settle([post_id])[post_id]["status"] == "failed"
    world.control("DELETE", "faults")
    return post_id, text


def change(world: World, post_id: str, body: dict[str, Any]) -> httpx2.Response:
    """A change whose answer waits for nobody; a repeat of it is known by its key."""
    headers = {"prefer": "respond-async", "Idempotency-Key": post_id}
    with world.client() as client:
        return client.put(f"/v1/posts/{post_id}", json=body, headers=headers)


def killed(world: World, point: str, post_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """The target after a change whose worker died at this point, and was not there when the other one ended it."""
    dies, goes_on = world.workers
    dies.kill()
    dies.start(POLYPOST_FAIL_POINT=point)
    # Which of two has a job is chance: the other one lives, and sleeps until it is alone.
    os.kill(goes_on.pid, signal.SIGSTOP)
    try:
        assert change(world, post_id, body).status_code == 202
        assert dies.wait_dead(20)
    finally:
        os.kill(goes_on.pid, signal.SIGCONT)
    (target,) = world.settle([post_id])[post_id]["platforms"]
    again = change(world, post_id, body)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert not dies.alive()
    dies.kill()
    dies.start()
    assert findings(world, world.database_url) == []
    return dict(target)


def out(world: World, text: str) -> list[tuple[str, int]]:
    """What is out of a post: text and number of media, once for each time that it is there."""
    return [(each["text"], each["mediaCount"]) for each in world.visible(NETWORK) if text in each["text"]]


@pytest.mark.parametrize("point", ["P4", "P9", "P10"])
def test_the_other_worker_ends_a_change_once(pair: World, point: str) -> None:
    post_id, text = failed(pair, "duplicate")
    before = used(pair)
    body = {"content": f"{text} changed", "mediaItems": [{"type": "image", "url": pair.demo_image()}]}
    target = killed(pair, point, post_id, body)
    assert (target["status"], target["content"]) == ("published", body["content"])
    assert out(pair, text) == [(body["content"], 1)]
    assert used(pair) == before + 1


def test_the_other_worker_finds_what_is_out_since_before_the_change(pair: World) -> None:
    post_id, text = failed(pair, "lost_answer", "listing_lag")
    before = used(pair)
    # It was found, and died before it could say so.
    target = killed(pair, "P15", post_id, {"content": f"{text} changed", "force": True})
    assert (target["status"], target["content"]) == ("published", None)
    assert out(pair, text) == [(text, 0)]
    assert used(pair) == before


def test_a_change_that_was_not_written_when_the_server_died_is_made_by_its_repeat(pair: World) -> None:
    post_id, text = failed(pair, "duplicate")
    body = {"content": f"{text} changed"}
    pair.server.kill()
    pair.start_server(POLYPOST_FAIL_POINT="P2")
    with pytest.raises(httpx2.TransportError):
        change(pair, post_id, body)
    assert pair.server.wait_dead(10)
    pair.server.kill()
    pair.start_server()
    with pair.client() as client:
        assert client.get(f"/v1/posts/{post_id}").json()["post"]["status"] == "failed"
    answer = change(pair, post_id, body)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (202, False)
    assert pair.settle([post_id])[post_id]["status"] == "published"
    assert out(pair, text) == [(body["content"], 0)]
    assert findings(pair, pair.database_url) == []
