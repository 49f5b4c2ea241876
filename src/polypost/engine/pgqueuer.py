"""The engine for several processes: PgQueuer on the same PostgreSQL, so that a wake-up commits with what it wakes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.queries import Queries
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from polypost import clock
from polypost.engine import deaths
from polypost.engine import workers as roll
from polypost.engine.clock_sync import ClockSync
from polypost.engine.port import LOOKAHEAD, Engine, WakeUp
from polypost.engine.queue import TROUBLE, close, connect, forget_history, install
from polypost.engine.runner import Runner
from polypost.engine.sweeper import SWEEP_ROUNDS, SWEEP_SECONDS, note_waits, repeat, ring_unrung, set_within
from polypost.errors import StoreUnavailable
from polypost.storage import after_commit, new_id
from polypost.storage.postgres import PostgresStore
from polypost.storage.schema import SchemaMismatch

LEASE = timedelta(seconds=30)
# PgQueuer looks for due jobs ten times a second at most. It hands them over this much too early and the
# process waits for the instant itself, which makes them punctual to the millisecond.
LEAD = timedelta(seconds=0.2)
# A job earlier than this comes from a machine whose clock differs; the claim decides about it.
LONGEST_WAIT = timedelta(seconds=1)
# How soon an idle process sees the jobs of a dead one after their lease; new wake-ups wake it by NOTIFY.
LOOK_AGAIN = timedelta(seconds=5)
BATCH = 10
RECONNECT_SECONDS = 1.0
FRESH_SECONDS = 2.0
PRUNE_SECONDS = 3600.0
# A worker is taken for dead when its lock is missing twice in a row: a lost connection is replaced in less.
MOURN_SECONDS = 2.0
# For its settings and builders, which take long to make.
_QUERIES: Any = Queries(None)  # type: ignore[arg-type]  # never asked itself
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_QUEUE_SETTINGS = {
    "application_name": "polypost-engine",
    # A lost note that a job was taken or done only makes it wake twice.
    "synchronous_commit": "off",
    # Compiling the look for jobs takes longer than any look.
    "jit": "off",
}

log = structlog.get_logger("polypost.engine")


class PgQueuerEngine(Engine):
    """Wake-ups stand in PgQueuer's table; any number of processes takes them, and the jobs of a dead one after `lease`.

    `workers` is how many handlers this process runs side by side, `owner` the name by which it owns what it works on.
    """

    def __init__(
        self,
        store: PostgresStore,
        url: str,
        *,
        workers: int,
        lease: timedelta = LEASE,
        owner: str | None = None,
    ) -> None:
        super().__init__()
        self._store = store
        self._url = url
        self._workers = workers
        self._lease = lease
        self._watch = clock.JumpWatch()
        self._runner = Runner(self.handlers, workers=workers, holds=self._holds)
        self._stopping = asyncio.Event()
        self._serving = False
        self._loops: list[asyncio.Task[None]] = []
        self._managers: set[asyncio.Task[None]] = set()
        self._hour = ClockSync(store)
        self._worker_id = owner or new_id("run")
        self._missing: set[str] = set()
        self._mourned: set[str] = set()
        self._heard_at = float("-inf")
        self._deaf = False
        self._look: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")

    def wake(self, db: Connection, wake_ups: Sequence[WakeUp]) -> None:
        horizon = clock.now() + LOOKAHEAD
        # Each insert into the queue wakes every worker; for what is far off the sweep wakes in time.
        wake_ups = [wake_up for wake_up in wake_ups if wake_up.at <= horizon]
        if not wake_ups:
            return
        connection: Any = db.connection.driver_connection
        try:
            await_only(_enqueue(connection, wake_ups))
        except TROUBLE as trouble:
            raise StoreUnavailable("The store could not make the change durable.") from trouble

    def hand_on(self, db: Connection, wake_ups: Sequence[WakeUp]) -> None:
        # Through the queue each would cost more than its publication; after a crash `wake_all` wakes it.
        here = self._serving and not self._hour.wrong.is_set()
        due = [wake_up for wake_up in wake_ups if here and wake_up.at <= clock.now()]
        if due:
            after_commit(db, partial(self._go_on, due))
        self.wake(db, [wake_up for wake_up in wake_ups if wake_up not in due])

    def goes_on(self) -> bool:
        # It would hold one post while it waits for another, which a second worker may hold and wait for its lane.
        return False

    def answered(self, key: str) -> None:
        self._runner.answered(key)

    def _go_on(self, wake_ups: Sequence[WakeUp]) -> None:
        for wake_up in wake_ups:
            self._runner.offer(wake_up)

    async def start(self, *, work: bool = True) -> None:
        await self._verify()
        self._stopping.clear()
        await self._hour.look()
        self._loops = [self._repeat(self._hour.look, SWEEP_SECONDS, "hour")]
        if work:
            await self._store.write(self._beat)
            self._loops += [
                asyncio.create_task(self._serve(), name="polypost-engine"),
                self._repeat(self._give_sign, SWEEP_SECONDS, "beat"),
                self._repeat(self._sweep, SWEEP_SECONDS, "sweep"),
                self._repeat(self._mourn, MOURN_SECONDS, "mourn"),
                self._repeat(self._prune, PRUNE_SECONDS, "prune"),
            ]
        await self.silence()

    async def stop(self) -> None:
        self._stopping.set()
        self._runner.close()
        await asyncio.gather(*self._loops)
        self._loops = []
        await asyncio.gather(*self._managers)
        await self._pass_on(await self._runner.drain())
        if self._look is not None:
            await self._look

    def clock_trouble(self) -> str | None:
        return self._hour.trouble

    def numbers(self) -> dict[str, int]:
        return self._runner.numbers() if self._serving else {}

    async def silence(self) -> float:
        if clock.monotonic() - self._looked_at > FRESH_SECONDS:
            if self._look is None:
                self._look = asyncio.create_task(self._listen_in(), name="polypost-silence")
            # One look for all who ask now: what was known before may be as old as the last request.
            await asyncio.shield(self._look)
        return clock.monotonic() - self._heard_at

    async def _listen_in(self) -> None:
        began = clock.monotonic()
        try:
            self._heard_at = began - await self._store.read(roll.silence)
            self._deaf = False
        except StoreUnavailable:
            # Through a store that is out of reach nobody is heard, and the silence grows: from now on, as before
            # this look nobody listened.
            if not self._deaf and self._looked_at > float("-inf"):
                self._heard_at += began - self._looked_at
            self._deaf = True
        finally:
            self._looked_at, self._look = began, None

    def _repeat(self, call: Callable[[], Awaitable[None]], every: float, name: str) -> asyncio.Task[None]:
        chore = repeat(call, every=every, until=self._stopping, name=name)
        return asyncio.create_task(chore, name=f"polypost-{name}")

    async def _verify(self) -> None:
        connection = await connect(self._url)
        try:
            await QueueManager(Queries(AsyncpgDriver(connection))).verify_structure()
        except RuntimeError as missing:
            raise SchemaMismatch(
                "The queue's tables are missing or old.", next_step="Run `polypost migrate`."
            ) from missing
        finally:
            await close(connection)

    async def _serve(self) -> None:
        """Keep one PgQueuer manager at work, with a new connection whenever the old one fails."""
        reached = True
        while not self._stopping.is_set():
            if self._hour.wrong.is_set():
                await set_within(self._stopping, RECONNECT_SECONDS)
                continue
            try:
                connection = await connect(self._url, _QUEUE_SETTINGS)
                await deaths.hold(connection, self._worker_id)
            except TROUBLE as trouble:
                if reached:
                    log.warning("queue out of reach", reason=_reason(trouble))
                reached = False
            else:
                if not reached:
                    log.info("queue within reach again")
                reached = True
                await self._serve_until_lost(_Driver(connection))
            await set_within(self._stopping, RECONNECT_SECONDS)

    async def _serve_until_lost(self, driver: _Driver) -> None:
        manager = self._manager(driver)
        running = asyncio.create_task(self._manage(manager, driver), name="polypost-queue")
        self._managers.add(running)
        running.add_done_callback(self._managers.discard)
        self._serving = True
        try:
            await _first(driver.failed.wait(), self._stopping.wait(), self._hour.wrong.wait())
        finally:
            self._serving = False
            manager.shutdown.set()

    async def _manage(self, manager: QueueManager, driver: _Driver) -> None:
        """Run the manager to its end, which comes only when its last handler has ended.

        A manager that lost its connection is left to that while the next one works already.
        """
        try:
            await manager.run(
                dequeue_timeout=LOOK_AGAIN,
                batch_size=max(1, min(BATCH, self._workers // 2)),
                # PgQueuer takes no less than two batches; the seats hold a single worker to one.
                max_concurrent_tasks=max(2, self._workers),
                shutdown_on_listener_failure=True,
                heartbeat_timeout=self._lease,
            )
        except (*TROUBLE, FailingListenerError) as lost:
            log.warning("queue connection lost", reason=_reason(lost))
        except Exception:
            log.exception("queue manager failed")
        finally:
            driver.failed.set()
            await close(driver.connection)

    def _manager(self, driver: _Driver) -> QueueManager:
        manager = QueueManager(Queries(driver))
        for kind in self.handlers:
            manager.entrypoint(kind, accepts_context=False)(partial(self._answer, kind))
        return manager

    async def _answer(self, kind: str, job: Job) -> None:
        """Hand one job of PgQueuer's to this process's handlers, at its instant.

        It is held while it waits for a free seat and while its handler has one: then other processes may have the
        next ones. The job of a handler that goes aside is done; if this process dies, the sweeper wakes again.
        """
        wake_up = _unpack(kind, job.payload)
        await self._wait_for(wake_up.at)
        if self._stopping.is_set() or self._hour.wrong.is_set():
            raise RetryRequested(reason="This process carries out nothing; another one may take the job.")
        begun = self._runner.offer(wake_up)
        if begun is not None:
            await begun.wait()

    async def _wait_for(self, at: datetime) -> None:
        while self._hour.in_doubt and not self._stopping.is_set():
            with contextlib.suppress(StoreUnavailable):
                await self._hour.look()
                break
            await set_within(self._stopping, 1.0)
        early = at - clock.now()
        if timedelta() < early < LONGEST_WAIT:
            # A millisecond more: the clock that waits and the one on the wall do not run quite alike.
            await set_within(self._stopping, early.total_seconds() + 0.001)

    async def _pass_on(self, left: Sequence[WakeUp]) -> None:
        """Leave to other processes what this one has not begun."""
        try:
            await self._store.write(partial(self.wake, wake_ups=left))
        except StoreUnavailable as trouble:
            log.warning("rings are left to the sweeper", count=len(left), reason=trouble.message)

    def _holds(self) -> bool:
        # A clock in doubt is not shown to the watch: setting it right by the database's would be a leap of its own.
        if self._hour.in_doubt or self._hour.wrong.is_set():
            return True
        return self._watch.holds(clock.now(), clock.monotonic())

    async def _give_sign(self) -> None:
        self._holds()
        # A process that cannot take jobs is none that works, even if it can write.
        if self._serving:
            await self._store.write(self._beat)

    def _beat(self, db: Connection) -> None:
        roll.beat(db, self._worker_id, f"{socket.gethostname()}:{os.getpid()}")

    async def _sweep(self) -> None:
        for source in self.sources.values():
            for _ in range(SWEEP_ROUNDS):
                if not await self._store.write(partial(ring_unrung, engine=self, source=source)):
                    break
        await note_waits(self._store, self, self._runner)

    async def _mourn(self) -> None:
        missing = await self._store.read(deaths.gone) - {self._worker_id}
        dead, self._missing = missing & self._missing, missing
        if dead - self._mourned:
            await self._store.write(partial(deaths.wake_all, engine=self))
        self._mourned = dead
        for worker_id in dead:
            bury = partial(deaths.bury, engine=self, worker_id=worker_id, now=clock.now())
            await self._store.write(bury)

    async def _prune(self) -> None:
        await self._store.write(forget_history)


class _Driver(AsyncpgDriver):
    """PgQueuer's own, which also tells when the connection is gone or a query fails on it."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.connection = connection
        self.failed = asyncio.Event()
        connection.add_termination_listener(lambda _: self.failed.set())

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        try:
            return await super().fetch(query, *args)
        except Exception:
            self.failed.set()
            raise


async def _enqueue(connection: Any, wake_ups: Sequence[WakeUp]) -> None:
    now = clock.now()
    await Queries(AsyncpgDriver(connection), _QUERIES.qbe, _QUERIES.qbq, _QUERIES.qbs).enqueue(
        [wake_up.kind for wake_up in wake_ups],
        [
            f"{wake_up.lane} {wake_up.share} {wake_up.key} {wake_up.at.isoformat()}".encode()
            for wake_up in wake_ups
        ],
        # By the minute, oldest first: after a stop the queue goes out in the order in which it was due.
        [(_EPOCH - wake_up.at) // _MINUTE for wake_up in wake_ups],
        [max(wake_up.at - now - LEAD, timedelta()) for wake_up in wake_ups],
    )


def _unpack(kind: str, payload: bytes | None) -> WakeUp:
    # A job of an earlier release has neither lane nor share.
    *of, key, at = (payload or b"").decode().split(" ")
    return WakeUp(kind, key, datetime.fromisoformat(at), *of)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


async def _first(*waits: Awaitable[Any]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


__all__ = ["PgQueuerEngine", "install"]
