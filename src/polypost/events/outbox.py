"""The outbox: whoever wants to say something appends here; delivery is somebody else's work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Select,
    String,
    Table,
    bindparam,
    case,
    insert,
    literal_column,
    null,
    select,
)

from polypost.storage import HotInsert, HotSelect, Instant, Json, emit, metadata, new_id, partial_index

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
    partial_index("ix_outbox_unspread", "at", where="spread_at IS NULL"),
)
_INSERT = HotInsert(outbox)
# By dialect: on SQLite the look for somebody who hears, on PostgreSQL both look and row in one round trip.
_HEARD: dict[str, HotSelect] = {}


def heard_by(anybody: Select[Any]) -> None:
    """Have events that nobody hears stand in the outbox as handed out, which saves the hand-out.

    `anybody` finds a row where somebody may hear; its parameters are an event's `project_id` and `type`.
    """
    names = [column.name for column in outbox.c if column is not outbox.c.spread_at]
    row = {name: bindparam(name, type_=outbox.c[name].type) for name in names}
    done = case((anybody.exists(), null()), else_=row["at"])
    new = insert(outbox).from_select([*names, "spread_at"], select(*row.values(), done))
    said = new.returning(outbox.c.spread_at).cte("said")
    _HEARD["postgresql"] = HotSelect(select(said.c.spread_at).where(said.c.spread_at.is_(None)))
    _HEARD["sqlite"] = HotSelect(select(literal_column("1")).where(anybody.exists()))


# Until somebody says more, everything may be heard.
heard_by(select(literal_column("1")))


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
    heard = _HEARD[db.dialect.name](db, row)
    if db.dialect.name == "sqlite":
        _INSERT(db, [row if heard else {**row, "spread_at": at}])
    if heard:
        emit(db, TOPIC)
    return event_id
