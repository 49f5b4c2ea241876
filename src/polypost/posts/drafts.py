"""Drafts: posts that are written down, checked softly, cost nothing and go nowhere until somebody says when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from polypost import clock, media
from polypost.access import Project
from polypost.errors import Conflict, InvalidRequest, Problem
from polypost.integrations import service as integrations
from polypost.posts import keys, post_events
from polypost.posts.accept import insert_post, post_row, target_row, uploads_of, wake_up_of
from polypost.posts.changes import (
    check_stored,
    drop_targets,
    load,
    new_generation,
    targets_of,
    touch,
    when_values,
)
from polypost.posts.checks import problems_of
from polypost.posts.orders import Context, NewPost, When, stored_value
from polypost.posts.states import State
from polypost.posts.tables import PostRow, targets
from polypost.storage import new_id

# What even a draft may not have: accounts that are not there, and what no later edit of another field would mend.
_REFUSED = frozenset({"unknown_account", "duplicate_account", "unknown_platform", "unknown_key", "nul"})
# A draft that was never scheduled has reserved nothing; its first generation begins when it is.
_AT_REST: Mapping[str, Any] = {
    "state": State.DRAFT.value,
    "generation": 0,
    "due_at": None,
    "next_at": None,
    "rung_at": None,
}


def create(
    db: Connection, context: Context, project: Project, order: NewPost
) -> tuple[str, list[Problem], bool]:
    """Keep a draft: its id, what would be wrong with it as a post, and whether it was there already.

    Raises InvalidRequest, KeyReused; then nothing is stored.
    """
    now, post_id = clock.now(), new_id("post")
    if order.idempotency_key is not None:
        known = keys.remember(
            db, project.id, order.operation, order.idempotency_key, order.fingerprint or 0, post_id, now
        )
        if known is not None:
            return known, soft_problems(db, project.id, order), True
    warnings = soft_problems(db, project.id, order)
    insert_post(db, post_row(context, project.id, post_id, order, "draft", now))
    _put_targets(db, context, project.id, post_id, order, now)
    media.hold(db, project.id, post_id, uploads_of(order))
    return post_id, warnings, False


def edit(db: Connection, context: Context, project: Project, post_id: str, order: NewPost) -> list[Problem]:
    """Another content or other accounts for a draft or a cancelled post; returns what would be wrong with it as a post.

    Raises NotFound, Conflict when it is no draft, InvalidRequest; then all is as before.
    """
    held(db, project.id, post_id)
    warnings, now = soft_problems(db, project.id, order), clock.now()
    drop_targets(db, project.id, targets_of(db, project.id, post_id))
    _put_targets(db, context, project.id, post_id, order, now)
    media.hold(db, project.id, post_id, uploads_of(order), instead=True)
    touch(
        db,
        post_id,
        now,
        content=order.content,
        media=[stored_value(item) for item in order.media],
        raw=order.raw,
        timezone=order.timezone,
        **(order.late.values if order.late else {}),
    )
    return warnings


def schedule(db: Connection, context: Context, project: Project, post_id: str, when: When | None) -> None:
    """A draft becomes an ordinary post, due at `when` or now, with a generation and a reservation of its own.

    Raises NotFound, Conflict when it is no draft, InvalidRequest with every problem, PaymentRequired.
    """
    row = held(db, project.id, post_id)
    rows = targets_of(db, project.id, post_id)
    check_stored(db, project.id, row, rows)
    now = clock.now()
    due = when.instant if when else now
    new_generation(db, project, rows, due, now)
    if when is None:
        touch(
            db,
            post_id,
            now,
            status="publishing",
            scheduled_for=None,
            local_time=None,
            tzdata=None,
            warning=None,
        )
    else:
        touch(db, post_id, now, status="scheduled", **when_values(when))
        post_events.moved(db, project.id, post_id, now)
    context.engine.wake(db, [wake_up_of(target, due) for target in rows])


def soft_problems(db: Connection, project_id: str, order: NewPost) -> list[Problem]:
    """What would be wrong with the order as a post. Raises InvalidRequest for what even a draft may not have."""
    found = integrations.find(db, project_id, [target.integration_id for target in order.targets])
    problems = problems_of(order, found)
    refused = [problem for problem in problems if problem.code in _REFUSED]
    if refused:
        raise InvalidRequest(refused)
    return problems


def held(db: Connection, project_id: str, post_id: str) -> PostRow:
    """The draft's row, locked. Raises NotFound, Conflict when it is no draft."""
    row = load(db, project_id, post_id, lock=True)
    if row.status != "draft":
        raise Conflict(
            "This post is no draft.",
            code="not_a_draft",
            next_step="Cancel it first, if it is still scheduled.",
        )
    return row


def _put_targets(
    db: Connection, context: Context, project_id: str, post_id: str, order: NewPost, now: datetime
) -> None:
    db.execute(
        insert(targets),
        [
            {**target_row(context, project_id, post_id, place, target, now, now), **_AT_REST}
            for place, target in enumerate(order.targets)
        ],
    )
