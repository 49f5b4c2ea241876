"""What is answered when the store stumbles after the acceptance, and one post for a request that comes twice (E1, A3).

Two servers of their own processes on one PostgreSQL, each through a door at which connections can be ended.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests import databases
from tests.contract.tenant import later
from tests.engine.proxy import Cut, Proxy
from tests.processes import Process, World

ACCEPTING = "COMMIT of WITH posts"
ACCEPTING_MANY = "COMMIT of INSERT posts"
REPLAYED = "Idempotency-Replayed"
SECONDS = 3.0
ROUNDS = 12


@dataclass
class Pair:
    """The world, whose own server is the first, and a second server."""

    world: World
    second: Process
    proxy: Proxy

    @property
    def urls(self) -> list[str]:
        return [self.world.url, str(self.second.ready["url"])]

    def body(self, **more: Any) -> dict[str, Any]:
        body = {"content": f"accept {uuid.uuid4().hex}", "platforms": [self.world.target("twitter")]}
        return body | ({"publishNow": True} if "scheduledFor" not in more else {}) | more

    def post(self, body: dict[str, Any], server: int = 0, **options: Any) -> httpx2.Response:
        return self.call("POST", "/v1/posts", server, json=body, **options)

    def call(self, method: str, path: str, server: int = 0, **options: Any) -> httpx2.Response:
        headers = {"x-access-key": self.world.key, **options.pop("headers", {})}
        url = f"{self.urls[server]}{path}"
        return httpx2.request(method, url, headers=headers, timeout=60, trust_env=False, **options)

    def like_node(self, body: dict[str, Any]) -> list[httpx2.Response]:
        """All answers to a client that repeats POST on 5xx, as the official one does."""
        said = [self.post(body)]
        while said[-1].status_code >= 500 and len(said) < 3:
            said.append(self.post(body))
        return said

    def slow(self, seconds: float) -> None:
        self.world.control(
            "POST", "faults", json={"platform": "twitter", "fault": "slow", "seconds": seconds, "times": 1}
        )

    def posts(self, body: dict[str, Any]) -> list[str]:
        """The ids of the posts with this text."""
        listed = self.call("GET", "/v1/posts?limit=100").json()["posts"]
        return [each["postId"] for each in listed if each["content"] == body["content"]]

    def out(self, body: dict[str, Any]) -> int:
        """How often the text is on the network once everything has settled."""
        self.world.settle(self.posts(body))
        return sum(each["text"] == body["content"] for each in self.world.visible("twitter"))


@contextmanager
def a_pair(folder: Path, database_url: str, **env: str) -> Iterator[Pair]:
    proxy = Proxy(database_url, "server", "second")
    proxy.open()
    waits = {"POLYPOST_PUBLISH_WAIT_SECONDS": str(SECONDS), "POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000"}
    world = World(folder / "first", database_url=proxy.url("server"), env=waits | env)
    world.start()
    world.control("POST", "limits", json={"enforced": False})
    more = {
        "POLYPOST_DATA": str(folder / "second"),
        "POLYPOST_DATABASE_URL": proxy.url("second"),
        "POLYPOST_SANDBOX_URL": world.sandbox.ready["sandboxUrl"],
    }
    second = Process(
        "serve", "--json", "--no-worker", "--port", "0", log=folder / "second.log", env=world.env | more
    )
    second.start()
    yield Pair(world, second, proxy)
    second.stop()
    world.stop()
    proxy.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Pair]:
    with a_pair(tmp_path_factory.mktemp("pair"), databases.fresh_database(postgres_url)) as pair:
        yield pair


@pytest.fixture
def patient_pair(tmp_path: Path, fresh_database: str) -> Iterator[Pair]:
    """A pair whose leases let a call last longer than a repeat waits for the first request's answer."""
    with a_pair(tmp_path, fresh_database, POLYPOST_LEASE_SECONDS="30") as pair:
        yield pair


def send_and_leave(url: str, key: str, body: dict[str, Any]) -> None:
    """A POST from a client that is gone before its answer."""
    address = urlsplit(url)
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/posts HTTP/1.1\r\nhost: {address.netloc}\r\nx-access-key: {key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0)) as sock:
        sock.sendall(head.encode() + content)


