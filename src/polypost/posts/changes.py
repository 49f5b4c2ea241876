"""What the user may still change: cancel, reschedule, edit, retry, delete; each honest about a worker that was faster (G5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, insert, null, or_, select, update

from polypost import clock, media
from polypost.access import Project
from polypost.credits import service as credits
from polypost.engine import WakeUp, rung
from polypost.errors import Conflict, InvalidRequest, NotFound, Problem
from polypost.integrations import service as integrations
from polypost.posts import post_events
from polypost.posts.accept import KIND, target_row, uploads_of, wake_up_of
from polypost.posts.attempts import unseen
from polypost.posts.checks import problems_of
from polypost.posts.orders import Context, NewPost, When, order_of, stored_value
from polypost.posts.states import FINAL, State, derive
from polypost.posts.tables import PostRow, TargetRow, posts, targets
from polypost.storage import emit, row_of, rows_of

# The one condition under which the old version will certainly not go out (RELIABILITY §2).
_UNTOUCHED = or_(
    targets.c.state == State.SCHEDULED.value,
    and_(targets.c.state == State.WAITING.value, targets.c.attempted.is_(False)),
)
_TOO_LATE = "This post is already being published."


def load(
    db: Connection, project_id: str, post_id: str, *, lock: bool = False, deleted: bool = False
) -> PostRow:
    """The post's row. Raises NotFound for absent, foreign and, unless they are asked for, deleted posts alike."""
    query = select(posts).where(posts.c.id == post_id, posts.c.project_id == project_id)
    if not deleted:
        query = query.where(posts.c.deleted_at.is_(None))
    row = row_of(db, query.with_for_update() if lock else query, PostRow)
    if row is None:
        raise no_post()
    return row


def no_post() -> NotFound:
    """The error for a post that is not there, or not for whoever asks."""
    return NotFound("There is no post with this id in this project.", code="post_not_found")


def targets_of(db: Connection, project_id: str, post_id: str) -> list[TargetRow]:
    """The post's targets in the order of the request."""
    query = select(targets).where(targets.c.post_id == post_id, targets.c.project_id == project_id)
    return rows_of(db, query.order_by(targets.c.position), TargetRow)


def stored(db: Connection, project_id: str, post_id: str) -> tuple[PostRow, NewPost]:
    """The post's row, deleted or not, and the order that is stored. Raises NotFound."""
    row = load(db, project_id, post_id, deleted=True)
    return row, order_of(row, targets_of(db, project_id, post_id))


def _entries(rows: Sequence[TargetRow]) -> list[credits.Entry]:
    return [
        credits.Entry(row.id, row.generation, row.price, row.platform, row.integration_id) for row in rows
    ]


def _hold_still(db: Connection, project_id: str, post_id: str, **values: Any) -> list[TargetRow]:
    """Change all targets of the post at once, or none. Raises Conflict when a worker owns one of them."""
    rows = targets_of(db, project_id, post_id)
    changed = db.execute(
        update(targets)
        .where(targets.c.post_id == post_id, targets.c.project_id == project_id, _UNTOUCHED)
        .values(**values)
    ).rowcount
    # The store tells by the count, in one statement: a look before it would be older than the change.
    if changed != len(rows):
        raise Conflict(_why_not(rows), code="already_publishing")
    return rows


def _why_not(rows: Sequence[TargetRow]) -> str:
    states = {State(row.state) for row in rows}
    if states <= FINAL:
        return (
            "This post has already been published or has failed; it can no longer be changed. "
            "Failed targets are changed by PUT /v1/posts/{postId}."
        )
    return _TOO_LATE if states - {State.DRAFT} else "This post is a draft; it is not scheduled."


def changeable(db: Connection, project_id: str, post_id: str) -> PostRow | None:
    """The post, locked, while it waits for its hour and nothing of it has begun; None for every other, and when it is gone."""
    try:
        row = load(db, project_id, post_id, lock=True)
    except NotFound:
        return None
    untouched = select(targets.c.id).where(
        targets.c.post_id == post_id, targets.c.project_id == project_id, _UNTOUCHED
    )
    return row if len(db.execute(untouched).all()) == len(targets_of(db, project_id, post_id)) else None


def check_stored(db: Connection, project_id: str, row: PostRow, rows: Sequence[TargetRow]) -> None:
    """Raises InvalidRequest when what is stored would not be accepted as it is."""
    order = order_of(row, rows)
    found = integrations.find(db, project_id, [target.integration_id for target in order.targets])
    problems = problems_of(order, found)
    if problems:
        raise InvalidRequest(problems)


