"""What a schedule has made already: its occurrences' rows, and the posts that still wait for their hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, delete, select, update

from polypost import clock
from polypost.access import Project
from polypost.planning.recurrence import Occurrence
from polypost.planning.tables import occurrences
from polypost.planning.templates import Template
from polypost.posts import changes
from polypost.posts.orders import Context, When

# Further back nobody looks at what was made.
_LOOKED_BACK = timedelta(days=7)

log = structlog.get_logger("polypost.planning")


def rows_since(db: Connection, project_id: str, schedule_id: str, since: datetime) -> Sequence[Row[Any]]:
    """The recorded occurrences after `since`, in order."""
    query = select(occurrences).where(
        occurrences.c.schedule_id == schedule_id,
        occurrences.c.project_id == project_id,
        occurrences.c.at > since,
    )
    return db.execute(query.order_by(occurrences.c.at)).all()


def stamp_of(db: Connection, project_id: str, post_id: str) -> datetime:
    """The mark by which one sees later whether somebody else changed the post."""
    stamp: datetime = changes.load(db, project_id, post_id).updated_at
    return stamp


def withdraw(db: Connection, project_id: str, rows: Iterable[Row[Any]]) -> None:
    """Take back what waits for its hour: the posts go, and so do their rows, so that they may be made again.

    A post that somebody edited becomes a draft and its occurrence stays as it is; one that a worker has goes out.
    """
    for row in rows:
        post = changes.changeable(db, project_id, row.post_id) if row.post_id is not None else None
        if row.state == "skipped":
            _forget(db, project_id, row)
        elif post is not None:
            changes.cancel(db, project_id, row.post_id)
            if post.updated_at == row.stamp:
                changes.remove(db, project_id, row.post_id)
                _forget(db, project_id, row)


def rewrite(
    db: Connection, context: Context, project: Project, template: Template, rows: Iterable[Row[Any]]
) -> None:
    """Give the posts that wait for their hour, and that nobody edited, the template's present content.

    Raises PaymentRequired when the new ones cost more than is left.
    """
    for row in rows:
        post = changes.changeable(db, project.id, row.post_id) if row.post_id is not None else None
        if row.state == "skipped":
            _forget(db, project.id, row)
        elif post is not None and post.updated_at == row.stamp:
            found = Occurrence(datetime.fromisoformat(row.local_time), row.at, row.note)
            order = template.order(found)
            changes.edit(db, context, project, row.post_id, order._replace(when=None))
            _mark(db, project.id, row)


def move_with_zone(
    db: Connection,
    context: Context,
    project: Project,
    template: Template,
    rows: Sequence[Row[Any]],
    now: datetime,
) -> None:
    """Set posts of the future, which were given as wall times, to what the zone says today (RELIABILITY T6)."""
    for row in rows:
        if row.at <= now or row.state == "missed":
            continue
        resolved = clock.resolve_local(datetime.fromisoformat(row.local_time), template.timezone)
        if resolved.instant == row.at or resolved.instant <= now:
            continue
        post = changes.changeable(db, project.id, row.post_id) if row.post_id is not None else None
        if post is not None and post.updated_at == row.stamp:
            when = When(resolved.instant, template.timezone, row.local_time, resolved.note)
            changes.reschedule(db, context, project, row.post_id, when)
            _mark(db, project.id, row, at=resolved.instant, note=resolved.note)
            log.info(
                "a recurring post moved with its zone",
                post=row.post_id,
                old=clock.iso(row.at),
                new=clock.iso(resolved.instant),
            )
        elif row.state == "skipped":
            _mark(db, project.id, row, at=resolved.instant, note=resolved.note)


def forget(db: Connection, project_id: str, post_ids: Sequence[str]) -> None:
    """These posts are gone from the store, and with them what was noted of past occurrences; those to come stay made."""
    mine = (occurrences.c.project_id == project_id, occurrences.c.post_id.in_(post_ids))
    db.execute(delete(occurrences).where(*mine, occurrences.c.at < clock.now() - _LOOKED_BACK))


def _forget(db: Connection, project_id: str, row: Row[Any]) -> None:
    db.execute(delete(occurrences).where(*_this(project_id, row)))


def _mark(db: Connection, project_id: str, row: Row[Any], **values: Any) -> None:
    if row.post_id is not None:
        values["stamp"] = stamp_of(db, project_id, row.post_id)
    db.execute(update(occurrences).where(*_this(project_id, row)).values(updated_at=clock.now(), **values))


def _this(project_id: str, row: Row[Any]) -> tuple[Any, ...]:
    return (
        occurrences.c.project_id == project_id,
        occurrences.c.schedule_id == row.schedule_id,
        occurrences.c.local_time == row.local_time,
    )
