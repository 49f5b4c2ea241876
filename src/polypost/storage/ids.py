"""Identifiers: opaque, ordered by time, with 80 random bits."""

from __future__ import annotations

import os
from collections import deque

from polypost import clock

_BYTES = 10
_AHEAD = 256
# Random bits for the next ids: asking the system gives the interpreter's lock away each time.
_spare: deque[str] = deque()
os.register_at_fork(after_in_child=_spare.clear)


def new_id(kind: str) -> str:
    """An id such as `post_019ab3…`: 48 bits of milliseconds, then 80 random bits, in hex (RELIABILITY K8)."""
    return f"{kind}_{clock.milliseconds():012x}{random_hex()}"


def random_hex() -> str:
    """80 random bits in hex, each given out once."""
    try:
        return _spare.popleft()
    except IndexError:
        found = os.urandom(_BYTES * _AHEAD).hex()
        first, *more = (found[at : at + 2 * _BYTES] for at in range(0, len(found), 2 * _BYTES))
        _spare.extend(more)
        return first


def earliest_id(kind: str, seconds: float) -> str:
    """The smallest id of the kind that may have been made at or after `seconds` since 1970."""
    return f"{kind}_{int(seconds * 1000):012x}"
