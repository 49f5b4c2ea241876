"""What the sweeper rings for, on both stores: of each account one, however much is overdue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, update
from tests.unit.test_posts import Desk

from polypost import clock
from polypost.engine import WakeUp
from polypost.posts import sweep, work
from polypost.posts.tables import lanes as lane
from polypost.posts.tables import targets
from polypost.storage import Store

NEAR = timedelta(seconds=15)


async def rung(
    store: Store, *, until: timedelta = timedelta(), limit: int = 100, since: timedelta | None = None
) -> list[WakeUp]:
    """As the sweep would ring now; with `since`, as that of several processes does."""
    now = clock.now()
    unrung = None if since is None else now - since
    return await store.write(lambda db: sweep.due(db, until=now + until, limit=limit, unrung_since=unrung))


async def target(desk: Desk, account: int, *, after: float) -> Any:
    """A target that is due in so many seconds, or was; nothing has rung for it when it was."""
    made = await desk.create(desk.order(f"in {after} s", after=60, accounts=[desk.accounts[account]]))
    (row,) = await desk.targets(made.post_id)
    at = clock.now() + timedelta(seconds=after)
    values = {"due_at": at, "next_at": at, "rung_at": at}
    await desk.store.write(
        lambda db: db.execute(update(targets).where(targets.c.id == row.id).values(values)) and None
    )
    return row


def test_of_each_account_one_overdue_target_is_rung_however_many_there_are(with_store):
    async def story(store):
        desk = await Desk(store).open()
        loud = [await target(desk, 0, after=-3600 + number) for number in range(5)]
        quiet = await target(desk, 1, after=-1)
        assert [wake_up.key for wake_up in await rung(store)] == [loud[0].id, quiet.id]
        assert [wake_up.key for wake_up in await rung(store, limit=1)] == [loud[0].id]
        (first, _) = await rung(store)
        assert (first.lane, first.share) == (desk.accounts[0], desk.project.id)

    with_store(story)


def test_what_comes_near_is_rung_at_its_instant(with_store):
    async def story(store):
        desk = await Desk(store).open()
        rows = [await target(desk, 0, after=after) for after in (5, 6, 7)]
        await target(desk, 0, after=60)
        found = await rung(store, until=NEAR)
        assert [wake_up.key for wake_up in found] == [row.id for row in rows]
        assert [round((wake_up.at - found[0].at).total_seconds()) for wake_up in found] == [0, 1, 2]

    with_store(story)


def test_of_many_that_come_near_at_one_instant_one_is_rung(with_store):
    async def story(store):
        desk = await Desk(store).open()
        at = clock.now() + timedelta(seconds=5)
        ids = {(await target(desk, account, after=5)).id for account in (0, 0, 0, 1)}
        same = update(targets).where(targets.c.id.in_(ids)).values(next_at=at)
        await store.write(lambda db: db.execute(same) and None)
        found = await rung(store, until=NEAR)
        assert sorted(wake_up.lane for wake_up in found) == sorted(desk.accounts)

    with_store(story)


def test_a_target_whose_lane_is_held_is_not_rung_and_a_dead_holder_is_rung_once(with_store):
    async def story(store):
        desk = await Desk(store).open()
        holder, other = [await target(desk, 0, after=after) for after in (-2, -1)]
        assert await desk.claim(holder.id) is not None
        every = timedelta(seconds=30)
        assert await rung(store) == await rung(store, since=every) == []

        def expire(db: Connection) -> None:
            over = clock.now() - timedelta(seconds=1)
            db.execute(update(lane).values(lease_until=over))
            values = {"lease_until": over, "next_at": over}
            db.execute(update(targets).where(targets.c.id == holder.id).values(values))
            # Due before it, and rung a moment ago: its ring found the account taken.
            earlier = {"due_at": over - timedelta(seconds=9), "rung_at": clock.now()}
            db.execute(update(targets).where(targets.c.id == other.id).values(earlier))

        await store.write(expire)
        assert [wake_up.key for wake_up in await rung(store)] == [holder.id]
        assert [wake_up.key for wake_up in await rung(store, since=every)] == [holder.id]
        assert await rung(store, since=every) == []

    with_store(story)


def test_several_processes_ring_again_only_after_a_while(with_store):
    async def story(store):
        desk = await Desk(store).open()
        row = await target(desk, 0, after=-40)
        near = await target(desk, 1, after=5)
        await store.write(
            lambda db: (
                db.execute(update(targets).where(targets.c.id == near.id).values(rung_at=None)) and None
            )
        )
        every = timedelta(seconds=30)
        assert [wake_up.key for wake_up in await rung(store, until=NEAR, since=every)] == [row.id, near.id]
        assert await rung(store, until=NEAR, since=every) == []
        assert [wake_up.key for wake_up in await rung(store, since=timedelta(seconds=-1))] == [row.id]

    with_store(story)


def test_who_leaves_rings_for_the_next_at_its_own_instant(with_store):
    async def story(store):
        desk = await Desk(store).open()
        first = await target(desk, 0, after=-1)
        following = await target(desk, 0, after=5)
        await target(desk, 0, after=20)
        claimed = await desk.claim(first.id)

        def end(db: Connection) -> list[WakeUp]:
            work.change(db, claimed, next_at=None, lease_until=None)
            return work.leave(db, claimed, clock.now())

        (wake_up,) = await store.write(end)
        (row,) = await desk.targets(following.post_id)
        assert (wake_up.key, wake_up.at) == (row.id, row.next_at)

    with_store(story)
