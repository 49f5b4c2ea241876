"""Rows by the class that says which columns they have: SQLAlchemy and the driver tell no types."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.sql import Executable

T = TypeVar("T")


def rows_of(db: Connection, query: Executable, of: type[T]) -> list[T]:
    """All rows that `query` finds."""
    return cast("list[T]", db.execute(query).all())


def row_of(db: Connection, query: Executable, of: type[T]) -> T | None:
    """The row that `query` finds, None where there is none; there are never two."""
    return cast("T | None", db.execute(query).one_or_none())


def as_dict(row: Any) -> dict[str, Any]:
    """A row's columns by name."""
    return cast("dict[str, Any]", row._asdict())
