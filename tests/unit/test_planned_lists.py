"""What a queue holds and what a schedule has made, as pages list them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from tests.unit.test_posts import Desk

from polypost import clock
from polypost.planning import queues, schedules
from polypost.planning.queues import Slot
from polypost.planning.tables import occurrences
from polypost.posts import changes, queries


def test_posts_of_a_queue_by_their_hour(with_store: Any) -> None:
    async def story(store: Any) -> None:
        desk = await Desk(store).open()
        project_id = desk.project.id
        slots = [Slot(weekday, datetime.min.time().replace(hour=12)) for weekday in range(7)]
        await store.write(lambda db: queues.put(db, project_id, None, timezone="UTC", slots=slots))
        made = []
        for number in range(3):
            queue, when = await store.write(lambda db: queues.take(db, project_id, None, timedelta(days=30)))
            post = await desk.create(desk.order(f"in slot {number}")._replace(when=when))
            await store.write(
                lambda db, q=queue, p=post, w=when: queues.hold(db, project_id, q, p.post_id, w)
            )
            made.append(post.post_id)

        def waiting(limit: int) -> Any:
            return lambda db: queues.waiting(db, project_id, queues.get(db, project_id, None), limit=limit)

        assert await store.read(waiting(9)) == made
        assert await store.read(waiting(2)) == made[:2]
        shown = await store.read(lambda db: queries.placed(db, project_id, made[::-1]))
        assert [each.content for each in shown] == ["in slot 0", "in slot 1", "in slot 2"]
        assert {each.platform for each in shown[0].targets} == {"instagram"}
        assert await store.read(lambda db: queries.placed(db, "prj_other", made)) == []
        assert await store.read(lambda db: queries.placed(db, project_id, [])) == []
        await store.write(lambda db: changes.cancel(db, project_id, made[0]) and None)
        assert await store.read(waiting(9)) == made[1:]

    with_store(story)


def test_what_was_made_last_stands_in_the_list(with_store: Any) -> None:
    async def story(store: Any) -> None:
        now = clock.now()

        def write(db: Any) -> None:
            for hours, state in ((-48, "made"), (-24, "missed"), (24, "made")):
                at = now + timedelta(hours=hours)
                values = {
                    "schedule_id": "sch_1",
                    "local_time": at.isoformat(),
                    "project_id": "prj_1",
                    "at": at,
                }
                db.execute(insert(occurrences).values(values | {"state": state, "updated_at": now}))

        await store.write(write)
        found = await store.read(lambda db: schedules.past(db, "prj_1", "sch_1", limit=5))
        assert [each.state for each in found] == ["missed", "made"]
        assert await store.read(lambda db: schedules.past(db, "prj_2", "sch_1", limit=5)) == []

    with_store(story)
