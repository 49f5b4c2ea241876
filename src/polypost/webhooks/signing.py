"""Secrets, and the two kinds of signature that every webhook carries (RELIABILITY K6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32
MASKED = f"{PREFIX}********"


def new_secret() -> str:
    """A fresh signing secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def masked(secret: str) -> str:
    """The secret as lists show it: enough to tell one from another, too little to sign with."""
    return MASKED + secret[-4:]


def headers(event_id: str, body: bytes, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The signing headers of one try at `at`; `secrets` holds the newest first, two of them during a rotation.

    Standard Webhooks 1.0.0 signs `id.timestamp.body` with the decoded secret; `X-PostPeer-Signature` is the hex of
    `timestamp.body` under the newest secret as it is shown.
    """
    seconds = str(int(at.timestamp()))
    stamped = b".".join((seconds.encode(), body))
    signed = b".".join((event_id.encode(), stamped))
    versions = [base64.b64encode(_mac(_decoded(secret), signed)).decode() for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in versions),
        "X-PostPeer-Timestamp": seconds,
        "X-PostPeer-Signature": f"sha256={_mac(secrets[0].encode(), stamped).hex()}",
    }


def _decoded(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, hashlib.sha256)
