"""Webhooks checked by the client, signed by the server's own room."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from polypost import WebhookRefused, verify_webhook
from polypost.webhooks import signing

NOW = 1_795_658_491.0
BODY = json.dumps({"id": "evt_1", "type": "post.published", "data": {"postId": "post_1"}}).encode()


def signed(*secrets: str, at: float = NOW) -> dict[str, str]:
    return signing.headers("evt_1", BODY, secrets, datetime.fromtimestamp(at, UTC))


def only(prefix: str, headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower().startswith(prefix)}


@pytest.mark.parametrize("form", ["webhook-", "x-postpeer-"])
def test_either_form_is_enough(form: str) -> None:
    secret = signing.new_secret()
    headers = only(form, signed(secret))
    assert verify_webhook(secret, headers, BODY, now=NOW + 299)["id"] == "evt_1"
    assert verify_webhook(secret, {k.title(): v for k, v in headers.items()}, BODY.decode(), now=NOW)
    for refused in (
        {"secret": signing.new_secret()},
        {"body": BODY + b" "},
        {"now": NOW + 301},
        {"now": NOW - 301},
        {"headers": {}},
    ):
        given = {"secret": secret, "headers": headers, "body": BODY, "now": NOW} | refused
        with pytest.raises(WebhookRefused):
            verify_webhook(given["secret"], given["headers"], given["body"], now=given["now"])
    assert verify_webhook(secret, headers, BODY, now=NOW + 9999, tolerance=None)


def test_during_a_rotation_either_secret_is_enough() -> None:
    newer, older = signing.new_secret(), signing.new_secret()
    headers = signed(newer, older)
    assert verify_webhook(older, headers, BODY, now=NOW) == verify_webhook(newer, headers, BODY, now=NOW)


def test_the_time_that_counts_is_the_one_that_was_signed() -> None:
    """An old signature does not become young by a header beside it."""
    secret = signing.new_secret()
    old = only("x-postpeer-", signed(secret, at=NOW - 4000))
    with pytest.raises(WebhookRefused):
        verify_webhook(secret, {**old, "webhook-timestamp": str(int(NOW))}, BODY, now=NOW)


def test_the_form_of_postpeer_without_a_time_needs_leave() -> None:
    said = {"x-postpeer-signature": hmac.digest(b"secret", BODY, hashlib.sha256).hex()}
    with pytest.raises(WebhookRefused):
        verify_webhook("secret", said, BODY)
    assert verify_webhook("secret", said, BODY, tolerance=None)["type"] == "post.published"


def test_a_signed_body_that_is_no_object() -> None:
    at = datetime.fromtimestamp(NOW, UTC)
    secret = signing.new_secret()
    for body in (b"[]", b"{"):
        with pytest.raises(WebhookRefused):
            verify_webhook(secret, signing.headers("evt_1", body, [secret], at), body, now=NOW)
