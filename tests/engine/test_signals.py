"""Who waits for a post hears of each change of its status, whichever process made it (ARCHITECTURE §2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection

from polypost import clock
from polypost.platforms.base import Proof
from polypost.posts import changes
from polypost.posts.orders import When
from polypost.storage import Store, emit, open_store
from tests.engine.room import Room
from tests.engine.stand_ins import PATIENCE, ByHand


@asynccontextmanager
async def another_process(room: Room) -> AsyncIterator[Store]:
    """The store as another process has it, which hears what is said here; on SQLite there is only one."""
    url = getattr(room.store, "url", None)
    store = open_store(room.folder, url) if url else room.store
    try:
        await store.read(lambda _: None)
        with store.signals.listen("test") as heard:
            async with asyncio.timeout(PATIENCE):
                await room.store.write(lambda db: emit(db, "test"))
                while not await heard.wait(0.05):
                    await room.store.write(lambda db: emit(db, "test"))
        yield store
    finally:
        if store is not room.store:
            await store.close()


def test_the_claim_and_the_end_of_a_target_are_heard_by_who_waits_for_the_post(tell):
    async def story(room: Room) -> None:
        network = ByHand()
        worker = room.worker(connectors=network.only)
        post = await room.post("Hello", after=1)
        clock.advance(2)
        async with another_process(room) as waiting:
            with waiting.signals.listen(f"post:{post}") as heard:
                run = asyncio.create_task(worker.publisher.run((await room.target(post)).id))
                assert await heard.wait(PATIENCE)
                assert await room.status(post) == "publishing"
                (await network.next("prepare")).says("ready")
                (await network.next("post")).says(Proof("1"))
                assert await heard.wait(PATIENCE)
                assert await room.status(post) == "published"
                await run

    tell(story)


CHANGES: dict[str, Callable[[Room, Connection, str], object]] = {
    "cancel": lambda room, db, post: changes.cancel(db, room.project.id, post),
    "reschedule": lambda room, db, post: changes.reschedule(
        db, room.context, room.project, post, When(clock.now(), "UTC")
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_user_changes_is_heard_by_who_waits_for_the_post(tell, change):
    async def story(room: Room) -> None:
        post = await room.post("Hello", after=60)
        async with another_process(room) as waiting:
            with waiting.signals.listen(f"post:{post}") as heard:
                await room.store.write(lambda db: CHANGES[change](room, db, post))
                assert await heard.wait(PATIENCE)

    tell(story)
