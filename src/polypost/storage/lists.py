"""Lists wait for each other, so that nothing else has to wait for lists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from polypost.errors import ListTooSlow

# How many a process reads side by side; on PostgreSQL so many connections of the pool.
LISTS = 2
# How long one waits for its turn, and how long it may then take.
LIST_SECONDS = 10.0


class Lists:
    """Whose list is read: one of a project at a time, `LISTS` in all."""

    def __init__(self) -> None:
        self._seats = asyncio.Semaphore(LISTS)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, project_id: str, seconds: float) -> AsyncIterator[None]:
        """Hold the project's turn and a seat while the block runs. Raises ListTooSlow if they do not come in time."""
        turn = self._turns.setdefault(project_id, asyncio.Lock())
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(seconds):
                    await held.enter_async_context(turn)
                    await held.enter_async_context(self._seats)
            except TimeoutError as late:
                raise ListTooSlow(
                    "Other lists are still being read.",
                    next_step="Ask for one list after the other, and narrow them.",
                    headers={"Retry-After": "10"},
                ) from late
            yield


def too_slow(seconds: float) -> ListTooSlow:
    """What is said of a list that was ended after so many seconds."""
    return ListTooSlow(
        f"Reading this list took longer than {seconds:g} seconds, so it was ended.",
        next_step="Narrow it to a shorter span of time or to fewer statuses, platforms or accounts, "
        "or begin nearer to its start.",
        headers={"Retry-After": "10"},
    )
