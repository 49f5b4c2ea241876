"""Identifiers: opaque, ordered by time, with 80 random bits."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def new_id(kind: str) -> str:
    """An id such as `post_01k…`: 48 bits of milliseconds, then 80 random bits (RELIABILITY K8)."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    pairs = [_PAIRS[(value >> shift) & 0x3FF] for shift in range(120, -1, -10)]
    return f"{kind}_{''.join(pairs)}"
