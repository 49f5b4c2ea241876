"""Real kill -9 around a webhook (RELIABILITY P12, P13), and two workers that share the deliveries."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.contract.receivers import Receiver, on_receiver
from tests.processes import World

# A delivery is owned for both together: who dies is missed after seven seconds. A receiver that answers later than the
# first is sent the event once more, as it should be, and on a busy machine this one may be slow.
TIMES = {"POLYPOST_WEBHOOK_TIMEOUT_SECONDS": "5", "POLYPOST_LEASE_SECONDS": "2"}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with on_receiver() as running:
        yield running


def world(folder: Path, receiver: Receiver, database_url: str | None, *, workers: int) -> World:
    env = TIMES | {"POLYPOST_ALLOW_ADDRESSES": receiver.address}
    made = World(folder, database_url=database_url, env=env)
    made.start(workers=workers)
    made.control("POST", "limits", json={"enforced": False})
    return made


def subscribe(made: World, url: str) -> dict[str, Any]:
    body = {
        "channel": "webhook",
        "eventTypes": ["post.scheduled", "post.published"],
        "webhook": {"url": url},
    }
    with made.client() as client:
        return dict(client.post("/v1/notifications", json=body).json()["notification"])


def order(made: World, **more: Any) -> dict[str, Any]:
    target = {"platform": "twitter", "accountId": made.accounts["twitter"]}
    return {"content": f"hook {uuid.uuid4().hex}", "platforms": [target]} | more


def publish(made: World) -> None:
    """A post whose server may die before it answers."""
    with made.client() as client, suppress(httpx2.TransportError):
        client.post("/v1/posts", json=order(made, publishNow=True), headers={"prefer": "respond-async"})


def delivered(made: World, subscription: dict[str, Any]) -> None:
    """Wait until nothing of it waits any more; then everything adds up."""
    path = f"/v1/notifications/{subscription['id']}/deliveries"
    end = time.monotonic() + 30
    with made.client() as client:
        while client.get(path, params={"state": "delivered"}).json()["total"] != 1:
            assert time.monotonic() < end, client.get(path).text
            time.sleep(0.05)
    assert made.command("doctor")["findings"] == []


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[World]:
    """One server on SQLite."""
    made = world(tmp_path_factory.mktemp("hook"), receiver, None, workers=0)
    yield made
    made.stop()


@pytest.mark.parametrize(("point", "times"), [("P12", 1), ("P13", 2)])
def test_the_server_is_killed_around_a_delivery(
    alone: World, receiver: Receiver, point: str, times: int
) -> None:
    name = f"sqlite-{point}"
    subscription = subscribe(alone, receiver.url(name))
    alone.server.kill()
    alone.start_server(POLYPOST_FAIL_POINT=point)
    publish(alone)
    assert alone.server.wait_dead(20)
    assert len(receiver.boxes[name].received) == times - 1
    alone.server.kill()
    alone.start_server()
    received = receiver.wait(name, times)
    assert len({(each.headers["webhook-id"], each.body) for each in received}) == 1
    delivered(alone, subscription)
    assert len(receiver.boxes[name].received) == times
    with alone.client() as client:
        client.delete(f"/v1/notifications/{subscription['id']}")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver, postgres_url: str) -> Iterator[World]:
    """One API and two workers on PostgreSQL."""
    from tests.databases import fresh_database

    made = world(tmp_path_factory.mktemp("hooks"), receiver, fresh_database(postgres_url), workers=2)
    yield made
    made.stop()


@pytest.mark.parametrize(("point", "times"), [("P12", 1), ("P13", 2)])
def test_a_worker_is_killed_around_a_delivery(
    pair: World, receiver: Receiver, point: str, times: int
) -> None:
    name = f"postgresql-{point}"
    subscription = subscribe(pair, receiver.url(name))
    for worker in pair.workers:
        worker.kill()
    pair.workers[0].start(POLYPOST_FAIL_POINT=point)
    publish(pair)
    assert pair.workers[0].wait_dead(30)
    for worker in pair.workers:
        worker.kill()
        worker.start()
    received = receiver.wait(name, times)
    assert len({(each.headers["webhook-id"], each.body) for each in received}) == 1
    delivered(pair, subscription)
    with pair.client() as client:
        client.delete(f"/v1/notifications/{subscription['id']}")


def test_two_workers_deliver_each_event_once_and_in_order(pair: World, receiver: Receiver) -> None:
    names = [f"pair-{number}" for number in range(3)]
    for name in names:
        subscribe(pair, receiver.url(name))
    hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    with pair.client() as client:
        posts = [
            client.post("/v1/posts", json=order(pair, scheduledFor=hour)).json()["postId"] for _ in range(25)
        ]
    for name in names:
        received = receiver.wait(name, len(posts), seconds=40)
        assert Counter(each.headers["webhook-id"] for each in received).most_common(1)[0][1] == 1
        heard = [json.loads(each.body)["data"]["postId"] for each in received]
        assert sorted(heard) == sorted(posts)
        # The last to be said is the last to be heard, however the two share the work.
        assert heard == posts
    again_and_found_whole(pair, receiver, names[0], len(posts))


def again_and_found_whole(pair: World, receiver: Receiver, name: str, count: int) -> None:
    """A redelivery that is asked of the API, which delivers nothing itself, is a worker's."""
    with pair.client() as client:
        listed = client.get("/v1/notifications").json()["notifications"]
        (mine,) = [each["id"] for each in listed if each["webhook"]["url"] == receiver.url(name)]
        path = f"/v1/notifications/{mine}/deliveries"
        end = time.monotonic() + 30
        while client.get(path, params={"state": "delivered"}).json()["total"] != count:
            assert time.monotonic() < end
            time.sleep(0.05)
        newest = client.get(path).json()["deliveries"][0]
        assert client.post(f"{path}/{newest['id']}/redeliver").status_code == 200
    received = receiver.wait(name, count + 1)
    assert received[-1].body == received[-2].body
    assert received[-1].headers["webhook-id"] == newest["eventId"]
    assert pair.command("doctor")["findings"] == []