def cancel(db: Connection, project_id: str, post_id: str) -> bool:
    """Back to draft, credits released; False when it was a draft already. Raises Conflict when it is too late."""
    load(db, project_id, post_id, lock=True)
    if all(row.state == State.DRAFT.value for row in targets_of(db, project_id, post_id)):
        return False
    now = clock.now()
    rows = _hold_still(
        db, project_id, post_id, state=State.DRAFT.value, next_at=None, wait_reason=None, updated_at=now
    )
    credits.release(db, project_id, _entries(rows), at=now)
    touch(db, post_id, now, status="draft")
    return True


def reschedule(db: Connection, context: Context, project: Project, post_id: str, when: When) -> None:
    """Another hour; a draft goes on the schedule. Raises Conflict when it is too late, InvalidRequest for an unfit draft."""
    row = load(db, project.id, post_id, lock=True)
    now = clock.now()
    if row.status == "draft":
        rows = targets_of(db, project.id, post_id)
        check_stored(db, project.id, row, rows)
        new_generation(db, project, rows, when.instant, now)
    elif row.scheduled_for is None:
        raise Conflict(_why_not(targets_of(db, project.id, post_id)), code="not_scheduled")
    else:
        _hold_still(
            db,
            project.id,
            post_id,
            state=State.SCHEDULED.value,
            due_at=when.instant,
            next_at=when.instant,
            rung_at=rung(when.instant),
            wait_reason=None,
            # What was prepared for the old hour may have run out by the new one, and its tries are not the new one's.
            journal=None,
            step=None,
            tries=0,
            first_try_at=None,
            updated_at=now,
        )
    touch(db, post_id, now, status="scheduled", **when_values(when))
    post_events.moved(db, project.id, post_id, now)
    _wake_up(db, context, project.id, post_id, when.instant)


def edit(db: Connection, context: Context, project: Project, post_id: str, order: NewPost) -> None:
    """Another content, other accounts, perhaps another hour: the old targets go, new ones stand in their place.

    `order.when` is None when the hour stays. Raises InvalidRequest, PaymentRequired, Conflict; then all is as before.
    """
    row = load(db, project.id, post_id, lock=True)
    now = clock.now()
    found = integrations.find(db, project.id, [target.integration_id for target in order.targets])
    problems = problems_of(order, found)
    if problems:
        raise InvalidRequest(problems)
    if row.scheduled_for is None or row.status == "draft":
        raise Conflict(_why_not(targets_of(db, project.id, post_id)), code="not_scheduled")
    old = _hold_still(db, project.id, post_id, updated_at=now)
    due = order.when.instant if order.when else row.scheduled_for
    drop_targets(db, project.id, old)
    fresh = [
        target_row(context, project.id, post_id, place, target, due, now)
        for place, target in enumerate(order.targets)
    ]
    entries = [
        credits.Entry(new["id"], 1, new["price"], new["platform"], new["integration_id"]) for new in fresh
    ]
    credits.replace(db, project.id, _entries(old), entries, funds=project, at=now)
    db.execute(insert(targets), fresh)
    media.hold(db, project.id, post_id, uploads_of(order), instead=True)
    values: dict[str, Any] = {
        "content": order.content,
        "media": [stored_value(item) for item in order.media],
        "raw": order.raw,
        **(order.late.values if order.late else {}),
    }
    if order.when:
        values |= when_values(order.when)
    touch(db, post_id, now, status="scheduled", **values)
    if order.when and order.when.instant != row.scheduled_for:
        post_events.moved(db, project.id, post_id, now)
    context.engine.wake(
        db, [WakeUp(KIND, new["id"], due, new["integration_id"], project.id) for new in fresh]
    )


