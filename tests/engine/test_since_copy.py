"""What an older copy of the store may not know of a target, on a network that the test answers by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from polypost import clock
from polypost.doctor import findings
from polypost.errors import Duplicate, NoAnswer, Unavailable
from polypost.platforms.base import Absent, CannotTell, Found, Post, Proof
from polypost.posts import older
from tests.engine.room import Room, Worker
from tests.engine.stand_ins import ByHand
from tests.engine.test_take_over import carry, ended

LOOKS = 5


class TwoParts(ByHand):
    """A thread of two posts."""

    async def publish(self, run: Any, post: Post) -> Proof:
        proof: Proof = await run.commit("post", lambda: self._ask("post", post))
        await run.commit("reply", lambda: self._ask("reply", post))
        return proof


async def an_older_copy(room: Room) -> None:
    """Have the store be one of which it is not known what went out since."""
    await room.store.write(lambda db: older.doubt(db, clock.now()))


async def answered(network: ByHand, worker: Worker, target: Row[Any], *answers: tuple[str, Any]) -> None:
    """Carry a target on, with these answers in this order."""
    clock.advance(1801)
    run = carry(worker, target)
    for what, answer in answers:
        (await network.next(what)).says(answer)
    await ended(run)


async def nothing_is_wrong(room: Room) -> None:
    assert await room.store.read(lambda db: findings(db, clock.now())) == []


def asked(network: ByHand, target: Row[Any]) -> list[str]:
    return [call.what for call in network.asked if call.target_id == target.id]


def test_what_is_known_of_a_target_since_the_copy_was_made(tell_once: Any) -> None:
    async def story(room: Room) -> None:
        network = ByHand()
        worker = room.worker(connectors=network.only)

        # Found, it is published as it is.
        found = await room.target(await room.post("Went out since"))
        await an_older_copy(room)
        await answered(network, worker, found, ("look", Found(Proof("1", None))))
        row = await room.target(found.post_id)
        assert (row.state, row.proof_id) == ("published", "1")
        assert "restored from an older copy" in row.warning
        assert asked(network, found) == ["look"]
        (attempt,) = await room.attempts(found.post_id)
        assert (attempt.part, attempt.outcome, attempt.started_at) == ("post", "published", found.due_at)

        # Not found to the end, it is sent; and what the network calls a duplicate is no plain refusal then.
        absent = await room.target(await room.post("Did not go out since"))
        await an_older_copy(room)
        for _ in range(LOOKS - 1):
            await answered(network, worker, absent, ("look", Absent()))
        await answered(
            network,
            worker,
            absent,
            ("look", Absent()),
            ("prepare", "ready"),
            ("post", Duplicate("It is there already.")),
        )
        assert (await room.target(absent.post_id)).state == "unknown"
        for _ in range(LOOKS):
            await answered(network, worker, absent, ("look", Absent()))
        row = await room.target(absent.post_id)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert asked(network, absent).count("post") == 1

        # What was in doubt when the copy was made is looked for by what was known of it, and by what it says.
        doubtful = await room.target(await room.post("Was being sent"))
        await answered(network, worker, doubtful, ("prepare", "ready"), ("post", NoAnswer("lost")))
        await an_older_copy(room)
        await answered(network, worker, doubtful, ("look", Absent()), ("look", CannotTell("Too many.")))
        await answered(network, worker, doubtful, ("look", Absent()), ("look", Found(Proof("2", None))))
        row = await room.target(doubtful.post_id)
        assert (row.state, row.proof_id) == ("published", "2")
        assert asked(network, doubtful).count("post") == 1
        await nothing_is_wrong(room)

        # A thread that had begun ends where the copy knows it.
        network = TwoParts()
        worker = room.worker(connectors=network.only)
        begun = await room.target(await room.post("A thread"))
        await answered(network, worker, begun, ("post", Proof("3", None)), ("reply", Unavailable("busy")))
        assert (await room.target(begun.post_id)).state == "waiting"
        await an_older_copy(room)
        await answered(network, worker, begun)
        row = await room.target(begun.post_id)
        assert (row.state, row.proof_id) == ("published", "3")
        assert "rest of the thread" in row.warning
        assert asked(network, begun) == ["post", "reply"]
        await nothing_is_wrong(room)

    tell_once(story)
