"""PgQueuer's own tables: made, kept up to date and kept small; and connections to them."""

from __future__ import annotations

from typing import Any

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings, Durability, db_settings
from pgqueuer.queries import Queries
from sqlalchemy import Connection, column, delete, func, table, text

from polypost.engine import workers
from polypost.storage.postgres import address

TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_LOG_KEPT = text("interval '1 day'")
_STATISTICS_KEPT = text("interval '30 days'")
# PgQueuer asks after each look when the next job is due; its own indexes answer that by reading all jobs,
# an eighth of a second for a million.
_NEXT_DUE = """CREATE INDEX IF NOT EXISTS polypost_next_due
    ON {names.queue_table} (execute_after) WHERE status = 'queued'::{names.queue_status_type}"""


async def install(url: str) -> None:
    """Create PgQueuer's tables, or bring those of an older release up to date; safe to repeat."""
    # What happened to jobs is worth nothing after a crash: its two tables stay out of the write-ahead log.
    settings = DBSettings(durability=Durability.balanced)
    connection = await connect(url)
    try:
        queries = Queries(AsyncpgDriver(connection), qbe=QueryBuilderEnvironment(settings))
        await queries.upgrade()
        await queries.optimize_autovacuum()
        await connection.execute(_NEXT_DUE.format(names=settings.qualified))
    finally:
        await close(connection)


def forget_history(db: Connection) -> None:
    """Drop old notes about jobs, which PgQueuer never does by itself, and workers that are long gone."""
    names = db_settings()
    for name, kept in ((names.queue_table_log, _LOG_KEPT), (names.statistics_table, _STATISTICS_KEPT)):
        noted = table(name, column("created"), schema=names.db_schema)
        db.execute(delete(noted).where(noted.c.created < func.now() - kept))
    workers.forget(db)


async def connect(url: str, settings: dict[str, str] | None = None) -> Any:
    """A connection of its own, with PostgreSQL's `settings`. Raises one of TROUBLE."""
    return await asyncpg.connect(address(url), timeout=10, command_timeout=30, server_settings=settings)


async def close(connection: Any) -> None:
    """Let the connection go, politely when the server still listens."""
    try:
        await connection.close(timeout=5)
    except TROUBLE:
        connection.terminate()
