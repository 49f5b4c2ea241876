"""Schedules: made, read, changed, paused, resumed, deleted. Their posts are ordinary scheduled posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, update

from polypost import clock, media
from polypost.access import Project
from polypost.errors import InvalidRequest, KeyReused, NotFound
from polypost.integrations import service as integrations
from polypost.planning import occurrence_rows
from polypost.planning.materializer import make
from polypost.planning.recurrence import Occurrence, Recurrence
from polypost.planning.tables import occurrences, schedules
from polypost.planning.templates import Template, template_of
from polypost.posts.accept import uploads_of
from polypost.posts.checks import problems_of
from polypost.posts.orders import Context
from polypost.posts.tables import posts
from polypost.storage import insert_new, new_id

_T = schedules.c


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule. `status` is active, paused or ended; `following` is the next occurrence unless it is paused."""

    id: str
    status: str
    template: Template
    following: Occurrence | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """An occurrence and what became of it: planned, paused, made, skipped or missed."""

    local: datetime
    at: datetime
    state: str
    note: str | None = None
    post_id: str | None = None
    post_status: str | None = None
    reason_code: str | None = None
    reason: str | None = None


def create(
    db: Connection,
    context: Context,
    project: Project,
    template: Template,
    *,
    horizon: timedelta,
    idempotency_key: str | None = None,
    fingerprint: int | None = None,
) -> tuple[Schedule, bool]:
    """A new schedule with its first posts made, and whether it was there already under this key.

    Raises InvalidRequest, PaymentRequired when the first posts cannot be accepted, KeyReused; then nothing is stored.
    """
    if idempotency_key is not None:
        known = _of_key(db, project.id, idempotency_key, fingerprint)
        if known is not None:
            return known, True
    _check(db, project.id, template)
    now, schedule_id = clock.now(), new_id("sch")
    values = template.values() | {
        "id": schedule_id,
        "project_id": project.id,
        "status": "active",
        "done_until": now,
        "tzdata": clock.tzdata_version(),
        "idempotency_key": idempotency_key,
        "fingerprint": fingerprint,
        "created_at": now,
        "updated_at": now,
    }
    if not insert_new(db, schedules, values) and idempotency_key is not None:
        # An equal request was faster, between our look and this.
        known = _of_key(db, project.id, idempotency_key, fingerprint)
        if known is not None:
            return known, True
    media.hold(db, project.id, schedule_id, uploads_of(template.order()))
    make(db, context, schedule_id, horizon=horizon, strict=True)
    return get(db, project.id, schedule_id), False


def get(db: Connection, project_id: str, schedule_id: str) -> Schedule:
    """One schedule. Raises NotFound."""
    return _shown(_load(db, project_id, schedule_id))


def list_schedules(
    db: Connection, project_id: str, *, status: str | None, limit: int, offset: int, descending: bool
) -> tuple[int, list[Schedule]]:
    """How many schedules there are, and a page of them by creation."""
    wanted = [_T.project_id == project_id, _T.deleted_at.is_(None)]
    if status is not None:
        wanted.append(_T.status == status)
    total = db.execute(select(func.count()).select_from(schedules).where(*wanted)).scalar_one()
    order = (_T.created_at.desc(), _T.id.desc()) if descending else (_T.created_at, _T.id)
    page = select(schedules).where(*wanted).order_by(*order).limit(limit).offset(offset)
    return total, [_shown(row) for row in db.execute(page)]


def change(
    db: Connection,
    context: Context,
    project: Project,
    schedule_id: str,
    template: Template,
    *,
    horizon: timedelta,
) -> Schedule:
    """Another content, other accounts or other times; posts that wait for their hour follow unless somebody edited them.

    With other times they are made anew. Raises NotFound, InvalidRequest, PaymentRequired; then all is as before.
    """
    row = _load(db, project.id, schedule_id, lock=True)
    _check(db, project.id, template)
    now = clock.now()
    ahead = occurrence_rows.rows_since(db, project.id, schedule_id, now)
    if template.same_times(template_of(row)):
        occurrence_rows.rewrite(db, context, project, template, ahead)
    else:
        occurrence_rows.withdraw(db, project.id, ahead)
    values = template.values() | {"updated_at": now, "done_until": now}
    if row.status == "ended":
        values["status"] = "active"
    _set(db, project.id, schedule_id, **values)
    media.hold(db, project.id, schedule_id, uploads_of(template.order()), instead=True)
    make(db, context, schedule_id, horizon=horizon)
    return get(db, project.id, schedule_id)


def pause(db: Connection, project_id: str, schedule_id: str) -> Schedule:
    """Nothing of it goes out from now on but what a worker has already. Pausing twice is the same. Raises NotFound."""
    row = _load(db, project_id, schedule_id, lock=True)
    if row.status != "paused":
        now = clock.now()
        occurrence_rows.withdraw(db, project_id, occurrence_rows.rows_since(db, project_id, schedule_id, now))
        _set(db, project_id, schedule_id, status="paused", wake_at=None, updated_at=now)
    return get(db, project_id, schedule_id)


