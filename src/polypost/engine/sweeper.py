"""The net beneath the queue: looks every five seconds for due work that nothing wakes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.engine.port import LOOKAHEAD, Engine, Source
from polypost.engine.runner import Runner
from polypost.errors import StoreUnavailable
from polypost.storage import Store

SWEEP_SECONDS = 5.0
SWEEP_LIMIT = 500
# After a long stop the queue is filled by and by: what is due in one sweep is ten times this at most.
SWEEP_ROUNDS = 10
UNRUNG = timedelta(seconds=30)
# A project that waits is told so by and by.
NOTED = 100

log = structlog.get_logger("polypost.engine")


async def repeat(
    call: Callable[[], Awaitable[None]], *, every: float, until: asyncio.Event, name: str
) -> None:
    """Call every `every` seconds until the event is set; what fails is logged and tried again next time."""
    while not await set_within(until, every):
        try:
            await call()
        except StoreUnavailable as trouble:
            log.warning("engine chore put off", chore=name, reason=trouble.message)
        except Exception:
            log.exception("engine chore failed", chore=name)


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event` at most `seconds`; True when it is set."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def ring_unrung(db: Connection, engine: Engine, source: Source, *, after: timedelta = UNRUNG) -> bool:
    """Wake what is due within the look-ahead and was not woken for `after`, in the transaction that marks it as woken.

    Returns whether there may be more.
    """
    now = clock.now()
    found = source(db, until=now + LOOKAHEAD, limit=SWEEP_LIMIT, unrung_since=now - after)
    engine.wake(db, found)
    return len(found) == SWEEP_LIMIT


async def note_waits(store: Store, engine: Engine, runner: Runner) -> None:
    """Have written down what waits in this process for its project's share."""
    for kind, note in engine.notes.items():
        keys = runner.above_share(kind, NOTED)
        if keys:
            await store.write(partial(note, keys=keys))
