"""The outbox: whoever wants to say something appends here; delivery is somebody else's work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Index,
    Select,
    String,
    Table,
    bindparam,
    case,
    column,
    func,
    insert,
    literal_column,
    null,
    select,
)
from sqlalchemy.sql import visitors

from polypost.storage import (
    HotWrite,
    Instant,
    Json,
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


class OutboxRow:
    """A row of `outbox`."""

    id: str
    project_id: str
    type: str
    subject: str
    generation: str
    payload: Any
    at: datetime
    spread_at: datetime | None


# By dialect: the look for somebody who hears and the row, in one, on PostgreSQL with the signal.
_SAID: dict[str, HotWrite] = {}
_SAID_ALL: dict[str, HotWrite] = {}


def heard_by(anybody: Select[Any]) -> None:
    """Have events that nobody hears stand in the outbox as handed out, which saves the hand-out.

    `anybody` finds a row where somebody may hear; its parameters are an event's `project_id` and `type`.
    """
    names = [each.name for each in outbox.c if each is not outbox.c.spread_at]
    row = {name: bindparam(name, type_=outbox.c[name].type) for name in names}
    done = case((anybody.exists(), null()), else_=row["at"])
    new = insert(outbox).from_select([*names, "spread_at"], select(*row.values(), done))
    heard = case((outbox.c.spread_at.is_(None), notify(TOPIC)))
    _SAID["postgresql"] = HotWrite(new.returning(heard))
    _SAID["sqlite"] = HotWrite(new.returning(outbox.c.spread_at))
    _SAID_ALL["postgresql"] = _of_many(names, anybody, heard)


def _of_many(names: Sequence[str], anybody: Select[Any], heard: ColumnElement[Any]) -> HotWrite:
    """The same for any number of events, by an array for each column."""
    types = [outbox.c[name].type for name in names]
    arrays = [bindparam(name, type_=ARRAY(type_)) for name, type_ in zip(names, types, strict=True)]
    columns = [column(name, type_) for name, type_ in zip(names, types, strict=True)]
    many = func.unnest(*arrays).table_valued(*columns).render_derived(name="said")

    def of_row(element: Any, **_: Any) -> Any:
        return many.c[element.key] if isinstance(element, BindParameter) and element.key in many.c else None

    anybody_of: Any = visitors.replacement_traverse(anybody, {}, of_row)
    done = case((anybody_of.exists(), null()), else_=many.c["at"])
    return HotWrite(insert(outbox).from_select([*names, "spread_at"], select(*many.c, done)).returning(heard))


# Until somebody says more, everything may be heard.
heard_by(select(literal_column("1")))


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, to be written with what made it true."""

    row: dict[str, Any]

    def alone(self, db: Connection) -> None:
        """Write it."""
        ((spread_at,),) = _SAID[db.dialect.name](db, self.row).fetchall()
        if db.dialect.name == "sqlite" and spread_at is None:
            emit(db, TOPIC)

    def text(self, dialect: Dialect) -> tuple[str, tuple[Any, ...]]:
        """The statement that does it on PostgreSQL, and its values."""
        return _SAID[dialect.name].text(dialect, self.row)


@dataclass(frozen=True, slots=True)
class Events:
    """Several of them, one at least."""

    all: Sequence[Event]

    def alone(self, db: Connection) -> None:
        """Write them."""
        for each in self.all:
            each.alone(db)

    def text(self, dialect: Dialect) -> tuple[str, tuple[Any, ...]]:
        """One statement for all of them."""
        if len(self.all) == 1:
            return self.all[0].text(dialect)
        names = self.all[0].row
        return _SAID_ALL[dialect.name].text(
            dialect, {name: [each.row[name] for each in self.all] for name in names}
        )


def event(
    project_id: str,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    at: datetime,
) -> Event:
    """That `kind` happened to `subject`."""
    return Event(
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
