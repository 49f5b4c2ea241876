"""`/v1/messages`: conversations and messages on Instagram, answered within a day, sent once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.contract.talk import account, error, letter, query
from tests.contract.tenant import Tenant, paths, words


def asked(tenant: Tenant, **more: Any) -> dict[str, Any]:
    return query(tenant, "instagram", **more)


def inbox(tenant: Tenant, **more: Any) -> dict[str, Any]:
    answer = tenant.client.get("/v1/messages/", params=asked(tenant, **more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def messages(tenant: Tenant, conversation: str, **more: Any) -> dict[str, Any]:
    answer = tenant.client.get(f"/v1/messages/{conversation}", params=asked(tenant, **more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(tenant: Tenant, to: str, text: str, headers: Any = None) -> httpx2.Response:
    body = asked(tenant, recipientId=to, text=text)
    return tenant.client.post("/v1/messages/", json=body, headers=headers)


def texts(tenant: Tenant, conversation: str) -> list[str | None]:
    return [each["text"] for each in messages(tenant, conversation, limit=100)["messages"]]


def test_a_letter_and_its_answer(tenant: Tenant) -> None:
    mine, text, name = account(tenant, "instagram"), words(), words()
    came = letter(tenant, text, **{"from": name})
    found = inbox(tenant)
    assert (found["selfId"], found["selfUsername"]) == (mine.user_id, mine.username)
    (conversation,) = [each for each in found["conversations"] if each["id"] == came["conversationId"]]
    assert conversation["updatedTime"].endswith("Z")
    last = conversation["lastMessage"]
    assert last == {
        "id": came["id"],
        "text": text,
        "from": {"id": came["from"]["id"], "name": came["from"]["username"]},
        "timestamp": conversation["updatedTime"],
    }
    other, own = sorted(conversation["participants"], key=lambda each: each["id"] == mine.user_id)
    assert own == {"id": mine.user_id, "name": None, "username": mine.username, "profilePictureUrl": None}
    assert other["id"] == came["from"]["id"]
    assert (other["name"], other["username"]) == (name, came["from"]["username"])
    assert other["profilePictureUrl"].startswith("http")
    sent = send(tenant, other["id"], f"Answer {text}")
    assert sent.status_code == 200, sent.text
    assert set(sent.json()) == {"success", "messageId"}
    newest, first = messages(tenant, conversation["id"])["messages"]
    assert (newest["id"], newest["text"]) == (sent.json()["messageId"], f"Answer {text}")
    assert newest["from"] == {"id": mine.user_id, "name": mine.username}
    assert first["id"] == came["id"]
    page = httpx2.get(came["url"], timeout=30, trust_env=False).text
    assert f"Answer {text}" in page


def test_parts_of_lists(tenant: Tenant) -> None:
    other = tenant.connect("instagram")
    mine = {"platform": "instagram", "accountId": other.id}
    body = {"platform": "instagram", "accountId": other.user_id}
    came = [
        tenant.world.control("POST", "messages", json=body | {"text": f"{who} writes", "from": who})
        for who in ("a", "b", "c")
    ]
    tenant.world.control("POST", "messages", json=body | {"text": "a again", "from": "a"})
    first = tenant.client.get("/v1/messages", params=mine | {"limit": 2}).json()
    assert [each["id"] for each in first["conversations"]] == [
        came[0]["conversationId"],
        came[2]["conversationId"],
    ]
    second = tenant.client.get("/v1/messages", params=mine | {"limit": 2, "after": first["nextCursor"]})
    assert [each["id"] for each in second.json()["conversations"]] == [came[1]["conversationId"]]
    assert second.json()["nextCursor"] is None
    path = f"/v1/messages/{came[0]['conversationId']}"
    newest = tenant.client.get(path, params=mine | {"limit": 1}).json()
    assert [each["text"] for each in newest["messages"]] == ["a again"]
    rest = tenant.client.get(path, params=mine | {"limit": 1, "after": newest["nextCursor"]}).json()
    assert [each["text"] for each in rest["messages"]] == ["a writes"]
    assert rest["nextCursor"] is None


def test_of_old_messages_only_that_they_are_there(local: Tenant) -> None:
    who = words()
    came = [letter(local, f"{number}", **{"from": who}) for number in range(22)][-1]
    told = texts(local, came["conversationId"])
    assert told == [f"{number}" for number in range(21, 1, -1)] + [None, None]


def test_what_is_not_there(tenant: Tenant, new: Callable[..., Tenant]) -> None:
    there_is_none = (404, "not_on_network")
    for conversation in ("aWdfZAG06none", "1", "..", "a b", "é"):
        answer = tenant.client.get(f"/v1/messages/{conversation}x", params=asked(tenant))
        assert error(answer) == there_is_none
    for recipient in ("17", "nobody", "../me"):
        assert error(send(tenant, recipient, words())) == there_is_none
    came, stranger = letter(tenant, words()), new(tenant.world)
    others = stranger.connect("instagram")
    theirs = {"platform": "instagram", "accountId": others.id}
    path = f"/v1/messages/{came['conversationId']}"
    assert error(stranger.client.get(path, params=theirs)) == there_is_none
    foreign = (404, "integration_not_found")
    for params in (asked(tenant), theirs | {"accountId": "int_0"}):
        assert error(stranger.client.get("/v1/messages", params=params)) == foreign
        assert error(stranger.client.get(path, params=params)) == foreign
        body = params | {"recipientId": "17", "text": "x"}
        assert error(stranger.client.post("/v1/messages", json=body)) == foreign


def test_closed_bodies_and_queries(local: Tenant) -> None:
    body = asked(local, recipientId="17", text="Hello")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"more": 1}, "more"),
        ({"platform": "facebook"}, "platform"),
        ({"text": ""}, "text"),
        ({"recipientId": 17}, "recipientId"),
    ]
    for change, where in wrong:
        assert paths(local.client.post("/v1/messages", json=body | change)) == {where}
    for change in ({"limit": 0}, {"limit": 101}, {"platform": "threads"}, {"after": ""}):
        for path in ("/v1/messages", "/v1/messages/x"):
            answer = local.client.get(path, params=asked(local) | change)
            assert paths(answer) == set(change)
    inside = letter(local, words())["conversationId"]
    injected = local.client.get(f"/v1/messages/{inside}", params=asked(local, after="x){id}"))
    assert error(injected) == (400, "bad_cursor")
    answer = send(local, letter(local, words())["from"]["id"], "é" * 501)
    assert error(answer) == (400, "too_long")


@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
def test_a_message_whose_answer_was_lost_is_not_sent_again(tenant: Tenant, fault: str) -> None:
    came, text = letter(tenant, words(), **{"from": words()}), words()
    tenant.fault(fault, account(tenant, "instagram"), times=1)
    for _ in range(3):
        assert error(send(tenant, came["from"]["id"], text)) == (502, "outcome_unknown")
    assert texts(tenant, came["conversationId"]).count(text) == 1


def test_a_key_makes_one_of_two(tenant: Tenant) -> None:
    came, text = letter(tenant, words(), **{"from": words()}), words()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, again = (send(tenant, came["from"]["id"], text, key) for _ in range(2))
    assert first.json() == again.json()
    assert texts(tenant, came["conversationId"]).count(text) == 1
    assert error(send(tenant, came["from"]["id"], words(), key)) == (422, "idempotency_key_reused")
