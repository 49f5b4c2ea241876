"""PostgreSQL through asyncpg: the same functions, run in a greenlet of the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import asyncpg
import structlog
from sqlalchemy import Connection, bindparam, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

from polypost import clock
from polypost.errors import StoreUnavailable
from polypost.storage.driver import NO_LOCK_TIMEOUT, Driver
from polypost.storage.gathering import Apart, Gathering, Joint
from polypost.storage.hot import DRIVER
from polypost.storage.lists import too_slow
from polypost.storage.signals import CHANNEL
from polypost.storage.store import CommitUnknown, Pending, Store, close_doors

T = TypeVar("T")
log = structlog.get_logger("polypost.storage")
TRIES = 4
# Below the 20 seconds within which a request is answered: whoever waits for the store gets an answer all the same.
CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 15.0
# A process that is paused in the middle of a transaction, or a machine that is gone, holds what others need no longer.
SILENT_SECONDS = 20.0
# So long news waits for more: a statement for each would cost more than what it tells of.
NEWS_SECONDS = 0.005
_BEGIN = "BEGIN"
# Whoever holds what one of a group needs may hold it for long: then only that one waits.
_JOINT_LOCK_TIMEOUT = "200"
_BEGIN_LOOK = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_NOTIFY = "SELECT pg_notify('polypost', topic) FROM unnest($1::text[]) topic"
_REPEATABLE = {"40001", "40P01"}
_READ_ONLY = "25006"
_CANCELLED = "57014"
_LISTENER_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_UNREACHED = (OSError, asyncpg.PostgresConnectionError, TimeoutError, PoolTimeout)
_BOUND = text("SELECT set_config('statement_timeout', :milliseconds, true)")
_END_OF = text("SELECT pg_xact_status(CAST(CAST(:receipt AS text) AS xid8))").bindparams(bindparam("receipt"))


def address(url: str) -> str:
    """The address as asyncpg and libpq read it, with options such as `?sslmode=require`."""
    scheme, _, rest = url.partition("://")
    return f"postgresql://{rest}" if scheme.startswith("postgres") else url


class PostgresStore(Store):
    """One transaction a function; signals by NOTIFY over one listening connection.

    A `patient` one waits for each statement as long as it takes.
    """

    dialect = "postgresql"

    def __init__(self, url: str, *, pool_size: int = 10, patient: bool = False) -> None:
        super().__init__()
        self.url = address(url)
        self._statement_seconds = None if patient else STATEMENT_SECONDS
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            # Not by SQLAlchemy's own reading of the address, which refuses libpq's options.
            async_creator=self._connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=False,
            # Not that anything commits by itself: transactions begin and end here, without what SQLAlchemy adds.
            isolation_level="AUTOCOMMIT",
        )
        self._lost_at = float("-inf")
        self._closed = False
        self._open: set[Any] = set()
        # The one that was used last, for who comes next: the pool's own ways in and out cost as much as a statement.
        self._spare: Connection | None = None
        event.listen(self._engine.sync_engine, "connect", _equip)
        event.listen(self._engine.sync_engine, "checkout", self._check)
        self._listener: asyncio.Task[None] | None = None
        self._news: dict[str, None] = {}
        self._telling: asyncio.Task[None] | None = None
        self._gathering = Gathering(self._join, self._write_alone)

    async def _write(self, fn: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        self._ensure_listener()
        if isinstance(fn, Joint):
            return await self._gathering.write(fn)
        return await self._write_alone(fn)

    async def _join(self, fn: Callable[[Connection], T]) -> T:
        try:
            return await self._transact(fn, _JOINT_LOCK_TIMEOUT)
        except CommitUnknown:
            raise
        except StoreUnavailable as trouble:
            # A function's own, from a connection that is gone: alone each has another.
            raise Apart from trouble
        except _UNREACHED as error:
            raise _unreached(error) from error

    async def _write_alone(self, fn: Callable[[Connection], T]) -> T:
        for attempt in range(TRIES):
            try:
                return await self._transact(fn)
            except DBAPIError as error:
                code = getattr(error.orig, "sqlstate", None)
                if code in _REPEATABLE:
                    await asyncio.sleep(0.01 * 2**attempt)
                    continue
                if error.connection_invalidated and attempt == 0:
                    # After a fail-over the pool's connections are dead; nothing of this was kept.
                    continue
                if _is_store_trouble(error) or code == _READ_ONLY:
                    raise StoreUnavailable("The store could not make the change durable.") from error
                raise
            except _UNREACHED as error:
                raise _unreached(error) from error
        raise StoreUnavailable("The store was too busy to make the change.")

    async def read(self, fn: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        self._ensure_listener()
        try:
            try:
                return await greenlet_spawn(self._look, fn)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return await greenlet_spawn(self._look, fn)
        except DBAPIError as error:
            if _is_store_trouble(error):
                raise StoreUnavailable("The store cannot be read.") from error
            raise
        except _UNREACHED as error:
            raise _unreached(error) from error

    async def _browse(self, fn: Callable[[Connection], T]) -> T:
        def call(db: Connection) -> T:
            db.execute(_BOUND, {"milliseconds": str(int(self.list_seconds * 1000))})
            return fn(db)

        try:
            return await self.read(call)
        except StoreUnavailable as trouble:
            if getattr(getattr(trouble.__cause__, "orig", None), "sqlstate", None) == _CANCELLED:
                raise too_slow(self.list_seconds) from trouble
            raise

    def _look(self, fn: Callable[[Connection], T]) -> T:
        with self._transaction(_BEGIN_LOOK) as db:
            return fn(db)

    @contextlib.contextmanager
    def _transaction(self, begin: str, lock_timeout: str | None = None) -> Iterator[Connection]:
        """A connection for one transaction, which is kept unless the block raises; in a greenlet.

        Without a `lock_timeout` it has whichever was there, as one that locks nothing may.
        """
        with self._connection() as db:
            driver: Driver = db.info[DRIVER]
            if lock_timeout not in {None, driver.lock_timeout}:
                # For the session: most connections go on with the one they have.
                begin = f"SET lock_timeout TO {lock_timeout}; {begin}"
                # Not known before the end is: what is cut off at its COMMIT may have been kept.
                driver.lock_timeout = None
            try:
                driver.command(begin)
                yield db
                driver.command("COMMIT")
            except BaseException as error:
                self._undo(db, driver, error)
                raise
            if lock_timeout is not None:
                driver.lock_timeout = lock_timeout

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        db, self._spare = self._spare, None
        if db is not None and not self._usable(db.info[DRIVER]):
            _give_up(db, db.info[DRIVER])
            db.close()
            db = None
        if db is None:
            db = self._engine.sync_engine.connect()
            close_doors(db)
        kept = False
        try:
            yield db
            pool: Any = self._engine.pool
            # Whoever waits for the pool waits for one that goes back there, and waits only when all are out.
            if self._spare is None and not self._closed and pool.checkedout() < pool.size():
                self._spare, kept = db, True
        finally:
            if not kept:
                db.close()

    def _usable(self, driver: Driver) -> bool:
        # After a fail-over all connections are dead, those too of which nobody has heard it yet.
        return not driver.closed and driver.opened_at >= self._lost_at

    def _check(self, _connection: Any, record: Any, _proxy: Any) -> None:
        if not self._usable(record.info[DRIVER]):
            raise InvalidatePoolError

    def _undo(self, db: Connection, driver: Driver, error: BaseException) -> None:
        """Roll back; a connection on which that fails, or that is gone, is given up."""
        undone = False
        try:
            with contextlib.suppress(DBAPIError, *_UNREACHED):
                if not driver.closed:
                    driver.command("ROLLBACK")
                    undone = True
        finally:
            # Whoever takes it next would commit what it has begun.
            if not undone:
                self._lost_at = clock.monotonic()
                _give_up(db, driver, error)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed.")

    async def close(self) -> None:
        await self._gathering.close()
        self._closed = True
        if self._telling is not None:
            await self._telling
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._spare is not None:
            spare, self._spare = self._spare, None
            await greenlet_spawn(spare.close)
        await self._engine.dispose()
        # Also those whose taker is only now on its way back to the pool.
        for connection in list(self._open):
            connection.terminate()
        # Sockets are let go of in the loop's next turn.
        await asyncio.sleep(0)

    async def _connect(self) -> asyncpg.Connection:
        opening = asyncio.ensure_future(
            asyncpg.connect(
                self.url,
                timeout=CONNECT_SECONDS,
                command_timeout=self._statement_seconds,
                server_settings={
                    "synchronous_commit": "on",
                    "application_name": "polypost",
                    "idle_in_transaction_session_timeout": f"{SILENT_SECONDS * 1000:.0f}",
                },
            )
        )
        try:
            connection = await asyncio.shield(opening)
            if self._closed:
                connection.terminate()
                raise ConnectionAbortedError("The store is closed.")
            self._open.add(connection)
            connection.add_termination_listener(self._open.discard)
            return connection
        except asyncio.CancelledError:
            # asyncpg leaks the socket of a connection that is cancelled while it opens.
            with contextlib.suppress(*_LISTENER_LOST):
                (await opening).terminate()
            raise

    async def _transact(self, fn: Callable[[Connection], T], lock_timeout: str = NO_LOCK_TIMEOUT) -> T:
        pending, results = Pending(), list[T]()

        def call() -> None:
            with self._transaction(_BEGIN, lock_timeout) as db:
                db.info["pending"] = pending
                results.append(fn(db))

        try:
            await greenlet_spawn(call)
        except (DBAPIError, *_UNREACHED) as error:
            # Everything was done and COMMIT was sent: unless the server itself said no, it may have been kept.
            if not results or _refused(error):
                raise
            raise CommitUnknown(results[0], partial(self._kept, pending)) from error
        self.settle(pending)
        return results[0]

    async def _kept(self, pending: Pending) -> bool:
        """Whether a transaction whose COMMIT was not answered went through; waits while it is still under way."""
        if pending.receipt is None:
            raise StoreUnavailable("Nobody asked for this transaction's id, so its end cannot be learned.")
        asked = {"receipt": pending.receipt}
        status = "in progress"
        while status == "in progress":
            status = await self.read(lambda db: db.execute(_END_OF, asked).scalar_one())
            await asyncio.sleep(0.05 if status == "in progress" else 0)
        if status != "committed":
            return False
        self.settle(pending)
        return True

    def settle(self, pending: Pending) -> None:
        super().settle(pending)
        self._news.update(dict.fromkeys(pending.topics))
        if self._news and self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="polypost-news")

    async def _tell(self) -> None:
        """Tell other processes what was said: after the commit, because those that say something wait for each other.

        What comes meanwhile goes together. What is lost with this process, or with the connection, the others see
        when they look next.
        """
        try:
            while self._news:
                await asyncio.sleep(NEWS_SECONDS)
                topics, self._news = list(self._news), {}
                try:
                    await greenlet_spawn(self._notify, topics)
                except (DBAPIError, *_UNREACHED) as trouble:
                    log.info("other processes look for themselves", topics=len(topics), reason=str(trouble))
        finally:
            self._telling = None

    def _notify(self, topics: list[str]) -> None:
        with self._connection() as db:
            db.info[DRIVER].execute(_NOTIFY, (topics,))

    def _ensure_listener(self) -> None:
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name="polypost-signals")

    async def _listen(self) -> None:
        """Hold the one listening connection; when it breaks, waiters live on their one-second look."""
        while True:
            try:
                connection = await self._connect()
            except _LISTENER_LOST:
                await asyncio.sleep(1)
                continue
            gone = asyncio.Event()
            try:
                connection.add_termination_listener(lambda *_, gone=gone: gone.set())
                await connection.add_listener(CHANNEL, self._heard)
                await gone.wait()
            except _LISTENER_LOST:
                await asyncio.sleep(1)
            finally:
                connection.terminate()

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self.signals.deliver(str(payload))


def _equip(connection: Any, record: Any) -> None:
    record.info[DRIVER] = Driver(connection.driver_connection)


def _give_up(db: Connection, driver: Driver, error: BaseException | None = None) -> None:
    # SQLAlchemy would first say farewell, which cannot be said while a statement is under way.
    driver.terminate()
    db.invalidate(error)


def _unreached(error: BaseException) -> StoreUnavailable:
    silent = isinstance(error, TimeoutError)
    return StoreUnavailable("The store did not answer in time." if silent else "The store cannot be reached.")


def _refused(error: Exception) -> bool:
    """Whether the server answered a COMMIT with an error of its own; a farewell is no answer."""
    code = str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
    return bool(code) and code[:2] not in {"08", "57", "58", "XX"}


def _is_store_trouble(error: DBAPIError) -> bool:
    code = str(getattr(error.orig, "sqlstate", "") or "")
    # asyncpg calls it an internal error of its own when a farewell of the server comes before the query.
    gone = isinstance(error, (OperationalError, InterfaceError, InternalError))
    return gone or code[:2] in {"08", "53", "57", "58"}
