"""How often a network is asked whether its work on something is done."""

from __future__ import annotations

from datetime import timedelta


def next_look(age: timedelta, *, least: timedelta, most: timedelta = timedelta(minutes=1)) -> timedelta:
    """How long to wait when the work began `age` ago: a quarter of that, so often at first, between `least` and `most`."""
    return min(max(least, age / 4), most)
