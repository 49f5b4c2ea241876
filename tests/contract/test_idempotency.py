"""One key, one post; and without a key, an answer that never arrived makes no second post."""

from __future__ import annotations

import json
import socket
import struct
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import select

from polypost import access
from polypost.posts.tables import posts
from tests.contract.tenant import Tenant, later, operator, paths, words
from tests.processes import World

REPLAYED = "idempotency-replayed"


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_a_key_stands_for_one_post(tenant: Tenant) -> None:
    body = tenant.body()
    first = tenant.post(body, headers=keyed("key-1"))
    again = tenant.post(body, headers=keyed("key-1"))
    assert (first.status_code, again.status_code) == (202, 202)
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert again.json() == first.json()
    assert len(tenant.on_network(body["content"])) == 1


def test_a_quoted_key_is_the_same_as_a_bare_one(tenant: Tenant) -> None:
    body = tenant.body()
    first = tenant.post(body, headers=keyed("key-2"))
    again = tenant.post(body, headers=keyed('"key-2"'))
    assert again.json()["postId"] == first.json()["postId"]


def test_the_order_of_keys_in_the_body_does_not_matter(tenant: Tenant) -> None:
    body = tenant.body()
    first = tenant.post(body, headers=keyed("key-3"))
    again = tenant.post(dict(reversed(body.items())), headers=keyed("key-3"))
    assert again.json()["postId"] == first.json()["postId"]


def test_another_body_with_the_same_key_is_422(tenant: Tenant) -> None:
    first = tenant.post(tenant.body(), headers=keyed("key-4"))
    other = tenant.post(tenant.body(), headers=keyed("key-4"))
    assert first.status_code == 202
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert "new key" in other.json()["message"]


@pytest.mark.parametrize(
    "key", [b"", b'""', b'"', b'"open', b"two words", b"x" * 256, "ké".encode(), b"tab\tbed", b'a"b" c']
)
def test_what_is_no_key_is_400(local: Tenant, key: bytes) -> None:
    answer = local.post(local.body(), headers={"Idempotency-Key": key})
    assert paths(answer) == {"Idempotency-Key"}


def test_the_longest_key_is_taken_and_two_are_not(local: Tenant) -> None:
    assert local.post(local.body(), headers=keyed("x" * 255)).status_code == 202
    two = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert paths(local.post(local.body(), headers=two)) == {"Idempotency-Key"}


def test_a_refused_body_does_not_use_its_key_up(tenant: Tenant) -> None:
    assert tenant.post(tenant.body("x" * 300), headers=keyed("key-5")).status_code == 400
    bad_account = tenant.body()
    bad_account["platforms"][0] = {"platform": "twitter", "accountId": "int_nobody"}
    assert tenant.post(bad_account, headers=keyed("key-5")).status_code == 400
    assert tenant.post(tenant.body(), headers=keyed("key-5")).status_code == 202


def test_many_at_once_with_one_key_are_one_post(tenant: Tenant) -> None:
    body = tenant.body()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: tenant.post(body, headers=keyed("key-6")), range(12)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["postId"] for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    # Each waits for the result like the first, and says the same.
    assert {answer.json()["status"] for answer in answers} == {"published"}
    assert len(tenant.on_network(body["content"])) == 1


def test_many_at_once_with_one_key_and_other_bodies_are_one_post(tenant: Tenant) -> None:
    bodies = [tenant.body() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda body: tenant.post(body, headers=keyed("key-7")).status_code, bodies))
    assert sorted(codes) == [202] + [422] * 7


def test_a_replay_does_not_revive_a_cancelled_post(tenant: Tenant) -> None:
    body = tenant.body(scheduledFor=later(3600))
    post_id = tenant.post(body, headers=keyed("key-8")).json()["postId"]
    tenant.client.delete(f"/v1/posts/scheduled/{post_id}")
    again = tenant.post(body, headers=keyed("key-8"))
    assert again.status_code == 202
    assert (again.json()["postId"], again.json()["status"]) == (post_id, "draft")
    assert tenant.get(post_id)["status"] == "draft"


