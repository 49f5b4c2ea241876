"""Lists are read beside everything else: whoever reads long ones holds up lists alone."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.util import await_only

from polypost.errors import ListTooSlow
from polypost.storage.lists import LISTS

PATIENCE = 30.0
# More rows than anybody waits for, on either store.
ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n"
)


class Held:
    """A list that is being read until the test lets go of it."""

    def __init__(self, dialect, log, name):
        self.log, self.name = log, name
        self.began = asyncio.Event()
        self._here = threading.Event() if dialect == "sqlite" else asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self, db):
        db.execute(text("SELECT 1"))
        self.log.append(f"{self.name} begins")
        # Last: the test may go on while this thread waits for a core.
        self._loop.call_soon_threadsafe(self.began.set)
        if isinstance(self._here, threading.Event):
            assert self._here.wait(PATIENCE)
        else:
            await_only(asyncio.wait_for(self._here.wait(), PATIENCE))
        self.log.append(f"{self.name} ends")

    def let_go(self):
        self._here.set()


def one(db):
    return db.execute(text("SELECT 1")).scalar_one()


def test_reads_and_writes_go_on_while_lists_of_many_projects_are_read(with_store):
    async def story(store):
        lists = [Held(store.dialect, [], "list") for _ in range(20)]
        reading = [
            asyncio.create_task(store.browse(f"project {place}", each)) for place, each in enumerate(lists)
        ]
        try:
            for each in lists[:LISTS]:
                async with asyncio.timeout(PATIENCE):
                    await each.began.wait()
            async with asyncio.timeout(PATIENCE):
                assert await asyncio.gather(*(store.read(one) for _ in range(4)), store.write(one)) == [1] * 5
            assert sum(each.began.is_set() for each in lists) == LISTS
        finally:
            for each in lists:
                each.let_go()
        await asyncio.gather(*reading)

    with_store(story)


def test_a_project_reads_one_list_at_a_time_and_leaves_the_others_a_place(with_store):
    async def story(store):
        log = []
        first, second = Held(store.dialect, log, "first"), Held(store.dialect, log, "second")
        reading = [asyncio.create_task(store.browse("loud", each)) for each in (first, second)]
        async with asyncio.timeout(PATIENCE):
            await first.began.wait()
            assert await store.browse("quiet", one) == 1
        log.append("quiet")
        for each in (first, second):
            each.let_go()
        await asyncio.gather(*reading)
        assert log == ["first begins", "quiet", "first ends", "second begins", "second ends"]

    with_store(story)


def test_a_list_that_takes_too_long_is_ended_and_says_what_to_narrow(with_store):
    async def story(store):
        store.list_seconds = 0.5
        for _ in range(LISTS + 1):
            with pytest.raises(ListTooSlow) as ended:
                await store.browse("loud", lambda db: db.execute(ENDLESS).scalar_one())
            assert "Narrow it" in ended.value.message
        assert await store.browse("loud", one) == 1

    with_store(story)


def test_who_waits_too_long_for_the_turn_is_told_so(with_store):
    async def story(store):
        store.list_seconds = 0.5
        held = Held(store.dialect, [], "held")
        reading = asyncio.create_task(store.browse("loud", held))
        await held.began.wait()
        with pytest.raises(ListTooSlow, match="Other lists"):
            await store.browse("loud", one)
        held.let_go()
        await asyncio.gather(reading)
        assert await store.browse("loud", one) == 1

    with_store(story)


def test_the_list_of_a_caller_who_has_gone_is_ended(with_store):
    async def story(store):
        for _ in range(LISTS + 1):
            reading = asyncio.create_task(store.browse("gone", lambda db: db.execute(ENDLESS).scalar_one()))
            await asyncio.sleep(0.2)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        async with asyncio.timeout(store.list_seconds / 2):
            assert await store.browse("gone", one) == 1

    with_store(story)
