"""Both engines under the suite, and what only PgQueuer's has to show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from sqlalchemy import Connection, insert, text

from polypost import clock
from polypost.engine import LOOKAHEAD, Engine, WakeUp
from polypost.engine import workers as roll
from polypost.engine.embedded import EmbeddedEngine
from polypost.engine.pgqueuer import PgQueuerEngine, install
from polypost.engine.queue import forget_history
from polypost.engine.sweeper import ring_unrung
from polypost.errors import StoreUnavailable
from polypost.storage import Store
from polypost.storage.postgres import PostgresStore
from polypost.storage.schema import SchemaMismatch
from polypost.storage.sqlite import SqliteStore
from tests.engine.suite import KIND, PATIENCE, EngineSuite, Listener, chores, due, waiting_for, wake_up

T = TypeVar("T")


class Fading(PostgresStore):
    """A store that gets out of reach when the test says so."""

    within_reach = True

    async def read(self, fn: Callable[[Connection], T]) -> T:
        if not self.within_reach:
            raise StoreUnavailable("The store cannot be reached.")
        return await super().read(fn)


class TestEmbedded(EngineSuite):
    @pytest.fixture
    def where(self, tmp_path: Path) -> Path:
        return tmp_path / "polypost.db"

    async def open_store(self, where: Path) -> Store:
        return SqliteStore(where)

    def make(self, store: Store, where: Path, *, workers: int) -> Engine:
        return EmbeddedEngine(store, workers=workers)


class TestPgQueuer(EngineSuite):
    @pytest.fixture
    def where(self, fresh_database: str) -> str:
        return fresh_database

    async def open_store(self, where: str) -> Store:
        await install(where)
        return PostgresStore(where)

    def make(self, store: Store, where: str, *, workers: int) -> Engine:
        assert isinstance(store, PostgresStore)
        return PgQueuerEngine(store, where, workers=workers)

    @pytest.mark.anyio
    async def test_one_process_rings_and_another_works(self, store: Store, where: str) -> None:
        front = self.make(store, where, workers=1)
        await front.start(work=False)
        listener = Listener()
        async with self.working(store, where, listener):
            await store.write(partial(wake_up("a"), front))
            await listener.heard("a")
            async with asyncio.timeout(PATIENCE):
                while await front.silence() > PATIENCE:
                    await asyncio.sleep(0.1)
        await front.stop()

    @pytest.mark.anyio
    async def test_all_who_ask_at_once_hear_the_same(self, store: Store, where: str) -> None:
        """A burst after a long rest must not be told what was known before the rest."""
        front = self.make(store, where, workers=1)
        async with self.working(store, where, Listener()):
            heard = await asyncio.gather(*(front.silence() for _ in range(5)))
        assert max(heard) < PATIENCE
        await front.stop()

    @pytest.mark.anyio
    async def test_a_look_that_fails_after_a_long_rest_is_no_silence(self, store: Store, where: str) -> None:
        fading, before = Fading(where), clock._Advance.seconds
        front = self.make(fading, where, workers=1)
        try:
            async with self.working(store, where, Listener()):
                while await front.silence() > PATIENCE:
                    await asyncio.sleep(0.1)
            fading.within_reach = False
            clock.advance(100)
            assert 0 <= await front.silence() < PATIENCE
            clock.advance(100)
            assert await front.silence() > 100
        finally:
            clock._Advance.seconds = before
            await fading.close()

    @pytest.mark.anyio
    async def test_two_processes_share_the_work(self, store: Store, where: str) -> None:
        both_busy = asyncio.Barrier(4)

        async def meet(key: str) -> None:
            async with asyncio.timeout(PATIENCE):
                await both_busy.wait()

        one, other = Listener(meet), Listener(meet)
        async with (
            self.working(store, where, one, workers=2) as engine,
            self.working(store, where, other, workers=2),
        ):
            await store.write(partial(wake_up("a", "b", "c", "d"), engine))
            await one.until(lambda: one.ended.total() == 2)
            await other.until(lambda: other.ended.total() == 2)

    @pytest.mark.anyio
    async def test_it_survives_the_loss_of_every_connection(self, store: Store, where: str) -> None:
        gate = asyncio.Event()
        listener = Listener(waiting_for(gate, "long"))
        async with self.working(store, where, listener) as engine:
            await store.write(partial(wake_up("before", "long"), engine))
            await listener.heard("before")
            await _end_all_connections(where)
            await _write_when_possible(store, partial(wake_up("after"), engine))
            await listener.heard("after")
            assert listener.ended["long"] == 0
            gate.set()
            await listener.heard("long")

    @pytest.mark.anyio
    async def test_what_a_stopping_process_holds_and_has_not_begun_goes_to_another(
        self, store: Store, where: str
    ) -> None:
        gate = asyncio.Event()
        first, second = Listener(waiting_for(gate)), Listener()
        async with self.working(store, where, first, workers=1) as engine:
            await store.write(partial(wake_up("a", "b"), engine))
            await first.until(lambda: first.running.total() == 1)
            stopping = asyncio.create_task(engine.stop())
            await asyncio.sleep(0)
            gate.set()
            await stopping
        (done,) = first.begun
        left = "b" if done == "a" else "a"
        async with self.working(store, where, second):
            await second.heard(left)

    @pytest.mark.anyio
    async def test_what_follows_in_a_lane_does_not_pass_through_the_queue(
        self, store: Store, where: str
    ) -> None:
        engines: list[Engine] = []

        async def go_on(key: str) -> None:
            number, now = int(key), clock.now()
            wake_ups = [WakeUp(KIND, str(number + 1), now, "lane")] if number < 5 else []
            # What is not due yet other processes may have, too.
            wake_ups += [WakeUp(KIND, "9", now + timedelta(seconds=1), "lane")] if number == 5 else []
            await store.write(lambda db: engines[0].hand_on(db, wake_ups))

        listener = Listener(go_on)
        async with self.working(store, where, listener) as engine:
            engines.append(engine)
            await store.write(partial(wake_up("1", lane="lane"), engine))
            await listener.heard("1", "2", "3", "4", "5", "9")
        queued = "SELECT count(*) FROM pgqueuer_log WHERE status = 'queued'"
        assert await store.read(lambda db: db.execute(text(queued)).scalar_one()) == 2

    @pytest.mark.anyio
    async def test_what_is_handed_on_in_a_process_that_stops_goes_to_another(
        self, store: Store, where: str
    ) -> None:
        engines: list[Engine] = []
        gate = asyncio.Event()

        async def go_on(_key: str) -> None:
            await waiting_for(gate)("")
            await store.write(lambda db: engines[0].hand_on(db, [WakeUp(KIND, "b", clock.now(), "lane")]))

        first, second = Listener(go_on), Listener()
        async with self.working(store, where, first) as engine:
            engines.append(engine)
            await store.write(partial(wake_up("a", lane="lane"), engine))
            await first.until(lambda: first.running.total() == 1)
            stopping = asyncio.create_task(engine.stop())
            await asyncio.sleep(0)
            gate.set()
            await stopping
        async with self.working(store, where, second):
            await second.heard("b")

    @pytest.mark.anyio
    async def test_old_notes_about_jobs_and_workers_are_dropped(self, store: Store, where: str) -> None:
        engine = self.make(store, where, workers=1)

        def age(db: Connection) -> None:
            db.execute(text("UPDATE pgqueuer_log SET created = created - interval '2 days'"))
            roll.beat(db, "wrk_old", "host:1")
            db.execute(text("UPDATE workers SET seen_at = seen_at - 172800000000"))

        def left(db: Connection) -> tuple[int, int]:
            return tuple(
                db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                for table in ("pgqueuer_log", "workers")
            )

        await store.write(partial(wake_up("old"), engine))
        await store.write(age)
        await store.write(partial(wake_up("new"), engine))
        await store.write(lambda db: roll.beat(db, "wrk_new", "host:2"))
        assert await store.read(left) == (2, 2)
        await store.write(forget_history)
        assert await store.read(left) == (1, 1)

    @pytest.mark.anyio
    async def test_a_ring_far_ahead_wakes_nobody_and_the_sweep_rings_in_time(
        self, store: Store, where: str
    ) -> None:
        engine = self.make(store, where, workers=1)
        now = clock.now()
        at = {
            "overdue": now - timedelta(hours=1),
            "soon": now + LOOKAHEAD / 2,
            "far": now + timedelta(hours=1),
        }
        rows = [{"key": key, "due_at": each} for key, each in at.items()]
        queued = text("SELECT convert_from(payload, 'UTF8') FROM pgqueuer ORDER BY payload")

        def look(db: Connection) -> list[str]:
            return [payload.split()[0] for payload in db.execute(queued).scalars()]

        await store.write(partial(wake_up("far", at=at["far"]), engine))
        assert await store.read(look) == []
        await store.write(lambda db: db.execute(insert(chores), rows) and None)
        assert await store.write(partial(ring_unrung, engine=engine, source=due)) is False
        assert await store.read(look) == ["overdue", "soon"]

    @pytest.mark.anyio
    async def test_a_database_without_its_tables_is_refused(self, fresh_database: str) -> None:
        store = PostgresStore(fresh_database)
        with pytest.raises(SchemaMismatch) as refused:
            await PgQueuerEngine(store, fresh_database, workers=1).start()
        assert "polypost migrate" in refused.value.message
        await store.close()

    @pytest.mark.anyio
    async def test_installing_again_changes_nothing(self, store: Store, where: str) -> None:
        listener = Listener()
        engine = self.make(store, where, workers=1)
        engine.on(KIND, listener)
        await store.write(partial(wake_up("a"), engine))
        await install(where)
        await engine.start()
        await listener.heard("a")
        await engine.stop()


async def _end_all_connections(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def _write_when_possible(store: Store, fn: Callable[[Connection], None]) -> None:
    """As a client would that is told 503."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await store.write(fn)
            except StoreUnavailable:
                await asyncio.sleep(0.1)
