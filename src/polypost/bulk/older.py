"""What an older copy of the store does not know of bulk uploads: which rows have become posts since (RELIABILITY D3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, update

from polypost.bulk.tables import bulk_rows, bulks
from polypost.errors import Problem

_WAITING = ("pending", "valid")
_PROBLEM = Problem(
    "",
    "The store was restored from an older copy while this upload was under way, and this row may have become a post since.",
    "Look at the accounts, and send again what is missing.",
    "older_copy",
)


def stop(db: Connection, now: datetime) -> int:
    """End the uploads that were under way: of their other rows nothing is made; how many uploads."""
    running = select(bulks.c.id, bulks.c.dry_run).where(bulks.c.state == "running")
    found = [row.id for row in db.execute(running) if not row.dry_run]
    for bulk_id in found:
        left = (bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.state.in_(_WAITING))
        count = db.execute(select(func.count()).select_from(bulk_rows).where(*left)).scalar_one()
        refused = {"state": "refused", "problems": [{"field": "", **_PROBLEM.as_dict()}], "body": None}
        db.execute(update(bulk_rows).where(*left).values(refused))
        ended = {"state": "done", "finished_at": now, "next_at": None, "refused": bulks.c.refused + count}
        db.execute(update(bulks).where(bulks.c.id == bulk_id).values(ended))
    return len(found)
