"""Queues: weekly slots in wall-clock time, and posts that take the next free one.

Whether a slot is free is read from the posts themselves: one that was cancelled, deleted or moved no longer
holds its slot, whoever did it and however.
"""

from __future__ import annotations

import heapq
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from polypost import clock
from polypost.errors import Conflict
from polypost.integrations import profiles
from polypost.planning.recurrence import Occurrence
from polypost.planning.tables import queue_posts, queues
from polypost.posts.orders import When
from polypost.posts.tables import posts
from polypost.storage import new_id, upsert

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A weekly hour: `weekday` 0 for Monday, `at` on the wall."""

    weekday: int
    at: time


@dataclass(frozen=True, slots=True)
class Queue:
    """The slots of a profile, or of the project itself where `profile_id` is None. `id` is None while there are none."""

    id: str | None
    profile_id: str | None
    timezone: str
    slots: tuple[Slot, ...]
    updated_at: datetime | None


def upcoming(slots: Sequence[Slot], zone: str, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """The slots' instants after `after` as far as `until`, each instant once, in order. Pure."""
    by_day = {day: [slot.at for slot in slots if slot.weekday == day] for day in range(7)}
    local = after.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    day = datetime.combine(local.date(), time()) - 2 * _DAY
    pending: list[tuple[datetime, bool, datetime, Occurrence]] = []
    last = after
    while True:
        for at in by_day[day.weekday()]:
            wall = datetime.combine(day.date(), at)
            found = clock.resolve_local(wall, zone)
            # Of two at one instant the one that needs no explaining comes first.
            entry = Occurrence(wall, found.instant, found.note)
            heapq.heappush(pending, (found.instant, found.note is not None, wall, entry))
        day += _DAY
        # No later day holds anything before its own midnight, however the clocks are set on this one.
        floor = clock.resolve_local(day, zone).instant
        while pending and pending[0][0] < floor:
            at_instant, _, _, occurrence = heapq.heappop(pending)
            if at_instant > until:
                return
            if at_instant > last:
                last = at_instant
                yield occurrence
        if floor > until:
            return


def put(
    db: Connection, project_id: str, profile_id: str | None, *, timezone: str, slots: Sequence[Slot]
) -> Queue:
    """Set the queue's slots; posts that are in it keep their hours. Raises NotFound for a profile that is not there."""
    profiles.require(db, project_id, profile_id)
    values = {
        "timezone": timezone,
        "slots": [[slot.weekday, slot.at.isoformat("minutes")] for slot in sorted(set(slots))],
        "updated_at": clock.now(),
    }
    row = {"id": new_id("que"), "project_id": project_id, "profile_id": profile_id or "", **values}
    upsert(db, queues, ["project_id", "profile_id"], [row], fixed=["id"])
    return get(db, project_id, profile_id)


def get(db: Connection, project_id: str, profile_id: str | None) -> Queue:
    """The queue; without slots while none were set. Raises NotFound for a profile that is not there."""
    profiles.require(db, project_id, profile_id)
    return _queue_of(db.execute(_mine(project_id, profile_id)).one_or_none(), profile_id)


def free(
    db: Connection, project_id: str, profile_id: str | None, *, count: int, horizon: timedelta
) -> tuple[Queue, list[Occurrence]]:
    """The queue and its next free slots, at most `count` and none beyond `horizon`. Raises NotFound."""
    queue = get(db, project_id, profile_id)
    return queue, list(islice(_free(db, project_id, queue, horizon), count))


def free_between(
    db: Connection, project_id: str, since: datetime, until: datetime, *, count: int
) -> list[tuple[Queue, Occurrence]]:
    """The slots of the project's queues that are free between two instants, at most `count` of each queue."""
    now = clock.now()
    found: list[tuple[Queue, Occurrence]] = []
    for row in db.execute(select(queues).where(queues.c.project_id == project_id).limit(count)).all():
        queue = _queue_of(row, row.profile_id or None)
        if not queue.slots:
            continue
        taken = _taken(db, project_id, queue, now)
        slots = upcoming(queue.slots, queue.timezone, max(since, now), until)
        found += [(queue, each) for each in islice(slots, count) if each.at not in taken]
    return found


def waiting(db: Connection, project_id: str, queue: Queue, *, limit: int) -> list[str]:
    """The posts that went into the queue and still wait for their hour, by that, at most `limit`."""
    held = sorted((at, post_id) for post_id, at in _held(db, project_id, queue, clock.now()).items())
    return [post_id for _, post_id in held[:limit]]


