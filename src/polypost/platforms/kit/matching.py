"""Looking for what an attempt made, among the posts of its account (RELIABILITY R1)."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import wraps
from typing import Any

from polypost.errors import PlatformError
from polypost.platforms.base import Attempt, CannotTell, Reconciled, Run

# Clocks differ: what we sent may carry an instant a little before ours.
CLOCK_SLACK = timedelta(seconds=120)
TOO_MANY = "The account has too many posts since then to look through."


Look = Callable[[Run, Attempt], Awaitable[Reconciled]]


def or_cannot_tell(*errors: type[PlatformError]) -> Callable[[Look], Look]:
    """A look that cannot tell where one of these errors keeps it from looking."""

    def guarded(look: Look) -> Look:
        @wraps(look)
        async def told(run: Run, attempt: Attempt) -> Reconciled:
            try:
                return await look(run, attempt)
            except errors as unreadable:
                return CannotTell(str(unreadable))

        return told

    return guarded


def essence(text: Any) -> str:
    """A text as compared: networks trim and recombine what they store."""
    return " ".join(unicodedata.normalize("NFC", text).split()) if isinstance(text, str) else ""


async def unclaimed(run: Run, ids: Iterable[str]) -> list[str]:
    """Those of these posts that belong to no other target yet, in their order."""
    known = list(ids)
    taken = await run.linked(known) if known else set()
    return [each for each in known if each not in taken]
