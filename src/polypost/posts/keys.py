"""Idempotency keys: one key stands for one thing, whatever becomes of that afterwards (RELIABILITY A1, G7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from polypost.errors import KeyReused
from polypost.posts.tables import idempotency, posts
from polypost.storage import STEP, insert_new

KEPT = timedelta(days=7)
_LATER = timedelta(days=1)
_OPEN = ("scheduled", "publishing")

_FIND = select(idempotency.c.fingerprint, idempotency.c.post_id).where(
    idempotency.c.project_id == bindparam("project"),
    idempotency.c.operation == bindparam("op"),
    idempotency.c.key == bindparam("name"),
)


def remember(
    db: Connection, project_id: str, operation: str, key: str, fingerprint: int, post_id: str, now: datetime
) -> str | None:
    """Take the key for `post_id`; returns the post that has it already, None when it was free.

    Raises KeyReused when the key stands for another body.
    """
    values = {
        "project_id": project_id,
        "operation": operation,
        "key": key,
        "fingerprint": fingerprint,
        "post_id": post_id,
        "created_at": now,
        "expires_at": now + KEPT,
    }
    if insert_new(db, idempotency, values):
        return None
    return find(db, project_id, operation, key, fingerprint)


def find(db: Connection, project_id: str, operation: str, key: str, fingerprint: int) -> str | None:
    """The post that a key stands for; None when it is free. Raises KeyReused for another body."""
    row = db.execute(_FIND, {"project": project_id, "op": operation, "name": key}).one_or_none()
    if row is not None and row.fingerprint != fingerprint:
        raise KeyReused(
            "This Idempotency-Key was used with another body.", next_step="Use a new key for a new post."
        )
    return None if row is None else str(row.post_id)


def clean(db: Connection, now: datetime, kept: timedelta = KEPT) -> int:
    """End some keys that are as old as `kept`, but none whose post is still open; returns how many were looked at."""
    # A row says when it ends by the ordinary time.
    end = now + KEPT - kept
    over = (
        select(idempotency.c.project_id, idempotency.c.operation, idempotency.c.key, posts.c.status)
        .outerjoin(posts, posts.c.id == idempotency.c.post_id)
        .where(idempotency.c.expires_at <= end)
        .order_by(idempotency.c.expires_at)
        .limit(STEP)
    )
    found = db.execute(over).all()
    for row in found:
        same = (
            idempotency.c.project_id == row.project_id,
            idempotency.c.operation == row.operation,
            idempotency.c.key == row.key,
        )
        if row.status in _OPEN:
            db.execute(update(idempotency).where(*same).values(expires_at=end + _LATER))
        else:
            db.execute(delete(idempotency).where(*same))
    return len(found)
