"""Signed tokens that clients read for themselves: they look at `exp` to know when to renew."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from typing import Any

from polypost.sandbox.simkit import Store

_SECRET = "bluesky_signing_secret"  # noqa: S105  # the name of a setting


class BadJwt(Exception):
    """Not a token of this server, or one that somebody changed."""


class Jwts:
    """Signs and reads; the secret lives in the sandbox's store, so that tokens outlast a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sign(self, kind: str, claims: dict[str, Any]) -> str:
        """A token with these claims; `kind` stands in its header."""
        body = f"{_part({'typ': kind, 'alg': 'HS256'})}.{_part(claims)}"
        return f"{body}.{self._signature(body)}"

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of ours, whatever its age. Raises BadJwt."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            raise BadJwt
        try:
            encoded = body.partition(".")[2]
            claims = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        except (ValueError, binascii.Error) as error:
            raise BadJwt from error
        if not isinstance(claims, dict):
            raise BadJwt
        return claims

    def _signature(self, body: str) -> str:
        digest = hmac.new(self._secret(), body.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _secret(self) -> bytes:
        kept = self._store.setting(_SECRET)
        if kept is None:
            kept = secrets.token_hex(32)
            self._store.set_setting(_SECRET, kept)
        return bytes.fromhex(kept)


def _part(value: dict[str, Any]) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
