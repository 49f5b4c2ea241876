"""Long work in short transactions, so that whoever else writes has a turn between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from polypost import clock
from polypost.storage.store import Store

# Rows that a step changes, where nothing says otherwise, and what it leaves to others at least before the next.
STEP = 100
PAUSE_SECONDS = 0.01


async def in_steps(store: Store, step: Callable[[Connection], int], *, size: int = STEP) -> int:
    """Repeat `step` until it comes upon less than `size`; returns how much it was in all."""
    total = 0
    while True:
        began = clock.monotonic()
        done = await store.write(step)
        total += done
        if done < size:
            return total
        # Half of the time is others', however slow the disk is.
        await asyncio.sleep(max(PAUSE_SECONDS, clock.monotonic() - began))
