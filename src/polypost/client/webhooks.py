"""Whether a webhook comes from your server: by Standard Webhooks, or by PostPeer's headers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from polypost.client.errors import WebhookRefused


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    tolerance: float | None = 300.0,
    now: float | None = None,
) -> dict[str, Any]:
    """The event that a webhook carries. Raises WebhookRefused.

    `body` is what came, byte by byte; `headers` in any case of letters. A time further from `now` than `tolerance`
    seconds is refused; None takes any time, also the form of PostPeer's signature that has none.
    """
    raw = body.encode() if isinstance(body, str) else bytes(body)
    given = {name.lower(): value for name, value in headers.items()}
    stamp = _standard(secret, given, raw)
    if stamp is None:
        stamp = _postpeer(secret, given, raw)
    if stamp is None:
        raise WebhookRefused(
            "The webhook is not signed with this secret. Compare it with the subscription's."
        )
    if tolerance is not None and abs((time.time() if now is None else now) - _seconds(stamp)) > tolerance:
        raise WebhookRefused("The webhook's time is too far from this machine's. Is its clock right?")
    try:
        event = json.loads(raw)
    except ValueError as error:
        raise WebhookRefused("The webhook's body is no JSON.") from error
    if not isinstance(event, dict):
        raise WebhookRefused("The webhook's body is no JSON object.")
    return event


def _standard(secret: str, given: Mapping[str, str], body: bytes) -> str | None:
    """The time that was signed; None where the signature is another one."""
    stamp = given.get("webhook-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return None
    head = f"{given.get('webhook-id', '')}.{stamp}."
    expected = b"v1," + base64.b64encode(hmac.digest(key, head.encode() + body, hashlib.sha256))
    signatures = given.get("webhook-signature", "").split()
    return stamp if any(hmac.compare_digest(expected, each.encode()) for each in signatures) else None


def _postpeer(secret: str, given: Mapping[str, str], body: bytes) -> str | None:
    """The time that was signed, empty where none was; None where the signature is another one."""
    said = given.get("x-postpeer-signature", "").removeprefix("sha256=").encode()
    stamp = given.get("x-postpeer-timestamp", "")
    signed = stamp.encode() + b"." + body if stamp else body
    expected = hmac.digest(secret.encode(), signed, hashlib.sha256).hex().encode()
    return stamp if hmac.compare_digest(expected, said) else None


def _seconds(stamp: str) -> float:
    try:
        return float(stamp)
    except ValueError:
        return 0.0
