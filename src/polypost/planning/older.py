"""What an older copy of the store does not know of schedules: which occurrences have been made since (RELIABILITY D3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, update

from polypost.planning.tables import occurrences, schedules

_SAID = "The store was restored from an older copy, and this may have gone out since."


def pass_over(db: Connection, now: datetime) -> int:
    """Make nothing of what a schedule had up to `now`; how many schedules had something."""
    waiting = and_(occurrences.c.state == "skipped", occurrences.c.at <= now)
    missed = {"state": "missed", "reason_code": "older_copy", "reason": _SAID, "updated_at": now}
    db.execute(update(occurrences).where(waiting).values(missed))
    behind = and_(schedules.c.status == "active", schedules.c.done_until < now)
    return db.execute(update(schedules).where(behind).values(done_until=now)).rowcount
