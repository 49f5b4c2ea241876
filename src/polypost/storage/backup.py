"""Copies of a store that are whole: of one moment, while it is written to, and back into an empty one.

SQLite is copied by its own online backup, PostgreSQL table by table in one transaction that sees one moment; the jobs of
its queue are only bells and are not kept. Imported by the commands alone.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from polypost.errors import PolypostError, StoreUnavailable
from polypost.storage.schema import DATABASE

TABLES = "tables"
# What an empty database gets from the migrations.
_OF_THE_SCHEMA = frozenset({"alembic_version", "able"})
_QUEUE = "pgqueuer%"
_LIST = (
    "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns"
    " JOIN information_schema.tables USING (table_schema, table_name)"
    " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name NOT LIKE $1"
    " GROUP BY table_name ORDER BY table_name"
)
# Which tables have to be there before which.
_NEEDS = (
    "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conrelid <> confrelid"
)
Tables = dict[str, dict[str, Any]]


class CopyDamaged(PolypostError):
    """A copy of a store is not what it should be."""

    code = "copy_damaged"


class StoreNotEmpty(PolypostError):
    """A copy can only be put back where there is no store."""

    code = "store_not_empty"


def copy_sqlite(data: Path, folder: Path) -> Tables:
    """Copy the database of a data folder, which may be in use, into `folder`; its tables with their numbers of rows.

    Raises CopyDamaged when the copy does not pass SQLite's own check.
    """
    with _sqlite(data / DATABASE) as source, _sqlite(folder / DATABASE) as target:
        # In one step: in WAL mode nobody who writes waits for it.
        source.backup(target)
        return check_sqlite(target)


def check_sqlite(db: sqlite3.Connection) -> Tables:
    """Have a database checked; its tables with their numbers of rows. Raises CopyDamaged."""
    verdict = db.execute("PRAGMA quick_check").fetchone()[0]
    if verdict != "ok":
        raise CopyDamaged(
            f"SQLite says of the copy: {verdict}.", next_step="Look at the disk, and try again."
        )
    names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        name: {"rows": db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]}  # noqa: S608  # names of our own tables
        for (name,) in names.fetchall()
    }


def settle_sqlite(path: Path) -> None:
    """Make one file of a database that nobody uses."""
    with _sqlite(path) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    sync(path)


def refuse_sqlite(data: Path) -> None:
    """Raise StoreNotEmpty where a data folder has a store already, or what is left of one."""
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal"):
        if (data / name).exists():
            raise StoreNotEmpty(
                f"{data / name} is there: a backup is put back only where there is no store.",
                next_step=f"Stop the server and move {DATABASE}* out of the data folder, or name another one with --data.",
            )


def restore_sqlite(folder: Path, data: Path, mark: Callable[[sqlite3.Connection, Path], None]) -> None:
    """Put a copy into a data folder without a store; `mark` writes into it before it counts as one."""
    half = data / f"{DATABASE}.restoring"
    half.unlink(missing_ok=True)
    shutil.copyfile(folder / DATABASE, half)
    with _sqlite(half) as db:
        mark(db, half)
    sync(half)
    half.replace(data / DATABASE)
    sync(data)


async def copy_postgres(url: str, folder: Path) -> Tables:
    """Copy all tables as they are at one moment, each to a file; with their columns and numbers of rows."""
    (folder / TABLES).mkdir()
    async with _postgres(url) as db, db.transaction(isolation="repeatable_read", readonly=True):
        found: Tables = {}
        for name, columns in await db.fetch(_LIST, _QUEUE):
            with gzip.open(_file(folder, name), "wb", compresslevel=3) as file:
                told = await db.copy_from_table(name, columns=columns, output=file)
            sync(_file(folder, name))
            found[name] = {"rows": int(told.split()[-1]), "columns": list(columns)}
        return found


async def refuse_postgres(url: str, revision: str) -> None:
    """Raise StoreNotEmpty where a database has a store with anything in it, or of another schema."""
    async with _postgres(url) as db:
        if await db.fetchval("SELECT to_regclass('alembic_version')") is None:
            return
        found = await db.fetchval("SELECT version_num FROM alembic_version")
        if found != revision or await db.fetchval("SELECT EXISTS (SELECT FROM projects)"):
            raise StoreNotEmpty(
                "The database holds a store already: a backup is put back only into an empty database.",
                next_step="Make a new database and name it in POLYPOST_DATABASE_URL.",
            )


async def restore_postgres(
    folder: Path, url: str, tables: Mapping[str, Any], values: Mapping[str, Any], *, host: str, here: str
) -> None:
    """Put a copy into empty tables of its schema, and a row with `values` into `lives`, in one transaction.

    The files of `host` are those of `here` now. Raises CopyDamaged when a table does not get as many rows as it had.
    """
    async with _postgres(url) as db, db.transaction():
        needs: dict[str, list[str]] = {name: [] for name in tables if name not in _OF_THE_SCHEMA}
        for table, other in await db.fetch(_NEEDS):
            needs.get(table, []).append(other)
        for name in TopologicalSorter(needs).static_order():
            about = tables[name]
            with gzip.open(_file(folder, name), "rb") as file:
                told = await db.copy_to_table(name, columns=about["columns"], source=file)
            if int(told.split()[-1]) != about["rows"]:
                raise CopyDamaged(
                    f"Table {name} of the backup has {told.split()[-1]} rows of {about['rows']}."
                )
        await db.execute("UPDATE uploads SET host = $1 WHERE host = $2", here, host)
        names, places = ", ".join(values), ", ".join(f"${place}" for place in range(1, len(values) + 1))
        await db.execute(f"INSERT INTO lives ({names}) VALUES ({places})", *values.values())  # noqa: S608  # our own names


def _file(folder: Path, table: str) -> Path:
    return folder / TABLES / f"{table}.copy.gz"


@contextlib.contextmanager
def _sqlite(path: Path) -> Any:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as trouble:
        raise StoreUnavailable(f"{path} cannot be read or written: {trouble}.") from trouble


@contextlib.asynccontextmanager
async def _postgres(url: str) -> Any:
    import asyncpg

    from polypost.storage.postgres import address

    try:
        db = await asyncpg.connect(address(url), timeout=10)
        try:
            yield db
        finally:
            await db.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as trouble:
        raise StoreUnavailable(
            f"The database does not do this: {trouble}.",
            next_step="Look at POLYPOST_DATABASE_URL and the database's log.",
        ) from trouble


def sync(path: Path) -> None:
    """Have a file or folder on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
