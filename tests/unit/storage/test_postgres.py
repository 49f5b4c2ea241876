"""What only PostgreSQL can do to a function, and signals between processes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.util import await_only
from tests.engine.stand_ins import PATIENCE, Stop, Watched

from polypost.errors import StoreUnavailable
from polypost.storage import Joint, emit, postgres
from polypost.storage.hot import DRIVER
from polypost.storage.postgres import TRIES, PostgresStore

SERIALIZATION_FAILURE = text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
DISK_FULL = text("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$")
KILL_THE_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

OTHERS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")


def others(db):
    """How many connections the database has besides this store's own two."""
    return db.execute(OTHERS).scalar_one() - 2


def add(number):
    return lambda db: db.execute(text("INSERT INTO things VALUES (:id, 0)"), {"id": number}).rowcount


def ids(db):
    return list(db.execute(text("SELECT id FROM things ORDER BY id")).scalars())


def patience(db):
    return db.execute(text("SHOW lock_timeout")).scalar_one()


def joint(fn):
    return Joint(None, fn, lambda db, asked: [fn(db) for _ in asked])


async def hears(bell, store, topic):
    """Whether the bell rings for something said by `store`, perhaps again: a listener takes a moment."""
    for _ in range(100):
        await store.write(lambda db: emit(db, topic))
        if await bell.wait(0.2):
            return True
    return False


def test_a_serialization_failure_is_tried_again(with_postgres):
    async def story(store):
        runs = []

        def function(db):
            runs.append(add(len(runs))(db))
            if len(runs) < TRIES:
                db.execute(SERIALIZATION_FAILURE)
            return "kept"

        assert await store.write(function) == "kept"
        assert len(runs) == TRIES
        assert await store.read(ids) == [TRIES - 1]

    with_postgres(story)


def test_one_that_never_gets_through_keeps_nothing(with_postgres):
    async def story(store):
        runs = []

        def function(db):
            runs.append(add(1)(db))
            db.execute(SERIALIZATION_FAILURE)

        with pytest.raises(StoreUnavailable, match="too busy"):
            await store.write(function)
        assert len(runs) == TRIES
        assert await store.read(ids) == []

    with_postgres(story)


def test_who_falls_silent_in_a_transaction_holds_nobody_up(with_postgres, monkeypatch):
    monkeypatch.setattr(postgres, "SILENT_SECONDS", 0.5)

    async def story(store, other):
        raised = text("UPDATE things SET n = n + 1")
        runs, silent, heard = [], asyncio.Event(), asyncio.Event()

        def paused(db):
            db.execute(raised)
            runs.append("paused")
            silent.set()
            if len(runs) == 1:
                await_only(heard.wait())
            db.execute(raised)

        await other.write(add(1))
        waking = asyncio.create_task(store.write(paused))
        await silent.wait()
        # The row is free although the first has not gone on.
        await other.write(lambda db: db.execute(raised))
        heard.set()
        await waking
        assert runs == ["paused", "paused"]
        assert await store.read(lambda db: list(db.execute(text("SELECT n FROM things")).scalars())) == [3]

    with_postgres(story, stores=2)


def test_a_deadlock_is_resolved_by_running_one_again(with_postgres):
    async def story(store):
        runs = []
        both_hold_one = asyncio.Barrier(2)

        def update(first, second):
            def function(db):
                runs.append(first)
                lock = text("UPDATE things SET n = n + 1 WHERE id = :id")
                db.execute(lock, {"id": first})
                if runs.count(first) == 1:
                    await_only(both_hold_one.wait())
                db.execute(lock, {"id": second})

            return function

        await store.write(lambda db: (add(1)(db), add(2)(db)))
        await asyncio.gather(store.write(update(1, 2)), store.write(update(2, 1)))
        # One of them again; it may meet the other once more before that has ended.
        assert len(runs) > 2
        assert await store.read(lambda db: list(db.execute(text("SELECT n FROM things")).scalars())) == [2, 2]

    with_postgres(story)


def test_p18_a_store_in_trouble_says_so_and_keeps_nothing(with_postgres):
    async def story(store):
        for trouble in (
            DISK_FULL,
            text("SELECT pg_terminate_backend(pg_backend_pid())"),
            text("SET TRANSACTION READ ONLY"),
        ):
            with pytest.raises(StoreUnavailable):
                await store.write(lambda db, trouble=trouble: (db.execute(trouble), add(1)(db)))
        assert await store.write(ids) == []

    with_postgres(story)


def test_a_pool_that_is_dead_is_replaced_by_whoever_comes_next(with_postgres):
    async def story(here, there):
        all_hold_one = asyncio.Barrier(4)

        def hold(db):
            db.execute(text("SELECT 1"))
            await_only(all_hold_one.wait())

        for ask in (here.write, here.read):
            await asyncio.gather(*(ask(hold) for _ in range(4)))
            await there.write(lambda db: db.execute(KILL_THE_OTHERS))
            assert await ask(ids) == []

    with_postgres(story, stores=2)


def test_the_connection_that_was_used_last_is_used_next(with_postgres):
    async def story(store):
        at_once = asyncio.Barrier(3)

        def backend(db):
            return db.execute(text("SELECT pg_backend_pid()")).scalar_one()

        await asyncio.gather(
            *(store.read(lambda db: (backend(db), await_only(at_once.wait()))) for _ in range(3))
        )
        used = [await ask(backend) for _ in range(3) for ask in (store.write, store.read)]
        assert len(set(used)) == 1

    with_postgres(story)


