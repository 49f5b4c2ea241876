"""The schema's revision: looked up by plain SQL, raised by Alembic, which is imported only for that.

The store has the old schema or the new one, never something between (RELIABILITY P16): all steps of an
upgrade and the new revision are one transaction on both stores.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polypost.errors import PolypostError, StoreUnavailable
from polypost.observability import failpoints

# Every revision this Polypost knows, oldest first; the scripts beside this file say what each one does.
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
)
HEAD = REVISIONS[-1]
SCRIPTS = Path(__file__).parent / "migrations"
DATABASE = "polypost.db"
# Two processes that upgrade one database take turns; the number is "poly" in ASCII.
_TURN = 0x706F6C79


class SchemaMismatch(PolypostError):
    """The store's schema and this Polypost do not belong together."""

    code = "schema_mismatch"


class UpgradeFailed(PolypostError):
    """The schema could not be raised; the store is as it was."""

    code = "upgrade_failed"


def check(data: Path, database_url: str | None = None) -> None:
    """Raise SchemaMismatch, with what to do, unless the store has exactly the schema of this Polypost."""
    found = revision(data, database_url)
    _refuse_newer(found)
    if found != HEAD:
        raise SchemaMismatch(
            f"The store has schema {found or 'none'}, this Polypost needs {HEAD}.",
            next_step="Run `polypost migrate`.",
        )


def upgrade(data: Path, database_url: str | None = None) -> bool:
    """Bring the store to the schema of this Polypost; returns whether there was anything to do.

    Before an SQLite file with content changes, a copy of it is made beside it: `polypost.db.before-<revision>`.
    Raises SchemaMismatch for a schema that is newer than this Polypost, UpgradeFailed when nothing was changed.
    """
    found = revision(data, database_url)
    _refuse_newer(found)
    if found == HEAD:
        return False
    from sqlalchemy.exc import DBAPIError

    try:
        if database_url:
            asyncio.run(_upgrade_postgres(database_url))
        else:
            _upgrade_sqlite(data / DATABASE)
    except DBAPIError as error:
        raise UpgradeFailed(
            f"The upgrade to schema {HEAD} failed and changed nothing: {error.orig}.",
            next_step="Remove the cause and run it again.",
        ) from error
    return True


def revision(data: Path, database_url: str | None = None) -> str | None:
    """The revision of the store's schema; None for an empty store. Raises StoreUnavailable when it cannot be read."""
    if database_url:
        return asyncio.run(_postgres_revision(database_url))
    path = data / DATABASE
    return _sqlite_revision(path) if path.exists() else None


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        raise SchemaMismatch(
            f"The store has schema {found}, which is newer than this Polypost (schema {HEAD}).",
            next_step="Install the Polypost that wrote it, or a later one; an older one cannot use it.",
        )


def _sqlite_revision(path: Path) -> str | None:
    with _open(path) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


async def _postgres_revision(url: str) -> str | None:
    import asyncpg

    from polypost.storage.postgres import address

    try:
        connection: Any = await asyncpg.connect(address(url), timeout=10, command_timeout=30)
        try:
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return None
            found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
            return found
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as trouble:
        raise StoreUnavailable(
            "The database cannot be reached.",
            next_step="Look at POLYPOST_DATABASE_URL and the database's log.",
        ) from trouble


def _upgrade_sqlite(path: Path) -> None:
    from polypost.storage.sqlite import connect

    path.parent.mkdir(parents=True, exist_ok=True)
    _keep_copy(path)
    engine = connect(path)
    try:
        with engine.connect() as db:
            # Python's sqlite3 would not put DDL into a transaction by itself.
            db.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                _run_scripts(db)
            except BaseException:
                db.exec_driver_sql("ROLLBACK")
                raise
            db.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


async def _upgrade_postgres(url: str) -> None:
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from polypost.storage.postgres import address

    async def connect() -> Any:
        return await asyncpg.connect(address(url))

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
            await connection.run_sync(_run_scripts)
    finally:
        await engine.dispose()


def _run_scripts(db: Any) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = db
    command.upgrade(config, "head")
    failpoints.hit("P16")


def _keep_copy(path: Path) -> None:
    """Copy the file as it stands, the write-ahead log included, whole or not at all."""
    if not path.exists():
        return
    with _open(path) as source:
        if not source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            return
        half = path.with_name(f"{path.name}.copying")
        half.unlink(missing_ok=True)
        with _open(half) as target:
            source.backup(target)
    shutil.copymode(path, half)
    half.replace(path.with_name(f"{path.name}.before-{HEAD}"))


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as trouble:
        raise StoreUnavailable(f"The store at {path} cannot be read: {trouble}.") from trouble
