"""Identifiers: opaque, ordered by time, with 80 random bits."""

from __future__ import annotations

import os

from polypost import clock


def new_id(kind: str) -> str:
    """An id such as `post_019ab3…`: 48 bits of milliseconds, then 80 random bits, in hex (RELIABILITY K8)."""
    return f"{kind}_{clock.milliseconds():012x}{os.urandom(10).hex()}"


def earliest_id(kind: str, seconds: float) -> str:
    """The smallest id of the kind that may have been made at or after `seconds` since 1970."""
    return f"{kind}_{int(seconds * 1000):012x}"
