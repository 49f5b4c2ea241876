"""Posts that were given as local time follow their zone, never to an older release of it (RELIABILITY T6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs
from tests.unit.planning.test_materializer import Desk

from polypost import clock
from polypost.events import outbox
from polypost.planning import zones
from polypost.posts import accept, changes
from polypost.posts.orders import NewPost, NewTarget, When
from polypost.posts.tables import posts, targets
from polypost.storage import Store

HOUR = timedelta(hours=1)
ZONE = "Europe/Berlin"
OLD, FUTURE = "2000a", "2999a"


class Planner(Desk):
    """A desk that also takes single posts."""

    async def post(
        self, *, local: bool = True, days: int = 3, release: str = OLD, wrong: timedelta = HOUR
    ) -> str:
        """A post for a local time, stored as a `release` had it that was off by `wrong`."""
        wall = (clock.now() + timedelta(days=days)).replace(tzinfo=None, microsecond=0)
        found = clock.resolve_local(wall, ZONE)
        when = When(found.instant + wrong, ZONE, wall.isoformat() if local else None, None)
        order = NewPost("hello", [NewTarget("twitter", self.account)], (), when, ZONE, {"content": "hello"})

        def make(db: Connection) -> str:
            made = accept.create(db, self.context, self.project, order)
            if local:
                db.execute(update(posts).where(posts.c.id == made.post_id).values(tzdata=release))
            return made.post_id

        return await self.store.write(make)

    async def hours(self, post_id: str) -> tuple[datetime, datetime, datetime]:
        """When it is for, when its target is due, and what a clock on the wall shows in its zone then."""
        post = await self.store.read(lambda db: changes.load(db, self.project.id, post_id))
        (target,) = await self.store.read(lambda db: changes.targets_of(db, self.project.id, post_id))
        assert post.scheduled_for is not None
        assert target.due_at is not None
        assert target.next_at == target.due_at
        return post.scheduled_for, target.due_at, datetime.fromisoformat(post.local_time or "2000-01-01")

    async def told(self, post_id: str) -> list[Any]:
        """What was said of it after its acceptance."""
        query = (
            select(outbox.c.type, outbox.c.payload).where(outbox.c.subject == post_id).order_by(outbox.c.id)
        )
        return list(await self.store.read(lambda db: db.execute(query).all()))[1:]


def test_what_a_zone_decides_moves_and_is_said(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = Planner(store)
        await desk.open()
        moves, same = await desk.post(), await desk.post(wrong=timedelta())
        offset, newer = await desk.post(local=False), await desk.post(release=FUTURE)
        stamp = (await store.read(lambda db: changes.load(db, desk.project.id, same))).updated_at
        before = {each: await desk.hours(each) for each in (moves, same, offset, newer)}
        with capture_logs() as logs:
            await zones.follow(store, desk.context)
        at, due, wall = await desk.hours(moves)
        assert at == due == clock.resolve_local(wall, ZONE).instant == before[moves][0] - HOUR
        for each in (same, offset, newer):
            assert await desk.hours(each) == before[each]
            assert await desk.told(each) == []
        releases = {each.id: each.tzdata for each in await desk.live()}
        assert releases == dict.fromkeys((moves, same), clock.tzdata_version()) | {
            offset: None,
            newer: FUTURE,
        }
        ((kind, payload),) = await desk.told(moves)
        assert (kind, payload["scheduledFor"]) == ("post.scheduled", clock.iso(at))
        (line,) = [each for each in logs if each["event"] == "a post moved with its zone"]
        assert (line["post"], line["old"], line["new"]) == (moves, clock.iso(before[moves][0]), clock.iso(at))
        # Looking at one is no change of it, and is not done twice.
        assert (await store.read(lambda db: changes.load(db, desk.project.id, same))).updated_at == stamp
        with capture_logs() as again:
            await zones.follow(store, desk.context)
        assert again == []
        await desk.healthy()

    with_store(story)


def test_many_in_steps_and_two_servers_at_once(with_store: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(zones, "STEP", 2)

    async def story(store: Store) -> None:
        desk = Planner(store)
        await desk.open()
        ids = [await desk.post(days=day) for day in range(1, 6)]
        # The hour of one is over by now, by the older rules.
        overdue = await desk.post(days=0, wrong=-HOUR)
        await asyncio.gather(*(zones.follow(store, desk.context) for _ in range(2)))
        for each in (*ids, overdue):
            at, _, wall = await desk.hours(each)
            assert at == clock.resolve_local(wall, ZONE).instant
            assert len(await desk.told(each)) == 1

    with_store(story)


def test_one_that_a_worker_has_stays(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = Planner(store)
        await desk.open()
        taken = await desk.post()
        mine = targets.c.post_id == taken
        await store.write(lambda db: db.execute(update(targets).where(mine).values(state="claimed")) and None)
        before = await desk.hours(taken)
        await zones.follow(store, desk.context)
        assert await desk.hours(taken) == before
        assert await desk.told(taken) == []

    with_store(story)


def test_a_schedule_moves_its_own(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = Planner(store)
        await desk.open()
        schedule = await desk.create(desk.template(timezone=ZONE))
        right = [row.at for row in await desk.rows()]

        def as_if_the_zone_had_been_another(db: Connection) -> None:
            for table, names in (("posts", ["scheduled_for"]), ("targets", ["due_at", "next_at"])):
                for name in names:
                    db.exec_driver_sql(f"UPDATE {table} SET {name} = {name} + 3600000000")
            db.exec_driver_sql("UPDATE occurrences SET at = at + 3600000000")
            db.exec_driver_sql(f"UPDATE schedules SET tzdata = '{OLD}'")
            db.exec_driver_sql(f"UPDATE posts SET tzdata = '{OLD}'")

        await store.write(as_if_the_zone_had_been_another)
        edited = (await desk.live())[2]
        await store.write(lambda db: changes.touch(db, edited.id, clock.now(), content="mine"))
        await desk.maker.follow_zones()
        # Nobody else moves what it made; what somebody has edited is a post like others.
        late = [at + HOUR for at in right]
        assert [post.scheduled_for for post in await desk.live()] == [*late[:2], right[2], *late[3:]]
        await desk.maker.run(schedule)
        assert [post.scheduled_for for post in await desk.live()] == right
        assert [row.at for row in await desk.rows()] == [*right[:2], late[2], *right[3:]]
        await desk.maker.follow_zones()
        assert [post.scheduled_for for post in await desk.live()] == right
        await desk.healthy()

    with_store(story)
