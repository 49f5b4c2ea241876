"""Statements of the accept path, compiled once: the driver gets text and tuples, nothing is worked out per request."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Select, Table, bindparam, insert
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]
_Values = Callable[[Row], tuple[Any, ...]]
_Processors = Sequence[tuple[int, Callable[[Any], Any]]]


class HotInsert:
    """An INSERT into `table`; all rows of a call have the same keys, columns that are no key are NULL.

    `endings` are SQL by dialect that follows the values, such as ON CONFLICT and RETURNING.
    """

    def __init__(self, table: Table, endings: Mapping[str, str] | None = None) -> None:
        self._table = table
        self._endings = endings or {}
        self._built: dict[tuple[str, ...], tuple[str, _Values]] = {}

    def __call__(self, db: Connection, rows: Sequence[Row]) -> CursorResult[Any]:
        """Insert the rows."""
        shape = (db.dialect.name, *rows[0])
        sql, values = self._built.get(shape) or self._build(db.dialect, shape)
        return db.exec_driver_sql(sql, [values(row) for row in rows] if len(rows) > 1 else values(rows[0]))

    def _build(self, dialect: Dialect, shape: tuple[str, ...]) -> tuple[str, _Values]:
        columns = self._table.c
        named = {name: bindparam(name, type_=columns[name].type) for name in shape[1:]}
        compiled = insert(self._table).values(named).compile(dialect=dialect)
        names: Sequence[str] = compiled.positiontup or ()
        sql = " ".join([str(compiled), *filter(None, [self._endings.get(dialect.name)])])
        self._built[shape] = sql, _values(dialect, names, [columns[name].type for name in names])
        return self._built[shape]


class HotSelect:
    """A SELECT whose parameters are all named bind parameters."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._built: dict[str, tuple[str, _Values, _Processors]] = {}

    def __call__(self, db: Connection, parameters: Row) -> list[tuple[Any, ...]]:
        """All rows, as tuples in the order of the columns."""
        sql, values, processors = self._built.get(db.dialect.name) or self._build(db.dialect)
        driver = db.connection.driver_connection
        # SQLite's own cursor: describing the result to SQLAlchemy costs more than the look-up.
        reader = driver.execute if isinstance(driver, sqlite3.Connection) else db.exec_driver_sql
        return [_converted(list(row), processors) for row in reader(sql, values(parameters)).fetchall()]

    def _build(self, dialect: Dialect) -> tuple[str, _Values, _Processors]:
        compiled = self._statement.compile(dialect=dialect)
        names: Sequence[str] = compiled.positiontup or ()
        processors = [
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(self._statement.selected_columns)
        ]
        self._built[dialect.name] = (
            str(compiled),
            _values(dialect, names, [compiled.binds[name].type for name in names]),
            [(place, process) for place, process in processors if process is not None],
        )
        return self._built[dialect.name]


def _values(dialect: Dialect, names: Sequence[str], types: Sequence[TypeEngine[Any]]) -> _Values:
    processors = [
        (place, type_.dialect_impl(dialect).bind_processor(dialect)) for place, type_ in enumerate(types)
    ]
    converted = [(place, process) for place, process in processors if process is not None]
    return lambda row: _converted([row[name] for name in names], converted)


def _converted(plain: list[Any], processors: _Processors) -> tuple[Any, ...]:
    for place, process in processors:
        if plain[place] is not None:
            plain[place] = process(plain[place])
    return tuple(plain)