def eventually(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_store_that_goes_while_a_post_is_published_is_answered_with_what_was_accepted(pair: Pair) -> None:
    body = pair.body()
    pair.slow(2.0)
    with ThreadPoolExecutor(1) as pool:
        answers: Future[list[httpx2.Response]] = pool.submit(pair.like_node, body)
        eventually(lambda: len(pair.posts(body)) == 1)
        # For longer than the pause between two looks at the post.
        pair.proxy.cut_all(1.5)
        said = answers.result()
    assert [each.status_code for each in said] == [202]
    assert said[0].json()["success"] is True
    assert said[0].json()["postId"] == pair.posts(body)[0]
    assert pair.out(body) == 1
    # Its client has its answer, so the same body again is another post.
    assert pair.post(body).json()["postId"] != said[0].json()["postId"]


def test_a_store_that_stays_away_until_the_answer_is_due(pair: Pair) -> None:
    body = pair.body()
    pair.slow(1.0)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(pair.post, body)
        eventually(lambda: len(pair.posts(body)) == 1)
        pair.proxy.cut_all(SECONDS + 3)
        said = answer.result()
    assert said.status_code == 202
    (entry,) = said.json()["platforms"]
    assert (said.json()["status"], entry["success"]) == ("publishing", True)
    assert entry["status"] in {"pending", "publishing"}
    eventually(lambda: pair.call("GET", "/healthz/ready").status_code == 200)
    assert pair.posts(body) == [said.json()["postId"]]
    assert pair.out(body) == 1


@pytest.mark.parametrize("kind", ["before", "after"])
@pytest.mark.parametrize("when", ["now", "later"])
def test_a_lost_answer_to_the_accepting_commit(pair: Pair, kind: str, when: str) -> None:
    body = pair.body() if when == "now" else pair.body(scheduledFor=later(3600))
    pair.proxy.arm(Cut("server", ACCEPTING, 1, kind))
    said = pair.like_node(body)
    assert pair.proxy.disarm()
    assert [each.status_code for each in said] == [202]
    assert pair.posts(body) == [said[0].json()["postId"]]
    if when == "now":
        assert pair.out(body) == 1


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_lost_answer_to_the_commit_of_many_acceptances(pair: Pair, kind: str) -> None:
    bodies = [pair.body(scheduledFor=later(3600)) for _ in range(24)]
    # The first goes by itself, most of the others go together.
    pair.proxy.arm(Cut("server", ACCEPTING_MANY, 1, kind))
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(pair.like_node, bodies))
    assert pair.proxy.disarm()
    assert [[each.status_code for each in said] for said in answers] == [[202]] * len(bodies)
    assert [pair.posts(body) for body in bodies] == [[said[0].json()["postId"]] for said in answers]


def test_a_commit_of_which_nobody_knows_is_not_called_stored_or_not(pair: Pair) -> None:
    body = pair.body()
    pair.proxy.arm(Cut("server", ACCEPTING, 1, "after", closed_seconds=SECONDS + 1))
    said = pair.post(body)
    assert pair.proxy.disarm()
    assert (said.status_code, said.json()["code"]) == (503, "acceptance_unknown")
    assert "othing was stored" not in said.json()["message"]
    assert int(said.headers["retry-after"]) > 0
    eventually(lambda: pair.call("GET", "/healthz/ready").status_code == 200)
    again = pair.post(body)
    assert (again.status_code, again.headers.get(REPLAYED)) == (202, "true")
    assert pair.posts(body) == [again.json()["postId"]]
    assert pair.out(body) == 1
    other = pair.post(body)
    assert REPLAYED not in other.headers


@pytest.mark.parametrize(
    "shape", ["retry", "mend", "edit", "reschedule", "draft", "schedule a draft", "queue", "bulk"]
)
def test_other_acceptances_whose_commit_was_not_answered(pair: Pair, shape: str) -> None:
    method, path, options, status = _prepared(pair, shape)
    for kind in ("before", "after"):
        # The first commit that writes after this one is sent.
        pair.proxy.arm(Cut("server", _COMMITS[shape], 1, kind))
        said = pair.call(method, path, **options)
        met = pair.proxy.disarm()
        assert (said.status_code, met) == (status, True), said.text
        assert said.json()["success"] is True
        method, path, options, status = _prepared(pair, shape)


_COMMITS = {
    "retry": "COMMIT of WITH ledger",
    "mend": "COMMIT of WITH ledger",
    "edit": "COMMIT of DELETE targets",
    "reschedule": "COMMIT of UPDATE targets",
    "draft": "COMMIT of INSERT targets",
    "schedule a draft": "COMMIT of WITH ledger",
    "queue": "COMMIT of INSERT queue_posts",
    "bulk": "COMMIT of UPDATE bulks",
}


