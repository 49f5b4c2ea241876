"""Whether a worker lives: the database lets go of a lock of its session at the very moment its process ends.

The lock is shared, so that a worker that has lost its connection takes it anew while the database still holds the
lost one for it. A machine that vanishes says no farewell; there the lease is the net.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, text

from polypost.engine.port import Engine
from polypost.engine.sweeper import ring_unrung
from polypost.engine.workers import workers

# The first half of the lock's key; what else Polypost locks has one key of 64 bits.
_CLASS = 0x706F6C79
_HOLD = f"SELECT pg_advisory_lock_shared({_CLASS}, hashtext($1))"
# Workers of before these locks have names of another kind.
_GONE = text("""
    SELECT id FROM workers WHERE id LIKE 'run\\_%' AND NOT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = :key
            AND objid::bigint = hashtext(workers.id)::bigint & 4294967295
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
""").bindparams(key=_CLASS)


async def hold(connection: Any, worker_id: str) -> None:
    """Hold this worker's lock for as long as the connection lives. Raises one of queue.TROUBLE, and closes it then."""
    try:
        await connection.execute(_HOLD, worker_id)
    except BaseException:
        connection.terminate()
        raise


def gone(db: Connection) -> set[str]:
    """The workers on the roll whose lock nobody holds."""
    return set(db.execute(_GONE).scalars())


def wake_all(db: Connection, engine: Engine) -> None:
    """Wake what is overdue and held by nobody: a worker that has died may have had it in its memory alone."""
    for source in engine.sources.values():
        ring_unrung(db, engine, source, after=timedelta())


def bury(db: Connection, engine: Engine, worker_id: str, now: datetime) -> None:
    """Free what a dead worker had, and strike it off the roll once nothing is left."""
    left = False
    for heir in engine.heirs:
        wake_ups, more = heir(db, worker_id, now)
        engine.wake(db, wake_ups)
        left = left or more
    if not left:
        db.execute(delete(workers).where(workers.c.id == worker_id))
