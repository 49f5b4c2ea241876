"""The memory of what was written: who may send, what a repeat finds, what a start and time do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from polypost import clock
from polypost.conversations import sent
from polypost.conversations.sent import Asked
from polypost.errors import KeyReused
from polypost.storage import Store

ASKED = Asked("prj_1", "key_1", "POST /v1/comments", 17, None, "here")
KEYED = replace(ASKED, idempotency_key="a key")
With = Callable[[Any], Any]


class Memory:
    """The room's functions on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, asked: Asked = ASKED, now: datetime | None = None) -> tuple[str, str, bool]:
        row, mine = await self._store.write(lambda db: sent.claim(db, asked, now or clock.now()))
        return row.id, row.state, mine

    async def do(self, act: Callable[..., Any], *args: Any) -> Any:
        return await self._store.write(lambda db: act(db, *args))


def test_equal_requests_are_two_when_the_first_was_answered(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory = Memory(store)
        first, _, mine = await memory.claim()
        assert mine
        await memory.do(sent.done, "prj_1", first, "n1")
        second, _, mine = await memory.claim()
        assert (mine, second == first) == (True, False)

    with_store(story)


def test_one_answer_that_was_lost_is_one_replay(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory = Memory(store)
        first, _, _ = await memory.claim()
        await memory.do(sent.done, "prj_1", first, "n1")
        await memory.do(sent.mark_undelivered, "prj_1", first)
        assert await memory.claim() == (first, sent.DONE, False)
        assert (await memory.claim())[2]

    with_store(story)


def test_a_doubt_is_remembered_for_its_window(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory, now = Memory(store), clock.now()
        first, _, _ = await memory.claim()
        await memory.do(sent.doubt, "prj_1", first)
        for _ in range(3):
            assert await memory.claim() == (first, sent.UNKNOWN, False)
        others = (
            replace(ASKED, fingerprint=18),
            replace(ASKED, project_id="prj_2"),
            replace(ASKED, api_key_id="key_2"),
            replace(ASKED, operation="POST /v1/messages"),
            KEYED,
        )
        for other in others:
            assert (await memory.claim(other))[2]

        later = now + sent.REPLAY_WINDOW + timedelta(seconds=5)
        assert (await memory.claim(replace(ASKED, idempotency_key=None), later))[2]

    with_store(story)


def test_a_key_stands_for_one_body(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory = Memory(store)
        first, _, _ = await memory.claim(KEYED)
        assert await memory.claim(KEYED) == (first, sent.SENDING, False)
        await memory.do(sent.done, "prj_1", first, "n1")
        assert await memory.claim(KEYED) == (first, sent.DONE, False)
        with pytest.raises(KeyReused):
            await memory.claim(replace(KEYED, fingerprint=18))
        await memory.do(sent.undo, "prj_1", first)
        assert (await memory.claim(replace(KEYED, fingerprint=18)))[2]

    with_store(story)


def test_two_requests_with_one_key_at_once(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory = Memory(store)
        claims = await asyncio.gather(*(memory.claim(KEYED) for _ in range(8)))
        assert sum(mine for _, _, mine in claims) == 1
        assert len({each for each, _, _ in claims}) == 1

    with_store(story)


def test_who_sends_for_too_long_has_died(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory, now = Memory(store), clock.now()
        first, _, _ = await memory.claim()
        assert await memory.claim(now=now + sent.LONGEST - timedelta(seconds=1)) == (
            first,
            sent.SENDING,
            False,
        )
        late = now + sent.LONGEST + timedelta(seconds=1)
        assert await memory.claim(now=late) == (first, sent.UNKNOWN, False)

    with_store(story)


def test_a_start_of_the_server(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory = Memory(store)
        cut, _, _ = await memory.claim()
        answered, _, _ = await memory.claim(replace(ASKED, fingerprint=1))
        await memory.do(sent.done, "prj_1", answered, "n1")
        elsewhere, _, _ = await memory.claim(replace(ASKED, fingerprint=2, server="there"))
        assert await memory.do(sent.mark_before_start, "here", clock.now()) == 1
        assert await memory.claim() == (cut, sent.UNKNOWN, False)
        assert await memory.claim(replace(ASKED, fingerprint=1)) == (answered, sent.DONE, False)
        assert await memory.claim(replace(ASKED, fingerprint=2)) == (elsewhere, sent.SENDING, False)
        # An answer of a minute ago has arrived, or its client has given up.
        old, _, _ = await memory.claim(replace(ASKED, fingerprint=3))
        await memory.do(sent.done, "prj_1", old, "n2")
        await memory.do(sent.mark_before_start, "here", clock.now() + timedelta(seconds=61))
        assert (await memory.claim(replace(ASKED, fingerprint=3)))[2]

    with_store(story)


def test_after_a_week_it_is_forgotten(with_store: With) -> None:
    async def story(store: Store) -> None:
        memory = Memory(store)
        await memory.claim(KEYED)
        assert await memory.do(sent.clean, clock.now() + sent.KEPT - timedelta(hours=1)) == 0
        assert await memory.do(sent.clean, clock.now() + sent.KEPT + timedelta(hours=1)) == 1
        assert (await memory.claim(KEYED))[2]

    with_store(story)