def resume(
    db: Connection, context: Context, project: Project, schedule_id: str, *, horizon: timedelta
) -> Schedule:
    """Go on with what lies ahead; nothing is caught up. Raises NotFound."""
    row = _load(db, project.id, schedule_id, lock=True)
    if row.status == "paused":
        now = clock.now()
        _set(db, project.id, schedule_id, status="active", done_until=now, updated_at=now)
        make(db, context, schedule_id, horizon=horizon)
    return get(db, project.id, schedule_id)


def remove(db: Connection, project_id: str, schedule_id: str, *, keep_posts: bool) -> None:
    """Forget the schedule; with `keep_posts` what it made ahead still goes out. Raises NotFound."""
    _load(db, project_id, schedule_id, lock=True)
    now = clock.now()
    if not keep_posts:
        occurrence_rows.withdraw(db, project_id, occurrence_rows.rows_since(db, project_id, schedule_id, now))
    media.drop(db, project_id, schedule_id)
    _set(db, project_id, schedule_id, deleted_at=now, wake_at=None, idempotency_key=None, updated_at=now)


def entries(
    db: Connection, project_id: str, schedule_id: str, *, since: datetime, until: datetime, limit: int
) -> list[Entry]:
    """The occurrences from `since` to `until`, in order, at most `limit`: the recorded ones, and those to come."""
    row = _load(db, project_id, schedule_id)
    between = _recorded(project_id, schedule_id).where(occurrences.c.at.between(since, until))
    recorded = [_entry(each) for each in db.execute(between.order_by(occurrences.c.at).limit(limit))]
    known = {entry.local for entry in recorded} | {
        datetime.fromisoformat(each.local_time)
        for each in occurrence_rows.rows_since(db, project_id, schedule_id, since - timedelta(days=3))
    }
    begin = max(since - timedelta(microseconds=1), clock.now())
    planned = "paused" if row.status == "paused" else "planned"
    ahead = (
        Entry(each.local, each.at, planned, each.note)
        for each in template_of(row).recurrence.after(begin, until=until)
        if each.local not in known
    )
    return sorted([*recorded, *islice(ahead, limit)], key=lambda entry: entry.at)[:limit]


def past(db: Connection, project_id: str, schedule_id: str, *, limit: int) -> list[Entry]:
    """What became of the occurrences whose hour has come, the last one first, at most `limit`."""
    mine = _recorded(project_id, schedule_id).where(occurrences.c.at <= clock.now())
    return [_entry(row) for row in db.execute(mine.order_by(occurrences.c.at.desc()).limit(limit))]


def schedule_of(db: Connection, project_id: str, post_ids: Sequence[str]) -> dict[str, str]:
    """Which of these posts a schedule made: post id → schedule id."""
    if not post_ids:
        return {}
    query = select(occurrences.c.post_id, occurrences.c.schedule_id).where(
        occurrences.c.project_id == project_id, occurrences.c.post_id.in_(list(post_ids))
    )
    return {row.post_id: row.schedule_id for row in db.execute(query)}


def never_happens(recurrence: Recurrence) -> bool:
    """Whether no occurrence lies ahead."""
    return next(recurrence.after(clock.now()), None) is None


def _recorded(project_id: str, schedule_id: str) -> Select[Any]:
    there = (posts.c.id == occurrences.c.post_id) & posts.c.deleted_at.is_(None)
    mine = (occurrences.c.project_id == project_id, occurrences.c.schedule_id == schedule_id)
    return select(occurrences, posts.c.status).outerjoin(posts, there).where(*mine)


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        local=datetime.fromisoformat(row.local_time),
        at=row.at,
        state=row.state,
        note=row.note,
        post_id=row.post_id if row.status is not None else None,
        post_status=row.status,
        reason_code=row.reason_code,
        reason=row.reason,
    )


def _check(db: Connection, project_id: str, template: Template) -> None:
    order = template.order()
    found = integrations.find(db, project_id, [target.integration_id for target in order.targets])
    problems = problems_of(order, found)
    if problems:
        raise InvalidRequest(problems)


def _load(db: Connection, project_id: str, schedule_id: str, *, lock: bool = False) -> Row[Any]:
    query = select(schedules).where(
        _T.id == schedule_id, _T.project_id == project_id, _T.deleted_at.is_(None)
    )
    row = db.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("There is no schedule with this id in this project.", code="schedule_not_found")
    return row


def _of_key(db: Connection, project_id: str, key: str, fingerprint: int | None) -> Schedule | None:
    row = db.execute(
        select(schedules).where(_T.project_id == project_id, _T.idempotency_key == key)
    ).one_or_none()
    if row is not None and row.fingerprint != fingerprint:
        raise KeyReused(
            "This Idempotency-Key was used with another body.", next_step="Use a new key for a new schedule."
        )
    return None if row is None else _shown(row)


def _set(db: Connection, project_id: str, schedule_id: str, **values: Any) -> None:
    db.execute(update(schedules).where(_T.id == schedule_id, _T.project_id == project_id).values(**values))


def _shown(row: Row[Any]) -> Schedule:
    template = template_of(row)
    following = None
    if row.status == "active":
        following = next(template.recurrence.after(clock.now()), None)
    return Schedule(row.id, row.status, template, following, row.created_at, row.updated_at)
