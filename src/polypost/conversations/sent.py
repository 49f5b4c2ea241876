"""What was written on networks by request, so that a request that comes twice writes once (RELIABILITY A1, A3).

A row is durable before the first byte goes out. It ends as `done` with the network's id, as `unknown`, or not
at all: what the network refused leaves no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    select,
    update,
)

from polypost.errors import KeyReused
from polypost.storage import STEP, Instant, emit, insert_new, metadata, new_id

SENDING, DONE, UNKNOWN = "sending", "done", "unknown"
LOST, REPLAYED = "lost", "replayed"
# How long an equal request without a key counts as a repeat of one whose end or answer was lost.
REPLAY_WINDOW = timedelta(minutes=10)
# Whoever has sent for longer than this died on the way.
LONGEST = timedelta(seconds=60)
KEPT = timedelta(days=7)

said = Table(
    "said",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("api_key_id", String(40), nullable=False),
    Column("operation", String(40), nullable=False),
    Column("idempotency_key", String(255)),
    Column("fingerprint", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("delivery", String(8)),
    Column("network_id", Text),
    Column("server", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("project_id", "operation", "idempotency_key"),
    Index("ix_said_fingerprint", "fingerprint"),
    Index("ix_said_created_at", "created_at"),
)
_T = said.c


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to write: whose it is and how a repeat of it is known; `server` is this server's name."""

    project_id: str
    api_key_id: str
    operation: str
    fingerprint: int
    idempotency_key: str | None
    server: str


def topic(said_id: str) -> str:
    """What is signalled when a row has come to its end."""
    return f"said:{said_id}"


def claim(db: Connection, asked: Asked, now: datetime) -> tuple[Row[Any], bool]:
    """The row of this request, and whether it is new: only then may anything be sent.

    Raises KeyReused when the key stands for another body.
    """
    known = _known(db, asked, now)
    if known is not None:
        return known, False
    made: dict[str, Any] = {
        "id": new_id("said"),
        "project_id": asked.project_id,
        "api_key_id": asked.api_key_id,
        "operation": asked.operation,
        "idempotency_key": asked.idempotency_key,
        "fingerprint": asked.fingerprint,
        "state": SENDING,
        "server": asked.server,
        "created_at": now,
    }
    # Two requests with one key may come at the same instant, to two processes.
    if not insert_new(db, said, made):
        known = _known(db, asked, now)
        assert known is not None
        return known, False
    return _load(db, asked.project_id, made["id"]), True


def _known(db: Connection, asked: Asked, now: datetime) -> Row[Any] | None:
    mine = (_T.project_id == asked.project_id, _T.operation == asked.operation)
    if asked.idempotency_key is not None:
        row = db.execute(select(said).where(*mine, _T.idempotency_key == asked.idempotency_key)).one_or_none()
        if row is not None and row.fingerprint != asked.fingerprint:
            raise KeyReused(
                "This Idempotency-Key was used with another body.", next_step="Use a new key for new words."
            )
        return None if row is None else _settled(db, row, now)
    equal = (_T.fingerprint == asked.fingerprint, _T.api_key_id == asked.api_key_id)
    last = select(said).where(*mine, *equal, _T.created_at > now - REPLAY_WINDOW).order_by(_T.id.desc())
    row = db.execute(last.limit(1)).one_or_none()
    if row is None:
        return None
    row = _settled(db, row, now)
    if row.state != DONE:
        return row
    if row.delivery != LOST:
        return None
    _set(db, asked.project_id, row.id, delivery=REPLAYED)
    return row


def _settled(db: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """The row as it counts: who has been sending for too long never came back."""
    if row.state == SENDING and row.created_at < now - LONGEST:
        doubt(db, row.project_id, row.id)
        return _load(db, row.project_id, row.id)
    return row


def done(db: Connection, project_id: str, said_id: str, network_id: str) -> None:
    """The network took it and named it."""
    _set(db, project_id, said_id, state=DONE, network_id=network_id)
    emit(db, topic(said_id))


def doubt(db: Connection, project_id: str, said_id: str) -> None:
    """It was sent, and nobody knows what became of it."""
    _set(db, project_id, said_id, state=UNKNOWN)
    emit(db, topic(said_id))


def undo(db: Connection, project_id: str, said_id: str) -> None:
    """The network did not take it: the same request may be sent again, and its key is free."""
    db.execute(delete(said).where(_T.project_id == project_id, _T.id == said_id))
    emit(db, topic(said_id))


def mark_undelivered(db: Connection, project_id: str, said_id: str) -> None:
    """The client went away before its answer: the same body again is a replay."""
    _set(db, project_id, said_id, delivery=LOST)


def mark_before_start(db: Connection, server: str, now: datetime) -> int:
    """What a start finds of the time before: what was being sent is in doubt, and late answers may not have arrived.

    Returns how many were being sent.
    """
    cut = db.execute(
        update(said).where(_T.server == server, _T.state == SENDING).values(state=UNKNOWN)
    ).rowcount
    recent = (_T.created_at >= now - timedelta(seconds=60), _T.delivery.is_(None))
    db.execute(update(said).where(_T.server == server, _T.state == DONE, *recent).values(delivery=LOST))
    return cut


def clean(db: Connection, now: datetime) -> int:
    """Forget some of what is older than `KEPT`; returns how much."""
    old = select(_T.id).where(_T.created_at < now - KEPT).order_by(_T.created_at).limit(STEP)
    return db.execute(delete(said).where(_T.id.in_(old))).rowcount


def _load(db: Connection, project_id: str, said_id: str) -> Row[Any]:
    return db.execute(select(said).where(_T.project_id == project_id, _T.id == said_id)).one()


def _set(db: Connection, project_id: str, said_id: str, **values: Any) -> None:
    db.execute(update(said).where(_T.project_id == project_id, _T.id == said_id).values(**values))
