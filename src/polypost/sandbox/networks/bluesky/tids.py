"""Timestamp identifiers, the keys of posts: 53 bits of microseconds and 10 bits of a clock's id, in sortable base 32."""

from __future__ import annotations

import re
import secrets

from polypost import clock

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
# The specification lets the first character be one of these sixteen.
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_CLOCK_BITS = 10


class Tids:
    """Makes identifiers that only grow."""

    def __init__(self) -> None:
        self._last = 0
        self._clock = secrets.randbits(_CLOCK_BITS)

    def next(self) -> str:
        """A new one."""
        self._last = max(self._last + 1, int(clock.now().timestamp() * 1_000_000))
        number = self._last << _CLOCK_BITS | self._clock
        digits = []
        for _ in range(13):
            digits.append(ALPHABET[number & 31])
            number >>= 5
        return "".join(reversed(digits))


def is_tid(text: str) -> bool:
    """Whether a text is such an identifier."""
    return _TID.fullmatch(text) is not None
