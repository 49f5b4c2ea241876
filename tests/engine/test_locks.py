"""Locks on PostgreSQL: two transactions on two connections, one of which waits in the middle (S2, S3, G4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection

from polypost import access, clock
from polypost.credits import funds
from polypost.errors import PaymentRequired, Unavailable
from polypost.intake import Submission, Submitter
from polypost.intake.acceptance import Acceptance
from polypost.intake.in_flight import InFlight
from polypost.platforms.base import Proof
from polypost.posts import accept, changes
from polypost.posts.orders import CREATE, When
from polypost.posts.several import Creation
from polypost.storage import open_store
from tests.engine.room import LEASE, Room
from tests.engine.stand_ins import PATIENCE, ByHand, Shaky, Stop, until_blocked

pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


async def ended(*tasks: asyncio.Task[Any]) -> list[Any]:
    """What each task returned or raised, in their order."""
    async with asyncio.timeout(PATIENCE):
        return list(await asyncio.gather(*tasks, return_exceptions=True))


async def two_servers(room: Room, first: access.Project, second: access.Project) -> list[Any]:
    """What becomes of two posts of one project, whose row each server knows as given; the first stops before it commits."""
    other = open_store(room.folder, room.store.url)
    stop = Stop()

    def accept_one(db: Connection, project: access.Project) -> str:
        return accept.create(db, room.context, project, room.draft("one")).post_id

    def accept_and_stop(db: Connection) -> str:
        made = accept_one(db, first)
        stop.wait()
        return made

    try:
        one = asyncio.create_task(room.store.write(accept_and_stop))
        await stop.reached()
        two = asyncio.create_task(other.write(lambda db: accept_one(db, second)))
        await until_blocked(room.store, two)
        stop.go_on()
        return await ended(one, two)
    finally:
        await other.close()


@pytest.mark.parametrize("before", [0, 1])
def test_two_servers_at_once_never_spend_one_credit_twice(tell, before):
    async def story(room: Room) -> None:
        limit = before + 1
        project = await room.store.write(lambda db: access.change_project(db, room.project.id, credits=limit))
        for _ in range(before):
            # From then on the project's balance is kept.
            await room.store.write(lambda db: accept.create(db, room.context, project, room.draft("one")))
        made, refused = await two_servers(room, project, project)
        assert await room.status(made) == "publishing"
        assert isinstance(refused, PaymentRequired)
        assert await room.used() == limit
        await room.healthy()

    tell(story)


@pytest.mark.parametrize("limited_first", [False, True])
def test_a_limit_that_one_of_two_servers_does_not_know_leaves_a_true_balance(tell, limited_first):
    async def story(room: Room) -> None:
        free = room.project
        limited = await room.store.write(lambda db: access.change_project(db, free.id, credits=3))
        order = (limited, free) if limited_first else (free, limited)
        made = await two_servers(room, *order)
        assert [await room.status(each) for each in made] == ["publishing"] * 2
        await room.healthy()
        assert await room.store.write(lambda db: funds.balance(db, free.id, limited, room.now()).left) == 1
        await room.store.write(lambda db: accept.create(db, room.context, limited, room.draft("one")))
        await room.healthy()

    tell(story)


def test_two_targets_of_a_post_that_end_at_once_end_the_post(tell):
    async def story(room: Room) -> None:
        network, shaky = ByHand(), Shaky(room.store)
        first = room.worker(owner="run_1", connectors=network.only, store=shaky)
        second = room.worker(owner="run_2", connectors=network.only)
        accounts = {platform: room.accounts[platform] for platform in ("twitter", "threads")}
        post = await room.post("Hello", accounts=accounts)
        runs, calls = [], []
        for worker, target in zip((first, second), await room.targets(post), strict=True):
            runs.append(asyncio.create_task(worker.publisher.run(target.id)))
            (await network.next("prepare")).says("ready")
            calls.append(await network.next("post"))
        # The one has seen what became of the other, which is nothing yet, and has not written it down.
        shaky.stops_at = "UPDATE posts"
        calls[0].says(Proof("1"))
        await shaky.stop.reached()
        calls[1].says(Proof("2"))
        await until_blocked(room.store, runs[1])
        shaky.stop.go_on()
        assert await ended(*runs) == [None, None]
        assert await room.status(post) == "published"
        assert await room.events(post) == ["post.published"]
        await room.healthy()

    tell(story)


def test_a_repeat_sees_the_post_and_its_targets_of_one_moment(tell):
    async def story(room: Room) -> None:
        network, shaky = ByHand(), Shaky(room.store)
        in_flight = InFlight(shaky, Acceptance(shaky, seconds=PATIENCE), server="embedded", shared=False)
        submitter = Submitter(access.Principal(room.project, "key_1", ()), "once")
        order = room.draft("Hello")._replace(idempotency_key="once", fingerprint=1, operation=CREATE)
        asked, make = Submission(submitter, CREATE, 1), Creation(room.context, room.project, order)
        post = (await in_flight.accept(asked, make)).accepted.post_id
        run = asyncio.create_task(
            room.worker(connectors=network.only).publisher.run((await room.target(post)).id)
        )
        (await network.next("prepare")).says("ready")
        call = await network.next("post")
        # The repeat has seen the post, which is being published, and not yet its target.
        shaky.stops_at = "FROM targets"
        repeating = asyncio.create_task(in_flight.accept(asked, make))
        await shaky.stop.reached()
        call.says(Proof("1"))
        await until_blocked(room.store, run)
        shaky.stop.go_on()
        repeated, _ = await ended(repeating, run)
        assert repeated.accepted.replayed
        assert (repeated.shown.post.status, repeated.shown.done) == ("publishing", False)
        assert await room.status(post) == "published"
        await room.healthy()

    tell(story)


def test_a_ring_that_comes_while_its_account_is_left_is_not_lost(tell):
    async def story(room: Room) -> None:
        network, shaky = ByHand(), Shaky(room.store)
        leaving = room.worker(owner="run_1", connectors=network.only, store=shaky)
        other = room.worker(owner="run_2", connectors=network.only)
        target = await room.target(await room.post("First"))
        leaves = asyncio.create_task(leaving.publisher.run(target.id))
        (await network.next("prepare")).says("ready")
        call = await network.next("post")
        # It has looked for what comes next, which is nothing yet, and has not left.
        shaky.stops_at = "INSERT INTO ledger"
        call.says(Proof("1"))
        await shaky.stop.reached()
        post = await room.post("Second")
        comes = asyncio.create_task(other.publisher.run((await room.target(post)).id))
        await until_blocked(room.store, comes)
        shaky.stop.go_on()
        (await network.next("prepare")).says("ready")
        (await network.next("post")).says(Proof("2"))
        assert await ended(leaves, comes) == [None, None]
        assert await room.status(post) == "published"
        await room.healthy()

    tell(story)


def test_a_claim_waits_for_a_user_who_is_moving_the_post(tell):
    async def story(room: Room) -> None:
        network, shaky = ByHand(), Shaky(room.store)
        worker = room.worker(connectors=network.only)
        post = await room.post("Hello", after=1)
        target = await room.target(post)
        clock.advance(2)
        run = asyncio.create_task(worker.publisher.run(target.id))
        (await network.next("prepare")).says(Unavailable("Down."))
        await ended(run)
        assert (await room.target(post)).state == "waiting"
        clock.advance(6)
        # To this very moment, so that it is as due after the change as before.
        hour = When(clock.now(), "UTC")
        shaky.stops_at = "UPDATE posts"
        moving = asyncio.create_task(
            shaky.write(lambda db: changes.reschedule(db, room.context, room.project, post, hour))
        )
        await shaky.stop.reached()
        run = asyncio.create_task(worker.publisher.run(target.id))
        await until_blocked(room.store, run)
        shaky.stop.go_on()
        assert await ended(moving) == [None]
        preparing = await network.next("prepare")
        assert (await room.target(post)).state == "claimed"
        assert await room.status(post) == "publishing"
        preparing.says("ready")
        (await network.next("post")).says(Proof("1"))
        assert await ended(run) == [None]
        assert await room.status(post) == "published"
        await room.healthy()

    tell(story)


def test_a_worker_whose_lease_ran_out_writes_nothing_while_another_claims(tell):
    async def story(room: Room) -> None:
        network, shaky = ByHand(), Shaky(room.store)
        first = room.worker(owner="run_1", connectors=network.only)
        second = room.worker(owner="run_2", connectors=network.only, store=shaky)
        post = await room.post("Hello")
        target = await room.target(post)
        late = asyncio.create_task(first.publisher.run(target.id))
        slow = await network.next("prepare")
        clock.advance(LEASE.total_seconds() + 1)
        # It has looked at the target and does not own it yet.
        shaky.stops_at = "UPDATE targets"
        claiming = asyncio.create_task(second.publisher.run(target.id))
        await shaky.stop.reached()
        slow.says("ready")
        reached = asyncio.create_task(network.next("post"))
        await until_blocked(room.store, reached)
        assert not reached.done()
        reached.cancel()
        shaky.stop.go_on()
        assert await ended(late) == [None]
        (await network.next("prepare")).says("ready")
        (await network.next("post")).says(Proof("1"))
        assert await ended(claiming) == [None]
        assert await room.outcomes(post) == ["published"]
        assert [each.what for each in network.asked] == ["prepare", "prepare", "post"]
        await room.healthy()

    tell(story)