def test_a_repeat_after_the_hour_has_passed_is_a_replay_and_no_400(local: Tenant) -> None:
    body = local.body(scheduledFor=later(-57))
    first = local.post(body, headers=keyed("key-9"))
    assert first.status_code == 202
    time.sleep(3.2)
    assert paths(local.post(body)) == {"scheduledFor"}
    again = local.post(body, headers=keyed("key-9"))
    assert again.status_code == 202
    assert again.json()["postId"] == first.json()["postId"]
    assert local.post(body | {"content": words()}, headers=keyed("key-9")).status_code == 422


def test_a_repeat_after_the_account_went_is_a_replay(tenant: Tenant) -> None:
    leaving = tenant.connect("twitter")
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": leaving.id}]}
    first = tenant.post(body, headers=keyed("key-10"))
    tenant.disconnect(leaving)
    again = tenant.post(body, headers=keyed("key-10"))
    assert again.json()["postId"] == first.json()["postId"]


def test_a_key_stands_for_its_post_also_when_that_is_deleted(tenant: Tenant) -> None:
    body, key = tenant.body(), keyed(uuid.uuid4().hex)
    first = tenant.post(body, headers=key).json()
    assert tenant.client.delete(f"/v1/posts/{first['postId']}").status_code == 200
    again = tenant.post(body, headers=key)
    assert (again.status_code, again.headers[REPLAYED]) == (202, "true")
    assert (again.json()["postId"], again.json()["status"]) == (first["postId"], "published")
    assert len(tenant.on_network(body["content"])) == 1
    assert tenant.client.get(f"/v1/posts/{first['postId']}").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_key_of_a_change_outlives_its_post(tenant: Tenant, method: str) -> None:
    post_id = tenant.scheduled()["postId"]
    path, key = f"/v1/posts/scheduled/{post_id}", keyed(uuid.uuid4().hex)
    change = {"scheduledFor": later(7200)}
    body = tenant.body(**change) if method == "PUT" else change
    first = tenant.client.request(method, path, json=body, headers=key)
    assert first.status_code == 200, first.text
    assert tenant.client.delete(path).status_code == 200
    assert tenant.client.delete(f"/v1/posts/{post_id}").status_code == 200
    again = tenant.client.request(method, path, json=body, headers=key)
    assert (again.status_code, again.headers[REPLAYED]) == (200, "true")
    assert again.json()["scheduledFor"] == first.json()["scheduledFor"]
    assert tenant.client.request(method, path, json=body, headers=keyed(uuid.uuid4().hex)).status_code == 404


def test_changes_take_a_key_as_well(tenant: Tenant) -> None:
    path = f"/v1/posts/scheduled/{tenant.scheduled()['postId']}"
    edit = {"content": words(), "platforms": [tenant.entry()]}
    for method, body in (("PATCH", {"scheduledFor": later(7200)}), ("PUT", edit)):
        first = tenant.client.request(method, path, json=body, headers=keyed("key-11"))
        again = tenant.client.request(method, path, json=body, headers=keyed("key-11"))
        assert (first.status_code, again.status_code) == (200, 200)
        assert again.headers[REPLAYED] == "true"
        assert again.json() == first.json()
        other = tenant.client.request(
            method, path, json=body | {"scheduledFor": later(9000)}, headers=keyed("key-11")
        )
        assert other.status_code == 422


def test_an_answer_may_be_asked_for_at_once(tenant: Tenant) -> None:
    slow = tenant.connect("twitter")
    tenant.fault("slow", slow, seconds=1)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": slow.id}]}
    said = tenant.post(body, headers={"Prefer": "handling=lenient, Respond-Async"} | keyed("key-12"))
    assert said.json()["status"] == "publishing"
    assert said.headers["preference-applied"] == "respond-async"
    # The repeat waits for what is left of the time that the first would have had.
    again = tenant.post(body, headers=keyed("key-12"))
    assert again.json()["status"] == "published"
    assert again.headers[REPLAYED] == "true"


# Without a key


def test_equal_bodies_are_two_posts(tenant: Tenant) -> None:
    body = tenant.body(scheduledFor=later(3600))
    ids = {tenant.post(body).json()["postId"] for _ in range(3)}
    assert len(ids) == 3


