"""Uploads that break: they go on where YouTube says they stopped, and nothing comes out twice."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.platforms.run import Died, MemoryFile, MemoryRun
from tests.platforms.sandboxed_youtube import UNIT, Room, post

from polypost.errors import NoAnswer, NotSent, OutcomeUnknown, Unavailable
from polypost.platforms.base import Absent, Found, Post, Proof
from polypost.platforms.youtube import CONNECTOR
from polypost.platforms.youtube.upload import CHUNK, last_piece

pytestmark = pytest.mark.anyio

PATH = "/upload/youtube/v3/videos"
SIZE = 5_600_123


async def told_until_out(room: Room, wanted: Post, rows: dict[str, Any]) -> tuple[Proof, int]:
    """Tell a story as the pipeline would: again after trouble, and look first where the outcome is open."""
    for telling in range(1, 40):
        run = room.run(rows=rows)
        try:
            return await CONNECTOR.publish(run, wanted), telling
        except OutcomeUnknown:
            seen = await looked(run, wanted)
            if isinstance(seen, Found):
                rows["publish"] = seen.proof
            else:
                assert seen == Absent()
        except (NoAnswer, NotSent, Unavailable):
            continue
    raise AssertionError("it never came out")


async def looked(run: MemoryRun, wanted: Post) -> Any:
    for _ in range(10):
        try:
            return await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
        except (NoAnswer, NotSent):
            continue
    raise AssertionError("it could never be looked at")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_ten_breaks_at_random_offsets(
    room: Room, seed: int, record_property: pytest.RecordProperty
) -> None:
    """The line is cut ten times; what is sent again is less than one unit of YouTube's for each cut."""
    chance = random.Random(seed)
    offsets = sorted(chance.randrange(1_000, SIZE) for _ in range(10))
    film = room.film(size=SIZE)
    room.line.offsets = list(offsets)
    proof, tellings = await told_until_out(room, post(film), {})
    (shown,) = await room.posts()
    assert shown["id"] == proof.id
    assert room.stored(shown) == film.data
    assert room.line.broken == len(offsets)
    sent = sum(each["requestBytes"] for each in await room.requests("PUT", PATH))
    record_property("bytes_of_the_file", SIZE)
    record_property("bytes_sent", sent)
    print(f"seed {seed}: {SIZE} bytes, cut at {offsets}, sent {sent}, told {tellings} times")
    assert SIZE <= sent < SIZE + len(offsets) * UNIT
    assert sessions(await room.requests("POST", PATH)) == 1


def sessions(calls: list[dict[str, Any]]) -> int:
    return sum(each["status"] == 200 for each in calls)


@pytest.mark.parametrize("fault", ["chunk_break", "chunk_error", "partial_chunk", "nothing_stored"])
@pytest.mark.parametrize("times", [1, 2])
async def test_each_way_in_which_a_piece_is_lost(room: Room, fault: str, times: int) -> None:
    film = room.film(size=4 * UNIT + 77)
    await room.fault(fault, times=times)
    proof, _ = await told_until_out(room, post(film), {})
    (shown,) = await room.posts()
    assert shown["id"] == proof.id
    assert room.stored(shown) == film.data
    assert sessions(await room.requests("POST", PATH)) == 1


@pytest.mark.parametrize("fault", ["partial_chunk", "nothing_stored", "chunk_error"])
async def test_a_last_piece_that_is_not_kept_is_sent_again(room: Room, fault: str) -> None:
    """A file of one piece: the fault strikes the commit call itself."""
    film = room.film(size=200_000)
    await room.fault(fault)
    await told_until_out(room, post(film), {})
    (shown,) = await room.posts()
    assert room.stored(shown) == film.data


async def test_a_first_byte_is_sent_only_when_the_session_is_stored(room: Room) -> None:
    rows: dict[str, Any] = {}
    goal = last_piece(0, 700_000)
    with pytest.raises(Died):
        await CONNECTOR.publish(room.run(rows=rows, dies_at=f"upload to {goal}"), post(room.film()))
    assert list(rows) == ["session"]
    assert await room.requests("PUT", PATH) == []


async def test_a_session_that_is_gone_is_followed_by_another(room: Room) -> None:
    await room.fault("session_gone")
    rows: dict[str, Any] = {}
    await CONNECTOR.publish(room.run(rows=rows), post(room.film()))
    assert len(await room.posts()) == 1
    assert rows["session"] != rows["session (session 2)"]


async def test_a_session_that_is_always_gone_is_trouble(room: Room) -> None:
    await room.fault("session_gone", times=None)
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(room.run(), post(room.film()))
    assert await room.posts() == []


async def test_an_open_outcome_opens_no_second_session(room: Room) -> None:
    rows: dict[str, Any] = {}
    run, wanted = room.run(rows=rows), post(room.film())
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
    (shown,) = await room.posts()
    assert found == Found(Proof(shown["id"], f"https://www.youtube.com/watch?v={shown['id']}"))
    # Even a story that is told again without that knowledge ends in the same video.
    again = await CONNECTOR.publish(room.run(rows=rows), wanted)
    assert again.id == shown["id"]
    assert len(await room.posts()) == 1
    assert sessions(await room.requests("POST", PATH)) == 1


async def test_a_finished_session_that_was_cleared_away_is_found_in_the_list(room: Room) -> None:
    run, wanted = room.run(), post(room.film(), title="Its own title")
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    await room.fault("session_gone", times=None)
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
    (shown,) = await room.posts()
    assert isinstance(found, Found)
    assert found.proof.id == shown["id"]
    run.taken.add(shown["id"])
    assert await CONNECTOR.reconcile(run, wanted, run.attempts[-1]) == Absent()


@pytest.mark.parametrize(
    ("at", "size", "begins"),
    [
        (0, 1, 0),
        (0, UNIT, 0),
        (0, UNIT + 1, UNIT),
        (0, 2 * UNIT, UNIT),
        (100, 100 + UNIT, 100),
        (100, 101 + UNIT, 100 + UNIT),
        (5 * UNIT, 5 * UNIT, 5 * UNIT),
    ],
)
def test_where_the_last_piece_begins(at: int, size: int, begins: int) -> None:
    assert last_piece(at, size) == begins
    assert (begins - at) % UNIT == 0
    assert CHUNK % UNIT == 0


class Shrunk(MemoryFile):
    """A file that lost its end after it was measured."""

    @property
    def size(self) -> int:
        return 700_000


async def test_a_file_that_shrank_is_no_upload(room: Room) -> None:
    film = room.film()
    with pytest.raises((Unavailable, NoAnswer)):
        await CONNECTOR.publish(room.run(), post(Shrunk(film.data[:300_000], film.facts, film.url)))
    assert await room.posts() == []
