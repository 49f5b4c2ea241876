"""What each statement of a store costs in rows, heard at the driver: no clock, no plan that has to be understood.

SQLite counts the instructions of its own machine while the statement runs. PostgreSQL is asked afterwards, by
EXPLAIN ANALYZE in a transaction that is taken back, with scans of whole tables made dear, as they are at a million rows.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from polypost.storage import Store
from polypost.storage.driver import Driver
from polypost.storage.hot import DRIVER
from tests.engine.stand_ins import Watched

_STEPS = 10
_VALUE = re.compile(r"'(?:[^']|'')*'|\bNULL\b|\$\d+(?:::\w+)?|\b\d+\b|\?")
_LIST = re.compile(r"\(\?(?:, \?)+\)")
_KINDS = ("SELECT", "UPDATE", "DELETE", "WITH")


def shape(sql: str) -> str:
    """A statement without its values, in one line."""
    return _LIST.sub("(?)", _VALUE.sub("?", " ".join(sql.split())))


class Work:
    """The dearest run of each statement, by its shape; connections that are opened while it listens are heard."""

    def __init__(self) -> None:
        self.done: dict[str, int] = {}
        self._asked: dict[str, tuple[str, Any]] = {}
        self._on = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear connections to be opened; what they say is kept from `begin` on."""
        event.listen(Engine, "connect", self._connected)
        event.listen(Engine, "checkout", self._taken)
        event.listen(Engine, "before_cursor_execute", self._executing)
        try:
            yield
        finally:
            event.remove(Engine, "connect", self._connected)
            event.remove(Engine, "checkout", self._taken)
            event.remove(Engine, "before_cursor_execute", self._executing)

    def begin(self) -> None:
        """From here on statements are kept."""
        self._on = True

    async def end(self, store: Store) -> None:
        """Keep none any more, and learn what those of PostgreSQL cost."""
        self._on = False
        for said, (statement, parameters) in self._asked.items():
            rows = _Rows(statement, parameters)
            try:
                await store.write(rows)
            except _TakenBack as back:
                self.done[said] = back.rows

    def _connected(self, driver: Any, _record: Any) -> None:
        if not isinstance(driver, sqlite3.Connection):
            return
        running = {"shape": "", "steps": 0}

        def begins(sql: str) -> None:
            running["shape"], running["steps"] = shape(sql), 0
            # The store takes the handler away when a read has ended; the next one begins with BEGIN.
            driver.set_progress_handler(steps, _STEPS)

        def steps() -> int:
            running["steps"] += _STEPS
            said = str(running["shape"])
            if self._on and said.startswith((*_KINDS, "INSERT")):
                self.done[said] = max(self.done.get(said, 0), int(running["steps"]))
            return 0

        driver.set_trace_callback(begins)

    def _taken(self, _driver: Any, record: Any, _proxy: Any) -> None:
        driver = record.info.get(DRIVER)
        if isinstance(driver, Driver):
            record.info[DRIVER] = Watched(driver, self._asks)

    def _executing(self, db: Connection, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if db.dialect.name == "postgresql":
            self._asks(statement, parameters)

    def _asks(self, statement: str, parameters: Any) -> None:
        # What inserts cannot be done a second time.
        if self._on and statement.startswith(_KINDS) and "INSERT INTO" not in statement:
            many = isinstance(parameters, list) and parameters
            self._asked.setdefault(shape(statement), (statement, parameters[0] if many else parameters))


class _TakenBack(Exception):
    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


class _Rows:
    def __init__(self, statement: str, parameters: Any) -> None:
        self._statement = statement
        self._parameters = parameters

    def __call__(self, db: Connection) -> None:
        db.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {self._statement}"
        said = db.exec_driver_sql(explain, self._parameters).scalar_one()
        (plan,) = json.loads(said) if isinstance(said, str) else said
        raise _TakenBack(sum(_read(plan["Plan"])))


def _read(node: dict[str, Any]) -> Iterator[int]:
    """Rows that a plan's scans gave or threw away."""
    if "Scan" in node["Node Type"]:
        removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
        yield int((node["Actual Rows"] + removed) * node["Actual Loops"])
    for inner in node.get("Plans", ()):
        yield from _read(inner)
