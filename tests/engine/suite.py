"""What every engine promises, told once; a class per engine runs it (test_engines.py)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, String, Table, insert, or_, select, text, update

from polypost import clock
from polypost.engine import Crowded, Engine, Handler, WakeUp, aside
from polypost.storage import Instant, Store, metadata

PATIENCE = 30.0
KIND = "chore"

_tables = MetaData()
chores = Table(
    "chores",
    _tables,
    Column("key", String(40), primary_key=True),
    Column("due_at", Instant),
    Column("rung_at", Instant),
)


def due(db: Connection, *, until: datetime, limit: int, unrung_since: datetime | None) -> list[WakeUp]:
    """A sweeper's source over `chores`."""
    query = select(chores).where(chores.c.due_at <= until).order_by(chores.c.due_at).limit(limit)
    if unrung_since is not None:
        query = query.where(or_(chores.c.rung_at.is_(None), chores.c.rung_at < unrung_since))
    rows = db.execute(query).all()
    if unrung_since is not None:
        db.execute(update(chores).where(chores.c.key.in_([row.key for row in rows])).values(rung_at=until))
    return [WakeUp(KIND, row.key, row.due_at) for row in rows]


class Listener:
    """A handler that keeps count; what it is given to do runs while it counts as running."""

    def __init__(self, work: Handler | None = None) -> None:
        self.work = work
        self.begun: list[str] = []
        self.ended: Counter[str] = Counter()
        self.times: dict[str, datetime] = {}
        self.running: Counter[str] = Counter()
        self.most_at_once = 0
        self.most_of_one_key = 0
        self._changed = asyncio.Condition()

    async def __call__(self, key: str) -> None:
        self.begun.append(key)
        self.times.setdefault(key, clock.now())
        self.running[key] += 1
        self.most_at_once = max(self.most_at_once, self.running.total())
        self.most_of_one_key = max(self.most_of_one_key, *self.running.values())
        try:
            async with self._changed:
                self._changed.notify_all()
            if self.work is not None:
                await self.work(key)
        finally:
            self.running[key] -= 1
            self.ended[key] += 1
            async with self._changed:
                self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds; it is looked at whenever a handler begins or ends."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def heard(self, *keys: str) -> None:
        """Wait until each key's handler has ended once."""
        await self.until(lambda: all(self.ended[key] for key in keys))


def wake_up(
    *keys: str, at: datetime | None = None, lane: str = "", share: str = ""
) -> Callable[[Engine, Connection], None]:
    """Rings in one call, now or at an instant."""

    def call(engine: Engine, db: Connection) -> None:
        engine.wake(db, [WakeUp(KIND, key, at or clock.now(), lane, share) for key in keys])

    return call


def linger(db: Connection) -> None:
    """Keep a transaction open for a moment, without holding up the event loop."""
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_sleep(0.5)"))
    else:
        time.sleep(0.5)


def waiting_for(gate: asyncio.Event, only: str | None = None) -> Handler:
    """Work that waits for the gate; with `only`, for that key alone."""

    async def wait(key: str) -> None:
        if only in {None, key}:
            # A test that fails before it opens the gate must not wait for ever on the way out.
            async with asyncio.timeout(PATIENCE):
                await gate.wait()

    return wait


