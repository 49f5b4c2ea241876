"""What must hold of posts, targets and attempts at any moment (RELIABILITY §5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
)

from polypost.credits.tables import ledger
from polypost.events import outbox
from polypost.posts.orders import BULK
from polypost.posts.states import FINAL, State, derive
from polypost.posts.tables import attempts, idempotency, posts, targets
from polypost.storage import SAMPLE, Invariant

HELD = ("claimed", "committing", "published")
# What follows a publication waits for a limit of its network no longer than the late grace, which is a day.
LONGEST_FOLLOWED = timedelta(hours=25)


def _keys_without_post(db: Connection, now: datetime) -> Iterable[str]:
    gone = and_(
        ~exists().where(posts.c.id == idempotency.c.post_id),
        # An upload's key stands for the upload, which is forgotten before its key.
        idempotency.c.operation != BULK,
    )
    return db.execute(select(idempotency.c.key).where(gone).limit(SAMPLE)).scalars()


def _posts_without_target(db: Connection, now: datetime) -> Iterable[str]:
    none = ~exists().where(targets.c.post_id == posts.c.id)
    return db.execute(select(posts.c.id).where(none).limit(SAMPLE)).scalars()


def _targets_without_post(db: Connection, now: datetime) -> Iterable[str]:
    none = ~exists().where(posts.c.id == targets.c.post_id)
    return db.execute(select(targets.c.id).where(none).limit(SAMPLE)).scalars()


def _untrue_status(db: Connection, now: datetime) -> Iterable[str]:
    query = select(posts.c.id, posts.c.status, posts.c.scheduled_for, targets.c.state).join(
        targets, targets.c.post_id == posts.c.id
    )
    of_post: list[State] = []
    previous: Any = None
    for row in [*db.execute(query.order_by(posts.c.id)), None]:
        if previous is not None and (row is None or row.id != previous.id):
            if derive(of_post, publish_now=previous.scheduled_for is None) != previous.status:
                yield str(previous.id)
            of_post = []
        if row is not None:
            of_post.append(State(row.state))
        previous = row


def _two_results(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(attempts.c.target_id)
        .where(attempts.c.outcome == "published")
        .group_by(attempts.c.target_id, attempts.c.generation, attempts.c.part)
        .having(func.count() > 1)
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _shared_proof(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(targets.c.proof_id)
        .where(targets.c.proof_id.is_not(None))
        .group_by(targets.c.integration_id, targets.c.proof_id)
        .having(func.count() > 1)
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _two_open_attempts(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(attempts.c.target_id).where(attempts.c.finished_at.is_(None)).group_by(attempts.c.target_id)
    )
    return db.execute(query.having(func.count() > 1).limit(SAMPLE)).scalars()


def _open_attempt_of_done(db: Connection, now: datetime) -> Iterable[str]:
    query = select(targets.c.id).join(attempts, attempts.c.target_id == targets.c.id)
    done = targets.c.state.in_([state.value for state in FINAL])
    return db.execute(query.where(done, attempts.c.finished_at.is_(None)).limit(SAMPLE)).scalars()


def _entry(kind: str) -> ColumnElement[bool]:
    return exists().where(
        ledger.c.target_id == targets.c.id, ledger.c.generation == targets.c.generation, ledger.c.kind == kind
    )


def _wrong_ledger(db: Connection, now: datetime) -> Iterable[str]:
    late = and_(_entry("release"), _entry("waived"))
    right = case(
        (
            targets.c.state == State.PUBLISHED.value,
            and_(targets.c.proof_id.is_not(None), or_(and_(_entry("settle"), not_(_entry("release"))), late)),
        ),
        (
            targets.c.state.in_([State.FAILED.value, State.DRAFT.value]),
            and_(_entry("release"), not_(_entry("settle"))),
        ),
        else_=and_(not_(_entry("release")), not_(_entry("settle"))),
    )
    # A draft that was never scheduled has no generation yet, and nothing is reserved for it.
    begun = targets.c.generation > 0
    unbegun = and_(targets.c.generation == 0, or_(targets.c.state != State.DRAFT.value, _entry("reserve")))
    wrong = or_(unbegun, and_(begun, or_(not_(right), not_(_entry("reserve")))))
    return db.execute(select(targets.c.id).where(wrong).limit(SAMPLE)).scalars()


def _proof_without_publication(db: Connection, now: datetime) -> Iterable[str]:
    query = select(targets.c.id).where(
        targets.c.proof_id.is_not(None), targets.c.state != State.PUBLISHED.value
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _no_final_event(db: Connection, now: datetime) -> Iterable[str]:
    ended = posts.c.status.in_(["published", "partial", "failed"])
    said = exists().where(outbox.c.subject == posts.c.id, outbox.c.type == "post." + posts.c.status)
    # Of what is thinned the event is gone.
    whole = posts.c.thinned_at.is_(None)
    return db.execute(select(posts.c.id).where(ended, whole, ~said).limit(SAMPLE)).scalars()


def _stale_lease(db: Connection, now: datetime) -> Iterable[str]:
    stale = and_(targets.c.state.in_(HELD), targets.c.lease_until < now - timedelta(seconds=60))
    return db.execute(select(targets.c.id).where(stale).limit(SAMPLE)).scalars()


def _old_doubt(db: Connection, now: datetime) -> Iterable[str]:
    old = and_(targets.c.state == State.UNKNOWN.value, targets.c.doubt_since < now - timedelta(hours=6))
    return db.execute(select(targets.c.id).where(old).limit(SAMPLE)).scalars()


def _unattended(db: Connection, now: datetime) -> Iterable[str]:
    still = targets.c.state.not_in([*(state.value for state in FINAL), State.DRAFT.value])
    return db.execute(select(targets.c.id).where(still, targets.c.next_at.is_(None)).limit(SAMPLE)).scalars()


def _attended_though_done(db: Connection, now: datetime) -> Iterable[str]:
    over = or_(
        targets.c.state.in_([State.FAILED.value, State.DRAFT.value]),
        and_(targets.c.state == State.PUBLISHED.value, targets.c.published_at < now - LONGEST_FOLLOWED),
    )
    return db.execute(
        select(targets.c.id).where(over, targets.c.next_at.is_not(None)).limit(SAMPLE)
    ).scalars()


def _too_early(db: Connection, now: datetime) -> Iterable[str]:
    early = and_(attempts.c.generation == targets.c.generation, attempts.c.started_at < targets.c.due_at)
    query = select(targets.c.id).join(attempts, attempts.c.target_id == targets.c.id)
    return db.execute(query.where(early).limit(SAMPLE)).scalars()


INVARIANTS = (
    Invariant("I1", "idempotency keys without a post", _keys_without_post),
    Invariant("I1", "posts without a target", _posts_without_target),
    Invariant("I1", "targets without a post", _targets_without_post),
    Invariant("I1", "posts whose status is not what their targets say", _untrue_status),
    Invariant("I2", "targets with two results for one part", _two_results),
    Invariant("I2", "proofs that belong to two targets", _shared_proof),
    Invariant("I3", "targets with two open attempts", _two_open_attempts),
    Invariant("I3", "targets that are done and have an open attempt", _open_attempt_of_done),
    Invariant("I4", "targets whose state and ledger disagree", _wrong_ledger),
    Invariant("I4", "targets with a proof that are not published", _proof_without_publication),
    Invariant("I6", "posts that ended without an event", _no_final_event),
    Invariant("I7", "targets held past their lease", _stale_lease),
    Invariant("I7", "targets in doubt for more than six hours", _old_doubt),
    Invariant("I7", "open targets that nothing will wake", _unattended),
    Invariant("I7", "targets that are done and still wait", _attended_though_done),
    Invariant("I8", "attempts before their hour", _too_early),
)
