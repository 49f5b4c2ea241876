"""What an operator says of a held store, written down with what follows from it."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection

from polypost import clock
from polypost.access import people
from polypost.bulk import older as bulk
from polypost.engine import workers
from polypost.errors import PolypostError
from polypost.planning import older as planning
from polypost.posts import older as posts
from polypost.settings import Settings
from polypost.storage import Store, lives, open_store, schema
from polypost.storage.lives import Answer
from polypost.storage.lock import DataLock

SILENCE_SECONDS = 30.0


class StoreInUse(PolypostError):
    """What is asked for is only possible while nobody works on the store."""

    code = "store_in_use"


async def answer(settings: Settings, word: Answer) -> dict[str, Any]:
    """Say what became of the original, in one transaction with what follows from it. Raises StoreInUse."""
    fit = schema.upgrade if settings.database_url is None else schema.check
    await asyncio.to_thread(fit, settings.data, settings.database_url)
    store = open_store(settings.data, settings.database_url, patient=True)
    lock = None
    try:
        life = await store.read(lives.current)
        if life is None or not life.held:
            # Nobody has noticed a copy: an older one may have been put into the same file.
            lock = await _alone(settings, store)
        return await store.write(lambda db: _written(db, settings, word))
    finally:
        if lock is not None:
            lock.release()
        await store.close()


async def _alone(settings: Settings, store: Store) -> DataLock | None:
    if settings.database_url is None:
        return DataLock(settings.data)
    if await store.read(workers.silence) < SILENCE_SECONDS:
        raise StoreInUse(
            "Servers or workers use this store, and it is not held.",
            next_step="Stop them, wait half a minute, and run it again.",
        )
    return None


def _written(db: Connection, settings: Settings, word: Answer) -> dict[str, Any]:
    now = clock.now()
    life = lives.current(db)
    held = life is not None and life.held
    if life is None or not held:
        place = lives.place_of(settings.data / schema.DATABASE) if settings.database_url is None else None
        life = lives.begin(db, "copied", now, place=place)
    done = {"targets": 0, "schedules": 0, "uploads": 0}
    if word == "older":
        done = {
            "targets": posts.doubt(db, now),
            "schedules": planning.pass_over(db, now),
            "uploads": bulk.stop(db, now),
        }
    lives.answer(db, life, word, now)
    people.note(db, "store_confirmed", answer=word, done=done)
    return {"confirmed": word, "held": held, **done}


def said(word: Answer, told: dict[str, Any]) -> str:
    """What follows from the answer, for the operator."""
    if word == "moved":
        return "The store goes on where it was: what is overdue goes out."
    return (
        f"{told['targets']} targets were due and not done: each is looked for on its account before anything is sent. "
        f"{told['schedules']} schedules go on from now, {told['uploads']} bulk uploads were ended."
    )
