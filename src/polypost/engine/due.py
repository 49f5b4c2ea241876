"""What a room's rows wait for, as the sweeper asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Column, Connection, Table, or_, select, update

from polypost.engine.port import Source, WakeUp, rung_by_sweep


def source(table: Table, at: Column[datetime], wake_up_of: Callable[[str, str, datetime], WakeUp]) -> Source:
    """The rows of `table` that need attention at their instant `at`; `wake_up_of` takes id, project and instant."""
    rows = table.c

    def due(db: Connection, *, until: datetime, limit: int, unrung_since: datetime | None) -> list[WakeUp]:
        query = select(rows.id, rows.project_id, at).where(at.is_not(None), at <= until)
        if unrung_since is not None:
            query = query.where(or_(rows.rung_at.is_(None), rows.rung_at < unrung_since))
            query = query.with_for_update(skip_locked=True)
        found = db.execute(query.order_by(at).limit(limit)).all()
        if unrung_since is not None and found:
            mine = rows.id.in_([row.id for row in found])
            db.execute(update(table).where(mine).values(rung_at=rung_by_sweep(at, until)))
        return [wake_up_of(*row) for row in found]

    return due
