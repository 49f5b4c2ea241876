"""Acceptance: post, targets, reservation, idempotency row, event and rings in one commit (RELIABILITY S1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from polypost import clock, media
from polypost.access import Project
from polypost.credits import service as credits
from polypost.engine import Ring
from polypost.errors import InvalidRequest, KeyReused
from polypost.integrations import service as integrations
from polypost.observability import failpoints
from polypost.posts import announce
from polypost.posts.checks import problems_of
from polypost.posts.orders import Accepted, Context, NewPost, NewTarget
from polypost.posts.states import State
from polypost.posts.tables import idempotency, posts, targets
from polypost.storage import HotInsert, HotSelect, earliest_id, new_id

RING = "publish"
REPLAY_WINDOW = timedelta(minutes=10)

_INSERT_POST = HotInsert(posts)
_INSERT_TARGETS = HotInsert(targets)
_KEY_VALUES = {
    "sqlite": sqlite.insert(idempotency).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(idempotency).on_conflict_do_nothing(),
}
_FIND_KEY = select(idempotency.c.fingerprint, idempotency.c.post_id).where(
    idempotency.c.project_id == bindparam("project"),
    idempotency.c.operation == bindparam("op"),
    idempotency.c.key == bindparam("name"),
)
_MINE = (
    posts.c.fingerprint == bindparam("print"),
    posts.c.project_id == bindparam("project"),
    posts.c.api_key_id == bindparam("api_key"),
    posts.c.created_at > bindparam("since"),
    posts.c.deleted_at.is_(None),
)
# The word stands in the statement and not in a parameter, and nothing else is asked: else SQLite would choose the
# index over all of the project's posts instead of the small one over those whose answer was lost.
_LOST = HotSelect(
    select(posts.c.id, posts.c.project_id, posts.c.api_key_id, posts.c.created_at)
    .where(posts.c.fingerprint == bindparam("print"), posts.c.delivery == literal_column("'lost'"))
    .order_by(posts.c.id)
)
_RECENT = select(posts.c.id).where(*_MINE).order_by(posts.c.id).limit(1)
_ANSWER = select(posts.c.id, posts.c.status, posts.c.scheduled_for, posts.c.warning).where(
    posts.c.id == bindparam("post"), posts.c.project_id == bindparam("project")
)


def create(db: Connection, context: Context, project: Project, order: NewPost) -> Accepted:
    """Accept the order, or find the post it already made.

    Raises InvalidRequest with every problem, PaymentRequired, KeyReused; then nothing is stored.
    """
    now = clock.now()
    post_id = new_id("post")
    known = _already_there(db, project, order, post_id, now)
    if known is not None:
        return _answer(db, project.id, known)
    found = integrations.find(db, project.id, [target.integration_id for target in order.targets])
    problems = problems_of(order, found)
    if problems:
        raise InvalidRequest(problems)
    due = order.when.instant if order.when else now
    rows = [
        target_row(context, project.id, post_id, place, target, due, now)
        for place, target in enumerate(order.targets)
    ]
    entries = [
        credits.Entry(row["id"], 1, row["price"], row["platform"], row["integration_id"]) for row in rows
    ]
    credits.reserve(db, project.id, entries, funds=project, at=now)
    failpoints.hit("P2")
    status = "scheduled" if order.when else "publishing"
    post = post_row(context, project.id, post_id, order, status, now)
    _INSERT_POST(db, [post])
    _INSERT_TARGETS(db, rows)
    media.hold(db, project.id, post_id, uploads_of(order))
    if order.when:
        announce.scheduled(db, project.id, post, rows, now)
    context.engine.ring(db, [Ring(RING, row["id"], due) for row in rows])
    return Accepted(
        post_id=post_id,
        replayed=False,
        status=status,
        scheduled_for=order.when.instant if order.when else None,
        warning=order.when.note if order.when else None,
    )


def made_before(
    db: Connection,
    project: Project,
    *,
    operation: str,
    api_key_id: str,
    fingerprint: int,
    idempotency_key: str | None,
) -> Accepted | None:
    """The post that an equal request made earlier; None when there is none.

    For a body that would not be taken any more: it may be a repeat of one that was, such as a post for an
    hour that has passed since. Raises KeyReused.
    """
    if idempotency_key is not None:
        known = post_of_key(db, project.id, operation, idempotency_key, fingerprint)
    else:
        known = _undelivered(db, project, api_key_id, fingerprint, clock.now())
    return None if known is None else _answer(db, project.id, known)


def _already_there(
    db: Connection, project: Project, order: NewPost, post_id: str, now: datetime
) -> str | None:
    if order.idempotency_key is not None:
        return remember_key(
            db, project.id, order.operation, order.idempotency_key, order.fingerprint or 0, post_id, now
        )
    if order.fingerprint is None:
        return None
    return _undelivered(db, project, order.api_key_id, order.fingerprint, now)


def _undelivered(
    db: Connection, project: Project, api_key_id: str | None, fingerprint: int, now: datetime
) -> str | None:
    """The post that this body made before, if its answer was lost or the project's window says one post (A3)."""
    found = None
    for post_id, *owner, created_at in _LOST(db, {"print": fingerprint}):
        if owner == [project.id, api_key_id] and created_at > now - REPLAY_WINDOW:
            still = (posts.c.id == post_id, posts.c.project_id == project.id, posts.c.deleted_at.is_(None))
            if db.execute(update(posts).where(*still).values(delivery="replayed")).rowcount:
                return str(post_id)
    if project.dedupe_window_seconds > 0:
        window = timedelta(seconds=project.dedupe_window_seconds)
        asked = {"print": fingerprint, "project": project.id, "api_key": api_key_id, "since": now - window}
        found = db.execute(_RECENT, asked).scalar_one_or_none()
    return found


