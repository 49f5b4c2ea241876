"""Signs of life of the processes that work, by the database's clock."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    String,
    Table,
    Text,
    cast,
    delete,
    extract,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from polypost.storage import Instant, metadata

workers = Table(
    "workers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_NOW = cast(extract("epoch", func.clock_timestamp()) * _SECOND, BigInteger)
_SEEN = cast(workers.c.seen_at, BigInteger)
_SILENCE = select(cast(_NOW - func.max(_SEEN), BigInteger))


def beat(db: Connection, worker_id: str, name: str) -> None:
    """Note that this worker lives; `name` tells operators which machine and process it is."""
    seen = {"seen_at": _NOW}
    known = db.execute(update(workers).where(workers.c.id == worker_id).values(seen))
    if known.rowcount == 0:
        row = insert(workers).values(id=worker_id, name=name, **seen)
        db.execute(row.on_conflict_do_update(index_elements=["id"], set_=seen))


def silence(db: Connection) -> float:
    """Seconds since any worker was heard; infinite when none ever was."""
    passed = db.execute(_SILENCE).scalar_one()
    return float("inf") if passed is None else passed / _SECOND


def forget(db: Connection) -> None:
    """Drop workers that were not heard for a day."""
    db.execute(delete(workers).where(_SEEN < _NOW - _DAY))
