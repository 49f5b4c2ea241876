"""How long to wait, and for whom: a network that asks for it, one that stumbles, a store that does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from polypost.errors import RateLimited, StoreUnavailable
from polypost.posts.orders import SKIP
from polypost.posts.work import ClaimedRow
from polypost.storage import CommitUnknown, Store

T = TypeVar("T")
log = structlog.get_logger("polypost.publishing")

STORE_PAUSES = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)
LONGEST_FLOOR = timedelta(minutes=15)
LONGEST_BACK_OFF = timedelta(hours=2)
SHORTEST_CROWDED = timedelta(seconds=2)
LONGEST_CROWDED = timedelta(minutes=1)


async def write_patiently(store: Store, fn: Callable[[Connection], T], *, twice: bool = True) -> T:
    """Write what a network has said: it says it only once. Raises StoreUnavailable after some 40 seconds.

    With `twice` off, `fn` must not be done two times: raises CommitUnknown when it may have been kept.
    """
    for pause in STORE_PAUSES:
        try:
            return await store.write(fn)
        except StoreUnavailable as trouble:
            if isinstance(trouble, CommitUnknown) and not twice:
                raise
            log.warning("an answer could not be stored yet", reason=str(trouble))
            await asyncio.sleep(pause)
    return await store.write(fn)


def back_off(tries: int) -> timedelta:
    """The pause after the n-th try in vain: 5 s, 50 s, 8 min, 83 min. Five tries outlast an outage of an hour."""
    return min(timedelta(seconds=5.0 * 10.0 ** max(tries - 1, 0)), LONGEST_BACK_OFF)


def limited_until(limited: RateLimited, waits: int, now: datetime) -> datetime:
    """When to come again after the n-th request to wait: the network's instant, later if it keeps naming early ones."""
    floor = timedelta(seconds=2 ** min(waits - 1, 10))
    return max(limited.until, now + min(floor, LONGEST_FLOOR))


def latest(target: ClaimedRow, grace: timedelta) -> timedelta:
    """How long after its hour a target may go out: as its post says, within the server's late grace."""
    own = target.late_after if target.late == SKIP else None
    return grace if own is None else min(timedelta(seconds=own), grace)


def crowded_pause(waited: timedelta) -> timedelta:
    """The pause of a target that has `waited` for a place to fetch its media: longer and longer, for many may wait."""
    return min(max(waited / 4, SHORTEST_CROWDED), LONGEST_CROWDED)
