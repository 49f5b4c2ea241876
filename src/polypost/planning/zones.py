"""Hours that were given as local time follow the rules of their zone, and never back to older rules (RELIABILITY T6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, Select, exists, select, update

from polypost import access, clock
from polypost.planning.tables import occurrences
from polypost.posts import changes
from polypost.posts.orders import Context, hour_of
from polypost.posts.tables import OF_A_ZONE, PostRow, posts
from polypost.storage import STEP, Store, in_steps, rows_of

log = structlog.get_logger("polypost.planning")


async def follow(store: Store, context: Context) -> None:
    """Work out anew the hours of waiting posts that were worked out with an older release of the zones."""
    if not await store.read(lambda db: db.execute(_older(1)).first()):
        return
    looked_at = await in_steps(store, lambda db: _follow(db, context), size=STEP)
    log.info("the zones changed; hours given as local time were worked out anew", posts=looked_at)


def _older(limit: int) -> Select[Any]:
    older = select(posts).where(OF_A_ZONE, posts.c.tzdata < clock.tzdata_version())
    return older.order_by(posts.c.tzdata, posts.c.id).limit(limit)


def _follow(db: Connection, context: Context) -> int:
    # Locked, because another server may begin at the same moment.
    rows = rows_of(db, _older(STEP).with_for_update(), PostRow)
    moving = [row for row in rows if _moves(row)]
    own = _of_schedules(db, moving)
    for row in moving:
        if row.id not in own:
            _move(db, context, row)
    looked_at = [row.id for row in rows]
    db.execute(update(posts).where(posts.c.id.in_(looked_at)).values(tzdata=clock.tzdata_version()))
    return len(rows)


def _moves(row: PostRow) -> bool:
    when = hour_of(row)
    # One that had just passed when it was given counted as then.
    before = row.scheduled_for
    return when is not None and before is not None and abs(when.instant - before) > clock.PAST_GRACE


def _of_schedules(db: Connection, rows: Sequence[PostRow]) -> set[str]:
    """Those that a schedule made and nobody has touched: it moves them itself, with what it has noted of them."""
    made = exists().where(occurrences.c.post_id == posts.c.id, occurrences.c.stamp == posts.c.updated_at)
    return set(db.execute(select(posts.c.id).where(posts.c.id.in_([row.id for row in rows]), made)).scalars())


def _move(db: Connection, context: Context, row: PostRow) -> None:
    when = hour_of(row)
    if when is None or changes.changeable(db, row.project_id, row.id) is None:
        # A worker has it already.
        return
    changes.reschedule(db, context, access.get_project(db, row.project_id), row.id, when)
    log.info(
        "a post moved with its zone",
        post=row.id,
        zone=row.timezone,
        local=row.local_time,
        old=None if row.scheduled_for is None else clock.iso(row.scheduled_for),
        new=clock.iso(when.instant),
    )
