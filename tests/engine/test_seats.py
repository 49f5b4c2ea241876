"""Nobody loud stops the others (RELIABILITY G12): slow media, backlogs and dead holders of an account."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text, update

from polypost import clock
from polypost.engine import LOOKAHEAD
from polypost.engine.pgqueuer import PgQueuerEngine, install
from polypost.posts import accept, sweep, work
from polypost.posts.tables import targets
from polypost.storage import metadata
from polypost.storage.postgres import PostgresStore
from tests import media
from tests.engine.room import Room
from tests.engine.suite import PATIENCE
from tests.unit.test_posts import Desk

BACKLOG = 500
# Its end is within the look-ahead: a ring put back to it would stand in the queue.
SHORT = LOOKAHEAD - timedelta(seconds=1)


def test_a_text_goes_out_while_slow_media_are_fetched(tell):
    async def story(room: Room) -> None:
        await room.start()
        room.shelf.flows.clear()
        accounts = [await room.connect() for _ in range(8)]
        films = []
        for number, account in enumerate(accounts):
            slow = room.shelf.put(f"{number}.jpg", media.jpeg(), "image")
            films.append(await room.post(f"Film {number}", accounts={"twitter": account}, media=(slow,)))
        # The engine has eight seats: half as many may fetch, the others wait without one.
        waiting = await room.until(partial(crowded, room, films, 4))
        assert {row.state for row in waiting} == {"waiting"}
        await room.pass_time(timedelta(seconds=3))
        await room.wake_up()
        waiting = await room.until(partial(crowded, room, films, 4, epoch=2))
        # They came again in vain, and said it once.
        for row in waiting:
            assert await room.said(row.post_id) == ["media"]
        (row,) = await room.settle(await room.post("Text"))
        assert row.state == "published"
        assert [each["text"] for each in await room.visible()] == ["Text"]
        room.shelf.flows.set()
        rows = await room.settle(*films)
        assert {row.state for row in rows} == {"published"}
        await room.healthy()

    tell(story)


async def crowded(room: Room, posts: list[str], count: int, epoch: int = 1) -> list[Any] | None:
    rows = [await room.target(post) for post in posts]
    waiting = [row for row in rows if row.wait_reason == "media" and row.epoch >= epoch]
    return waiting if len(waiting) == count else None


@pytest.mark.anyio
async def test_a_backlog_of_one_account_keeps_no_more_jobs_than_are_of_use(fresh_database: str) -> None:
    store = PostgresStore(fresh_database)
    await store.write(metadata.create_all)
    await install(fresh_database)
    desk = await Desk(store).open()
    # Of two processes one has the account, and the other one's rings find it taken.
    engine, other = (PgQueuerEngine(store, fresh_database, workers=4) for _ in range(2))
    gate = asyncio.Event()
    done: list[str] = []

    def begin(db: Connection, target_id: str) -> work.Claim | None:
        now = clock.now()
        claimed = work.claim(db, target_id, by="run_1", lease=SHORT, now=now)
        if isinstance(claimed, work.Later):
            engine.wake(db, sweep.again(db, target_id, claimed.at))
            return None
        return claimed

    async def publish(target_id: str) -> None:
        claimed = await store.write(partial(begin, target_id=target_id))
        if claimed is None:
            return
        await gate.wait()

        def end(db: Connection) -> None:
            now = clock.now()
            work.change(db, claimed, state="published", next_at=None, lease_until=None)
            engine.wake(db, work.leave(db, claimed, now))

        await store.write(end)
        done.append(claimed.target.id)

    for each in (engine, other):
        each.on(accept.KIND, publish)
        each.watch(accept.KIND, sweep.due)
    order = desk.order("one of many", accounts=desk.accounts[:1])
    context = replace(desk.context, engine=engine)
    for _ in range(BACKLOG // 50):
        await store.write(
            lambda db: [accept.create(db, context, desk.project, order) for _ in range(50)] and None
        )
    await engine.start()
    await other.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while len(await jobs(store)) > 1:
                await asyncio.sleep(0.1)
        # Neither the sweep nor the end of the ring's patience makes more of them.
        await store.write(lambda db: db.execute(update(targets).values(rung_at=None)) and None)
        for _ in range(3):
            await engine._sweep()
        assert len(await jobs(store)) <= 1
        gate.set()
        most = 0
        async with asyncio.timeout(4 * PATIENCE):
            while len(done) < BACKLOG:
                # PgQueuer takes answered ones out by batches, how soon is its own affair.
                open_ones = [target for target in await jobs(store) if target not in done]
                most = max(most, len(open_ones))
                await asyncio.sleep(0.1)
        # The target under way and the ring for the next.
        assert most <= 3
    finally:
        gate.set()
        await other.stop()
        await engine.stop()
        await store.close()


async def jobs(store: PostgresStore) -> list[str]:
    """The targets of the rings that stand in the queue."""
    payloads = await store.read(lambda db: db.execute(text("SELECT payload FROM pgqueuer")).scalars().all())
    return [bytes(payload).decode().split(" ")[2] for payload in payloads]
