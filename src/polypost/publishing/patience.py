"""How long to wait, and for whom: a network that asks for it, one that is down, a store that stumbles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.errors import RateLimited, StoreUnavailable
from polypost.storage import Store

T = TypeVar("T")
log = structlog.get_logger("polypost.publishing")

STORE_PAUSES = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)
LONGEST_FLOOR = timedelta(minutes=15)
LONGEST_BACK_OFF = timedelta(hours=2)


async def write_patiently(store: Store, fn: Callable[[Connection], T]) -> T:
    """Write what a network has said: it says it only once. Raises StoreUnavailable after some 40 seconds."""
    for pause in STORE_PAUSES:
        try:
            return await store.write(fn)
        except StoreUnavailable as trouble:
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


@dataclass(slots=True)
class _Outage:
    in_vain: int = 0
    pause: float = 0.0
    until: float = 0.0


class Outages:
    """Which networks are down, as this process sees it; work for them must not take the seats of the others (P19).

    After `ENOUGH` calls in a row without a proper answer a network is left alone; one target at a time tries
    again, after pauses of 10 seconds to 5 minutes. Waiting for it is no try and is bounded by the late grace.
    """

    ENOUGH = 5
    SHORTEST = 10.0
    LONGEST = 300.0

    def __init__(self) -> None:
        self._outages: dict[str, _Outage] = {}

    def heard(self, platform: str, *, well: bool) -> None:
        """Note a call that was answered, or one that was not."""
        if well:
            self._outages.pop(platform, None)
            return
        outage = self._outages.setdefault(platform, _Outage())
        outage.in_vain += 1
        if outage.in_vain == self.ENOUGH:
            outage.pause = self.SHORTEST
            outage.until = clock.monotonic() + outage.pause

    def rest(self, platform: str) -> timedelta | None:
        """How long to leave the network alone; None for whoever may try now."""
        outage = self._outages.get(platform)
        if outage is None or outage.in_vain < self.ENOUGH:
            return None
        now = clock.monotonic()
        if now < outage.until:
            return timedelta(seconds=outage.until - now)
        # This one tries; the others wait for what it finds, and longer each time.
        outage.pause = min(outage.pause * 2, self.LONGEST)
        outage.until = now + outage.pause
        return None
