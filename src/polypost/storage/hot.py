"""Statements of the accept path, compiled once: the driver gets text and tuples, nothing is worked out per request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert

Row = Mapping[str, Any]
_Built = tuple[str, Callable[[Row], tuple[Any, ...]]]


class HotInsert:
    """An INSERT into `table`; all rows of a call have the same keys, columns that are no key are NULL."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._built: dict[tuple[str, ...], _Built] = {}

    def __call__(self, db: Connection, rows: Sequence[Row]) -> None:
        """Insert the rows."""
        shape = (db.dialect.name, *rows[0])
        sql, values = self._built.get(shape) or self._build(db.dialect, shape)
        db.exec_driver_sql(sql, [values(row) for row in rows] if len(rows) > 1 else values(rows[0]))

    def _build(self, dialect: Dialect, shape: tuple[str, ...]) -> _Built:
        columns = self._table.c
        named = {name: bindparam(name, type_=columns[name].type) for name in shape[1:]}
        compiled = insert(self._table).values(named).compile(dialect=dialect)
        names: Sequence[str] = compiled.positiontup or ()
        processors = [
            (place, columns[name].type.dialect_impl(dialect).bind_processor(dialect))
            for place, name in enumerate(names)
        ]
        converted = [(place, process) for place, process in processors if process is not None]

        def values(row: Row) -> tuple[Any, ...]:
            plain = [row[name] for name in names]
            for place, process in converted:
                if plain[place] is not None:
                    plain[place] = process(plain[place])
            return tuple(plain)

        self._built[shape] = str(compiled), values
        return self._built[shape]
