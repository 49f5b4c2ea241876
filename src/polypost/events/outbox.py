"""The outbox: whoever wants to say something appends here; delivery is somebody else's work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table, text

from polypost.storage import HotInsert, Instant, Json, emit, metadata, new_id

# What is said when a transaction that appended an event has committed.
TOPIC = "outbox"

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("type", String(40), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("generation", String(16), nullable=False),
    Column("payload", Json, nullable=False),
    Column("at", Instant, nullable=False),
    # When it was handed to the subscriptions that want it; until then it stands in the small index.
    Column("spread_at", Instant),
    Index("ix_outbox_subject", "subject"),
    Index(
        "ix_outbox_unspread",
        "at",
        sqlite_where=text("spread_at IS NULL"),
        postgresql_where=text("spread_at IS NULL"),
    ),
)
_INSERT = HotInsert(outbox)


def append(
    db: Connection,
    project_id: str,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    at: datetime,
    *,
    generation: str = "",
) -> str:
    """Say that `kind` happened to `subject`; returns the event's id."""
    event_id = new_id("evt")
    row = {
        "id": event_id,
        "project_id": project_id,
        "type": kind,
        "subject": subject,
        "generation": generation,
        "payload": payload,
        "at": at,
    }
    _INSERT(db, [row])
    emit(db, TOPIC)
    return event_id
