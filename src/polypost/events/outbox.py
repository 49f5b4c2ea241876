"""The outbox: whoever wants to say something appends here; delivery is somebody else's work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
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

from polypost.storage import (
    HotInsert,
    HotSelect,
    HotWrite,
    Instant,
    Json,
    Write,
    emit,
    metadata,
    new_id,
    notify,
    partial_index,
)

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
# On SQLite the look for somebody who hears; on PostgreSQL look, row and signal, in one.
_HEARD: dict[str, HotSelect] = {}
_SAID: dict[str, HotWrite] = {}


def heard_by(anybody: Select[Any]) -> None:
    """Have events that nobody hears stand in the outbox as handed out, which saves the hand-out.

    `anybody` finds a row where somebody may hear; its parameters are an event's `project_id` and `type`.
    """
    names = [column.name for column in outbox.c if column is not outbox.c.spread_at]
    row = {name: bindparam(name, type_=outbox.c[name].type) for name in names}
    done = case((anybody.exists(), null()), else_=row["at"])
    new = insert(outbox).from_select([*names, "spread_at"], select(*row.values(), done))
    heard = case((outbox.c.spread_at.is_(None), notify(TOPIC)))
    _SAID["postgresql"] = HotWrite(new.returning(heard))
    _HEARD["sqlite"] = HotSelect(select(literal_column("1")).where(anybody.exists()))


# Until somebody says more, everything may be heard.
heard_by(select(literal_column("1")))


@dataclass(frozen=True, slots=True)
class _Event:
    row: dict[str, Any]

    def alone(self, db: Connection) -> None:
        if db.dialect.name == "postgresql":
            _SAID["postgresql"](db, self.row)
            return
        heard = _HEARD["sqlite"](db, self.row)
        _INSERT(db, [self.row if heard else {**self.row, "spread_at": self.row["at"]}])
        if heard:
            emit(db, TOPIC)

    def text(self, dialect: Dialect) -> tuple[str, tuple[Any, ...]]:
        return _SAID[dialect.name].text(dialect, self.row)


def event(
    project_id: str,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    at: datetime,
) -> Write:
    """That `kind` happened to `subject`, to be written with what made it true."""
    return _Event(
        {
            "id": new_id("evt"),
            "project_id": project_id,
            "type": kind,
            "subject": subject,
            "generation": "",
            "payload": payload,
            "at": at,
        }
    )