class EngineSuite(ABC):
    """Derive from it, and say how an engine and its store are opened."""

    @abstractmethod
    async def open_store(self, where: Any) -> Store:
        """A store at the place that the fixture `where` names, with what the engine itself needs there."""

    @abstractmethod
    def make(self, store: Store, where: Any, *, workers: int) -> Engine:
        """An engine on that store, not started."""

    @pytest.fixture
    async def store(self, where: Any) -> AsyncIterator[Store]:
        store = await self.open_store(where)
        await store.write(metadata.create_all)
        await store.write(_tables.create_all)
        yield store
        await store.close()

    @asynccontextmanager
    async def working(
        self, store: Store, where: Any, listener: Listener, *, workers: int = 8
    ) -> AsyncIterator[Engine]:
        """An engine at work, stopped at the end."""
        engine = self.make(store, where, workers=workers)
        engine.on(KIND, listener)
        engine.watch(KIND, due)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.stop()

    @pytest.mark.anyio
    async def test_rings_at_once(self, store: Store, where: Any) -> None:
        listener = Listener()
        async with self.working(store, where, listener) as engine:
            await store.write(partial(wake_up("a", "b"), engine))
            await listener.heard("a", "b")

    @pytest.mark.anyio
    async def test_rings_at_its_time_and_not_before(self, store: Store, where: Any) -> None:
        listener = Listener()
        async with self.working(store, where, listener) as engine:
            at = clock.now() + timedelta(seconds=1.5)
            await store.write(partial(wake_up("later", at=at), engine))
            await store.write(partial(wake_up("past", at=at - timedelta(days=1)), engine))
            await listener.heard("past", "later")
            assert listener.begun == ["past", "later"]
            assert listener.times["later"] >= at

    @pytest.mark.anyio
    async def test_rings_only_when_the_transaction_commits(self, store: Store, where: Any) -> None:
        listener = Listener()

        def ring_and_linger(engine: Engine, db: Connection) -> list[str]:
            wake_up("a")(engine, db)
            linger(db)
            return list(listener.begun)

        async with self.working(store, where, listener) as engine:
            assert await store.write(partial(ring_and_linger, engine)) == []
            await listener.heard("a")

    @pytest.mark.anyio
    async def test_a_transaction_that_fails_rings_nothing(self, store: Store, where: Any) -> None:
        listener = Listener()

        def ring_and_fail(engine: Engine, db: Connection) -> None:
            wake_up("lost")(engine, db)
            raise ZeroDivisionError

        async with self.working(store, where, listener) as engine:
            with pytest.raises(ZeroDivisionError):
                await store.write(partial(ring_and_fail, engine))
            await store.write(partial(wake_up("kept"), engine))
            await listener.heard("kept")
            await asyncio.sleep(0.5)
            assert listener.begun == ["kept"]

    @pytest.mark.anyio
    async def test_double_rings_are_harmless(self, store: Store, where: Any) -> None:
        listener = Listener()
        async with self.working(store, where, listener) as engine:
            await store.write(partial(wake_up("a", "a", "a"), engine))
            await store.write(partial(wake_up("a"), engine))
            await listener.heard("a")
            await store.write(partial(wake_up("b"), engine))
            await listener.heard("b")
            assert listener.most_of_one_key == 1

    @pytest.mark.anyio
    async def test_a_failing_handler_stops_nothing(self, store: Store, where: Any) -> None:
        async def fail(key: str) -> None:
            if key == "bad":
                raise ZeroDivisionError

        listener = Listener(fail)
        async with self.working(store, where, listener, workers=1) as engine:
            await store.write(partial(wake_up("bad", "good"), engine))
            await listener.heard("bad", "good")
            await store.write(partial(wake_up("bad"), engine))
            await listener.until(lambda: listener.ended["bad"] == 2)

    @pytest.mark.anyio
    @pytest.mark.parametrize("workers", [1, 3])
    async def test_many_keys_run_side_by_side_within_the_limit(
        self, store: Store, where: Any, workers: int
    ) -> None:
        gate = asyncio.Event()
        listener = Listener(waiting_for(gate))
        keys = [f"k{number}" for number in range(4 * workers)]
        async with self.working(store, where, listener, workers=workers) as engine:
            await store.write(partial(wake_up(*keys), engine))
            await listener.until(lambda: listener.running.total() == workers)
            gate.set()
            await listener.heard(*keys)
            assert listener.most_at_once == workers

    @pytest.mark.anyio
    async def test_one_key_never_runs_twice_at_a_time_and_a_ring_meanwhile_is_not_lost(
        self, store: Store, where: Any
    ) -> None:
        gate = asyncio.Event()
        listener = Listener(waiting_for(gate, "slow"))
        async with self.working(store, where, listener) as engine:
            await store.write(partial(wake_up("slow"), engine))
            await listener.until(lambda: listener.running["slow"] == 1)
            await store.write(partial(wake_up("slow"), engine))
            await store.write(partial(wake_up("slow", "other"), engine))
            await listener.heard("other")
            assert listener.begun.count("slow") == 1
            gate.set()
            await listener.until(lambda: listener.ended["slow"] >= 2)
            assert listener.most_of_one_key == 1

    @pytest.mark.anyio
    async def test_of_one_lane_one_handler_runs_and_every_ring_is_answered(
        self, store: Store, where: Any
    ) -> None:
        gate = asyncio.Event()
        listener = Listener(waiting_for(gate))
        keys = [f"k{number}" for number in range(20)]
        async with self.working(store, where, listener) as engine:
            await store.write(partial(wake_up(*keys, lane="account", share="project"), engine))
            await store.write(partial(wake_up("other", lane="another", share="project"), engine))
            await listener.until(lambda: listener.running["other"] == 1)
            gate.set()
            await listener.heard(*keys)
            assert listener.most_at_once == 2

    @pytest.mark.anyio
    async def test_a_project_with_much_to_do_leaves_seats_to_others(self, store: Store, where: Any) -> None:
        gate = asyncio.Event()
        listener = Listener(waiting_for(gate))
        keys = [f"loud{number}" for number in range(40)]
        async with self.working(store, where, listener) as engine:
            await store.write(partial(wake_up(*keys, share="loud"), engine))
            await listener.until(lambda: listener.running.total() == 6)
            await store.write(partial(wake_up("quiet1", "quiet2", "quiet3", share="quiet"), engine))
            await listener.until(lambda: listener.running.total() == 8)
            assert sum(key.startswith("quiet") for key in listener.running.elements()) == 2
            gate.set()
            await listener.heard(*keys, "quiet1", "quiet2", "quiet3")
            assert listener.most_at_once == 8

    @pytest.mark.anyio
    async def test_a_handler_that_is_aside_leaves_its_seat_and_comes_back_to_one(
        self, store: Store, where: Any
    ) -> None:
        fetched, gate = asyncio.Event(), asyncio.Event()
        asides: Counter[str] = Counter()

        async def work(key: str) -> None:
            if key.startswith("film"):
                try:
                    async with aside():
                        asides["in"] += 1
                        await fetched.wait()
                    asides["back"] += 1
                except Crowded:
                    asides["crowded"] += 1
                    return
            await gate.wait()

        listener = Listener(work)
        films = [f"film{number}" for number in range(8)]
        texts = [f"text{number}" for number in range(2)]
        async with self.working(store, where, listener, workers=4) as engine:
            await store.write(partial(wake_up(*films, share="films"), engine))
            # Two may be aside, and none of them has a seat: more than the project's share of handlers runs.
            await listener.until(lambda: listener.ended.total() == 6)
            assert (asides["in"], asides["crowded"]) == (2, 6)
            await store.write(partial(wake_up("a", "b", "c", share="films"), engine))
            await listener.until(lambda: listener.running.total() == 5)
            fetched.set()
            await store.write(partial(wake_up(*texts, share="texts"), engine))
            await listener.until(lambda: any(listener.running[text] for text in texts))
            assert asides["back"] == 0
            gate.set()
            await listener.heard("a", "b", "c", *films, *texts)
            assert asides["back"] == 2

    @pytest.mark.anyio
    async def test_stop_waits_for_what_is_aside_and_begins_nothing_more(
        self, store: Store, where: Any
    ) -> None:
        fetched, done = asyncio.Event(), asyncio.Event()

        async def work(key: str) -> None:
            async with aside():
                await fetched.wait()
            done.set()

        listener = Listener(work)
        async with self.working(store, where, listener, workers=1) as engine:
            await store.write(partial(wake_up("film", "later", lane="account"), engine))
            await listener.until(lambda: listener.running["film"] == 1)
            stopping = asyncio.create_task(engine.stop())
            finished, _ = await asyncio.wait({stopping}, timeout=1)
            assert not finished
            fetched.set()
            await asyncio.wait_for(stopping, PATIENCE)
            assert done.is_set()
            assert listener.begun == ["film"]

    @pytest.mark.anyio
    async def test_the_sweeper_finds_due_work_whose_ring_was_lost(self, store: Store, where: Any) -> None:
        listener = Listener()
        now = clock.now()
        rows = [
            {"key": "overdue", "due_at": now - timedelta(hours=1)},
            {"key": "far", "due_at": now + timedelta(days=1)},
        ]
        async with self.working(store, where, listener):
            await store.write(lambda db: db.execute(insert(chores), rows) and None)
            await listener.heard("overdue")
            assert "far" not in listener.begun

    @pytest.mark.anyio
    async def test_what_was_rung_before_the_start_goes_oldest_first(self, store: Store, where: Any) -> None:
        listener = Listener()
        engine = self.make(store, where, workers=1)
        engine.on(KIND, listener)
        for hours in (2, 3, 1):
            at = clock.now() - timedelta(hours=hours)
            await store.write(partial(wake_up(f"{hours} h ago".replace(" ", "-"), at=at), engine))
        await engine.start()
        await listener.heard("3-h-ago", "2-h-ago", "1-h-ago")
        await engine.stop()
        assert listener.begun == ["3-h-ago", "2-h-ago", "1-h-ago"]

    @pytest.mark.anyio
    async def test_stop_waits_for_running_handlers(self, store: Store, where: Any) -> None:
        gate = asyncio.Event()
        listener = Listener(waiting_for(gate))
        async with self.working(store, where, listener) as engine:
            await store.write(partial(wake_up("a"), engine))
            await listener.until(lambda: listener.running["a"] == 1)
            stopping = asyncio.create_task(engine.stop())
            done, _ = await asyncio.wait({stopping}, timeout=1)
            assert not done
            gate.set()
            await asyncio.wait_for(stopping, PATIENCE)
            assert listener.ended["a"] == 1

    @pytest.mark.anyio
    async def test_ten_thousand_rings_of_next_year_change_nothing(self, store: Store, where: Any) -> None:
        listener = Listener()
        at = clock.now() + timedelta(days=365)
        async with self.working(store, where, listener) as engine:
            for start in range(0, 10_000, 1000):
                keys = [f"k{number}" for number in range(start, start + 1000)]
                await store.write(partial(wake_up(*keys, at=at), engine))
            await store.write(partial(wake_up("now"), engine))
            await listener.heard("now")
            assert listener.begun == ["now"]

    def test_after_a_leap_of_the_wall_clock_nothing_begins_until_the_time_is_believed(
        self, where: Any
    ) -> None:
        said = subprocess.run(
            [sys.executable, "-m", "tests.engine.leap", str(where)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            timeout=2 * PATIENCE,
            check=True,
        ).stdout
        found = json.loads(said.splitlines()[-1])
        told = found.pop("told")
        assert found == {"held": ["before"], "believed": ["before", "after"]}
        assert told[1] is None
        if "://" not in str(where):
            assert told[0].startswith("The clock of this machine leapt 86400 s ahead.")

    @pytest.mark.anyio
    async def test_silence_is_endless_until_a_worker_was_heard(self, store: Store, where: Any) -> None:
        front = self.make(store, where, workers=1)
        await front.start(work=False)
        assert await front.silence() == float("inf")
        await front.stop()
        async with self.working(store, where, Listener()) as engine:
            assert 0 <= await engine.silence() < PATIENCE
