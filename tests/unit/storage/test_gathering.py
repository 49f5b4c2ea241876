"""Functions that share a transaction on PostgreSQL: each has its own answer, and nobody else's fault."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from tests.engine.proxy import Cut, Proxy
from tests.engine.stand_ins import Stop

from polypost.errors import StoreUnavailable
from polypost.storage import Apart, CommitUnknown, Joint, receipt
from polypost.storage.gathering import GROUP, Gathering
from polypost.storage.sqlite import SqliteStore

TRANSACTION = text("SELECT pg_current_xact_id()::text")
BAD, ALONE, APART, FIRST = -1, -2, -3, 0


class Refused(Exception):
    """What only one of them is told."""


def add(db: Connection, number: int) -> tuple[int, str]:
    """The number, and the transaction that keeps it."""
    if number == BAD:
        raise Refused
    receipt(db)
    db.execute(text("INSERT INTO things VALUES (:id)"), {"id": number})
    return number, db.execute(TRANSACTION).scalar_one()


def add_all(db: Connection, numbers: Sequence[int]) -> list[tuple[int, str] | None]:
    kept = [None if number == ALONE else add(db, number) for number in numbers]
    if APART in numbers:
        raise Apart
    return kept


def joint(number: int, together=add_all):
    return Joint(number, lambda db: add(db, number), together)


async def all_of(store, *numbers):
    """What each was told, in order; all handed in in one turn of the loop."""
    return await asyncio.gather(*(store.write(joint(number)) for number in numbers), return_exceptions=True)


async def stored(store):
    return await store.read(lambda db: list(db.execute(text("SELECT id FROM things ORDER BY id")).scalars()))


def test_those_that_come_together_share_a_transaction(with_postgres):
    async def story(store):
        numbers = list(range(GROUP + 10))
        said = await all_of(store, *numbers)
        assert [number for number, _ in said] == numbers
        assert list(Counter(transaction for _, transaction in said).values()) == [GROUP, 10]
        assert await stored(store) == numbers

    with_postgres(story)


def test_those_that_come_while_one_is_under_way_go_in_the_next(with_postgres):
    async def story(store):
        stop = Stop()
        first = Joint(FIRST, lambda db: (stop.wait(), add(db, FIRST))[1], add_all)
        going = asyncio.create_task(store.write(first))
        await stop.reached()
        later = []
        for number in (1, 2, 3):
            later.append(asyncio.create_task(store.write(joint(number))))
            await asyncio.sleep(0)
        # Another kind does not share theirs.
        other = asyncio.create_task(
            store.write(joint(4, lambda db, those: [add(db, each) for each in those]))
        )
        await asyncio.sleep(0)
        stop.go_on()
        said = await asyncio.gather(going, *later, other)
        assert [number for number, _ in said] == [FIRST, 1, 2, 3, 4]
        assert list(Counter(transaction for _, transaction in said).values()) == [1, 3, 1]

    with_postgres(story)


@pytest.mark.parametrize("odd", [BAD, ALONE, APART])
def test_one_that_cannot_go_with_others_is_told_by_itself(with_postgres, odd):
    async def story(store):
        said = await all_of(store, 1, odd, 2)
        transactions = [each[1] for each in said if isinstance(each, tuple)]
        if odd == BAD:
            assert isinstance(said.pop(1), Refused)
        # Where nothing is written of the odd one, the others stay together.
        assert len(set(transactions)) == {BAD: 2, ALONE: 2, APART: 3}[odd]
        assert [number for number, _ in said] == ([1, 2] if odd == BAD else [1, odd, 2])
        assert await stored(store) == sorted(number for number, _ in said)

    with_postgres(story)


def test_one_alone_is_told_its_own_fault_at_once(with_postgres):
    async def story(store):
        runs = []

        def fail(db):
            runs.append(db)
            raise Refused

        with pytest.raises(Refused):
            await store.write(Joint(1, fail, add_all))
        assert len(runs) == 1

    with_postgres(story)


def test_one_that_meets_another_row_does_not_undo_the_others(with_postgres):
    async def story(store):
        await store.write(lambda db: add(db, 2))
        first, second, third = await all_of(store, 1, 2, 3)
        assert first[0], third[0] == (1, 3)
        assert "UniqueViolation" in str(second)
        assert await stored(store) == [1, 2, 3]

    with_postgres(story)


def test_a_caller_that_leaves_takes_nobody_with_it(with_postgres):
    async def story(store):
        stop = Stop()

        def together(db, numbers):
            stop.wait()
            return add_all(db, numbers)

        tasks = [asyncio.create_task(store.write(joint(number, together))) for number in (1, 2, 3)]
        await stop.reached()
        # One in the transaction, and one that still waits for its turn.
        late = asyncio.create_task(store.write(joint(4, together)))
        await asyncio.sleep(0)
        tasks[1].cancel()
        late.cancel()
        stop.go_on()
        said = await asyncio.gather(*tasks, late, return_exceptions=True)
        assert [each[0] for each in (said[0], said[2])] == [1, 3]
        assert isinstance(said[1], asyncio.CancelledError)
        assert isinstance(said[3], asyncio.CancelledError)
        # Of what is under way nobody can say that it is not kept; what waits has never been begun.
        assert await stored(store) == [1, 2, 3]
        assert (await store.write(joint(5)))[0] == 5

    with_postgres(story)


def test_one_that_waits_for_somebodys_lock_waits_alone(with_postgres):
    async def story(store):
        stop = Stop()
        holder = asyncio.create_task(store.write(lambda db: (add(db, 2), stop.wait())))
        await stop.reached()
        tasks = [asyncio.create_task(store.write(joint(number))) for number in (1, 2, 3)]
        # The lock is held until the others have their answers.
        assert [(await task)[0] for task in (tasks[0], tasks[2])] == [1, 3]
        # Nor does one hold others up that comes by itself.
        begun = asyncio.Event()
        lone = Joint(2, lambda db: (begun.set(), add(db, 2))[1], add_all)
        tasks.append(asyncio.create_task(store.write(lone)))
        await begun.wait()
        assert (await store.write(joint(4)))[0] == 4
        assert not tasks[1].done()
        assert not tasks[3].done()
        stop.go_on()
        await holder
        for task in (tasks[1], tasks[3]):
            with pytest.raises(IntegrityError, match="UniqueViolation"):
                await task

    with_postgres(story)


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_commit_without_an_answer_is_asked_for_by_each(with_postgres, fresh_database, kind):
    proxy = Proxy(fresh_database, "door")
    proxy.open()

    async def story(store, _other):
        await all_of(store, 1, 2)
        proxy.arm(Cut("door", "COMMIT of INSERT things", 1, kind))
        said = await all_of(store, 3, ALONE, 4)
        assert proxy.disarm()
        assert [isinstance(each, CommitUnknown) for each in said] == [True, False, True]
        assert [each.result[0] for each in said if isinstance(each, CommitUnknown)] == [3, 4]
        for each in (said[0], said[2]):
            assert await each.kept() is (kind == "after")
        kept = [3, 4] if kind == "after" else []
        assert await stored(store) == [ALONE, 1, 2, *kept]

    try:
        with_postgres(story, proxy.url("door"), fresh_database)
    finally:
        proxy.close()


def test_a_connection_that_ends_before_anything_is_kept_is_replaced(with_postgres, fresh_database):
    proxy = Proxy(fresh_database, "door")
    proxy.open()

    async def story(store, _other):
        await all_of(store, 1, 2)
        proxy.arm(Cut("door", "INSERT things", 2, "before"))
        said = await all_of(store, 3, 4, 5)
        assert proxy.disarm()
        assert [number for number, _ in said] == [3, 4, 5]
        assert await stored(store) == [1, 2, 3, 4, 5]

    try:
        with_postgres(story, proxy.url("door"), fresh_database)
    finally:
        proxy.close()


def test_a_store_out_of_reach_is_told_to_all_who_wait():
    async def main():
        tried, reached = [], asyncio.Event()

        async def transact(_):
            tried.append("together")
            await reached.wait()
            raise StoreUnavailable("Not within reach.")

        async def alone(_):
            tried.append("alone")

        gathering = Gathering(transact, alone)
        tasks = [asyncio.create_task(gathering.write(joint(1)))]
        while not tried:
            await asyncio.sleep(0)
        tasks += [asyncio.create_task(gathering.write(joint(number))) for number in (2, 3)]
        await asyncio.sleep(0)
        reached.set()
        said = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in said] == [StoreUnavailable] * 3
        # Whoever came meanwhile did not wait once more for the same.
        assert tried == ["together"]

    asyncio.run(main())


def test_a_connection_of_which_a_function_says_that_it_is_gone_is_replaced(with_postgres):
    async def story(store):
        def broken(_db, _numbers):
            raise StoreUnavailable("The store could not make the change durable.")

        said = await asyncio.gather(*(store.write(joint(number, broken)) for number in (1, 2)))
        assert [number for number, _ in said] == [1, 2]

    with_postgres(story)


def test_on_sqlite_each_is_a_function_as_any_other(tmp_path):
    async def main():
        store = SqliteStore(tmp_path / "store.db")
        try:
            await store.write(lambda db: db.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY)")))
            made = [
                Joint(
                    number,
                    lambda db, number=number: (
                        db.execute(text("INSERT INTO things VALUES (:id)"), {"id": number}).rowcount
                    ),
                    add_all,
                )
                for number in (1, 2)
            ]
            assert await asyncio.gather(*(store.write(each) for each in made)) == [1, 1]
            assert await stored(store) == [1, 2]
        finally:
            await store.close()

    asyncio.run(main())
