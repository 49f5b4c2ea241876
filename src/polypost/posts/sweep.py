"""What the sweeper and a new process look for: targets whose time has come, and those that a dead process held."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, or_, select, update

from polypost.engine import Ring
from polypost.posts import lanes
from polypost.posts.accept import RING
from polypost.posts.tables import targets
from polypost.posts.work import _HELD


def due(db: Connection, *, until: datetime, limit: int, unrung_since: datetime | None) -> list[Ring]:
    """The sweeper's source: targets that need attention before `until` (I7)."""
    query = select(targets.c.id, targets.c.next_at).where(
        targets.c.next_at.is_not(None), targets.c.next_at <= until
    )
    if unrung_since is not None:
        query = query.where(or_(targets.c.rung_at.is_(None), targets.c.rung_at < unrung_since))
        query = query.with_for_update(skip_locked=True)
    rows = db.execute(query.order_by(targets.c.next_at).limit(limit)).all()
    if unrung_since is not None and rows:
        db.execute(update(targets).where(targets.c.id.in_([row.id for row in rows])).values(rung_at=until))
    return [Ring(RING, row.id, row.next_at) for row in rows]


def take_over(db: Connection, now: datetime) -> int:
    """End every lease of the process that had this data folder before; returns how many targets that frees."""
    lanes.empty(db)
    held = and_(targets.c.next_at.is_not(None), targets.c.lease_until > now, _HELD)
    return db.execute(update(targets).where(held).values(lease_until=now, next_at=now)).rowcount