def _prepared(pair: Pair, shape: str) -> tuple[str, str, dict[str, Any], int]:
    """A request of this shape, what it needs made before: method, path, options and the status of its success."""
    if shape in {"retry", "mend"}:
        fault = {"platform": "twitter", "fault": "duplicate", "times": 1}
        pair.world.control("POST", "faults", json=fault)
        post_id = pair.post(pair.body()).json()["postId"]
        assert pair.world.settle([post_id])[post_id]["status"] == "failed"
        if shape == "mend":
            return "PUT", f"/v1/posts/{post_id}", {"json": {"content": f"Mended {post_id}"}}, 202
        return "POST", f"/v1/posts/{post_id}/retry", {"json": {}}, 202
    if shape in {"edit", "reschedule"}:
        body = pair.body(scheduledFor=later(3600))
        path = f"/v1/posts/scheduled/{pair.post(body).json()['postId']}"
        if shape == "reschedule":
            return "PATCH", path, {"json": {"scheduledFor": later(7200)}}, 200
        return "PUT", path, {"json": body | {"content": f"{body['content']} edited"}}, 200
    draft = {key: value for key, value in pair.body().items() if key != "publishNow"}
    if shape == "draft":
        return "POST", "/v1/posts/drafts", {"json": draft}, 201
    if shape == "schedule a draft":
        post_id = pair.call("POST", "/v1/posts/drafts", json=draft).json()["postId"]
        return "POST", f"/v1/posts/drafts/{post_id}/schedule", {"json": {"publishNow": True}}, 202
    if shape == "queue":
        slots = {"slots": [{"weekday": "monday", "time": "09:00"}], "timezone": "UTC"}
        assert pair.call("PUT", "/v1/queue/slots", json=slots).status_code == 200
        return "POST", "/v1/queue/posts", {"json": draft}, 202
    line = json.dumps(pair.body()).encode()
    headers = {"content-type": "application/x-ndjson"}
    return "POST", "/v1/posts/bulk", {"content": line, "headers": headers}, 202


def test_a_repeat_at_another_server_while_the_first_request_runs(pair: Pair) -> None:
    for number in range(ROUNDS):
        body = pair.body(scheduledFor=later(3600))
        # The request waits in the kernel until its client is gone: else its answer may be out before.
        os.kill(pair.world.server.pid, signal.SIGSTOP)
        send_and_leave(pair.urls[0], pair.world.key, body)
        os.kill(pair.world.server.pid, signal.SIGCONT)
        time.sleep(0.01 * (number % 3))
        again = pair.post(body, server=1)
        assert again.status_code == 202
        eventually(lambda body=body: len(pair.posts(body)) > 0)
        time.sleep(0.2)
        assert pair.posts(body) == [again.json()["postId"]], number


def test_equal_bodies_of_clients_that_wait_are_two_posts_at_two_servers(patient_pair: Pair) -> None:
    body = patient_pair.body()
    patient_pair.slow(2 * SECONDS)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda server: patient_pair.post(body, server), [0, 1])
    assert REPLAYED not in first.headers
    assert REPLAYED not in second.headers
    assert first.json()["postId"] != second.json()["postId"]


def test_the_repeat_of_a_request_whose_server_was_killed(pair: Pair) -> None:
    body = pair.body(scheduledFor=later(3600))
    address = urlsplit(pair.urls[0])
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/posts HTTP/1.1\r\nhost: {address.netloc}\r\nx-access-key: {pair.world.key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    pair.world.server.kill()
    pair.world.start_server(POLYPOST_FAIL_POINT="P3")
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as sock:
        sock.sendall(head.encode() + content)
        assert sock.recv(1) == b""
    assert pair.world.server.wait_dead(30)
    pair.world.server.kill()
    again = pair.post(body, server=1)
    assert (again.status_code, again.headers.get(REPLAYED)) == (202, "true")
    pair.world.start_server()
    assert pair.posts(body) == [again.json()["postId"]]
    # One repeat has been answered: the next equal body is a new post.
    assert REPLAYED not in pair.post(body, server=1).headers


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_request_that_is_reached_after_its_own_repeat(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("fresh_database") if store == "postgresql" else None
    world = World(tmp_path / "world", database_url=url)
    world.start()
    try:
        address = urlsplit(world.url)
        place = (address.hostname or "", address.port or 0)
        for number in range(ROUNDS):
            text = f"reached {number}"
            body = {
                "content": text,
                "scheduledFor": later(3600),
                "platforms": [world.target("twitter")],
            }
            content = json.dumps(body).encode()
            head = (
                f"POST /v1/posts HTTP/1.1\r\nhost: {address.netloc}\r\nx-access-key: {world.key}\r\n"
                f"content-length: {len(content)}\r\n\r\n"
            )
            pooled = socket.create_connection(place, timeout=30)
            lost = socket.create_connection(place, timeout=30)
            # Both wait in the kernel, in this order, for a server that does not run: so it reads the repeat first.
            os.kill(world.server.pid, signal.SIGSTOP)
            pooled.sendall(head.encode() + content)
            lost.sendall(head.encode() + content)
            lost.close()
            os.kill(world.server.pid, signal.SIGCONT)
            assert pooled.recv(65536).startswith(b"HTTP/1.1 202")
            pooled.close()
            time.sleep(0.1)
            with world.client() as client:
                listed = client.get("/v1/posts?limit=100").json()["posts"]
            assert sum(each["content"] == text for each in listed) == 1, number
    finally:
        world.stop()