def test_a_project_may_take_equal_bodies_for_one_post(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world)
    changed = world.command("projects", "set", tenant.project_id, "--dedupe-seconds", "60")
    assert changed["dedupeWindowSeconds"] == 60
    # Another process's change holds within a second.
    time.sleep(1.2)
    body = tenant.body(scheduledFor=later(3600))
    first, again = tenant.post(body), tenant.post(body)
    assert again.json()["postId"] == first.json()["postId"]
    assert again.headers[REPLAYED] == "true"
    assert tenant.post({**body, "content": words()}).json()["postId"] != first.json()["postId"]
    world.command("projects", "set", tenant.project_id, "--dedupe-seconds", "0")
    time.sleep(1.2)
    assert tenant.post(body).json()["postId"] != first.json()["postId"]


def send_and_leave(tenant: Tenant, body: dict[str, Any], how: str) -> None:
    """A POST from a client that does not wait for the answer."""
    address = urlsplit(tenant.world.url)
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/posts HTTP/1.1\r\nhost: {address.netloc}\r\nx-access-key: {tenant.key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    sock = socket.create_connection((address.hostname or "", address.port or 0))
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.sendall(head.encode() + content)
    if how != "close":
        time.sleep(0.2)
    sock.close()


def leave_and_repeat(tenant: Tenant, kind: str, how: str) -> bool:
    """A client that leaves while the store is busy, and tries again: whether the repeat was a replay."""
    slow = tenant.connect("twitter")
    tenant.fault("slow", slow, seconds=0.6)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": slow.id}]}
    if kind == "scheduled":
        del body["publishNow"]
        body["scheduledFor"] = later(3600)
    # Else the answer to a scheduled post may be out before the client is gone.
    with tenant.world.store_held():
        send_and_leave(tenant, body, how)
        # As soon as a client that was disconnected tries again.
        time.sleep(0.25)
    again = tenant.post(body)
    assert again.status_code == 202
    found = with_text(tenant, body["content"])
    assert [post["postId"] for post in found] == [again.json()["postId"]]
    if kind == "now":
        tenant.settle(again.json()["postId"])
        assert len(tenant.on_network(body["content"])) == 1
    # One answer was lost, one repeat was answered: the next equal body is a new post.
    assert tenant.post(body, headers={"Prefer": "respond-async"}).json()["postId"] != again.json()["postId"]
    return again.headers.get(REPLAYED) == "true"


@pytest.mark.parametrize("how", ["close", "reset", "later"])
@pytest.mark.parametrize("kind", ["now", "scheduled"])
def test_a_lost_answer_makes_the_same_body_a_replay(tenant: Tenant, kind: str, how: str) -> None:
    # On a busy machine a reset may overtake its own request, and a repeat the first one: then that is the replay.
    assert any(leave_and_repeat(tenant, kind, how) for _ in range(10))


def test_a_lost_answer_is_no_replay_for_another_key_of_the_project(tenant: Tenant) -> None:
    secret = operator(tenant.world, lambda db: access.create_key(db, tenant.project_id, name="another")[1])
    slow = tenant.connect("twitter")
    tenant.fault("slow", slow, seconds=0.6)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": slow.id}]}
    send_and_leave(tenant, body, "later")
    lost = select(posts.c.id).where(posts.c.content == body["content"], posts.c.delivery == "lost")
    end = time.monotonic() + 30
    while not (first := operator(tenant.world, lambda db: db.execute(lost).scalar_one_or_none())):
        assert time.monotonic() < end, "its answer was not lost"
    at_once = {"Prefer": "respond-async"}
    other = tenant.post(body, headers=at_once | {"x-access-key": secret})
    again = tenant.post(body, headers=at_once)
    assert (other.status_code, again.status_code) == (202, 202)
    assert REPLAYED not in other.headers
    assert other.json()["postId"] != first
    assert (again.headers[REPLAYED], again.json()["postId"]) == ("true", first)


def test_a_client_that_only_closed_its_sending_side_gets_its_answer(tenant: Tenant) -> None:
    address = urlsplit(tenant.world.url)
    body = tenant.body()
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/posts HTTP/1.1\r\nhost: {address.netloc}\r\nx-access-key: {tenant.key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as sock:
        sock.sendall(head.encode() + content)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 202")
    second = tenant.post(tenant.body(body["content"], scheduledFor=later(3600)))
    assert REPLAYED not in second.headers


def with_text(tenant: Tenant, text: str) -> list[dict[str, Any]]:
    listed: httpx2.Response = tenant.client.get("/v1/posts", params={"limit": 100})
    return [post for post in listed.json()["posts"] if post["content"] == text]
