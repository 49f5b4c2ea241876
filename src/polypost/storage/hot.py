"""Statements of the accept path, compiled once: the driver gets text and tuples, nothing is worked out per request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert

Processor = Callable[[Any], Any] | None


class HotInsert:
    """An INSERT into `table`, given every column each time or NULL."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._built: dict[str, tuple[str, list[tuple[str, Processor]]]] = {}

    def __call__(self, db: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert the rows; a key that is missing is NULL."""
        sql, columns = self._built.get(db.dialect.name) or self._build(db.dialect)
        values = [
            tuple(
                row.get(name) if process is None or row.get(name) is None else process(row[name])
                for name, process in columns
            )
            for row in rows
        ]
        db.exec_driver_sql(sql, values if len(values) > 1 else values[0])

    def _build(self, dialect: Dialect) -> tuple[str, list[tuple[str, Processor]]]:
        named = {column.name: bindparam(column.name, type_=column.type) for column in self._table.columns}
        compiled = insert(self._table).values(named).compile(dialect=dialect)
        names: Sequence[str] = compiled.positiontup or ()
        columns: list[tuple[str, Processor]] = [
            (name, self._table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
        ]
        self._built[dialect.name] = str(compiled), columns
        return self._built[dialect.name]
