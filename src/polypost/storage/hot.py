"""Statements of hot ways, compiled once: the driver gets text and tuples, nothing is worked out per call.

Parameters are named bind parameters; what else a statement compares with is fixed when it is compiled. An error is
SQLAlchemy's, whichever way the statement took to the driver.
"""

from __future__ import annotations

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Table, bindparam, insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

T = TypeVar("T")
Row = Mapping[str, Any]
# Where a store leaves what the driver has for a connection (`Connection.info`): describing a result to SQLAlchemy
# costs more than most statements.
DRIVER = "driver"
_NOTHING: Row = {}
# Arrays cost more a value, at both ends; but each number of rows would be a statement of its own to prepare.
_FEW = 4
_PARAMETER = re.compile(r"\$(\d+)")
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

    def __call__(self, db: Connection, rows: Sequence[Row]) -> Any:
        """Insert the rows; the cursor, for what `endings` gave."""
        shape = (db.dialect.name, *rows[0])
        sql, values = self._built.get(shape) or self._build(db.dialect, shape)
        return run(db, sql, [values(row) for row in rows] if len(rows) > 1 else values(rows[0]))

    def at_once(self, db: Connection, rows: Sequence[Row]) -> Any:
        """Insert the rows by one statement, on PostgreSQL; the cursor, for what `endings` gave of all of them."""
        return run(db, *self.text(db.dialect, rows))

    def text(self, dialect: Dialect, rows: Sequence[Row]) -> tuple[str, tuple[Any, ...]]:
        """One statement that inserts all rows, and its values; for PostgreSQL."""
        shape = (dialect.name, *rows[0])
        sql, values = self._built.get(shape) or self._build(dialect, shape)
        if len(rows) == 1:
            return sql, values(rows[0])
        ending, taken = self._endings.get(dialect.name, ""), map(values, rows)
        if len(rows) <= _FEW:
            return _of_few(sql, ending, len(rows)), tuple(chain.from_iterable(taken))
        # One array a column: the statement is the same however many rows there are. A column that is NULL in all of
        # them is left out, as each value of an array costs both ends.
        columns = list(zip(*taken, strict=True))
        some = tuple(place for place, column in enumerate(columns) if column.count(None) < len(column))
        return _of_many(sql, ending, some), tuple(columns[place] for place in some)

    def _build(self, dialect: Dialect, shape: tuple[str, ...]) -> tuple[str, _Values]:
        columns = self._table.c
        named = {name: bindparam(name, type_=columns[name].type) for name in shape[1:]}
        sql, values = _compiled(insert(self._table).values(named), dialect)
        ending = self._endings.get(dialect.name)
        self._built[shape] = f"{sql} {ending}" if ending else sql, values
        return self._built[shape]


class HotSelect(Generic[T]):
    """A SELECT whose rows have their columns by name, as the class `of` names them; it is never made."""

    def __init__(self, statement: Select[Any], of: type[T]) -> None:
        self._statement = statement
        self._columns = list(statement.selected_columns)
        names = [str(column.key) for column in self._columns]
        # A column without a name of its own has its place for one.
        self._row = _row_of(names)
        self._built: dict[str, tuple[str, _Values, _Processors]] = {}

    def __call__(self, db: Connection, parameters: Row = _NOTHING) -> list[T]:
        """All rows."""
        return self.rows(db.dialect, run(db, *self.text(db.dialect, parameters)))

    def text(self, dialect: Dialect, parameters: Row) -> tuple[str, tuple[Any, ...]]:
        """The driver's text and values."""
        sql, values, _ = self._built.get(dialect.name) or self._build(dialect)
        return sql, values(parameters)

    def rows(self, dialect: Dialect, cursor: Any) -> list[T]:
        """The rows that the driver found by that text."""
        processors, make = self._built[dialect.name][2], self._row._make
        return [make(_converted(list(row), processors)) for row in cursor.fetchall()]

    def first(self, db: Connection, parameters: Row = _NOTHING) -> T | None:
        """The first row, None where there is none."""
        return next(iter(self(db, parameters)), None)

    def made(self, values: Row) -> T:
        """A row as it will be found once `values` are stored; columns that are left out are None."""
        return cast("T", self._row(**values))

    def _build(self, dialect: Dialect) -> tuple[str, _Values, _Processors]:
        sql, values = _compiled(self._statement, dialect)
        processors = [_from_driver(column.type, dialect) for column in self._columns]
        self._built[dialect.name] = sql, values, _some(processors)
        return self._built[dialect.name]


class HotWrite:
    """Any other INSERT, UPDATE or DELETE, which is the same at each call."""

    def __init__(self, statement: UpdateBase) -> None:
        self._statement = statement
        self._built: dict[str, tuple[str, _Values]] = {}

    def __call__(self, db: Connection, parameters: Row) -> Any:
        """Carry it out; the cursor."""
        return run(db, *self.text(db.dialect, parameters))

    def text(self, dialect: Dialect, parameters: Row) -> tuple[str, tuple[Any, ...]]:
        """The driver's text and values."""
        found = self._built.get(dialect.name)
        if found is None:
            found = self._built[dialect.name] = _compiled(self._statement, dialect)
        return found[0], found[1](parameters)


