"""What goes of a post some time after its end, and what stays of it for whatever may still happen to it (RELIABILITY D4)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from polypost import clock, housekeeping
from polypost.doctor import findings
from polypost.events import outbox
from polypost.posts import accept, changes, thinning
from polypost.posts import timeline as diary
from polypost.posts.tables import attempts, posts, targets, timeline
from polypost.settings import Settings
from polypost.webhooks import fan_out
from tests.engine.room import Room

DAY = timedelta(days=1)


async def pass_days(room: Room, days: float) -> None:
    """Let days pass, and housekeeping go on."""
    await room.store.write(lambda db: fan_out.fan_out(db, clock.now()))
    clock.advance(days * 86400)
    await housekeeping.clean(room.store, Settings().kept)


async def lines(room: Room, post_id: str) -> list[str]:
    found = await room.store.read(lambda db: diary.read(db, room.project.id, post_id))
    return [line.kind for line in found]


def test_history_goes_a_month_after_the_end(tell: Any) -> None:
    async def story(room: Room) -> None:
        await room.start()
        out = await room.post("out", accounts=room.pair, media=(room.picture,))
        await room.settle(out)
        waits = await room.post("waits", after=86400 * 200)
        refused = await room.post("refused")
        await room.fault("duplicate", times=None)
        lost = await room.post("lost")
        await room.settle(refused, lost)
        await room.no_faults()
        before = {each: await lines(room, each) for each in (out, refused, lost)}
        assert all(before.values())
        proofs = [row.proof_id for row in await room.attempts(out)]

        await pass_days(room, 29.9)
        assert {each: await lines(room, each) for each in before} == before
        assert await room.events(out) == ["post.published"]
        await pass_days(room, 0.2)
        assert [await lines(room, each) for each in before] == [["thinned"]] * 3
        assert (await room.events(out), await room.events(waits)) == ([], [])
        # Each attempt with its result and proof; of what was published nothing more.
        assert [(row.outcome, row.proof_id) for row in await room.attempts(out)] == [
            ("published", proof) for proof in proofs
        ]
        assert [(row.handles, row.detail) for row in await room.attempts(out)] == [({}, None)] * len(proofs)
        assert [row.journal for row in await room.targets(out)] == [None, None]
        assert await room.status(out) == "published"
        await room.healthy()

        # What failed is tried again after that, and has a history of its own from then on.
        await room.retry(lost, force=True)
        (target,) = await room.settle(lost)
        assert target.state == "published"
        assert "thinned" not in await lines(room, lost)
        assert "published" in await lines(room, lost)
        await pass_days(room, 15)
        assert "published" in await lines(room, lost)
        await room.healthy()
        await pass_days(room, 16)
        assert await lines(room, lost) == ["thinned"]
        assert await room.status(waits) == "scheduled"
        await room.healthy()

    tell(story)


def test_one_that_was_tried_again_keeps_its_history(tell_once: Any) -> None:
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("duplicate", times=None)
        again = await room.post("again")
        await room.settle(again)
        await room.no_faults()
        clock.advance(29 * 86400)
        await room.retry(again, force=True)
        await room.settle(again)
        await pass_days(room, 2)
        # The event of its first end is over, that of its second is not.
        assert await room.events(again) == ["post.published"]
        assert "published" in await lines(room, again)
        await room.healthy()
        await pass_days(room, 29)
        assert await lines(room, again) == ["thinned"]
        await room.healthy()

    tell_once(story)


def test_deleted_posts_go_with_all_that_hangs_on_them(tell: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(thinning, "STEP", 2)

    async def story(room: Room) -> None:
        await room.start()
        kept = await room.post("kept")
        gone = [await room.post(f"gone {number}") for number in range(5)]
        await room.settle(kept, *gone)
        spent = await room.used()
        for each in gone:
            await room.store.write(lambda db, each=each: changes.remove(db, room.project.id, each))

        async def left() -> list[int]:
            tables = (posts, targets, attempts, timeline, outbox)
            counts = [select(func.count()).select_from(table) for table in tables]
            return [await room.store.read(lambda db, c=count: db.execute(c).scalar_one()) for count in counts]

        before = await left()
        await pass_days(room, 29.9)
        assert await left() == before
        # Two workers keep house at once.
        clock.advance(0.2 * 86400)
        await asyncio.gather(*(housekeeping.clean(room.store, Settings().kept) for _ in range(2)))
        assert await left() == [1, 1, 1, 0, 0]
        assert await room.used() == spent
        assert await room.status(kept) == "published"
        await room.healthy()

    tell(story)


def test_no_key_outlives_its_post(tell_once: Any) -> None:
    async def story(room: Room) -> None:
        await room.start()
        order = room.draft("keyed")._replace(idempotency_key="key", fingerprint=1)

        def make(db: Connection) -> str:
            return accept.create(db, room.context, room.project, order).post_id

        keyed = await room.store.write(make)
        await room.settle(keyed)
        await room.store.write(lambda db: changes.remove(db, room.project.id, keyed))
        kept = Settings(keep_idempotency_days=60).kept
        for days in (31, 28):
            clock.advance(days * 86400)
            await housekeeping.clean(room.store, kept)
            # A repeat of the request still finds it.
            assert await room.store.write(make) == keyed
        clock.advance(3 * 86400)
        await housekeeping.clean(room.store, kept)
        await room.healthy()
        again = await room.store.write(make)
        assert again != keyed
        await room.settle(again)

    tell_once(story)


def test_doctor_still_misses_what_should_be_there(tell_once: Any) -> None:
    async def story(room: Room) -> None:
        await room.start()
        lost, thinned = await room.post("one"), await room.post("two")
        await room.settle(lost, thinned)
        await pass_days(room, 31)
        later = await room.post("three")
        await room.settle(later)
        await room.store.write(lambda db: db.execute(outbox.delete()) and None)
        found = await room.store.read(lambda db: findings(db, clock.now()))
        assert [(each.rule, each.ids) for each in found] == [("I6", (later,))]

    tell_once(story)
