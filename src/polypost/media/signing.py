"""Signatures in addresses that this server hands out and knows again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence


class Signer:
    """Signs texts for one purpose; `secrets` tells those of this moment: the first signs, and what any signed is known."""

    def __init__(self, secrets: Callable[[], Sequence[bytes]]) -> None:
        self._secrets = secrets

    def sign(self, text: str) -> str:
        """43 characters of base64url."""
        return _signed(self._secrets()[0], text)

    def knows(self, text: str, signature: str) -> bool:
        """Whether it is a signature of this very text."""
        return any(hmac.compare_digest(_signed(each, text), signature) for each in self._secrets())


def _signed(secret: bytes, text: str) -> str:
    made = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
