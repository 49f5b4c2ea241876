"""The form of an API key: `pp_live_` or `pp_test_`, thirty random characters, a checksum of six (K1).

The checksum lets a scanner of leaked secrets, and this server, tell a key from noise without a look-up.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import Literal

Kind = Literal["live", "test"]

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM = 30
_CHECK = 6
_SHOWN = 4
_FORM = re.compile(rf"pp_(?:live|test)_[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)


def generate(kind: Kind) -> str:
    """A new secret with 178 random bits."""
    body = f"pp_{kind}_" + "".join(secrets.choice(_BASE62) for _ in range(_RANDOM))
    return body + _checksum(body)


def well_formed(secret: str) -> bool:
    """Whether `secret` has the form of a key and its checksum is right; says nothing about its being known."""
    return _FORM.fullmatch(secret) is not None and _checksum(secret[:-_CHECK]) == secret[-_CHECK:]


def digest(secret: str) -> str:
    """What is stored of a key: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def shown(secret: str) -> str:
    """The beginning of a key, enough to recognise it in a list."""
    return secret[: len("pp_live_") + _SHOWN]


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
