"""Makes a schedule's posts ahead of their hour: one row, and so one post, for each occurrence, in one commit with it.

A wake-up or a double wake-up is harmless: the schedule's row is locked first, and says up to which instant all is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, insert, select, update

from polypost import access, clock, media
from polypost.access import Project
from polypost.engine import WakeUp, rung, source
from polypost.errors import ApiError, InvalidRequest
from polypost.events import event
from polypost.observability import failpoints
from polypost.planning import occurrence_rows, zones
from polypost.planning.recurrence import Occurrence
from polypost.planning.tables import occurrences, schedules
from polypost.planning.templates import Template, template_of
from polypost.posts import accept
from polypost.posts.orders import Context
from polypost.storage import Store

KIND = "schedule"
# Posts stand on the calendar this long ahead, and the next one always; their credits are reserved as long.
AHEAD = timedelta(days=7)
# What could not be accepted is tried again until its hour.
AGAIN = timedelta(hours=1)
BATCH = 50
# Further than any zone's clocks can move an occurrence.
_LOOK_BACK = timedelta(days=3)

log = structlog.get_logger("polypost.planning")


class Materializer:
    """Answers the wake-ups of schedules. `horizon` is how far ahead a post may be scheduled."""

    def __init__(self, store: Store, context: Context, horizon: timedelta) -> None:
        self._store = store
        self._context = context
        self._horizon = horizon

    async def run(self, schedule_id: str) -> None:
        """Make what this schedule has to make now."""
        await self._store.write(lambda db: make(db, self._context, schedule_id, horizon=self._horizon))

    async def follow_zones(self) -> None:
        """Wake what was worked out with an older release of the zones, posts of their own first (RELIABILITY T6)."""
        await zones.follow(self._store, self._context)
        moved = await self._store.write(wake_for_zones)
        if moved:
            log.info("the zones changed; schedules are worked out anew", schedules=moved)


@dataclass(slots=True)
class _Round:
    """One pass over a schedule: what is known of it, and what is still to do."""

    context: Context
    project: Project
    schedule: Row[Any]
    template: Template
    now: datetime
    horizon: timedelta
    strict: bool
    done_until: datetime
    rows: dict[str, Row[Any]] = field(default_factory=dict)
    instants: set[datetime] = field(default_factory=set)
    made_until: datetime | None = None
    later: list[datetime] = field(default_factory=list)


def make(
    db: Connection, context: Context, schedule_id: str, *, horizon: timedelta, strict: bool = False
) -> None:
    """Make the posts whose time has come to be made, note what cannot be, and set when to look again.

    With `strict` the first refusal is raised instead of noted: InvalidRequest, PaymentRequired.
    """
    row = db.execute(select(schedules).where(schedules.c.id == schedule_id).with_for_update()).one_or_none()
    if row is None or row.deleted_at is not None or row.status != "active":
        return
    now = clock.now()
    project = access.get_project(db, row.project_id)
    this = _Round(context, project, row, template_of(row), now, horizon, strict, row.done_until)
    since = min(row.done_until, now) - _LOOK_BACK
    known = occurrence_rows.rows_since(db, project.id, schedule_id, since)
    if row.tzdata < clock.tzdata_version():
        occurrence_rows.move_with_zone(db, context, project, this.template, known, now)
        known = occurrence_rows.rows_since(db, project.id, schedule_id, since)
    this.rows = {each.local_time: each for each in known}
    this.instants = {each.at for each in known}
    for each in known:
        if each.state == "skipped" and each.at > now - clock.PAST_GRACE:
            _try_again(db, this, each)
        if each.at > now and (this.made_until is None or each.at > this.made_until):
            this.made_until = each.at
    more = _go_on(db, this)
    _look_later(db, this, more=more)


def _go_on(db: Connection, this: _Round) -> bool:
    """Settle one occurrence after the other, as far as it is time; False when the rule has no further one."""
    upcoming = this.template.recurrence.after(this.done_until)
    for count, (found, following) in enumerate(_pairs(upcoming)):
        if found.local.isoformat() in this.rows or found.at in this.instants:
            this.done_until = found.at
            continue
        if count == BATCH:
            this.later.append(this.now)
            return True
        if not _is_time(this, found.at):
            first = found.at - this.horizon if this.made_until is None else this.made_until
            this.later.append(min(found.at - AHEAD, max(first, found.at - this.horizon)))
            return True
        overtaken = following is not None and following.at <= this.now
        if found.at <= this.now - this.context.late_grace or overtaken:
            said = "The server did not run at its time, and it was too late afterwards."
            _note(db, this, found, "missed", code="missed_window", reason=said)
        else:
            _make_one(db, this, found)
        this.done_until = found.at
        if found.at > this.now:
            this.made_until = found.at
    return False


def _is_time(this: _Round, at: datetime) -> bool:
    """Whether a post for `at` is made by now: within `AHEAD`, or as the next one of all."""
    return at <= this.now + AHEAD or (this.made_until is None and at <= this.now + this.horizon)


def _make_one(db: Connection, this: _Round, found: Occurrence) -> None:
    values = _accepted(db, this, found)
    values |= {
        "schedule_id": this.schedule.id,
        "local_time": found.local.isoformat(),
        "project_id": this.project.id,
        "at": found.at,
        "note": found.note,
        "updated_at": this.now,
    }
    failpoints.hit("P20")
    db.execute(insert(occurrences).values(values))
    if values["state"] == "skipped":
        _say_skipped(db, this, found.at, values["reason_code"])


def _try_again(db: Connection, this: _Round, row: Row[Any]) -> None:
    found = Occurrence(datetime.fromisoformat(row.local_time), row.at, row.note)
    values = _accepted(db, this, found) | {"updated_at": this.now}
    mine = (occurrences.c.schedule_id == this.schedule.id, occurrences.c.project_id == this.project.id)
    db.execute(update(occurrences).where(*mine, occurrences.c.local_time == row.local_time).values(values))


def _accepted(db: Connection, this: _Round, found: Occurrence) -> dict[str, Any]:
    """Hand the order to acceptance; the columns that say what came of it."""
    try:
        if this.project.disabled_at is not None:
            raise ApiError("The project is disabled.", code="project_disabled")
        post = accept.create(db, this.context, this.project, this.template.order(found))
    except ApiError as refused:
        if this.strict:
            raise
        if found.at > this.now:
            this.later.append(min(this.now + AGAIN, found.at))
        code = refused.code
        if isinstance(refused, InvalidRequest) and refused.problems:
            code = refused.problems[0].code
        return {"state": "skipped", "reason_code": code, "reason": refused.message}
    stamp = occurrence_rows.stamp_of(db, this.project.id, post.post_id)
    return {
        "state": "made",
        "post_id": post.post_id,
        "stamp": stamp,
        "reason_code": None,
        "reason": None,
    }


def _note(db: Connection, this: _Round, found: Occurrence, state: str, *, code: str, reason: str) -> None:
    db.execute(
        insert(occurrences).values(
            schedule_id=this.schedule.id,
            local_time=found.local.isoformat(),
            project_id=this.project.id,
            at=found.at,
            state=state,
            note=found.note,
            reason_code=code,
            reason=reason,
            updated_at=this.now,
        )
    )
    _say_skipped(db, this, found.at, code)


def _say_skipped(db: Connection, this: _Round, at: datetime, code: str) -> None:
    payload = {"scheduleId": this.schedule.id, "at": clock.iso(at), "code": code}
    event(this.project.id, "schedule.skipped", this.schedule.id, payload, this.now).alone(db)


def _look_later(db: Connection, this: _Round, *, more: bool) -> None:
    """Set the schedule's next hour; with no further occurrence it ends once the last one's has passed."""
    if not more and this.made_until is not None:
        this.later.append(this.made_until)
    wake = min(this.later) if this.later else None
    if wake is None:
        media.expire(db, [this.schedule.id])
    mine = (schedules.c.id == this.schedule.id, schedules.c.project_id == this.project.id)
    db.execute(
        update(schedules)
        .where(*mine)
        .values(
            status="active" if wake is not None else "ended",
            done_until=this.done_until,
            wake_at=wake,
            rung_at=None if wake is None else rung(wake),
            # By an older one than before too: then what was made with it is looked at by whoever has a later one.
            tzdata=clock.tzdata_version(),
        )
    )
    if wake is not None:
        this.context.engine.wake(db, [_wake_up(this.schedule.id, this.project.id, wake)])


def _pairs(found: Iterator[Occurrence]) -> Iterator[tuple[Occurrence, Occurrence | None]]:
    """Each with the one after it."""
    current = next(found, None)
    while current is not None:
        following = next(found, None)
        yield current, following
        current = following


def _wake_up(schedule_id: str, project_id: str, at: datetime) -> WakeUp:
    # One schedule of a project at a time: each is a transaction, and nobody waits for its posts.
    return WakeUp(KIND, schedule_id, at, lane=project_id, share=project_id)


# Schedules that have something to make.
due = source(schedules, schedules.c.wake_at, _wake_up)


def wake_for_zones(db: Connection) -> int:
    """Have every active schedule looked at whose times came from an older release of the zones; returns how many."""
    now = clock.now()
    stale = (schedules.c.status == "active", schedules.c.tzdata < clock.tzdata_version())
    live = (*stale, schedules.c.deleted_at.is_(None))
    return db.execute(update(schedules).where(*live).values(wake_at=now, rung_at=None)).rowcount
