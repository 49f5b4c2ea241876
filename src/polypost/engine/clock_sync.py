"""The hour by which all processes on one database go: the database's own."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import Connection, func, select

from polypost import clock
from polypost.storage import Store

# Seconds by which a clock may differ and nobody minds, and beyond which its machine is not to be trusted.
TOLERATED = 1.0
TRUSTED = 60.0
_HOUR = select(func.clock_timestamp())

log = structlog.get_logger("polypost.engine")


class ClockSync:
    """Sets this process's clock by the database's; `wrong` while the machine's own is more than a minute off."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lead = 0.0
        self.wrong = asyncio.Event()

    @property
    def trouble(self) -> str | None:
        """Why this process may carry out nothing, and what to do; None when its clock is good enough."""
        if not self.wrong.is_set():
            return None
        off = -clock.corrected()
        where = "ahead of" if off > 0 else "behind"
        return (
            f"The clock of this machine is {abs(off):.0f} s {where} the database's. "
            "Set it right, for example by NTP; until then this process carries out no posts."
        )

    @property
    def in_doubt(self) -> bool:
        """Whether the machine's clock has leapt since the last look."""
        return abs(_lead() - self._lead) > TOLERATED

    async def look(self) -> None:
        """Compare the two clocks, and correct this process's when it is more than a second off. Raises StoreUnavailable."""
        ahead, unsure = await self._store.read(_compare)
        if abs(ahead) - unsure > TOLERATED:
            clock.correct(-ahead)
            log.warning("the clock was set by the database's", ahead_seconds=round(ahead, 3))
        self._lead = _lead()
        if abs(clock.corrected()) <= TRUSTED:
            self.wrong.clear()
        elif not self.wrong.is_set():
            self.wrong.set()
            log.error("the clock is wrong", reason=self.trouble)


def _compare(db: Connection) -> tuple[float, float]:
    """By how many seconds this process is ahead of the database, and how many of them may be the way there and back."""
    here, began = clock.now(), clock.monotonic()
    there = db.execute(_HOUR).scalar_one()
    half = (clock.monotonic() - began) / 2
    return (here + timedelta(seconds=half) - there).total_seconds(), half


def _lead() -> float:
    """What the two clocks of this process have between them; it changes when the one on the wall leaps."""
    return clock.now().timestamp() - clock.monotonic()