def remember_key(
    db: Connection, project_id: str, operation: str, key: str, fingerprint: int, post_id: str, now: datetime
) -> str | None:
    """Take the idempotency key for `post_id`; returns the post that has it already, None when it was free.

    Raises KeyReused when the key stands for another body (RELIABILITY A1).
    """
    values = {
        "project_id": project_id,
        "operation": operation,
        "key": key,
        "fingerprint": fingerprint,
        "post_id": post_id,
        "created_at": now,
    }
    if db.execute(_KEY_VALUES[db.dialect.name], values).rowcount == 1:
        return None
    return post_of_key(db, project_id, operation, key, fingerprint)


def post_of_key(db: Connection, project_id: str, operation: str, key: str, fingerprint: int) -> str | None:
    """The post that an idempotency key stands for; None when it is free. Raises KeyReused for another body."""
    row = db.execute(_FIND_KEY, {"project": project_id, "op": operation, "name": key}).one_or_none()
    if row is not None and row.fingerprint != fingerprint:
        raise KeyReused(
            "This Idempotency-Key was used with another body.", next_step="Use a new key for a new post."
        )
    return None if row is None else str(row.post_id)


def _answer(db: Connection, project_id: str, post_id: str) -> Accepted:
    row = db.execute(_ANSWER, {"post": post_id, "project": project_id}).one()
    return Accepted(
        post_id=row.id, replayed=True, status=row.status, scheduled_for=row.scheduled_for, warning=row.warning
    )


def post_row(
    context: Context, project_id: str, post_id: str, order: NewPost, status: str, now: datetime
) -> dict[str, Any]:
    """The row of a new post."""
    when = order.when
    return {
        "id": post_id,
        "project_id": project_id,
        "api_key_id": order.api_key_id,
        "content": order.content,
        "status": status,
        "media": [media_value(item) for item in order.media],
        "raw": order.raw,
        "timezone": order.timezone,
        "scheduled_for": when.instant if when else None,
        "local_time": when.local if when else None,
        "tzdata": clock.tzdata_version() if when and when.local else None,
        "warning": when.note if when else None,
        "fingerprint": order.fingerprint,
        "server": context.server,
        "created_at": now,
        "updated_at": now,
    }


def uploads_of(order: NewPost) -> set[str]:
    """The addresses of uploads that an order names, in its media and in its options."""
    items = [[item.url, item.thumbnail] for item in order.media]
    return media.named(items, [target.options for target in order.targets])


def media_value(item: Any) -> dict[str, Any]:
    """A media item as it stands in the post's row."""
    value = {"type": item.type, "url": item.url}
    return value if item.thumbnail is None else {**value, "thumbnail": item.thumbnail}


def target_row(
    context: Context,
    project_id: str,
    post_id: str,
    position: int,
    target: NewTarget,
    due: datetime,
    now: datetime,
) -> dict[str, Any]:
    """The row of a target that has not begun."""
    return {
        "id": new_id("tgt"),
        "post_id": post_id,
        "project_id": project_id,
        "position": position,
        "platform": target.platform,
        "integration_id": target.integration_id,
        "content": target.content,
        "options": target.options,
        "state": State.SCHEDULED.value,
        "price": context.price(target.platform),
        "generation": 1,
        "due_at": due,
        "next_at": due,
        "rung_at": due,
        "epoch": 0,
        "attempted": False,
        "tries": 0,
        "looks": 0,
        "updated_at": now,
    }


def mark_undelivered(db: Connection, project_id: str, post_id: str) -> None:
    """The client went away before its answer: the same body again is a replay (RELIABILITY A3)."""
    db.execute(
        update(posts).where(posts.c.id == post_id, posts.c.project_id == project_id).values(delivery="lost")
    )


def mark_undelivered_before_start(db: Connection, server: str, now: datetime) -> int:
    """What this server accepted in the minute before it went down may never have been answered; returns how many."""
    return db.execute(
        update(posts)
        .where(
            # Ids are ordered by time: the primary key finds the last minutes without an index of its own.
            posts.c.id >= earliest_id("post", (now - REPLAY_WINDOW).timestamp() - 1),
            posts.c.server == server,
            posts.c.created_at >= now - REPLAY_WINDOW,
            or_(
                posts.c.delivery == "replayed",
                and_(posts.c.delivery.is_(None), posts.c.created_at >= now - timedelta(seconds=60)),
            ),
        )
        .values(delivery="lost")
    ).rowcount
