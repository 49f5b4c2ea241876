"""`/v1/notifications` and `/v1/webhooks`: subscriptions as the API shows them, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from polypost import access
from polypost.webhooks.tables import subscriptions
from tests.contract.receivers import Receiver
from tests.contract.tenant import Tenant, operator, paths, words

ALL = ["post.scheduled", "post.published", "post.partial", "post.failed"]
KEYS = [
    "id",
    "channel",
    "profileId",
    "eventTypes",
    "onlyScheduledPosts",
    "enabled",
    "lastTestAt",
    "lastTestStatus",
    "createdAt",
    "updatedAt",
]


def subscribe(tenant: Tenant, path: str = "notifications", **more: Any) -> dict[str, Any]:
    body = {"channel": "webhook", "eventTypes": ALL, "webhook": {"url": "https://example.com/hook"}} | more
    if body["channel"] == "email":
        del body["webhook"]
    answer = tenant.client.post(f"/v1/{path}/", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()[path.removesuffix("s")])


def error(answer: httpx2.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["success"] is False
    assert body["message"]
    return answer.status_code, body["code"]


def test_a_webhook_from_its_making_to_its_end(tenant: Tenant) -> None:
    made = subscribe(tenant)
    assert set(made) == {*KEYS, "webhook"}
    assert (made["onlyScheduledPosts"], made["enabled"], made["profileId"]) == (False, True, None)
    secret = made["webhook"]["secret"]
    assert secret.startswith("whsec_")
    path = f"/v1/notifications/{made['id']}"
    assert tenant.client.get(path).json() == {"success": True, "notification": made}
    listed = tenant.client.get("/v1/notifications/").json()
    (mine,) = [each for each in listed["notifications"] if each["id"] == made["id"]]
    assert mine["webhook"]["secret"] == f"whsec_********{secret[-4:]}"
    assert secret not in json.dumps(listed)
    change = {
        "eventTypes": ["post.failed"],
        "onlyScheduledPosts": True,
        "enabled": False,
        "webhook": {"url": "https://example.com/other"},
    }
    changed = tenant.client.patch(path, json=change).json()["notification"]
    assert {name: changed[name] for name in change if name != "webhook"} == {
        name: value for name, value in change.items() if name != "webhook"
    }
    assert changed["webhook"] == {"url": "https://example.com/other", "secret": secret}
    assert tenant.client.delete(path).json() == {"success": True, "message": "Notification deleted."}
    for answer in (tenant.client.get(path), tenant.client.delete(path), tenant.client.patch(path, json={})):
        assert error(answer) == (404, "subscription_not_found")


def test_an_email_subscription(tenant: Tenant) -> None:
    made = subscribe(tenant, channel="email", email={"recipients": ["a@example.com", "b@example.com"]})
    assert set(made) == {*KEYS, "email"}
    assert made["email"] == {"recipients": ["a@example.com", "b@example.com"]}
    path = f"/v1/notifications/{made['id']}"
    changed = tenant.client.patch(path, json={"email": {"recipients": ["c@example.com"]}}).json()
    assert changed["notification"]["email"] == {"recipients": ["c@example.com"]}
    refused = tenant.client.patch(path, json={"webhook": {"url": "https://example.com"}})
    assert (error(refused)[0], paths(refused)) == (400, {"webhook"})


WRONG: list[tuple[str, dict[str, Any], set[str]]] = [
    ("no-events", {"eventTypes": []}, {"eventTypes"}),
    ("twice", {"eventTypes": ["post.failed", "post.failed"]}, {"eventTypes"}),
    ("other-event", {"eventTypes": ["account.paused"]}, {"eventTypes[0]"}),
    ("channel", {"channel": "sms"}, {"channel"}),
    ("unknown-key", {"urls": []}, {"urls"}),
    ("unknown-inner-key", {"webhook": {"url": "https://example.com", "secret": "x"}}, {"webhook.secret"}),
    ("no-place", {"webhook": None}, {"webhook"}),
    ("both-places", {"email": {"recipients": ["a@example.com"]}}, {"email"}),
    (
        "no-recipients",
        {"channel": "email", "webhook": None, "email": {"recipients": []}},
        {"email.recipients"},
    ),
    (
        "many-recipients",
        {
            "channel": "email",
            "webhook": None,
            "email": {"recipients": [f"a{n}@example.com" for n in range(11)]},
        },
        {"email.recipients"},
    ),
    (
        "no-address",
        {"channel": "email", "webhook": None, "email": {"recipients": ["a@example.com\r\nBcc: b@c.de"]}},
        {"email.recipients[0]"},
    ),
    ("profile", {"profileId": "prof_unknown"}, {"profileId"}),
    ("enabled", {"enabled": "yes"}, {"enabled"}),
]


@pytest.mark.parametrize(("body", "where"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_what_is_refused(local: Tenant, body: dict[str, Any], where: set[str]) -> None:
    whole = {"channel": "webhook", "eventTypes": ALL, "webhook": {"url": "https://example.com"}} | body
    answer = local.client.post("/v1/notifications", json=whole)
    assert error(answer) == (400, "validation_error")
    assert paths(answer) == where


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://user:pass@example.com/",
        "https://example.com:8443/",
        "https://metadata.google.internal/",
        "ftp://example.com/",
        "https://exa mple.com/",
        "not a url",
    ],
)
def test_addresses_that_lead_where_they_should_not(local: Tenant, url: str) -> None:
    body = {"channel": "webhook", "webhook": {"url": url}}
    for path, more in (
        ("notifications", {"eventTypes": ALL}),
        ("notifications/test", {}),
        ("webhooks/test", {}),
    ):
        answer = local.client.post(f"/v1/{path}", json=body | more)
        assert paths(answer) == {"webhook.url"}
        assert answer.json()["errors"][0]["code"] == "address_refused"


def test_another_projects_is_not_there(tenant: Tenant, new: Callable[..., Tenant]) -> None:
    stranger = new(tenant.world)
    for path in ("notifications", "webhooks"):
        made = subscribe(tenant, path)
        at = f"/v1/{path}/{made['id']}"
        assert stranger.client.get(f"/v1/{path}").json()[path] == []
        for answer in (
            stranger.client.get(at),
            stranger.client.patch(at, json={"enabled": False}),
            stranger.client.delete(at),
            stranger.client.post(f"{at}/rotate-secret"),
            stranger.client.get(f"{at}/deliveries"),
            stranger.client.post(f"{at}/deliveries/dlv_1/redeliver"),
        ):
            assert error(answer) == (404, "subscription_not_found")
        assert tenant.client.get(at).status_code == 200
        for wrong in ("123", "int_1", f"{'whk' if path == 'notifications' else 'ntf'}_1"):
            assert error(tenant.client.get(f"/v1/{path}/{wrong}")) == (400, "validation_error")


def test_events_beyond_the_contract_are_never_among_notifications(tenant: Tenant) -> None:
    every = [*ALL, "account.reconnect_required", "account.paused", "webhook.disabled"]
    made = subscribe(tenant, "webhooks", eventTypes=every)
    assert made["eventTypes"] == every
    assert (made["disabledReason"], made["olderSecretUntil"]) == (None, None)
    listed = tenant.client.get("/v1/notifications").json()["notifications"]
    assert made["id"] not in {each["id"] for each in listed}
    assert made["id"] in {each["id"] for each in tenant.client.get("/v1/webhooks").json()["webhooks"]}


def test_a_profile_of_the_project(local: Tenant) -> None:
    profile = local.client.post("/v1/profiles", json={"name": "Shop"}).json()["profile"]["id"]
    made = subscribe(local, profileId=profile)
    assert made["profileId"] == profile
    path = f"/v1/notifications/{made['id']}"
    assert local.client.patch(path, json={"enabled": True}).json()["notification"]["profileId"] == profile
    assert local.client.patch(path, json={"profileId": None}).json()["notification"]["profileId"] is None
    assert paths(local.client.patch(path, json={"profileId": "prof_other"})) == {"profileId"}


def test_a_key_that_only_reads_sees_no_secret(local: Tenant) -> None:
    made = subscribe(local)
    key = operator(
        local.world, lambda db: access.create_key(db, local.project_id, name="reader", scopes=["read"])[1]
    )
    with httpx2.Client(base_url=local.world.url, headers={"x-access-key": key}, trust_env=False) as reader:
        found = reader.get(f"/v1/notifications/{made['id']}").json()["notification"]
        assert found["webhook"]["secret"].startswith("whsec_***")
        assert reader.post(f"/v1/webhooks/{made['id']}/rotate-secret").json()["code"] == "missing_scope"


def test_secrets_are_sealed_in_the_store_and_never_in_the_log(tenant: Tenant) -> None:
    made = subscribe(tenant)
    tenant.client.post(f"/v1/notifications/{made['id']}/rotate-secret")
    row = operator(
        tenant.world,
        lambda db: db.execute(select(subscriptions).where(subscriptions.c.id == made["id"])).one(),
    )
    assert row.secret.startswith("v1.")
    assert row.older_secret.startswith("v1.")
    assert "whsec_" not in (tenant.world.folder / "server.log").read_text()


def test_a_rotation_needs_a_webhook(local: Tenant) -> None:
    made = subscribe(local, channel="email", email={"recipients": ["a@example.com"]})
    assert error(local.client.post(f"/v1/notifications/{made['id']}/rotate-secret")) == (409, "no_secret")


def test_a_project_has_not_more_than_a_hundred(local: Tenant, new: Callable[..., Tenant]) -> None:
    crowd = new(local.world)
    for _ in range(100):
        subscribe(crowd)
    body = {"channel": "webhook", "eventTypes": ALL, "webhook": {"url": "https://example.com"}}
    answer = crowd.client.post("/v1/webhooks", json=body)
    assert answer.json()["errors"][0]["code"] == "too_many_subscriptions"


def test_a_test_of_a_place(tenant: Tenant, receiver: Receiver) -> None:
    name = words()
    url = receiver.url(name.replace(" ", "-"))
    body = {"channel": "webhook", "webhook": {"url": url}}
    done = tenant.client.post("/v1/notifications/test", json=body)
    assert done.json() == {"success": True, "message": "Test notification sent."}
    (unsigned,) = receiver.wait(name.replace(" ", "-"))
    assert json.loads(unsigned.body)["type"] == "test"
    assert "webhook-signature" not in unsigned.headers
    made = subscribe(tenant, webhook={"url": url})
    assert made["lastTestStatus"] is None
    assert tenant.client.post("/v1/notifications/test", json=body).status_code == 200
    assert "webhook-signature" in receiver.wait(name.replace(" ", "-"), 2)[1].headers
    path = f"/v1/notifications/{made['id']}"
    assert tenant.client.get(path).json()["notification"]["lastTestStatus"] == "success"
    receiver.boxes[name.replace(" ", "-")].answers = [302]
    failed = tenant.client.post("/v1/notifications/test", json=body)
    assert error(failed) == (400, "test_failed")
    assert "302" not in failed.text
    found = tenant.client.get(path).json()["notification"]
    assert found["lastTestStatus"] == "failed"
    assert found["lastTestAt"]
    assert receiver.boxes["elsewhere"].received == []


def test_a_test_mail(local: Tenant) -> None:
    recipients = [f"{words().split()[1]}@example.com"]
    body = {"channel": "email", "email": {"recipients": recipients}}
    assert local.client.post("/v1/notifications/test/", json=body).status_code == 200
    mails = local.world.control("GET", "mails")["mails"]
    (mail,) = [each for each in mails if each["to"] == recipients]
    assert mail["subject"] == "Test of a notification"
    refused = {"channel": "email", "email": {"recipients": ["refused@example.com"]}}
    assert error(local.client.post("/v1/notifications/test", json=refused)) == (400, "test_failed")