def take(db: Connection, project_id: str, profile_id: str | None, horizon: timedelta) -> tuple[Queue, When]:
    """The next free slot, while the queue stands still for others until the caller's commit.

    Raises NotFound, and Conflict when the queue has no slots or none is free within `horizon`. The caller
    gives the slot to a post with `hold`.
    """
    profiles.require(db, project_id, profile_id)
    row = db.execute(_mine(project_id, profile_id).with_for_update()).one_or_none()
    queue = _queue_of(row, profile_id)
    if not queue.slots:
        raise Conflict(
            "This queue has no slots.", code="no_slots", next_step="Set them: PUT /v1/queue/slots."
        )
    _forget_ended(db, project_id, queue)
    found = next(_free(db, project_id, queue, horizon), None)
    if found is None:
        raise Conflict(
            f"Every slot of the next {horizon.days} days is taken.",
            code="queue_full",
            next_step="Add slots: PUT /v1/queue/slots.",
        )
    return queue, When(found.at, queue.timezone, found.local.isoformat(), found.note)


def hold(db: Connection, project_id: str, queue: Queue, post_id: str, when: When) -> None:
    """The post has the slot that `take` found, in the same transaction."""
    _let_go(db, project_id, queue, when.instant)
    mine = (queue_posts.c.post_id == post_id, queue_posts.c.project_id == project_id)
    db.execute(delete(queue_posts).where(*mine))
    db.execute(
        insert(queue_posts).values(post_id=post_id, project_id=project_id, queue_id=queue.id, at=when.instant)
    )


def forget(db: Connection, project_id: str, post_ids: Sequence[str]) -> None:
    """These posts are gone from the store."""
    mine = (queue_posts.c.project_id == project_id, queue_posts.c.post_id.in_(post_ids))
    db.execute(delete(queue_posts).where(*mine))


def _free(db: Connection, project_id: str, queue: Queue, horizon: timedelta) -> Iterator[Occurrence]:
    if not queue.slots:
        return
    now = clock.now()
    taken = _taken(db, project_id, queue, now)
    for each in upcoming(queue.slots, queue.timezone, now, now + horizon):
        if each.at not in taken:
            yield each


def _taken(db: Connection, project_id: str, queue: Queue, now: datetime) -> set[datetime]:
    return set(_held(db, project_id, queue, now).values())


def _held(db: Connection, project_id: str, queue: Queue, now: datetime) -> dict[str, datetime]:
    """The hours of all posts that went into this queue and still wait, wherever they were moved since; by their ids."""
    # Of each of them by its id: a join may be begun at everything the project has planned.
    at = select(posts.c.scheduled_for).where(
        posts.c.id == queue_posts.c.post_id,
        posts.c.project_id == project_id,
        posts.c.deleted_at.is_(None),
        posts.c.status != "draft",
        posts.c.scheduled_for > now,
    )
    mine = (queue_posts.c.project_id == project_id, queue_posts.c.queue_id == queue.id)
    hours = db.execute(select(queue_posts.c.post_id, at.scalar_subquery().label("hour")).where(*mine))
    return {row.post_id: row.hour for row in hours if row.hour is not None}


def _let_go(db: Connection, project_id: str, queue: Queue, at: datetime) -> None:
    """Take the slot from a post that left it."""
    mine = (queue_posts.c.project_id == project_id, queue_posts.c.queue_id == queue.id)
    db.execute(update(queue_posts).where(*mine, queue_posts.c.at == at).values(at=None))


def _forget_ended(db: Connection, project_id: str, queue: Queue) -> None:
    """Posts that have ended hold nothing any more: without them, looking for a free slot costs what the queue is long."""
    ended = select(posts.c.id).where(
        posts.c.project_id == project_id, posts.c.status.in_(["published", "partial", "failed"])
    )
    mine = (queue_posts.c.project_id == project_id, queue_posts.c.queue_id == queue.id)
    db.execute(delete(queue_posts).where(*mine, queue_posts.c.post_id.in_(ended)))


def _mine(project_id: str, profile_id: str | None) -> Select[Any]:
    return select(queues).where(queues.c.project_id == project_id, queues.c.profile_id == (profile_id or ""))


def _queue_of(row: Row[Any] | None, profile_id: str | None) -> Queue:
    if row is None:
        return Queue(None, profile_id, "UTC", (), None)
    slots = tuple(Slot(weekday, time.fromisoformat(at)) for weekday, at in row.slots)
    return Queue(row.id, profile_id, row.timezone, slots, row.updated_at)
