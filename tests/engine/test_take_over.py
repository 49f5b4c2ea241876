"""Two workers and one target: what a paused one does when it wakes up, and what the store refuses to both of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from polypost import clock
from polypost.errors import LeaseLost, NoAnswer, RateLimited, Rejected, Unavailable
from polypost.platforms.base import Absent, CannotTell, Found, Proof
from polypost.posts import attempts, sweep, work
from polypost.storage import Joint
from tests.engine.room import LEASE, Room, Worker
from tests.engine.stand_ins import PATIENCE, ByHand


def two_workers(room: Room, **more: Any) -> tuple[ByHand, Worker, Worker]:
    """Two workers on one network that the test answers by hand; both run only what they are told to."""
    network = ByHand()
    first, second = (
        room.worker(owner=owner, connectors=network.only, **more) for owner in ("run_1", "run_2")
    )
    return network, first, second


def carry(worker: Worker, target: Row[Any]) -> asyncio.Task[None]:
    """What the engine does when it rings for a target."""
    return asyncio.create_task(worker.publisher.run(target.id))


async def ended(run: asyncio.Task[None]) -> None:
    """Wait until a run has ended; raises what it raised."""
    async with asyncio.timeout(PATIENCE):
        await run


def lease_runs_out() -> None:
    clock.advance(LEASE.total_seconds() + 1)


async def look(network: ByHand, worker: Worker, target: Row[Any], answer: Any) -> None:
    """Look for a target in doubt when its look is due, and go on as far as that leads."""
    clock.advance(3)
    run = carry(worker, target)
    (await network.next("look")).says(answer)
    await ended(run)


async def publish(network: ByHand, worker: Worker, target: Row[Any], answer: Any) -> None:
    """Carry a target to its commit call, which is answered like this, and as far as it goes from there."""
    run = carry(worker, target)
    (await network.next("prepare")).says("ready")
    (await network.next("post")).says(answer)
    await ended(run)


async def what_is_known(room: Room, post: str) -> Any:
    """Everything that a worker may say of a post; evidence for a look is no saying."""
    tried = [(row.number, row.epoch, row.finished_at, row.outcome) for row in await room.attempts(post)]
    return (
        await room.targets(post),
        tried,
        await room.status(post),
        await room.ledger(post),
        await room.said(post),
        await room.events(post),
    )


# The epoch (S2)


@pytest.mark.parametrize(
    "answer",
    ["ready", RateLimited(clock.now() + timedelta(hours=1)), Unavailable("Down."), Rejected("No.")],
    ids=["step", "wait", "back_off", "failure"],
)
def test_a_worker_that_wakes_while_another_prepares_changes_nothing(tell, answer):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room)
        post = await room.post("Hello")
        target = await room.target(post)
        paused = carry(first, target)
        call = await network.next("prepare")
        lease_runs_out()
        working = carry(second, target)
        preparing = await network.next("prepare")
        before = await what_is_known(room, post)
        call.says(answer)
        await ended(paused)
        assert await what_is_known(room, post) == before
        preparing.says("ready")
        (await network.next("post")).says(Proof("1"))
        await ended(working)
        row = await room.target(post)
        assert (row.state, row.proof_id, row.epoch) == ("published", "1", 2)
        assert [each.what for each in network.asked] == ["prepare", "prepare", "post"]
        await room.healthy()

    tell(story)


@pytest.mark.parametrize(
    "answer", [Proof("1"), NoAnswer(), Rejected("No.")], ids=["result", "doubt", "failure"]
)
def test_a_worker_that_wakes_while_another_is_in_doubt_changes_nothing(tell, answer):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room)
        post = await room.post("Hello")
        target = await room.target(post)
        paused = carry(first, target)
        (await network.next("prepare")).says("ready")
        call = await network.next("post")
        lease_runs_out()
        await ended(carry(second, target))
        clock.advance(3)
        looking = carry(second, target)
        seen = await network.next("look")
        before = await what_is_known(room, post)
        call.says(answer)
        await ended(paused)
        assert await what_is_known(room, post) == before
        seen.says(Found(Proof("1")))
        await ended(looking)
        row = await room.target(post)
        assert (row.state, row.proof_id) == ("published", "1")
        assert await room.outcomes(post) == ["published"]
        assert [each.what for each in network.asked] == ["prepare", "post", "look"]
        await room.healthy()

    tell(story)


# A proof belongs to one target (R1, I2)


def test_a_late_answer_with_the_proof_of_another_target_publishes_nothing(tell):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room, reconcile_at=(2,))
        mine = await room.target(await room.post("Hello"))
        paused = carry(first, mine)
        (await network.next("prepare")).says("ready")
        call = await network.next("post")
        lease_runs_out()
        await ended(carry(second, mine))
        await look(network, second, mine, CannotTell("Dark."))
        # Another post with the same words, whose own call made nothing: what it finds is what the first call made.
        other = await room.target(await room.post("Hello"))
        await publish(network, second, other, NoAnswer())
        await look(network, second, other, Found(Proof("77")))
        call.says(Proof("77"))
        await ended(paused)
        row, other = await room.target(mine.post_id), await room.target(other.post_id)
        assert (row.state, row.error_code, row.proof_id) == ("failed", "outcome_unknown", None)
        assert [each.proof_id for each in await room.attempts(mine.post_id)] == [None]
        assert (other.state, other.proof_id) == ("published", "77")
        assert await room.ledger(mine.post_id) == [(1, "release"), (1, "reserve")]
        await room.healthy()

    tell(story)


def test_a_late_answer_with_a_proof_that_the_target_has_already_is_no_trouble(tell):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room, reconcile_at=(2,))
        target = await room.target(await room.post("Hello"))
        paused = carry(first, target)
        (await network.next("prepare")).says("ready")
        call = await network.next("post")
        lease_runs_out()
        await ended(carry(second, target))
        # It arrives after the look that did not find it, and is found when the second call's answer is lost as well.
        clock.advance(3)
        trying = carry(second, target)
        (await network.next("look")).says(Absent())
        (await network.next("post")).says(NoAnswer())
        await ended(trying)
        await look(network, second, target, Found(Proof("1")))
        before = await what_is_known(room, target.post_id)
        call.says(Proof("1"))
        await ended(paused)
        assert await what_is_known(room, target.post_id) == before
        row = await room.target(target.post_id)
        assert (row.state, row.proof_id) == ("published", "1")
        await room.healthy()

    tell(story)


def test_two_workers_that_find_the_same_post_for_two_targets_link_it_once(tell):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room, reconcile_at=(2,))
        early, late = [await room.target(await room.post("Hello")) for _ in range(2)]
        await publish(network, second, early, NoAnswer())
        await look(network, second, early, RateLimited(clock.now() + timedelta(hours=1)))
        await publish(network, first, late, NoAnswer())
        clock.advance(3)
        paused = carry(first, late)
        seen = await network.next("look")
        # Long out of its lease, but nobody takes its target over: the account's turn goes to the other one.
        clock.advance(3600)
        await look(network, second, early, Found(Proof("77")))
        seen.says(Found(Proof("77")))
        await ended(paused)
        early, late = await room.target(early.post_id), await room.target(late.post_id)
        assert (early.state, early.proof_id) == ("published", "77")
        assert (late.state, late.error_code, late.proof_id) == ("failed", "outcome_unknown", None)
        assert await room.used() == 1
        await room.healthy()

    tell(story)


# Attempts (I3)


async def claim(room: Room, target: Row[Any], by: str) -> work.Claim:
    now = clock.now()
    found = await room.store.write(lambda db: work.claim(db, target.id, by=by, lease=LEASE, now=now))
    assert isinstance(found, work.Claim)
    return found


async def begin(room: Room, claimed: work.Claim, part: str) -> Row[Any]:
    intent = attempts.Intent(claimed, part, {}, LEASE)

    def alone(db: Connection) -> Any:
        return attempts.begin(db, intent, clock.now())

    return await room.store.write(Joint(intent, alone, attempts.begin_several))


def test_of_two_workers_with_one_claim_a_single_one_begins_an_attempt(tell):
    async def story(room: Room) -> None:
        post = await room.post("Hello")
        claimed = await claim(room, await room.target(post), "run_1")
        # Another part each, so that only the one before stands in the way.
        begun = await asyncio.gather(
            *(begin(room, claimed, f"part {number}") for number in (1, 2)), return_exceptions=True
        )
        assert sorted(isinstance(each, IntegrityError) for each in begun) == [False, True]
        (row,) = await room.attempts(post)
        assert row.finished_at is None
        assert (await room.target(post)).step == row.part

    tell(story)


def test_of_intents_that_come_together_only_one_that_lost_its_target_fails(tell):
    async def story(room: Room) -> None:
        networks = ("twitter", "threads", "bluesky")
        posts = [await room.post("Hello", accounts={each: room.accounts[each]}) for each in networks]
        claims = [await claim(room, await room.target(post), "run_1") for post in posts]
        lease_runs_out()
        await claim(room, claims[1].target, "run_2")
        said = await asyncio.gather(*(begin(room, each, "post") for each in claims), return_exceptions=True)
        assert [isinstance(each, LeaseLost) for each in said] == [False, True, False]
        assert [len(await room.attempts(post)) for post in posts] == [1, 0, 1]

    tell(story)


def test_an_attempt_that_has_ended_is_not_begun_again_by_who_does_not_know_of_it(tell):
    async def story(room: Room) -> None:
        post = await room.post("Hello")
        target = await room.target(post)
        claimed = await claim(room, target, "run_1")
        begun = await begin(room, claimed, "post")
        await room.store.write(lambda db: attempts.end(db, begun, "not_sent", now=clock.now()))
        with pytest.raises(IntegrityError):
            await begin(room, claimed, "post")
        assert await room.outcomes(post) == ["not_sent"]

    tell(story)


# A worker that has lost its lock (decision 0036)


async def bury(room: Room, owner: str) -> bool:
    """What another worker does that misses this one's lock; whether something is left that cannot be freed yet."""
    heir = partial(sweep.inherit, lease=LEASE)
    _, left = await room.store.write(lambda db: heir(db, owner, clock.now()))
    return left


