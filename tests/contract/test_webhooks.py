"""Deliveries: signed, in order, repeated, switched off and on, to real receivers, and by mail."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from polypost.webhooks import signing
from tests.contract.receivers import Received, Receiver
from tests.contract.tenant import Linked, Tenant, later
from tests.contract.test_notifications import subscribe
from tests.docs import sources
from tests.processes import World

PATIENCE = 20.0


@pytest.fixture
def mine(world: World, new: Callable[..., Tenant], tenant: Tenant) -> Tenant:
    """A project of this test's own: it hears of its own posts alone."""
    fresh = new(world)
    fresh.connect("twitter")
    return fresh


@pytest.fixture
def alone(embedded: World, new: Callable[..., Tenant]) -> Tenant:
    """The same on the embedded store alone."""
    fresh = new(embedded)
    fresh.connect("twitter")
    return fresh


def until(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)
    return found


def to(receiver: Receiver, tenant: Tenant, path: str = "notifications", **more: Any) -> dict[str, Any]:
    """A subscription of the receiver's box that has the project's name."""
    name = more.pop("name", tenant.project_id)
    return subscribe(tenant, path, webhook={"url": receiver.url(name)}, **more)


def deliveries(tenant: Tenant, made: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    path = "webhooks" if made["id"].startswith("whk") else "notifications"
    answer = tenant.client.get(f"/v1/{path}/{made['id']}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["deliveries"])


def verified(received: Received, secret: str) -> dict[str, Any]:
    """The event, checked by the published library and by the other form's own rule."""
    event = Webhook(secret).verify(received.body, received.headers)
    stamp = received.headers["x-postpeer-timestamp"]
    signed = stamp.encode() + b"." + received.body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert received.headers["x-postpeer-signature"] == f"sha256={digest}"
    assert abs(time.time() - int(stamp)) < 300
    assert event["id"] == received.headers["webhook-id"]
    return dict(event)


def test_a_published_post(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine)
    post = mine.published()
    (received,) = receiver.wait(mine.project_id)
    event = verified(received, made["webhook"]["secret"])
    assert (event["type"], event["event"]) == ("post.published", "post.published")
    assert received.headers["content-type"] == "application/json"
    data = event["data"]
    assert (data["postId"], data["status"]) == (post["postId"], "published")
    assert data["post"]["id"] == data["post"]["postId"] == post["postId"]
    assert (data["post"]["status"], data["post"]["scheduledFor"]) == ("published", None)
    (entry,) = data["platforms"]
    there = post["platforms"][0]
    assert entry["accountId"] == mine.account("twitter").id
    assert (entry["platform"], entry["status"], entry["success"]) == ("twitter", "published", True)
    assert entry["platformPostId"] == there["platformPostId"]
    assert entry["platformPostUrl"] == there["platformPostUrl"]
    assert (entry["errorMessage"], entry["error"]) == (None, None)
    (shown,) = until(lambda: deliveries(mine, made, state="delivered"))
    assert (shown["eventId"], shown["eventType"], shown["nextAt"]) == (event["id"], "post.published", None)
    assert [(each["status"], each["reason"]) for each in shown["attempts"]] == [(200, None)]


def test_the_receivers_of_the_how_to_page(mine: Tenant, receiver: Receiver) -> None:
    page = (sources.ROOT / "docs" / "how-to" / "receive-webhooks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    made: dict[str, Any] = {}
    for block in blocks:
        exec(block, made)
    secret = to(receiver, mine)["webhook"]["secret"]
    post = mine.published()["postId"]
    (received,) = receiver.wait(mine.project_id)
    for name, wrong in (("standard", WebhookVerificationError), ("postpeer", ValueError)):
        check = made[name]
        assert check(secret, received.headers, received.body)["data"]["postId"] == post
        with pytest.raises(wrong):
            check(secret, received.headers, received.body + b" ")
        old = str(int(received.headers["webhook-timestamp"]) - 600)
        signed = signing.headers(
            received.headers["webhook-id"], received.body, [secret], datetime.fromtimestamp(int(old), UTC)
        )
        late = {key.lower(): value for key, value in signed.items()}
        with pytest.raises(wrong):
            check(secret, late, received.body)


def test_a_forged_event_is_seen(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine)
    mine.published()
    (received,) = receiver.wait(mine.project_id)
    forged = Received(received.at, received.headers, received.body.replace(b"published", b"failed"))
    with pytest.raises(WebhookVerificationError):
        Webhook(made["webhook"]["secret"]).verify(forged.body, forged.headers)


def test_what_became_of_each_network(alone: Tenant, receiver: Receiver) -> None:
    made = to(receiver, alone)
    alone.connect("instagram")
    alone.fault("duplicate", alone.account("twitter"), times=1)
    post = alone.post(alone.body(None, "twitter", "instagram")).json()
    assert post["status"] == "partial"
    event = verified(receiver.wait(alone.project_id)[0], made["webhook"]["secret"])
    assert event["type"] == "post.partial"
    failed, out = event["data"]["platforms"]
    assert (failed["status"], failed["success"]) == ("failed", False)
    assert failed["errorMessage"] == failed["error"] == post["platforms"][0]["error"]
    assert (out["status"], out["success"]) == ("published", True)


def test_a_post_of_a_later_hour_says_so_first(mine: Tenant, receiver: Receiver) -> None:
    to(receiver, mine)
    post = mine.scheduled(seconds=1.0)
    kinds = [json.loads(each.body)["type"] for each in receiver.wait(mine.project_id, 2)]
    assert kinds == ["post.scheduled", "post.published"]
    said = json.loads(receiver.boxes[mine.project_id].received[0].body)["data"]
    assert said["scheduledFor"] == said["post"]["scheduledFor"] == post["scheduledFor"]
    assert said["platforms"][0]["status"] == "pending"


def test_a_moved_hour_is_said_again(alone: Tenant, receiver: Receiver) -> None:
    to(receiver, alone)
    post_id = alone.scheduled()["postId"]
    alone.client.patch(f"/v1/posts/scheduled/{post_id}", json={"scheduledFor": later(7200)})
    first, second = (json.loads(each.body) for each in receiver.wait(alone.project_id, 2))
    assert first["id"] != second["id"]
    assert first["data"]["scheduledFor"] < second["data"]["scheduledFor"]


def test_filters(mine: Tenant, receiver: Receiver) -> None:
    """What a filter keeps out never comes: the last event of the one without filters is waited for."""
    boxes = {name: f"{mine.project_id}-{name}" for name in ("failed", "scheduled", "profile", "off", "other")}
    to(receiver, mine, name=boxes["failed"], eventTypes=["post.failed"])
    to(receiver, mine, name=boxes["scheduled"], onlyScheduledPosts=True)
    to(receiver, mine, name=boxes["off"], enabled=False)
    account, other = mine.account("twitter"), mine.connect("twitter")
    profile_a, profile_b = _profile_with(mine, account), _profile_with(mine, other)
    to(receiver, mine, name=boxes["profile"], profileId=profile_a)
    to(receiver, mine, name=boxes["other"], profileId=profile_b)
    to(receiver, mine)
    now = mine.published()["postId"]
    hour = mine.scheduled(seconds=0.5)["postId"]
    receiver.wait(mine.project_id, 3)
    receiver.wait(boxes["scheduled"], 2)
    receiver.wait(boxes["profile"], 3)
    got = {
        name: [json.loads(each.body)["data"]["postId"] for each in receiver.boxes[box].received]
        for name, box in boxes.items()
    }
    assert got == {
        "failed": [],
        "scheduled": [hour, hour],
        "profile": [now, hour, hour],
        "off": [],
        "other": [],
    }


def _profile_with(tenant: Tenant, account: Linked) -> str:
    made = tenant.client.post("/v1/profiles", json={"name": "Shop"}).json()["profile"]["id"]
    moved = tenant.client.patch(f"/v1/connect/integrations/{account.id}", json={"profileId": made})
    assert moved.status_code == 200, moved.text
    return str(made)


def test_a_receiver_that_fails_half_the_time(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine)
    box = receiver.boxes[mine.project_id]

    def rule(_: int) -> int:
        """Every other try of an event fails."""
        event = box.received[-1].headers["webhook-id"]
        return 500 if sum(each.headers["webhook-id"] == event for each in box.received) % 2 else 200

    box.rule = rule
    posts = {mine.published()["postId"] for _ in range(6)}
    until(lambda: len(deliveries(mine, made, state="delivered")) == 6)
    by_id: dict[str, list[Received]] = {}
    for each in box.received:
        event = verified(each, made["webhook"]["secret"])
        by_id.setdefault(event["id"], []).append(each)
    assert {json.loads(tries[0].body)["data"]["postId"] for tries in by_id.values()} == posts
    assert len(by_id) == 6
    for tries in by_id.values():
        assert len({each.body for each in tries}) == 1
    assert any(len(tries) > 1 for tries in by_id.values())
    shown = deliveries(mine, made)
    assert {each["reason"] for one in shown for each in one["attempts"]} == {None, "bad_status"}


def test_events_come_in_order(mine: Tenant, receiver: Receiver) -> None:
    to(receiver, mine, eventTypes=["post.scheduled"])
    posts = [mine.scheduled()["postId"] for _ in range(8)]
    received = receiver.wait(mine.project_id, 8)
    assert [json.loads(each.body)["data"]["postId"] for each in received] == posts


def test_one_that_fails_holds_none_behind_it(alone: Tenant, receiver: Receiver) -> None:
    to(receiver, alone, eventTypes=["post.scheduled"])
    box = receiver.boxes[alone.project_id]
    box.answers = [500]
    first, second = (alone.scheduled()["postId"] for _ in range(2))
    received = receiver.wait(alone.project_id, 3)
    heard = [json.loads(each.body)["data"]["postId"] for each in received]
    assert heard[0] == first
    assert sorted(heard[1:]) == sorted([first, second])


def test_when_nothing_gets_through_it_is_switched_off_and_said(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine)
    watcher = to(receiver, mine, "webhooks", name=f"{mine.project_id}-watch", eventTypes=["webhook.disabled"])
    mail = f"{mine.project_id}@example.com".replace("_", "-")
    subscribe(mine, channel="email", email={"recipients": [mail]}, eventTypes=["post.failed"])
    box = receiver.boxes[mine.project_id]
    box.rule = lambda _: 503
    mine.published()
    path = f"/v1/notifications/{made['id']}"
    until(lambda: not mine.client.get(path).json()["notification"]["enabled"])
    (failed,) = deliveries(mine, made)
    assert failed["state"] == "failed"
    # The first try and the four of the setting.
    assert [each["status"] for each in failed["attempts"]] == [503] * 5
    (told,) = receiver.wait(f"{mine.project_id}-watch")
    assert verified(told, watcher["webhook"]["secret"])["data"] == {
        "subscriptionId": made["id"],
        "channel": "webhook",
        "reason": "failing",
    }
    letters = until(lambda: [each for each in mails(mine) if each["to"] == [mail]])
    assert letters[0]["subject"] == "A subscription was switched off"
    mine.published()
    assert len(box.received) == 5
    again = f"{path}/deliveries/{failed['id']}/redeliver"
    refused = mine.client.post(again)
    assert (refused.status_code, refused.json()["code"]) == (409, "subscription_disabled")
    box.rule = lambda _: 200
    assert mine.client.patch(path, json={"enabled": True}).json()["notification"]["enabled"]
    sent = mine.client.post(again)
    assert sent.json()["delivery"]["state"] == "pending"
    received = receiver.wait(mine.project_id, 6)
    assert received[5].body == received[0].body
    assert verified(received[5], made["webhook"]["secret"])["id"] == failed["eventId"]
    assert mine.client.post(f"{path}/deliveries/dlv_none/redeliver").json()["code"] == "delivery_not_found"


def test_gone_means_no_more(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine, "webhooks")
    receiver.boxes[mine.project_id].rule = lambda _: 410
    mine.published()
    path = f"/v1/webhooks/{made['id']}"
    until(lambda: not mine.client.get(path).json()["webhook"]["enabled"])
    assert mine.client.get(path).json()["webhook"]["disabledReason"] == "gone"
    assert len(receiver.boxes[mine.project_id].received) == 1
    (failed,) = deliveries(mine, made)
    assert [(each["status"], each["reason"]) for each in failed["attempts"]] == [(410, "gone")]


def test_a_pause_keeps_what_waits_and_takes_nothing_new(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine)
    box = receiver.boxes[mine.project_id]
    box.gate = threading.Event()
    box.answers = [500]
    waits = mine.published()["postId"]
    receiver.wait(mine.project_id)
    path = f"/v1/notifications/{made['id']}"
    mine.client.patch(path, json={"enabled": False})
    box.gate.set()
    until(lambda: deliveries(mine, made)[0]["attempts"])
    (waiting,) = deliveries(mine, made)
    assert (waiting["state"], waiting["nextAt"]) == ("pending", None)
    unheard = mine.published()["postId"]
    mine.client.patch(path, json={"enabled": True})
    heard = mine.published()["postId"]
    received = receiver.wait(mine.project_id, 3)
    posts = [json.loads(each.body)["data"]["postId"] for each in received]
    assert posts == [waits, waits, heard]
    assert unheard not in posts


def test_a_slow_receiver_beside_a_fast_one(mine: Tenant, receiver: Receiver) -> None:
    slow = f"{mine.project_id}-slow"
    receiver.boxes[slow].gate = gate = threading.Event()
    made = to(receiver, mine, name=slow)
    to(receiver, mine)
    for _ in range(3):
        mine.published()
    receiver.wait(slow)
    assert len(receiver.wait(mine.project_id, 3)) == 3
    # One at a time: the slow one has not been asked again.
    assert len(receiver.boxes[slow].received) == 1
    gate.set()
    until(lambda: len(deliveries(mine, made, state="delivered")) == 3)


def test_one_that_never_answers(alone: Tenant, receiver: Receiver) -> None:
    receiver.boxes[alone.project_id].gate = threading.Event()
    made = to(receiver, alone)
    alone.published()
    shown = until(lambda: [each for one in deliveries(alone, made) for each in one["attempts"]])
    assert (shown[0]["status"], shown[0]["reason"]) == (None, "hook_timeout")
    assert shown[0]["milliseconds"] >= 2900
    alone.client.delete(f"/v1/notifications/{made['id']}")


def test_two_secrets_are_valid_during_a_rotation(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine, "webhooks")
    old = made["webhook"]["secret"]
    turned = mine.client.post(f"/v1/webhooks/{made['id']}/rotate-secret").json()["webhook"]
    fresh = turned["webhook"]["secret"]
    assert fresh != old
    assert turned["olderSecretUntil"]
    mine.published()
    (received,) = receiver.wait(mine.project_id)
    assert len(received.headers["webhook-signature"].split()) == 2
    Webhook(old).verify(received.body, received.headers)
    verified(received, fresh)


def test_an_account_that_has_to_be_connected_again(mine: Tenant, receiver: Receiver) -> None:
    made = to(receiver, mine, "webhooks", eventTypes=["account.reconnect_required"])
    # Nobody else's post may meet the fault first.
    account = mine.connect("twitter")
    mine.fault("token_dead", account, times=1)
    entry = {"platform": "twitter", "accountId": account.id}
    assert mine.post(mine.body(platforms=[entry])).json()["status"] == "failed"
    event = verified(receiver.wait(mine.project_id)[0], made["webhook"]["secret"])
    assert event["data"]["integrationId"] == account.id
    assert event["data"]["reason"]


def mails(tenant: Tenant) -> list[dict[str, Any]]:
    return list(tenant.world.control("GET", "mails")["mails"])


def test_a_mail_says_what_became_of_a_post(mine: Tenant) -> None:
    address = f"{mine.project_id}@example.com".replace("_", "-")
    made = subscribe(mine, channel="email", email={"recipients": [address, "second@example.com"]})
    body = mine.body()
    post = mine.post(body).json()
    (mail,) = until(lambda: [each for each in mails(mine) if address in each["to"]])
    assert mail["to"] == [address, "second@example.com"]
    assert mail["subject"] == f"Published: {body['content']}"
    assert f"X: published\n    {post['platforms'][0]['platformPostUrl']}" in mail["text"]
    assert post["postId"] in mail["text"]
    (shown,) = until(lambda: deliveries(mine, made, state="delivered"))
    assert shown["eventId"] in mail["messageId"]


def test_a_mail_that_is_refused_is_tried_again(alone: Tenant) -> None:
    made = subscribe(alone, channel="email", email={"recipients": ["refused@example.com"]})
    alone.published()
    shown = until(lambda: [each for one in deliveries(alone, made) for each in one["attempts"]])
    assert shown[0]["reason"] == "mail_refused"


def test_a_newcomer_sees_a_webhook_without_a_receiver(alone: Tenant) -> None:
    base = alone.world.sandbox.ready["sandboxUrl"]
    about = httpx2.get(f"{base}/_sandbox", trust_env=False).json()
    made = subscribe(alone, webhook={"url": f"{about['hooksUrl']}/{alone.project_id}"})
    post = alone.published()["postId"]
    (hook,) = until(lambda: alone.world.control("GET", f"hooks/{alone.project_id}")["hooks"])
    assert hook["json"]["data"]["postId"] == post
    Webhook(made["webhook"]["secret"]).verify(hook["body"], hook["headers"])
    assert alone.world.control("DELETE", f"hooks/{alone.project_id}") == {"removed": 1}


def test_deliveries_have_pages(alone: Tenant, receiver: Receiver) -> None:
    made = to(receiver, alone, eventTypes=["post.scheduled"])
    posts = [alone.scheduled()["postId"] for _ in range(3)]
    receiver.wait(alone.project_id, 3)
    path = f"/v1/notifications/{made['id']}/deliveries"
    first = alone.client.get(path, params={"limit": 2}).json()
    assert (first["total"], first["page"], first["limit"], len(first["deliveries"])) == (3, 1, 2, 2)
    second = alone.client.get(path, params={"limit": 2, "page": 2}).json()["deliveries"]
    ids = [each["eventId"] for each in [*first["deliveries"], *second]]
    assert ids == sorted(ids, reverse=True)
    assert len(posts) == len(set(ids))
    for wrong in ({"limit": 0}, {"limit": 101}, {"page": 0}, {"state": "lost"}):
        assert alone.client.get(path, params=wrong).status_code == 400


def test_the_store_is_whole(tenant: Tenant) -> None:
    assert tenant.world.command("doctor")["findings"] == []