class HotUpdate:
    """An UPDATE of `table` where all of `where` holds."""

    def __init__(self, table: Table, *where: ColumnElement[bool]) -> None:
        self._table = table
        self._where = where
        self._built: dict[tuple[str, ...], tuple[str, _Values, list[str]]] = {}

    def __call__(self, db: Connection, parameters: Row, values: Row) -> int:
        """Set `values`, by column, in the rows that `parameters` name; how many there were."""
        return int(run(db, *self.text(db.dialect, parameters, values)).rowcount)

    def text(self, dialect: Dialect, parameters: Row, values: Row) -> tuple[str, tuple[Any, ...]]:
        """The driver's text and values."""
        shape = (dialect.name, *values)
        sql, in_order, given = self._built.get(shape) or self._build(dialect, shape)
        return sql, in_order({**parameters, **dict(zip(given, values.values(), strict=True))})

    def _build(self, dialect: Dialect, shape: tuple[str, ...]) -> tuple[str, _Values, list[str]]:
        columns = self._table.c
        # The parameter for a column's new value; that of a condition may have the column's own name.
        given = {name: f"set_{name}" for name in shape[1:]}
        changed = {name: bindparam(given[name], type_=columns[name].type) for name in given}
        statement = update(self._table).where(*self._where).values(changed)
        self._built[shape] = *_compiled(statement, dialect), list(given.values())
        return self._built[shape]


def _row_of(names: Sequence[str]) -> Any:
    return namedtuple("Row", names, rename=True, defaults=[None] * len(names))


def run(db: Connection, sql: str, values: Any) -> Any:
    """Hand a statement to the driver, with a tuple of values or a list of them; the cursor. Raises DBAPIError."""
    driver = db.info[DRIVER]
    try:
        return (driver.executemany if isinstance(values, list) else driver.execute)(sql, values)
    except sqlite3.Error as error:
        raise DBAPIError.instance(sql, values, error, sqlite3.Error, dialect=db.dialect) from error


@cache
def _of_few(sql: str, ending: str, count: int) -> str:
    """An INSERT of one row as one of `count`, each with parameters of its own; for PostgreSQL."""
    head, _, row = sql.removesuffix(ending).rstrip().partition(" VALUES ")
    width = len(_PARAMETER.findall(row))
    rows = ", ".join(shifted(row, place * width) for place in range(count))
    return f"{head} VALUES {rows} {ending}"


@lru_cache(1000)
def _of_many(sql: str, ending: str, some: tuple[int, ...]) -> str:
    """An INSERT of one row as one of any number, its parameters as arrays, of these columns alone; for PostgreSQL."""
    head, _, row = sql.removesuffix(ending).partition(" VALUES ")
    into, _, named = head.rstrip(" )").partition(" (")
    names, values = named.split(", "), row.strip(" ()").split(", ")
    columns = ", ".join(names[place] for place in some)
    arrays = ", ".join(
        f"{_PARAMETER.sub(f'${number}', values[place])}[]" for number, place in enumerate(some, 1)
    )
    return f"{into} ({columns}) SELECT * FROM unnest({arrays}) {ending}"  # noqa: S608  # all of it is SQLAlchemy's text


def shifted(sql: str, by: int) -> str:
    """PostgreSQL's text with its parameters counted from `by` + 1."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql) if by else sql


def _compiled(statement: Any, dialect: Dialect) -> tuple[str, _Values]:
    """The driver's text, and what puts parameters into its order."""
    compiled = statement.compile(dialect=dialect)
    asked = {name for name, bind in compiled.binds.items() if bind.required}
    whole = compiled.construct_expanded_state(dict.fromkeys(asked))
    names: Sequence[str] = whole.positiontup or ()
    types = [compiled.binds[name].type if name in compiled.binds else None for name in names]
    processors = _some([_to_driver(type_, dialect) for type_ in types])
    # What the statement fixes is converted now, what is asked for at each call.
    fixed = dict(zip(names, _converted([whole.parameters[name] for name in names], processors), strict=True))
    fixed = {name: value for name, value in fixed.items() if name not in asked}
    converted = [(place, process) for place, process in processors if names[place] in asked]
    pick = _picker(names)

    def values(row: Row) -> tuple[Any, ...]:
        plain = pick({**row, **fixed} if fixed else row)
        return tuple(_converted(list(plain), converted)) if converted else plain

    return whole.statement, values


def _picker(names: Sequence[str]) -> _Values:
    """What takes these out of a row, as a tuple, which `itemgetter` makes of several names alone."""
    return itemgetter(*names) if len(names) > 1 else lambda row: tuple(row[name] for name in names)


def _to_driver(type_: TypeEngine[Any] | None, dialect: Dialect) -> Callable[[Any], Any] | None:
    # A member of a list has no bind of its own; those are texts and numbers.
    return None if type_ is None else type_.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _some(processors: Sequence[Callable[[Any], Any] | None]) -> _Processors:
    return [(place, process) for place, process in enumerate(processors) if process is not None]


def _converted(plain: list[Any], processors: _Processors) -> list[Any]:
    for place, process in processors:
        if plain[place] is not None:
            plain[place] = process(plain[place])
    return plain
