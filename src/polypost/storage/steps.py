"""Long work in short transactions, so that whoever else writes has a turn between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from polypost.storage.store import Store

# Rows that a step changes, where nothing says otherwise, and what it leaves to others before the next.
STEP = 500
PAUSE_SECONDS = 0.02


async def in_steps(store: Store, step: Callable[[Connection], int], *, size: int = STEP) -> int:
    """Repeat `step` until it comes upon less than `size`; returns how much it was in all."""
    total = 0
    while True:
        done = await store.write(step)
        total += done
        if done < size:
            return total
        await asyncio.sleep(PAUSE_SECONDS)
