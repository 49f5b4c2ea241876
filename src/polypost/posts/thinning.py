"""What of a post goes some time after its end: its diary, its events and the steps by which it went out (RELIABILITY D4).

The events that told of its end are the list of what is to be thinned: they go in the same step.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, select, update

from polypost.events import outbox
from polypost.posts.states import State
from polypost.posts.tables import attempts, posts, targets, timeline
from polypost.storage import earliest_id

# Events that one step looks at; each may be the end of a post with some dozens of lines.
STEP = 20
ENDED = ("published", "partial", "failed")
_ENDS = tuple(f"post.{status}" for status in ENDED)


def thin(db: Connection, before: datetime, now: datetime) -> int:
    """Forget some events from before that instant, and thin the posts whose end they told; returns how many events.

    A target's attempts and result stay, and of one that failed also all by which it can be tried again.
    """
    first = earliest_id("evt", before.timestamp())
    old = select(outbox.c.id, outbox.c.type, outbox.c.subject).where(
        outbox.c.id < first, outbox.c.spread_at.is_not(None)
    )
    # Other workers keep house too.
    some = old.order_by(outbox.c.id).limit(STEP).with_for_update(skip_locked=True)
    rows = db.execute(some).all()
    ended = {row.subject for row in rows if row.type in _ENDS}
    if ended:
        _thin(db, sorted(ended), first, now)
    db.execute(delete(outbox).where(outbox.c.id.in_([row.id for row in rows])))
    return len(rows)


def _thin(db: Connection, ids: Sequence[str], first: str, now: datetime) -> None:
    # One that was tried again has ended again since, or will.
    later = exists().where(outbox.c.subject == posts.c.id, outbox.c.id >= first, outbox.c.type.in_(_ENDS))
    over = and_(posts.c.id.in_(ids), posts.c.status.in_(ENDED), ~later)
    thinned = (
        db.execute(update(posts).where(over).values(thinned_at=now).returning(posts.c.id)).scalars().all()
    )
    db.execute(delete(timeline).where(timeline.c.post_id.in_(thinned)))
    out = and_(targets.c.post_id.in_(thinned), targets.c.state == State.PUBLISHED.value)
    sent = attempts.c.target_id.in_(select(targets.c.id).where(out))
    db.execute(update(attempts).where(sent).values(handles={}, detail=None))
    db.execute(update(targets).where(out).values(journal=None, step=None))


def overdue(db: Connection, project_id: str, before: datetime, limit: int) -> list[str]:
    """Posts of a project that were deleted before that instant."""
    mine = (posts.c.project_id == project_id, posts.c.deleted_at.is_not(None), posts.c.deleted_at < before)
    still = posts.c.status.in_(("draft", *ENDED))
    return list(
        db.execute(select(posts.c.id).where(*mine, still).order_by(posts.c.id).limit(limit)).scalars()
    )


def erase(db: Connection, project_id: str, ids: Sequence[str]) -> None:
    """Take posts out of the store with all that hangs on them in this room; the ledger stays as it is."""
    of_posts = select(targets.c.id).where(targets.c.post_id.in_(ids), targets.c.project_id == project_id)
    for table, found in (
        (timeline, timeline.c.post_id.in_(ids)),
        (attempts, attempts.c.target_id.in_(of_posts)),
        (targets, targets.c.post_id.in_(ids)),
        (posts, posts.c.id.in_(ids)),
    ):
        db.execute(delete(table).where(table.c.project_id == project_id, found))
