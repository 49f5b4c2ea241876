"""The outbox: whoever wants to say something appends here; delivery is somebody else's work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table

from polypost.storage import HotInsert, Instant, Json, metadata, new_id

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
    Index("ix_outbox_subject", "subject"),
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
    return event_id
