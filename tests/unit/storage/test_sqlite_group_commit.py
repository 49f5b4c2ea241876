"""Several functions share one commit on SQLite, and none pays for another (ARCHITECTURE §2, RELIABILITY G1, P18)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import asynccontextmanager, closing, suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from polypost.errors import StoreUnavailable
from polypost.storage import after_commit, sqlite
from polypost.storage.sqlite import SqliteStore, raw

INSERT = text("INSERT INTO things VALUES (:id, :body)")
PAGES_LEFT = 16


@pytest.fixture
def with_sqlite(tmp_path):
    """Run a coroutine function with a SQLite store that holds one table."""
    path = tmp_path / "data" / "polypost.db"

    def run(story):
        async def main():
            store = SqliteStore(path)
            try:
                await store.write(
                    lambda db: db.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY, body BLOB)"))
                )
                await story(store)
            finally:
                await store.close()

        asyncio.run(main())

    return run


def on_disk(path):
    """What another process would find in the file."""
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT id FROM things ORDER BY id")]


@asynccontextmanager
async def one_group(store):
    """Hold the writer while the block hands functions in, so that they become one group."""
    running, gate = threading.Event(), threading.Event()

    def hold(_):
        running.set()
        gate.wait(60)

    holder = asyncio.create_task(store.write(hold))
    await asyncio.to_thread(running.wait, 60)
    try:
        yield
        await asyncio.sleep(0)
    finally:
        gate.set()
        await holder


async def together(store, *functions):
    """The outcome of each function, run as one group."""
    async with one_group(store):
        tasks = [asyncio.create_task(store.write(function)) for function in functions]
    return await asyncio.gather(*tasks, return_exceptions=True)


def add(number, runs=None):
    def function(db):
        if runs is not None:
            runs.append(number)
        db.execute(INSERT, {"id": number, "body": b"small"})
        return number

    return function


def fill(number, runs=None):
    """Write until the disk is full: the file may grow by a few pages only."""

    def function(db):
        if runs is not None:
            runs.append(number)
        driver = raw(db)
        (pages,) = driver.execute("PRAGMA page_count").fetchone()
        driver.execute(f"PRAGMA max_page_count = {pages + PAGES_LEFT}")
        for row in range(PAGES_LEFT * 2):
            db.execute(INSERT, {"id": number * 1000 + row, "body": bytes(4096)})

    return function


def test_a_group_is_one_commit(with_sqlite):
    async def story(store):
        outcomes = await together(store, add(1), add(2), lambda _: on_disk(store.path), add(3))
        assert outcomes == [1, 2, [], 3], (
            "the third found rows of the first two: they had a commit of their own"
        )
        assert on_disk(store.path) == [1, 2, 3]

    with_sqlite(story)


def test_what_comes_in_the_same_turn_after_a_group_shares_the_next_commit(with_sqlite, monkeypatch):
    monkeypatch.setattr(sqlite, "TURN_SECONDS", 60.0)

    async def story(store):
        await together(store, add(1), add(2))
        first = asyncio.create_task(store.write(add(3)))
        await asyncio.sleep(0)
        # A turn with much to do, which takes longer than a commit.
        time.sleep(0.3)  # the loop is to be busy
        assert await store.write(lambda _: on_disk(store.path)) == [1, 2]
        assert await first == 3

    with_sqlite(story)


def test_a_write_without_company_waits_for_nobody(with_sqlite, monkeypatch):
    monkeypatch.setattr(sqlite, "TURN_SECONDS", 60.0)

    async def story(store):
        await store.write(add(1))
        second = asyncio.create_task(store.write(add(2)))
        await asyncio.sleep(0)
        end = time.monotonic() + 30
        while on_disk(store.path) != [1, 2] and time.monotonic() < end:
            time.sleep(0.01)  # the loop is to be busy
        assert on_disk(store.path) == [1, 2]
        assert await second == 2

    with_sqlite(story)


def test_what_write_returns_for_is_durable(with_sqlite):
    async def story(store):
        for number in range(5):
            await store.write(add(number))
            assert on_disk(store.path) == list(range(number + 1))

    with_sqlite(story)


def test_a_failing_function_takes_only_its_own_rows_back(with_sqlite):
    def stumble(db):
        add(2)(db)
        raise ValueError("second thoughts")

    def collide(db):
        add(4)(db)
        add(1)(db)

    async def story(store):
        outcomes = await together(store, add(1), stumble, add(3), collide, add(5))
        assert [outcomes[0], outcomes[2], outcomes[4]] == [1, 3, 5]
        assert isinstance(outcomes[1], ValueError)
        assert isinstance(outcomes[3], IntegrityError)
        assert on_disk(store.path) == [1, 3, 5]

    with_sqlite(story)


@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "middle", "last"])
def test_p18_a_full_disk_in_a_group_costs_only_those_it_stops(with_sqlite, tmp_path, place):
    answered = []

    async def story(store):
        runs = []
        functions = [add(number, runs) for number in (1, 2, 3, 4)]
        functions.insert(place, fill(7, runs))
        outcomes = await together(store, *functions)
        refused = outcomes.pop(place)
        assert isinstance(refused, StoreUnavailable)
        assert isinstance(refused.__cause__, Exception)
        assert outcomes == [1, 2, 3, 4]
        assert runs.count(7) == 2, "the whole group was rolled back, and each function ran again alone"
        answered.extend(outcomes)
        assert await store.write(add(5)) == 5
        answered.append(5)

    with_sqlite(story)
    assert on_disk(tmp_path / "data" / "polypost.db") == answered


def test_p18_a_disk_that_stays_full_refuses_every_large_function(with_sqlite, tmp_path):
    async def story(store):
        outcomes = await together(store, fill(7), add(1), fill(8), fill(9), add(2))
        assert [type(outcome) for outcome in outcomes] == [
            StoreUnavailable,
            int,
            StoreUnavailable,
            StoreUnavailable,
            int,
        ]

    with_sqlite(story)
    assert on_disk(tmp_path / "data" / "polypost.db") == [1, 2]


def test_p18_a_function_that_keeps_quiet_about_a_full_disk_hides_nothing(with_sqlite):
    def quiet(db):
        with suppress(OperationalError):
            fill(7)(db)
        return "as if nothing had happened"

    async def story(store):
        outcomes = await together(store, add(1), quiet, add(2))
        assert [outcomes[0], outcomes[2]] == [1, 2]
        assert isinstance(outcomes[1], StoreUnavailable)
        assert on_disk(store.path) == [1, 2]

    with_sqlite(story)


def test_a_function_that_ran_twice_is_told_of_once(with_sqlite):
    async def story(store):
        told = []

        def tell(db):
            add(1)(db)
            after_commit(db, lambda: told.append(on_disk(store.path)))

        def tell_and_fill(db):
            after_commit(db, lambda: told.append("never"))
            fill(7)(db)

        outcomes = await together(store, tell, tell_and_fill)
        assert isinstance(outcomes[1], StoreUnavailable)
        assert told == [[1]]

    with_sqlite(story)


def test_the_writer_outlives_a_file_that_cannot_be_opened(with_sqlite):
    async def story(store):
        aside = store.path.with_name("aside.db")

        def lose_the_file(db):
            raw(db).close()
            store.path.rename(aside)
            store.path.mkdir()

        outcomes = await asyncio.gather(
            *(store.write(function) for function in (lose_the_file, add(1), add(2))), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
        store.path.rmdir()
        aside.rename(store.path)
        assert await store.write(add(3)) == 3
        assert on_disk(store.path) == [3]

    with_sqlite(story)


def test_a_mistake_in_a_statement_is_not_the_stores_trouble(with_sqlite):
    async def story(store):
        for ask in (store.write, store.read):
            with pytest.raises(Exception, match="no such column") as caught:
                await ask(lambda db: db.execute(text("SELECT colour FROM things")))
            assert not isinstance(caught.value, StoreUnavailable)

    with_sqlite(story)


def test_a_caller_that_leaves_disturbs_nobody(with_sqlite):
    async def story(store):
        async with one_group(store):
            tasks = [asyncio.create_task(store.write(add(number))) for number in (1, 2, 3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert outcomes[0::2] == [1, 3]
        assert isinstance(outcomes[1], asyncio.CancelledError)
        assert on_disk(store.path) == [1, 2, 3]

    with_sqlite(story)


def test_closing_finishes_what_was_handed_in(with_sqlite):
    async def story(store):
        tasks = [asyncio.create_task(store.write(add(number))) for number in range(150)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*tasks) == list(range(150))
        assert on_disk(store.path) == list(range(150))
        for ask in (store.write, store.read):
            with pytest.raises(StoreUnavailable):
                await ask(add(999))

    with_sqlite(story)


def test_the_settings_of_the_file_are_durable(with_sqlite):
    async def story(store):
        def settings(db):
            return [
                raw(db).execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
            ]

        full = 2
        assert await store.write(settings) == ["wal", full]

    with_sqlite(story)
