"""What an older copy of the store does not know: which of its due targets have gone out since (RELIABILITY D3).

Each of them gets an attempt that began when it was due, of which nothing else is known. It is looked for as any other
attempt whose answer was lost, and where it cannot be looked for nothing is sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select, update

from polypost.posts import lanes, timeline
from polypost.posts.states import OPEN, State
from polypost.posts.tables import attempts, posts, targets
from polypost.posts.work import SINCE_COPY
from polypost.storage import new_id
from polypost.storage.rows import rows_of

BATCH = 500
_NUMBER = 1000
_OPEN = targets.c.state.in_([state.value for state in OPEN])
_SAID = (
    "The store was restored from an older copy. Whether this went out since is not known: the account is looked at before "
    "anything is sent."
)
_FOLLOWED = "The store was restored from an older copy: whether what follows the post was done is not known. Look at the post."


class _Overdue:
    """A target of which it is not known whether it went out."""

    id: str
    project_id: str
    integration_id: str
    post_id: str
    generation: int
    epoch: int
    due_at: datetime


def doubt(db: Connection, now: datetime) -> int:
    """Have everything that is due by `now` and not done be in doubt; how many targets. Nobody else may be at work."""
    lanes.empty(db)
    _end_follow_ups(db, now)
    count, last = 0, ""
    columns = [targets.c[name] for name in _Overdue.__annotations__]
    while True:
        query = select(*columns).where(_OPEN, targets.c.next_at.is_not(None), targets.c.due_at <= now)
        found = rows_of(db, query.where(targets.c.id > last).order_by(targets.c.id).limit(BATCH), _Overdue)
        if not found:
            return count
        _doubt(db, found, now)
        count, last = count + len(found), found[-1].id


def _doubt(db: Connection, found: list[_Overdue], now: datetime) -> None:
    ids = [row.id for row in found]
    still = (attempts.c.target_id.in_(ids), attempts.c.finished_at.is_(None))
    # How it stood with these when the copy was made says nothing about what came after.
    db.execute(update(attempts).where(*still).values(finished_at=now, outcome="unknown"))
    db.execute(insert(attempts).values([_attempt(row) for row in found]))
    values = {
        "state": State.UNKNOWN.value,
        "attempted": True,
        "epoch": targets.c.epoch + 1,
        "looks": 0,
        "doubt_since": now,
        "next_at": now,
        "rung_at": None,
        "lease_until": None,
        "lease_by": None,
        "wait_reason": "checking",
        "updated_at": now,
    }
    db.execute(update(targets).where(targets.c.id.in_(ids)).values(values))
    post_ids = {row.post_id for row in found}
    db.execute(update(posts).where(posts.c.id.in_(post_ids)).values(status="publishing", updated_at=now))
    for row in found:
        timeline.write(db, row.project_id, row.post_id, row.id, [timeline.Line(now, "unknown", _SAID)])


def _attempt(row: _Overdue) -> dict[str, Any]:
    return {
        "id": new_id("att"),
        "project_id": row.project_id,
        "target_id": row.id,
        "integration_id": row.integration_id,
        "generation": row.generation,
        "part": SINCE_COPY,
        # No other attempt has this number, under whatever part: there may be one of an earlier copy too.
        "number": _NUMBER + row.epoch,
        "epoch": row.epoch + 1,
        "started_at": row.due_at,
        "fingerprint": "",
        "handles": {},
    }


def _end_follow_ups(db: Connection, now: datetime) -> None:
    """What follows a published post may have been done since, and is not done again."""
    following = (targets.c.state == State.PUBLISHED.value, targets.c.next_at.is_not(None))
    said = func.trim(func.coalesce(targets.c.warning, "") + literal(f" {_FOLLOWED}"))
    values = {"next_at": None, "lease_until": None, "wait_reason": None, "warning": said, "updated_at": now}
    db.execute(update(targets).where(*following).values(values))
