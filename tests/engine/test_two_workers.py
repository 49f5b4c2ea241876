"""Real processes in the middle of a commit call: stopped, killed, asked to end."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import World

PATIENCE = 60.0
# A commit call may take a third of the lease; half a second of it is the network's.
LEASE = {"POLYPOST_LEASE_SECONDS": "6", "POLYPOST_HEARTBEAT_SECONDS": "1"}
SLOW_SECONDS = 1.5


def until(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[World]:
    """One API and two workers on PostgreSQL."""
    from tests.databases import fresh_database

    world = World(tmp_path_factory.mktemp("pair"), database_url=fresh_database(postgres_url), env=LEASE)
    world.start(workers=2)
    world.control("POST", "limits", json={"enforced": False})
    yield world
    world.stop()


def post_slowly(world: World, text: str, *, seen: bool = True) -> str:
    """A post whose answer takes its time, once it can be seen; with `seen` off, one that may have to wait."""
    world.control(
        "POST", "faults", json={"platform": "twitter", "fault": "slow", "times": 1, "seconds": SLOW_SECONDS}
    )
    body = {
        "content": text,
        "publishNow": True,
        "platforms": [{"platform": "twitter", "accountId": world.accounts["twitter"]}],
    }
    with world.client() as client:
        post_id: str = client.post("/v1/posts", json=body, headers={"prefer": "respond-async"}).json()[
            "postId"
        ]
    if seen:
        until(lambda: count(world, text))
    return post_id


def count(world: World, text: str) -> int:
    return sum(post["text"] == text for post in world.visible("twitter"))


def kinds(world: World, post_id: str) -> list[str]:
    with world.client() as client:
        lines = client.get(f"/v1/posts/{post_id}/timeline").json()["timeline"]
    return [line["kind"] for line in lines]


def check(world: World, post_id: str, text: str) -> dict[str, Any]:
    """It is published, once, and everything adds up."""
    post = world.settle([post_id])[post_id]
    assert post["status"] == "published", post
    assert count(world, text) == 1
    assert world.command("doctor")["findings"] == []
    return post


def test_a_worker_that_is_stopped_in_the_call_is_taken_over_and_does_no_harm_when_it_wakes(
    pair: World,
) -> None:
    text = f"stopped {uuid.uuid4().hex}"
    post_id = post_slowly(pair, text)
    # Which of the two has it is not to be seen from outside: the other one is given the time to take over.
    for worker in pair.workers:
        os.kill(worker.pid, signal.SIGSTOP)
    time.sleep(float(LEASE["POLYPOST_LEASE_SECONDS"]) + 1)
    for worker in pair.workers:
        os.kill(worker.pid, signal.SIGCONT)
    check(pair, post_id, text)
    assert all(worker.alive() for worker in pair.workers)


@pytest.mark.parametrize("number", [0, 1])
def test_one_worker_is_stopped_while_the_other_works(pair: World, number: int) -> None:
    text = f"one stopped {uuid.uuid4().hex}"
    post_id = post_slowly(pair, text)
    os.kill(pair.workers[number].pid, signal.SIGSTOP)
    try:
        check(pair, post_id, text)
    finally:
        os.kill(pair.workers[number].pid, signal.SIGCONT)
    check(pair, post_id, text)


def test_a_worker_is_killed_in_the_call(pair: World) -> None:
    text = f"killed {uuid.uuid4().hex}"
    post_id = post_slowly(pair, text)
    for worker in pair.workers:
        worker.kill()
    for worker in pair.workers:
        worker.start()
    check(pair, post_id, text)
    assert "found" in kinds(pair, post_id)


def test_the_account_of_a_killed_worker_goes_on(pair: World) -> None:
    first, second = f"holds {uuid.uuid4().hex}", f"follows {uuid.uuid4().hex}"
    held = post_slowly(pair, first)
    # Its ring finds the account taken, and is not put back.
    following = post_slowly(pair, second, seen=False)
    time.sleep(0.5)
    for worker in pair.workers:
        worker.kill()
    for worker in pair.workers:
        worker.start()
    check(pair, held, first)
    check(pair, following, second)


def test_the_account_of_a_killed_server_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, env=LEASE)
    world.start()
    try:
        world.control("POST", "limits", json={"enforced": False})
        first, second = f"holds {uuid.uuid4().hex}", f"follows {uuid.uuid4().hex}"
        held = post_slowly(world, first)
        following = post_slowly(world, second, seen=False)
        world.server.kill()
        world.start_server()
        check(world, held, first)
        check(world, following, second)
    finally:
        world.stop()


def test_a_worker_that_is_asked_to_end_lets_the_call_end(pair: World) -> None:
    text = f"asked {uuid.uuid4().hex}"
    post_id = post_slowly(pair, text)
    ends = [threading.Thread(target=worker.stop) for worker in pair.workers]
    for end in ends:
        end.start()
    for end in ends:
        end.join()
    # With no worker alive, what is there was written by the one that had it.
    check(pair, post_id, text)
    assert "unknown" not in kinds(pair, post_id)
    for worker in pair.workers:
        worker.start()


def test_a_server_that_is_asked_to_end_lets_the_call_end(tmp_path: Path) -> None:
    world = World(tmp_path, env=LEASE)
    world.start()
    try:
        world.control("POST", "limits", json={"enforced": False})
        text = f"server {uuid.uuid4().hex}"
        post_id = post_slowly(world, text)
        world.server.stop()
        world.start_server()
        check(world, post_id, text)
        assert "unknown" not in kinds(world, post_id)
    finally:
        world.stop()
