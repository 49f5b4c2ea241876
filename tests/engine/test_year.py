"""What is kept of posts grows with the posts that are kept, and nothing else does."""

from __future__ import annotations

from typing import Any

from polypost import clock
from polypost.doctor import findings
from tests.engine.room import Room
from tests.engine.year import PASSING, year

STEP, DAYS = 15, 360
# Uploads that ended posts show keep their names.
STAYS = {"uploads": 1, "upload_holds": 1}


def test_after_two_months_nothing_grows_but_posts(tell: Any) -> None:
    async def story(room: Room) -> None:
        seen = {day.number: day for day in await year(room, days=DAYS, step=STEP)}
        early, late = seen[60], seen[DAYS]
        steps = (DAYS - 60) // STEP
        for table in PASSING:
            grown = late.rows[table.name] - early.rows[table.name]
            assert grown == STAYS.get(table.name, 0) * steps, table.name
        # Of six posts of a day one is deleted, and gone a month later.
        assert late.rows["posts"] - early.rows["posts"] == 5 * steps
        assert late.rows["attempts"] > early.rows["attempts"] > 0
        assert await room.store.read(lambda db: findings(db, clock.now())) == []

    tell(story)