def retry(
    db: Connection,
    context: Context,
    project: Project,
    post_id: str,
    chosen: Sequence[tuple[str, str]] | None,
    *,
    force: bool,
) -> None:
    """Failed targets once more, each as a new generation with a reservation of its own.

    `chosen` names them as (platform, accountId); None means all that failed. Those that ended in
    `outcome_unknown` need `force`, and are looked for once more before anything is sent. Raises Conflict, InvalidRequest, PaymentRequired.
    """
    row = load(db, project.id, post_id, lock=True)
    all_rows = targets_of(db, project.id, post_id)
    rows = [
        target for target in all_rows if chosen is None or (target.platform, target.integration_id) in chosen
    ]
    if chosen is not None and len(rows) != len(set(chosen)):
        raise InvalidRequest(
            [
                Problem(
                    "platforms",
                    "Not all of these are targets of this post.",
                    "Read the post and name its own accounts.",
                )
            ]
        )
    if chosen is None:
        rows = [target for target in rows if target.state == State.FAILED.value]
    if not rows or any(target.state != State.FAILED.value for target in rows):
        raise Conflict(
            "Only failed targets can be tried again, and there is none here.", code="nothing_failed"
        )
    doubtful = [target for target in rows if target.error_code == "outcome_unknown"]
    if doubtful and not force:
        where = ", ".join(sorted({target.platform for target in doubtful}))
        raise Conflict(
            f"It is not known whether this post is out on {where}.",
            code="outcome_unknown",
            next_step="Look at the account first; send force: true to publish it again all the same.",
        )
    now = clock.now()
    new_generation(db, project, rows, now, now)
    # Its uploads are let go a day after it has ended; they are held once more.
    media.again(db, project.id, post_id)
    # The post counts as what its targets are from here on: `partial` becomes `publishing` again.
    states = [State.SCHEDULED if target in rows else State(target.state) for target in all_rows]
    status = derive(states, publish_now=row.scheduled_for is None)
    touch(db, post_id, now, status=status, thinned_at=None)
    context.engine.wake(db, [wake_up_of(target, now) for target in rows])


def removable(db: Connection, project_id: str, post_id: str, *, lock: bool = False) -> PostRow:
    """The post, if it may be deleted now. Raises NotFound, and Conflict while it is scheduled or being published."""
    row = load(db, project_id, post_id, lock=lock)
    if row.status not in {"draft", "published", "partial", "failed"}:
        raise Conflict(
            "This post is scheduled or being published.", code="still_open", next_step="Cancel it first."
        )
    return row


def remove(db: Connection, project_id: str, post_id: str) -> None:
    """Delete the post here; it is no longer shown, its credits stay accounted for."""
    removable(db, project_id, post_id, lock=True)
    now = clock.now()
    mine = and_(posts.c.id == post_id, posts.c.project_id == project_id)
    db.execute(update(posts).where(mine).values(deleted_at=now, updated_at=now))
    media.drop(db, project_id, post_id)
    emit(db, f"post:{post_id}")


def new_generation(
    db: Connection, project: Project, rows: Sequence[TargetRow], due: datetime, now: datetime
) -> None:
    """Reserve for the targets once more and make them due. Raises PaymentRequired."""
    entries = [
        credits.Entry(row.id, row.generation + 1, row.price, row.platform, row.integration_id) for row in rows
    ]
    credits.reserve(db, project.id, entries, funds=project, at=now)
    db.execute(
        update(targets)
        .where(targets.c.id.in_([row.id for row in rows]), targets.c.project_id == project.id)
        .values(
            state=State.SCHEDULED.value,
            generation=targets.c.generation + 1,
            due_at=due,
            next_at=due,
            rung_at=rung(due),
            attempted=False,
            tries=0,
            first_try_at=None,
            looks=0,
            doubt_since=None,
            # If the attempt in doubt turns out to be published, its story goes on from where it was.
            journal=case((targets.c.error_code == "outcome_unknown", targets.c.journal), else_=null()),
            wait_reason=None,
            step=None,
            error_code=None,
            error_message=None,
            warning=None,
            updated_at=now,
        )
    )


def when_values(when: When) -> dict[str, Any]:
    """The post's columns that say when."""
    return {
        "scheduled_for": when.instant,
        "timezone": when.timezone,
        "local_time": when.local,
        "tzdata": clock.tzdata_version() if when.local else None,
        "warning": when.note,
    }


def drop_targets(db: Connection, project_id: str, rows: Sequence[TargetRow]) -> None:
    """Take a post's targets away, for others in their place. Raises Conflict where something of them may be out (R1).

    A target that was tried before and is to be tried again, by a retry, looks for what it sent; another one would not.
    """
    ids = [row.id for row in rows]
    if unseen(db, project_id, ids):
        raise Conflict(
            "Something of this post was sent before and may be out, so nothing else can stand in its place.",
            code="maybe_published",
            next_step="Let it go out as it is, or make a new post.",
        )
    db.execute(delete(targets).where(targets.c.id.in_(ids), targets.c.project_id == project_id))


def touch(db: Connection, post_id: str, now: datetime, **values: Any) -> None:
    """Change the post's row, and wake who waits for it."""
    db.execute(update(posts).where(posts.c.id == post_id).values(updated_at=now, **values))
    emit(db, f"post:{post_id}")


def _wake_up(db: Connection, context: Context, project_id: str, post_id: str, at: datetime) -> None:
    context.engine.wake(db, [wake_up_of(row, at) for row in targets_of(db, project_id, post_id)])