def test_who_waits_for_a_connection_has_the_first_that_is_free(with_postgres):
    async def story(store):
        store, stop = PostgresStore(store.url, pool_size=2), Stop()
        try:
            await store.read(ids)
            slow = asyncio.create_task(store.read(lambda db: stop.wait()))
            await stop.reached()
            async with asyncio.timeout(PATIENCE):
                assert await asyncio.gather(*(store.read(ids) for _ in range(4))) == [[]] * 4
            stop.go_on()
            await slow
        finally:
            await store.close()

    with_postgres(story)


def test_only_what_shares_a_transaction_gives_up_a_lock_soon(with_postgres):
    async def story(store):
        store = PostgresStore(store.url, pool_size=1)

        def fails(db):
            raise ZeroDivisionError

        try:
            for fn in (patience, joint(patience), joint(patience), patience):
                assert await store.write(fn) == ("0" if fn is patience else "200ms")
                with pytest.raises(ZeroDivisionError):
                    await store.write(joint(fails) if fn is patience else fails)
        finally:
            await store.close()

    with_postgres(story)


def test_who_is_cancelled_at_a_commit_that_is_kept_leaves_no_other_lock_timeout(with_postgres):
    class Unheard(Watched):
        def command(self, sql):
            self.driver.command(sql)
            if sql == "COMMIT":
                stop.wait()

    stop = Stop()

    async def story(store):
        store = PostgresStore(store.url, pool_size=1)

        def next_commit_is_unheard(db):
            db.info[DRIVER] = Unheard(db.info[DRIVER], lambda *_: None)

        try:
            assert await store.write(joint(patience)) == "200ms"
            await store.read(next_commit_is_unheard)
            task = asyncio.create_task(store.write(add(1)))
            await stop.reached()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            stop.go_on()
            assert await store.read(ids) == [1]
            assert await store.write(joint(patience)) == "200ms"
        finally:
            await store.close()

    with_postgres(story)


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_cancelled_function_wrote_is_not_kept_by_the_next(with_postgres, times):
    async def story(store):
        store, stop = PostgresStore(store.url, pool_size=1), Stop()
        try:
            task = asyncio.create_task(store.write(lambda db: (add(1)(db), stop.wait())))
            await stop.reached()
            for _ in range(times):
                # The second comes while the first is being undone.
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await store.write(add(2)) == 1
            assert await store.read(ids) == [2]
        finally:
            await store.close()

    with_postgres(story)


def test_a_closed_store_opens_no_connection_for_what_was_under_way(with_postgres):
    async def story(store):
        leaving, stop = PostgresStore(store.url), Stop()
        reading = asyncio.create_task(leaving.read(lambda db: (ids(db), stop.wait(), ids(db))))
        await stop.reached()
        await leaving.close()
        stop.go_on()
        with pytest.raises(StoreUnavailable):
            await reading
        async with asyncio.timeout(PATIENCE):
            while await store.read(others):
                await asyncio.sleep(0.1)

    with_postgres(story)


def test_only_who_is_patient_waits_for_a_statement_that_takes_long(with_postgres, monkeypatch):
    monkeypatch.setattr(postgres, "STATEMENT_SECONDS", 0.2)

    async def story(store):
        stores = [PostgresStore(store.url, patient=patient) for patient in (True, False)]
        try:
            results = await asyncio.gather(
                *(each.read(lambda db: db.execute(text("SELECT pg_sleep(0.6)"))) for each in stores),
                return_exceptions=True,
            )
        finally:
            for each in stores:
                await each.close()
        assert [str(each) for each in results if isinstance(each, BaseException)] == [
            "The store did not answer in time."
        ]

    with_postgres(story)


def test_a_server_that_is_not_there_is_store_unavailable():
    async def story():
        store = PostgresStore("postgresql://nobody@127.0.0.1:1/nothing")
        try:
            for ask in (store.write, store.read):
                with pytest.raises(StoreUnavailable):
                    await ask(ids)
        finally:
            await store.close()

    asyncio.run(story())


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_addresses_are_read_as_libpq_reads_them(with_postgres, fresh_database, scheme):
    rest = fresh_database.partition("://")[2]

    async def story(store):
        assert await store.write(add(1)) == 1
        with store.signals.listen("news") as bell:
            assert await hears(bell, store, "news")

    with_postgres(story, f"{scheme}://{rest}&sslmode=disable")


def test_signals_reach_other_processes(with_postgres):
    async def story(here, there):
        await there.read(ids)
        with there.signals.listen("post:1") as bell, there.signals.listen("post:2") as other:
            assert await hears(bell, here, "post:1")
            assert not await other.wait(0)

    with_postgres(story, stores=2)


def test_what_a_transaction_says_is_told_in_one_statement_after_it(with_postgres):
    async def story(here, there):
        await there.read(ids)
        with there.signals.listen("post:1") as first, there.signals.listen("post:2") as second:
            assert await hears(first, here, "post:1")
            while here._telling is not None:
                # What still tells of that has a connection, and the one used last would be another.
                await asyncio.sleep(0.01)
            sent = []

            def say(db):
                wire = db.connection.driver_connection
                db.info[DRIVER] = Watched(
                    db.info[DRIVER], lambda sql, _: sent.append((sql, wire.is_in_transaction()))
                )
                for topic in ("post:1", "post:2", "post:1"):
                    emit(db, topic)

            await here.write(say)
            assert await first.wait(10)
            assert await second.wait(10)
            # Commits that say something wait for each other, so the commit says nothing.
            assert [inside for statement, inside in sent if "pg_notify" in statement] == [False]

    with_postgres(story, stores=2)


def test_a_cut_listener_listens_again(with_postgres):
    async def story(here, there):
        await there.read(ids)
        with there.signals.listen("news") as bell:
            assert await hears(bell, here, "news")
            await here.write(lambda db: db.execute(KILL_THE_OTHERS))
            bell_was_rung = await bell.wait(0)
            assert await hears(bell, here, "news") or bell_was_rung

    with_postgres(story, stores=2)