def test_what_a_dead_worker_prepared_is_taken_over_at_once_and_it_may_live(tell):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room)
        target = await room.target(await room.post("Hello"))
        paused = carry(first, target)
        call = await network.next("prepare")
        assert not await bury(room, "run_1")
        working = carry(second, target)
        preparing = await network.next("prepare")
        call.says("ready")
        await ended(paused)
        preparing.says("ready")
        (await network.next("post")).says(Proof("1"))
        await ended(working)
        row = await room.target(target.post_id)
        assert (row.state, row.proof_id, row.epoch) == ("published", "1", 2)
        assert [each.what for each in network.asked] == ["prepare", "prepare", "post"]
        await room.healthy()

    tell(story)


def test_a_call_of_a_worker_without_its_lock_is_waited_for_and_holds_up_no_other_post(tell):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room)
        mine = await room.target(await room.post("Hello"))
        paused = carry(first, mine)
        (await network.next("prepare")).says("ready")
        call = await network.next("post")
        other = await room.target(await room.post("World"))
        assert await bury(room, "run_1")
        await publish(network, second, other, Proof("2"))
        # It is not dead: its call comes to its end, and nobody has taken the target from it.
        call.says(Proof("1"))
        await ended(paused)
        rows = [await room.target(each.post_id) for each in (mine, other)]
        assert [(row.state, row.proof_id, row.epoch) for row in rows] == [
            ("published", "1", 1),
            ("published", "2", 1),
        ]
        assert not await bury(room, "run_1")
        await room.healthy()

    tell(story)


def test_a_call_that_must_be_over_is_looked_for_before_the_lease_is_out(tell):
    async def story(room: Room) -> None:
        network, first, second = two_workers(room)
        target = await room.target(await room.post("Hello"))
        paused = carry(first, target)
        (await network.next("prepare")).says("ready")
        call = await network.next("post")
        clock.advance(LEASE.total_seconds() * 2 / 3)
        assert await bury(room, "run_1")
        clock.advance(sweep.CLOCK_ERROR.total_seconds() + 0.1)
        assert not await bury(room, "run_1")
        await ended(carry(second, target))
        await look(network, second, target, Found(Proof("1")))
        call.says(NoAnswer())
        await ended(paused)
        row = await room.target(target.post_id)
        assert (row.state, row.proof_id) == ("published", "1")
        assert [each.what for each in network.asked] == ["prepare", "post", "look"]
        await room.healthy()

    tell(story)
