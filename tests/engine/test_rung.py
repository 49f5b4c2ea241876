"""What is far ahead has no ring, and the sweep rings for it once when it comes within the look-ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.engine import LOOKAHEAD
from polypost.engine.sweeper import UNRUNG
from polypost.posts import changes
from polypost.posts import sweep as sweeping
from polypost.posts.orders import When
from tests.engine.room import Room

FAR = 3600


async def sweep(room: Room) -> list[str]:
    """What a sweep of several processes' engine rings for."""
    now = clock.now()
    wake_ups = await room.store.write(
        lambda db: sweeping.due(db, until=now + LOOKAHEAD, limit=10, unrung_since=now - UNRUNG)
    )
    return [wake_up.key for wake_up in wake_ups]


async def found_in_time(room: Room, post: str) -> None:
    """Nothing rings for the post before the look-ahead, once within it, and again half a minute after its hour."""
    target = await room.target(post)
    assert target.rung_at is None
    assert await sweep(room) == []
    clock.advance((target.next_at - clock.now() - LOOKAHEAD / 2).total_seconds())
    assert [await sweep(room), await sweep(room)] == [[target.id], []]
    clock.advance((LOOKAHEAD / 2 + UNRUNG).total_seconds() - 1)
    assert await sweep(room) == []
    clock.advance(2)
    assert await sweep(room) == [target.id]


def test_a_post_far_ahead_is_rung_for_when_it_comes_near(tell: Any) -> None:
    async def story(room: Room) -> None:
        await found_in_time(room, await room.post("Hello", after=FAR))

    tell(story)


def test_a_post_that_is_moved_away_is_rung_for_anew(tell: Any) -> None:
    async def story(room: Room) -> None:
        post = await room.post("Hello", after=5)
        assert (await room.target(post)).rung_at is not None
        assert await sweep(room) == []
        when = When(clock.now() + timedelta(seconds=FAR), "UTC")
        await room.store.write(lambda db: changes.reschedule(db, room.context, room.project, post, when))
        await found_in_time(room, post)

    tell(story)
