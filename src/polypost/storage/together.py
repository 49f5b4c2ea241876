"""Writes that need nothing from each other: one statement on PostgreSQL, which saves a way there and back for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect

from polypost.storage.hot import HotInsert, HotSelect, HotWrite, Row, run, shifted

Text = tuple[str, tuple[Any, ...]]


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


def together(db: Connection, writes: Sequence[Write]) -> None:
    """Write all of it; no row twice. On SQLite in this order."""
    if db.dialect.name == "sqlite":
        for write in writes:
            write.alone(db)
    elif len(writes) == 1:
        run(db, *writes[0].text(db.dialect))
    else:
        run(db, *_joined(db.dialect, writes, ("SELECT 1", ())))


def told_with(db: Connection, writes: Sequence[Write], query: HotSelect, parameters: Row) -> list[Any]:
    """The same on PostgreSQL, and what `query` finds: rows as they were before the writes."""
    asked = query.text(db.dialect, parameters)
    return query.rows(db.dialect, run(db, *_joined(db.dialect, writes, asked)))


def _joined(dialect: Dialect, writes: Sequence[Write], query: Text) -> Text:
    texts = [*(write.text(dialect) for write in writes), query]
    sql = _statement(tuple((text, len(values)) for text, values in texts))
    return sql, tuple(value for _, values in texts for value in values)


@lru_cache(256)
def _statement(parts: tuple[tuple[str, int], ...]) -> str:
    """One statement of several, the last of which is a query; each with the number of its values."""
    by, moved = 0, []
    for text, count in parts:
        moved.append(shifted(text, by))
        by += count
    *writes, query = moved
    return f"WITH {', '.join(f'w{place} AS ({text})' for place, text in enumerate(writes))} {query}"
