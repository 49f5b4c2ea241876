"""Writes that need nothing from each other: one statement on PostgreSQL, which saves a way there and back for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol, TypeVar

from sqlalchemy import Boolean, Connection, Dialect, literal_column

from polypost.storage.hot import HotInsert, HotSelect, HotUpdate, HotWrite, Row, run, shifted
from polypost.storage.signals import emit

Text = tuple[str, tuple[Any, ...]]

T = TypeVar("T")
# For a query that is sent along: whether the first write, which RETURNS its rows, has any. On PostgreSQL.
FIRST_TOUCHED = literal_column("EXISTS (SELECT FROM w0)", Boolean())


class Write(Protocol):
    """Something to be written, of which nobody asks what it gave."""

    def alone(self, db: Connection) -> None:
        """Write it."""

    def text(self, dialect: Dialect) -> Text:
        """The statement that does it on PostgreSQL, and its values."""


@dataclass(frozen=True, slots=True)
class Insert:
    """These rows, of which there is one at least."""

    into: HotInsert
    rows: Sequence[Row]

    def alone(self, db: Connection) -> None:
        """Insert them."""
        self.into(db, self.rows)

    def text(self, dialect: Dialect) -> Text:
        """One statement for all of them."""
        return self.into.text(dialect, self.rows)


@dataclass(frozen=True, slots=True)
class Change:
    """A statement with its parameters."""

    statement: HotWrite
    parameters: Row

    def alone(self, db: Connection) -> None:
        """Carry it out."""
        self.statement(db, self.parameters)

    def text(self, dialect: Dialect) -> Text:
        """The statement itself."""
        return self.statement.text(dialect, self.parameters)


@dataclass(frozen=True, slots=True)
class Update:
    """These new values in the rows that the parameters name; whoever listens hears of `topic`."""

    statement: HotUpdate
    parameters: Row
    values: Row
    topic: str | None = None

    def alone(self, db: Connection) -> None:
        """Carry it out."""
        self.touched(db)

    def touched(self, db: Connection) -> int:
        """Carry it out; how many rows there were."""
        count = self.statement(db, self.parameters, self.values)
        if count and self.topic is not None:
            emit(db, self.topic)
        return count

    def text(self, dialect: Dialect) -> Text:
        """The statement itself."""
        return self.statement.text(dialect, self.parameters, self.values)


def together(db: Connection, writes: Sequence[Write]) -> None:
    """Write all of it; no row twice. On SQLite in this order."""
    if db.dialect.name == "sqlite":
        for write in writes:
            write.alone(db)
        return
    _say(db, writes)
    if len(writes) == 1:
        run(db, *writes[0].text(db.dialect))
    elif writes:
        run(db, *_joined(db.dialect, writes, ("SELECT 1", ())))


def told_with(db: Connection, writes: Sequence[Write], query: HotSelect[T], parameters: Row) -> list[T]:
    """The same, and what `query` finds; on PostgreSQL rows as they were before the writes, on SQLite after them."""
    if db.dialect.name == "sqlite":
        together(db, writes)
        return query(db, parameters)
    _say(db, writes)
    asked = query.text(db.dialect, parameters)
    return query.rows(db.dialect, run(db, *_joined(db.dialect, writes, asked)))


def fenced(db: Connection, fence: Update, more: Insert) -> bool:
    """Carry out `fence`, and insert where it has touched a row; whether it has. `more` has no ending of its own."""
    if db.dialect.name == "sqlite":
        held = fence.touched(db) > 0
        if held:
            more.alone(db)
        return held
    sql, values = fence.text(db.dialect)
    insert, inserted = more.text(db.dialect)
    texts = ((f"{sql} RETURNING 1", values), (_where_held(insert), inserted), ("SELECT 1 FROM w0", ()))
    return bool(run(db, *_one(texts)).fetchall())


def _say(db: Connection, writes: Sequence[Write]) -> None:
    """What the writes say, whether they touch a row or not, which is not known here; who hears of it looks."""
    for write in writes:
        if isinstance(write, Update) and write.topic is not None:
            emit(db, write.topic)


def _joined(dialect: Dialect, writes: Sequence[Write], query: Text) -> Text:
    return _one([*(write.text(dialect) for write in writes), query])


def _one(texts: Sequence[Text]) -> Text:
    sql = _statement(tuple((text, len(values)) for text, values in texts))
    return sql, tuple(chain.from_iterable(values for _, values in texts))


def _where_held(insert: str) -> str:
    head, named, values = insert.partition(" VALUES ")
    rows = f"SELECT * FROM (VALUES {values}) AS rows" if named else ""  # noqa: S608  # all of it is SQLAlchemy's text
    return f"{head} {rows} WHERE EXISTS (SELECT FROM w0)"


@lru_cache(256)
def _statement(parts: tuple[tuple[str, int], ...]) -> str:
    """One statement of several, the last of which is a query; each with the number of its values."""
    by, moved = 0, []
    for text, count in parts:
        moved.append(shifted(text, by))
        by += count
    *writes, query = moved
    return f"WITH {', '.join(f'w{place} AS ({text})' for place, text in enumerate(writes))} {query}"
