"""What both stores promise to the functions they run."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Column, MetaData, Table, Text, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_only

from polypost.errors import StoreUnavailable
from polypost.storage import Instant, Json, after_commit, emit, new_id
from polypost.storage.store import TransactionRefused

things = Table(
    "things",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("at", Instant),
    Column("body", Json),
)


@pytest.fixture
def with_things(with_store):
    """As `with_store`, with one more table."""

    def run(story):
        async def prepared(store):
            await store.write(things.create)
            await story(store)

        with_store(prepared)

    return run


def add(name, **values):
    return lambda db: db.execute(insert(things).values(id=name, **values)).rowcount


def names(db):
    return list(db.execute(select(things.c.id).order_by(things.c.id)).scalars())


def count(db):
    return db.execute(select(func.count()).select_from(things)).scalar_one()


async def hears(store, bell, say):
    """Whether the bell rings when `say` is done, perhaps again: a listener takes a moment to begin."""
    for _ in range(100):
        await say()
        if await bell.wait(0.2):
            return True
    return False


def test_a_function_is_one_transaction(with_things):
    def half_done(db):
        add("a")(db)
        raise LookupError("no second half")

    async def story(store):
        with pytest.raises(LookupError, match="no second half"):
            await store.write(half_done)
        assert await store.read(names) == []
        assert await store.write(lambda db: (add("a")(db), add("b")(db), names(db))) == (1, 1, ["a", "b"])
        assert await store.read(names) == ["a", "b"]

    with_things(story)


@pytest.mark.parametrize("verb", ["commit", "rollback", "begin", "begin_nested"])
def test_functions_cannot_end_or_begin_a_transaction(with_things, verb):
    def meddle(db):
        add("a")(db)
        getattr(db, verb)()

    async def story(store):
        with pytest.raises(TransactionRefused):
            await store.write(meddle)
        with pytest.raises(TransactionRefused):
            await store.read(lambda db: getattr(db, verb)())
        assert await store.read(names) == []
        assert await store.write(add("b")) == 1

    with_things(story)


def test_readers_cannot_write(with_things):
    async def story(store):
        with pytest.raises(DBAPIError):
            await store.read(add("a"))
        assert await store.read(names) == []
        assert await store.write(add("b")) == 1

    with_things(story)


def test_a_reader_sees_one_moment(with_things):
    async def story(store):
        looked, written = (
            (threading.Event(), threading.Event())
            if store.dialect == "sqlite"
            else (asyncio.Event(), asyncio.Event())
        )

        def look_twice(db):
            first = count(db)
            looked.set()
            if store.dialect == "sqlite":
                written.wait(60)
            else:
                await_only(written.wait())
            return first, count(db)

        reading = asyncio.create_task(store.read(look_twice))
        await (asyncio.to_thread(looked.wait, 60) if store.dialect == "sqlite" else looked.wait())
        await store.write(add("a"))
        written.set()
        assert await reading == (0, 0)
        assert await store.read(count) == 1

    with_things(story)


def test_calls_wait_for_the_commit_and_die_with_the_transaction(with_things):
    async def story(store):
        told = []

        def good(db):
            add("a")(db)
            after_commit(db, lambda: told.append("good"))
            return list(told)

        def bad(db):
            after_commit(db, lambda: told.append("bad"))
            raise LookupError

        assert await store.write(good) == []
        with pytest.raises(LookupError):
            await store.write(bad)
        assert told == ["good"]

    with_things(story)


def test_a_call_that_fails_after_the_commit_does_not_undo_the_answer(with_things):
    async def story(store):
        reported = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: reported.append(context["exception"])
        )
        told = []

        def function(db):
            add("a")(db)
            after_commit(db, lambda: 1 / 0)
            after_commit(db, lambda: told.append("second"))
            return "kept"

        answers = await asyncio.gather(store.write(function), store.write(add("b")))
        assert answers == ["kept", 1]
        assert told == ["second"]
        assert [type(error) for error in reported] == [ZeroDivisionError]
        assert await store.read(names) == ["a", "b"]

    with_things(story)


def test_signals_are_heard_after_the_commit_only(with_things):
    def say_and_fail(db):
        emit(db, "withdrawn")
        raise LookupError

    async def story(store):
        with store.signals.listen("done") as done, store.signals.listen("withdrawn") as withdrawn:

            async def say():
                with pytest.raises(LookupError):
                    await store.write(say_and_fail)
                await store.write(lambda db: emit(db, "done"))

            assert await hears(store, done, say)
            assert not await withdrawn.wait(0)
        with store.signals.listen("done") as late:
            assert not await late.wait(0)

    with_things(story)


def test_two_hundred_writers_at_once_lose_nothing(with_things):
    async def story(store):
        wanted = [f"{number:03}" for number in range(200)]
        answers = await asyncio.gather(*(store.write(add(name)) for name in wanted))
        assert answers == [1] * 200
        assert await store.read(names) == wanted

    with_things(story)


def test_two_hundred_increments_add_up(with_things):
    def increment(db):
        row = select(things.c.body).where(things.c.id == "n").with_for_update()
        value = db.execute(row).scalar_one()
        db.execute(things.update().where(things.c.id == "n").values(body=value + 1))

    async def story(store):
        await store.write(add("n", body=0))
        await asyncio.gather(*(store.write(increment) for _ in range(200)))
        assert await store.read(lambda db: db.execute(select(things.c.body)).scalar_one()) == 200

    with_things(story)


def test_instants_and_json_come_back_as_they_went(with_things):
    at = datetime(2026, 4, 15, 14, 30, 0, 123_456, tzinfo=UTC)
    before_1970 = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    body = {"z": 1, "a": ["é", None, True, {"b": 1.5}]}

    async def story(store):
        elsewhere = at.astimezone(ZoneInfo("Asia/Tokyo")) + timedelta(microseconds=1)
        await store.write(add("a", at=at, body=body))
        await store.write(add("b", at=elsewhere, body=[]))
        await store.write(add("c", at=before_1970, body=0))
        await store.write(add("d"))
        found = await store.read(
            lambda db: db.execute(select(things).order_by(things.c.at, things.c.id)).all()
        )
        by_name = {row.id: row for row in found}
        assert by_name["a"].at == at
        assert by_name["b"].at == elsewhere
        assert by_name["c"].at == before_1970
        assert (by_name["d"].at, by_name["d"].body) == (None, None)
        assert list(by_name["a"].body.items()) == list(body.items())
        assert [row.id for row in found if row.at] == ["c", "a", "b"]

    with_things(story)


def test_ids_name_their_kind_differ_and_follow_time():
    made = [new_id("post") for _ in range(2000)]
    assert len(set(made)) == len(made)
    assert all(name.startswith("post_") and len(name) == len("post_") + 32 for name in made)
    stamps = [name[5:17] for name in made]
    assert stamps == sorted(stamps)


def test_a_closed_store_is_asked_in_vain(with_store):
    async def story(store):
        await store.close()
        for ask in (store.write, store.read):
            with pytest.raises(StoreUnavailable, match="is closed"):
                await ask(lambda db: 1)

    with_store(story)
