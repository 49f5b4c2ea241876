"""SQLite: one writer thread with group commit, readers on connections of their own."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from polypost.errors import StoreUnavailable
from polypost.storage.hot import DRIVER
from polypost.storage.lists import LISTS, too_slow
from polypost.storage.store import Pending, Store, close_doors

T = TypeVar("T")
GROUP = 64
# A loop that is busy for longer is not waited for.
TURN_SECONDS = 0.005
READERS = 2
# How many steps of a list SQLite goes before it asks whether to go on: some milliseconds.
LIST_STEPS = 100_000
SPACE_BYTES = 16 * 2**20

# What SQLite says when the disk or the file is at fault; any other code is about the statement.
_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


def connect(path: Path, *, read_only: bool = False) -> Engine:
    """An engine that leaves transactions to the caller: durable settings, driver in autocommit."""

    def creator() -> sqlite3.Connection:
        db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA busy_timeout=10000")
        # Else every savepoint of a large group writes its undo pages to a file of its own.
        db.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            db.execute("PRAGMA query_only=ON")
        return db

    return create_engine(
        "sqlite://",
        creator=creator,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
    )


def raw(db: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    driver: Any = db.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


@dataclass(slots=True)
class _Job:
    fn: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    pending: Pending = field(default_factory=Pending)
    result: Any = None
    error: BaseException | None = None


class _GroupDead(Exception):
    """SQLite rolled the whole group back behind our back (disk full, I/O error)."""


class SqliteStore(Store):
    """The default store: one file, one writer, several functions to one fsync."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        super().__init__()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._engine = connect(path)
        self._db: Connection | None = self._open_writer()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="polypost-read")
        self._list_readers = ThreadPoolExecutor(LISTS, thread_name_prefix="polypost-list")
        self._reader_engine = connect(path, read_only=True)
        self._local = threading.local()
        self._reader_connections: list[Connection] = []
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="polypost-write", daemon=True)
        self._thread.start()

    async def _write(self, fn: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailable("The store is closed.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(fn, future))
        return await future

    async def read(self, fn: Callable[[Connection], T]) -> T:
        return await self._look(self._readers, fn)

    async def _browse(self, fn: Callable[[Connection], T]) -> T:
        ended = threading.Event()
        timer = asyncio.get_running_loop().call_later(self.list_seconds, ended.set)
        try:
            return await self._look(self._list_readers, fn, ended)
        except (sqlite3.Error, DBAPIError) as error:
            if _trouble(error) == sqlite3.SQLITE_INTERRUPT:
                raise too_slow(self.list_seconds) from error
            raise
        finally:
            timer.cancel()
            # Whoever asked may have gone; then the reader goes on with the next one.
            ended.set()

    async def _look(
        self, readers: ThreadPoolExecutor, fn: Callable[[Connection], T], ended: threading.Event | None = None
    ) -> T:
        if self._closed:
            raise StoreUnavailable("The store is closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(readers, self._read, fn, ended)
        except (sqlite3.Error, DBAPIError) as error:
            # "Read only" is said to a function that writes, and that is not the store's trouble.
            if _trouble(error) in _TROUBLE - {sqlite3.SQLITE_READONLY}:
                raise StoreUnavailable("The store cannot be read.") from error
            raise

    async def trouble(self) -> str | None:
        left = await asyncio.to_thread(shutil.disk_usage, self.path.parent)
        if left.free < SPACE_BYTES:
            return f"The disk of the store has {left.free // 2**20} MB left of the {SPACE_BYTES // 2**20} it needs."
        return await super().trouble()

    def size(self) -> int | None:
        log = self.path.with_name(f"{self.path.name}-wal")
        return sum(each.stat().st_size for each in (self.path, log) if each.exists())

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        for readers in (self._readers, self._list_readers):
            readers.shutdown(wait=True)
        for db in self._reader_connections:
            db.close()
        self._engine.dispose()
        self._reader_engine.dispose()

    def _read(self, fn: Callable[[Connection], T], ended: threading.Event | None) -> T:
        db: Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = self._reader_engine.connect()
            close_doors(db)
            db.info[DRIVER] = raw(db)
            self._reader_connections.append(db)
        driver = raw(db)
        driver.execute("BEGIN")
        if ended is not None:
            driver.set_progress_handler(ended.is_set, LIST_STEPS)
        try:
            return fn(db)
        finally:
            driver.set_progress_handler(None, 0)
            driver.execute("ROLLBACK")

    def _open_writer(self) -> Connection:
        db = self._engine.connect()
        db.info["pending"] = Pending()
        db.info[DRIVER] = raw(db)
        close_doors(db)
        return db

    def _serve(self) -> None:
        closing = False
        group: list[_Job] = []
        while not closing:
            job = self._jobs.get()
            if job is None:
                break
            if len(group) > 1:
                _let_turn(job.future.get_loop())
            group = [job]
            while len(group) < GROUP:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    closing = True
                    break
                group.append(more)
            self._run_group(group)
            self._resolve(group)
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error, SQLAlchemyError):
                raw(self._db).execute("PRAGMA optimize")
            self._db.close()

    def _run_group(self, group: list[_Job]) -> None:
        try:
            self._transact(group)
        except (_GroupDead, sqlite3.Error, SQLAlchemyError) as died:
            # Nothing of the group is on disk; each function gets a transaction and a verdict of its own.
            self._hang_up()
            if len(group) == 1:
                group[0].error = _unavailable(died)
                return
            for job in group:
                self._run_group([job])

    def _transact(self, group: list[_Job]) -> None:
        """Run the group without savepoints, which cost a twentieth; once more with them when a function fails."""
        if self._db is None:
            self._db = self._open_writer()
        driver = raw(self._db)
        driver.execute("BEGIN IMMEDIATE")
        for job in group:
            self._call(job, self._db)
            if not driver.in_transaction:
                raise _GroupDead(str(job.error))
            if job.error is not None:
                driver.execute("ROLLBACK")
                if len(group) > 1:
                    self._transact_apart(group, self._db)
                return
        driver.execute("COMMIT")

    def _transact_apart(self, group: list[_Job], db: Connection) -> None:
        driver = raw(db)
        driver.execute("BEGIN IMMEDIATE")
        for job in group:
            driver.execute("SAVEPOINT job")
            self._call(job, db)
            if not driver.in_transaction:
                raise _GroupDead(str(job.error))
            if job.error is not None:
                driver.execute("ROLLBACK TO job")
            driver.execute("RELEASE job")
        driver.execute("COMMIT")

    def _call(self, job: _Job, db: Connection) -> None:
        job.pending = db.info["pending"] = Pending()
        job.result = job.error = None
        try:
            job.result = job.fn(db)
        except BaseException as error:  # noqa: BLE001  # the caller of write gets it, the thread must live
            job.error = _unavailable(error) if _trouble(error) in _TROUBLE else error

    def _hang_up(self) -> None:
        """Let go of a connection that cannot be trusted; the next transaction opens another, if it can."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error, SQLAlchemyError):
                self._db.close()
        self._db = None

    def _resolve(self, group: list[_Job]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        for job in group:
            by_loop.setdefault(job.future.get_loop(), []).append(job)
        for loop, jobs in by_loop.items():
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(self._answer, jobs)

    def _answer(self, jobs: list[_Job]) -> None:
        for job in jobs:
            if job.error is None:
                self.settle(job.pending)
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)


def _let_turn(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop do what is ready, where writes come together: what it hands in meanwhile shares their commit."""
    turned = threading.Event()
    with contextlib.suppress(RuntimeError):  # the loop is gone: nobody hands in anything
        # Twice around: what has arrived becomes requests in one turn, and they are served in the next.
        loop.call_soon_threadsafe(loop.call_soon, turned.set)
        turned.wait(TURN_SECONDS)


def _trouble(error: BaseException) -> int:
    """SQLite's primary code for what went wrong; 0 when it was not SQLite."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF


def _unavailable(error: BaseException) -> StoreUnavailable:
    if isinstance(error, StoreUnavailable):
        return error
    full = _trouble(error) == sqlite3.SQLITE_FULL
    unavailable = StoreUnavailable(
        "The disk of the store is full." if full else "The store could not make the change durable."
    )
    unavailable.__cause__ = error
    return unavailable
