"""What a mail says, and that nothing in it can forge a line of its head."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from polypost import clock
from polypost.outbound import Guard, HookSender, Mailer
from polypost.webhooks import Channels, emails, signing
from polypost.webhooks.fan_out import compose
from polypost.webhooks.work import ClaimedDelivery


def letter(kind: str, data: dict[str, Any]) -> tuple[str, str]:
    return emails.write(kind, compose("evt_1", kind, clock.now(), data))


def post(excerpt: str = "Hello", **entry: Any) -> dict[str, Any]:
    target = {
        "platform": "twitter",
        "status": "published",
        "platformPostUrl": "https://x.com/a/status/1",
        "errorMessage": None,
    } | entry
    return {
        "post": {
            "id": "post_1",
            "excerpt": excerpt,
            "scheduledFor": "2026-12-01T09:00:00.000Z",
            "timezone": "UTC",
        },
        "platforms": [target],
    }


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("post.scheduled", "Scheduled: Hello"),
        ("post.published", "Published: Hello"),
        ("post.partial", "Published in part: Hello"),
        ("post.failed", "Not published: Hello"),
    ],
)
def test_the_subject_tells_the_news(kind: str, subject: str) -> None:
    said, text = letter(kind, post())
    assert said == subject
    assert "  X: published\n    https://x.com/a/status/1\n" in text
    assert "post_1" in text


def test_a_failure_has_its_reason() -> None:
    _, text = letter(
        "post.failed", post(status="failed", platformPostUrl=None, errorMessage="Too long.\nReally.")
    )
    assert "  X: failed. Too long. Really.\n" in text


def test_the_hour_of_a_scheduled_post() -> None:
    _, text = letter("post.scheduled", post(status="pending", platformPostUrl=None))
    assert "It goes out at 2026-12-01T09:00:00.000Z (UTC)" in text
    assert "  X: waits for its hour\n" in text


def test_a_text_cannot_add_a_header() -> None:
    subject, _ = letter("post.published", post("Hi\r\nBcc: all@example.com\u2028\x00" + "x" * 500))
    assert subject.isprintable()
    assert len(subject) <= 120


def test_a_post_without_a_text() -> None:
    assert letter("post.published", post(""))[0] == "Published: post_1"


@pytest.mark.parametrize(
    ("kind", "data", "part"),
    [
        ("account.reconnect_required", {"integrationId": "int_1", "reason": "access_revoked"}, "int_1"),
        ("account.paused", {"integrationId": "int_1", "until": "2026-12-01T09:00:00.000Z"}, "int_1"),
        ("webhook.disabled", {"subscriptionId": "ntf_1", "channel": "webhook", "reason": "gone"}, "410"),
        ("test", {"message": "This is a test."}, "test"),
    ],
)
def test_other_events(kind: str, data: dict[str, Any], part: str) -> None:
    subject, text = letter(kind, data)
    assert subject
    assert part in text
    assert "evt_1" in text


def test_secrets() -> None:
    secrets = {signing.new_secret() for _ in range(50)}
    assert len(secrets) == 50
    one = secrets.pop()
    assert signing.masked(one) != one
    assert len(one) > 40


def test_a_fault_of_ours_is_the_end_of_a_try_and_not_of_the_queue() -> None:
    class Broken(Mailer):
        async def send(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("ours")

    async def main() -> str | None:
        sender = HookSender(Guard())
        body = compose("evt_1", "post.failed", clock.now(), post())
        claimed = ClaimedDelivery("dlv_1", "ntf_1", "prj_1", 1, "email", "evt_1", "post.failed", body, 0)
        outcome = await Channels(sender, Broken("smtp://127.0.0.1", "us@example.com")).send(claimed)
        await sender.aclose()
        return outcome.reason

    assert asyncio.run(main()) == "internal_error"
