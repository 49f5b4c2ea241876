"""asyncpg's own connection for hot statements, as sqlite3's is on SQLite; what SQLAlchemy adds costs twice as much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, ProgrammingError
from sqlalchemy.util import LRUCache, await_only

from polypost import clock

NO_LOCK_TIMEOUT = "DEFAULT"
_PREPARED = 200
_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# As SQLAlchemy's dialect has it.
_KINDS: tuple[tuple[type[Exception], type[DBAPIError]], ...] = (
    (asyncpg.IntegrityConstraintViolationError, IntegrityError),
    (asyncpg.InternalServerError, InternalError),
    (asyncpg.InternalClientError, InternalError),
    (asyncpg.InterfaceError, InterfaceError),
    (asyncpg.SyntaxOrAccessError, ProgrammingError),
)


class Result:
    """What a statement gave: its rows, and how many it touched."""

    __slots__ = ("_rows", "_status")

    def __init__(self, rows: list[Any], status: str) -> None:
        self._rows = rows
        self._status = status

    def fetchall(self) -> list[Any]:
        """All rows."""
        return self._rows

    @property
    def rowcount(self) -> int:
        """How many rows it touched."""
        return int(self._status.rpartition(" ")[2])


class Driver:
    """Runs statements on one connection of asyncpg's, each prepared once; called in a greenlet of SQLAlchemy's."""

    def __init__(self, connection: Any) -> None:
        self.opened_at = clock.monotonic()
        # What the session has, as SET takes it; None while that is not known.
        self.lock_timeout: str | None = NO_LOCK_TIMEOUT
        self._connection = connection
        self._prepared: LRUCache[str, Any] = LRUCache(_PREPARED)

    @property
    def closed(self) -> bool:
        """Whether the connection is known to be gone."""
        return bool(self._connection.is_closed())

    def terminate(self) -> None:
        """Give the connection up without a farewell."""
        self._connection.terminate()

    def execute(self, sql: str, values: Sequence[Any]) -> Result:
        """One statement. Raises DBAPIError."""
        said: Result = await_only(self._execute(sql, values))
        return said

    def executemany(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """The statement once for each tuple. Raises DBAPIError."""
        await_only(self._executemany(sql, values))

    def command(self, sql: str) -> None:
        """A statement without values, as BEGIN and COMMIT. Raises DBAPIError."""
        await_only(self._command(sql))

    async def _execute(self, sql: str, values: Sequence[Any]) -> Result:
        try:
            prepared = self._prepared.get(sql)
            if prepared is None:
                prepared = self._prepared[sql] = await self._connection.prepare(sql)
            return Result(await prepared.fetch(*values), prepared.get_statusmsg())
        except _FAILURES as error:
            # It may be one whose plan a change of the schema has made void.
            self._prepared.pop(sql, None)
            raise self._told(sql, values, error) from error

    async def _executemany(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        try:
            await self._connection.executemany(sql, values)
        except _FAILURES as error:
            raise self._told(sql, values, error) from error

    async def _command(self, sql: str) -> None:
        try:
            await self._connection.execute(sql)
        except _FAILURES as error:
            raise self._told(sql, (), error) from error

    def _told(self, sql: str, values: Any, error: Exception) -> DBAPIError:
        kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), DBAPIError)
        return kind(sql, values, error, connection_invalidated=self.closed)
