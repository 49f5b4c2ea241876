"""The official Python client on notifications, sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import postpeer
import pytest

from tests.contract.receivers import Receiver
from tests.contract.tenant import Tenant
from tests.contract.test_official_client import Official


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Official]:
    client = Official(request.param, tenant)
    yield client
    client.close()


def words(values: Any) -> list[str]:
    return [getattr(each, "value", each) for each in values]


def test_webhooks(official: Official, receiver: Receiver) -> None:
    url = receiver.url(f"official-{official.tenant.project_id}")
    done = official("notifications.test", "webhook", webhook={"url": url})
    assert (done.success, done.message) == (True, "Test notification sent.")
    events = ["post.scheduled", "post.published", "post.partial", "post.failed"]
    made = official(
        "notifications.create",
        "webhook",
        events,
        only_scheduled_posts=True,
        enabled=True,
        profile_id=None,
        webhook={"url": url},
    ).notification
    assert words(made.event_types) == events
    assert (made.only_scheduled_posts, made.enabled, made.profile_id) == (True, True, None)
    assert made.webhook.secret.startswith("whsec_")
    found = official("notifications.get", made.id).notification
    assert found.webhook.secret == made.webhook.secret
    listed = {each.id: each for each in official("notifications.list").notifications}
    assert listed[made.id].webhook.secret != made.webhook.secret
    changed = official(
        "notifications.update", made.id, event_types=["post.failed"], enabled=False, webhook={"url": url}
    ).notification
    assert (words(changed.event_types), changed.enabled) == (["post.failed"], False)
    official("notifications.test", "webhook", webhook={"url": url})
    tested = official("notifications.get", made.id).notification
    assert tested.last_test_status == "success"
    assert tested.last_test_at is not None
    assert official("notifications.delete", made.id).success is True
    with pytest.raises(postpeer.NotFoundError):
        official("notifications.get", made.id)


def test_mails(official: Official) -> None:
    recipients = ["official@example.com"]
    assert official("notifications.test", "email", email={"recipients": recipients}).success is True
    made = official(
        "notifications.create", "email", ["post.failed"], email={"recipients": recipients}
    ).notification
    assert made.email.recipients == recipients
    assert official("notifications.list").success is True
    assert official("notifications.delete", made.id).success is True


def test_refusals(official: Official) -> None:
    with pytest.raises(postpeer.BadRequestError) as refused:
        official("notifications.test", "webhook", webhook={"url": "https://127.0.0.1/"})
    assert refused.value.code == "validation_error"
    with pytest.raises(postpeer.BadRequestError):
        official("notifications.create", "webhook", ["post.failed"])
    with pytest.raises(postpeer.BadRequestError):
        official("notifications.get", "not-an-id")
