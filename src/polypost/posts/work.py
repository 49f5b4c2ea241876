"""The worker's side of the target row: claim, lease, epoch, journal, attempts.

Every write after the claim is conditional on the claim's epoch (RELIABILITY S2); a worker whose lease was
taken over gets LeaseLost and can write nothing more. Rows are locked in the order post, lane, target.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from polypost.engine import Ring
from polypost.errors import LeaseLost
from polypost.platforms.base import Attempt, Proof
from polypost.posts.accept import RING
from polypost.posts.states import RUNNING, State, derive
from polypost.posts.tables import attempts, lanes, posts, targets
from polypost.storage import emit, new_id

_HELD = (State.CLAIMED.value, State.COMMITTING.value, State.UNKNOWN.value)
_QUIET = (State.SCHEDULED.value, State.WAITING.value)
_PEEK = select(targets.c.integration_id, targets.c.next_at).where(targets.c.id == bindparam("target"))
_FIRST_DUE = (
    select(targets.c.id, targets.c.post_id, targets.c.state)
    .where(
        targets.c.integration_id == bindparam("integration"),
        targets.c.next_at.is_not(None),
        targets.c.next_at <= bindparam("now"),
    )
    .order_by(targets.c.due_at, targets.c.id)
    .limit(1)
)
_LOCK_POST = (
    select(posts.c.id, posts.c.status, posts.c.scheduled_for)
    .where(posts.c.id == bindparam("post"))
    .with_for_update()
)
_LANE = select(lanes).where(lanes.c.integration_id == bindparam("integration")).with_for_update()
_NEW_LANE = {"integration_id": bindparam("integration"), "refusals": 0}
_ADD_LANE = {
    "sqlite": sqlite.insert(lanes).values(_NEW_LANE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(lanes).values(_NEW_LANE).on_conflict_do_nothing(),
}
_TARGET = select(targets).where(targets.c.id == bindparam("target"))
_POST = select(posts.c.content, posts.c.media, posts.c.scheduled_for).where(posts.c.id == bindparam("post"))
_PARTS = (
    select(attempts)
    .where(attempts.c.target_id == bindparam("target"), attempts.c.generation == bindparam("generation"))
    .order_by(attempts.c.started_at, attempts.c.number)
)
_STATES = select(targets.c.state).where(targets.c.post_id == bindparam("post"))
_SET_STATUS = (
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(status=bindparam("new_status"), updated_at=bindparam("now"))
)


@dataclass(slots=True)
class Claim:
    """A target that this worker owns until its lease ends, with everything the story needs."""

    target: Row[Any]
    content: str
    media: list[dict[str, Any]]
    publish_now: bool
    epoch: int
    journal: dict[str, Any]
    parts: dict[str, Proof] = field(default_factory=dict)
    open_attempt: Row[Any] | None = None
    attempts_of: dict[str, list[Row[Any]]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text for this network."""
        return self.content if self.target.content is None else str(self.target.content)


@dataclass(frozen=True, slots=True)
class Later:
    """The claim was not to be had; ring again at `at`."""

    at: datetime


def due(db: Connection, *, until: datetime, limit: int, unrung_since: datetime | None) -> list[Ring]:
    """The sweeper's source: targets that need attention before `until` (I7)."""
    query = select(targets.c.id, targets.c.next_at).where(
        targets.c.next_at.is_not(None), targets.c.next_at <= until
    )
    if unrung_since is not None:
        query = query.where(or_(targets.c.rung_at.is_(None), targets.c.rung_at < unrung_since))
        query = query.with_for_update(skip_locked=True)
    rows = db.execute(query.order_by(targets.c.next_at).limit(limit)).all()
    if unrung_since is not None and rows:
        db.execute(update(targets).where(targets.c.id.in_([row.id for row in rows])).values(rung_at=until))
    return [Ring(RING, row.id, row.next_at) for row in rows]


def take_over(db: Connection, now: datetime) -> int:
    """End every lease of the process that had this data folder before; returns how many targets that frees."""
    db.execute(update(lanes).where(lanes.c.target_id.is_not(None)).values(target_id=None, lease_until=None))
    held = and_(targets.c.next_at.is_not(None), targets.c.lease_until > now, targets.c.state.in_(_HELD))
    return db.execute(update(targets).where(held).values(lease_until=now, next_at=now)).rowcount


def claim(
    db: Connection, target_id: str, *, by: str, lease: timedelta, now: datetime
) -> Claim | Later | None:
    """Own the first due target of the account that `target_id` belongs to, or learn when to ask again."""
    peek = db.execute(_PEEK, {"target": target_id}).one_or_none()
    if peek is None or peek.next_at is None:
        return None
    first = db.execute(_FIRST_DUE, {"integration": peek.integration_id, "now": now}).one_or_none()
    if first is None:
        return Later(peek.next_at)
    post = db.execute(_LOCK_POST, {"post": first.post_id}).one()
    refused = _take_lane(db, peek.integration_id, first, lease=lease, now=now)
    if refused is not None:
        return Later(refused)
    target = db.execute(_TARGET, {"target": first.id}).one()
    state = State.UNKNOWN if target.state in {State.COMMITTING, State.UNKNOWN} else State.CLAIMED
    taken = db.execute(
        update(targets)
        .where(targets.c.id == target.id, targets.c.epoch == target.epoch, targets.c.next_at <= now)
        .values(
            state=state.value,
            epoch=target.epoch + 1,
            lease_until=now + lease,
            next_at=now + lease,
            lease_by=by,
            wait_reason=None,
            first_try_at=target.first_try_at or now,
            updated_at=now,
        )
    )
    if taken.rowcount == 0:
        _leave_lane(db, peek.integration_id, target.id)
        return Later(now)
    if post.status != "publishing":
        _set_status(db, post.id, "publishing", now)
    return _load(db, target)


def _load(db: Connection, target: Row[Any]) -> Claim:
    post = db.execute(_POST, {"post": target.post_id}).one()
    claimed = Claim(
        target=target,
        content=post.content,
        media=post.media,
        publish_now=post.scheduled_for is None,
        epoch=target.epoch + 1,
        journal=dict(target.journal or {}),
    )
    if target.attempted:
        for row in db.execute(_PARTS, {"target": target.id, "generation": target.generation}):
            claimed.attempts_of.setdefault(row.part, []).append(row)
            if row.finished_at is None:
                claimed.open_attempt = row
            elif row.outcome == "published":
                claimed.parts[row.part] = Proof(row.proof_id, row.proof_url)
    return claimed


def _take_lane(
    db: Connection, integration_id: str, first: Any, *, lease: timedelta, now: datetime
) -> datetime | None:
    """Take the account for `first`; the instant at which to ask again when it is not free."""
    lane = db.execute(_LANE, {"integration": integration_id}).one_or_none()
    if lane is None:
        db.execute(_ADD_LANE[db.dialect.name], {"integration": integration_id})
        lane = db.execute(_LANE, {"integration": integration_id}).one()
    if lane.target_id is not None and lane.lease_until > now:
        return lane.lease_until  # type: ignore[no-any-return]
    if lane.not_before is not None and lane.not_before > now and first.state in _QUIET:
        _postpone(db, integration_id, lane.not_before, "rate_limited")
        return lane.not_before  # type: ignore[no-any-return]
    db.execute(
        update(lanes)
        .where(lanes.c.integration_id == integration_id)
        .values(target_id=first.id, lease_until=now + lease)
    )
    return None


def _postpone(db: Connection, integration_id: str, until: datetime, reason: str) -> None:
    quiet = and_(
        targets.c.integration_id == integration_id,
        targets.c.next_at.is_not(None),
        targets.c.next_at < until,
        targets.c.state.in_(_QUIET),
    )
    db.execute(update(targets).where(quiet).values(next_at=until, rung_at=until, wait_reason=reason))


def _leave_lane(db: Connection, integration_id: str, target_id: str) -> None:
    db.execute(
        update(lanes)
        .where(lanes.c.integration_id == integration_id, lanes.c.target_id == target_id)
        .values(target_id=None, lease_until=None)
    )


def beat(db: Connection, owned: Mapping[str, int], *, by: str, until: datetime) -> None:
    """A sign of life for all targets that this process owns (id → epoch)."""
    ids = list(owned)
    db.execute(
        update(targets)
        .where(
            targets.c.id.in_(ids),
            targets.c.lease_by == by,
            targets.c.state.in_(_HELD),
            targets.c.lease_until < until,
        )
        .values(lease_until=until, next_at=until)
    )
    db.execute(update(lanes).where(lanes.c.target_id.in_(ids)).values(lease_until=until))


def change(db: Connection, claimed: Claim, **values: Any) -> None:
    """Write to the claimed row. Raises LeaseLost when another worker owns it by now."""
    owned = and_(
        targets.c.id == claimed.target.id, targets.c.epoch == claimed.epoch, targets.c.state.in_(_HELD)
    )
    if db.execute(update(targets).where(owned).values(**values)).rowcount == 0:
        raise LeaseLost(f"Target {claimed.target.id} has another owner.")


def lock_post(db: Connection, claimed: Claim) -> None:
    """Hold the post's row, so that its status is derived from all targets at once."""
    db.execute(_LOCK_POST, {"post": claimed.target.post_id}).one()


def leave(db: Connection, claimed: Claim, now: datetime) -> list[Ring]:
    """Give the account back; rings for the next of its targets that is due."""
    integration_id = claimed.target.integration_id
    _leave_lane(db, integration_id, claimed.target.id)
    following = db.execute(_FIRST_DUE, {"integration": integration_id, "now": now}).one_or_none()
    return [] if following is None else [Ring(RING, following.id, now)]


def refresh_status(db: Connection, post_id: str, *, publish_now: bool, now: datetime) -> tuple[str, bool]:
    """Derive the post's status anew; returns it and whether all of its targets are done."""
    states = [State(row.state) for row in db.execute(_STATES, {"post": post_id})]
    status = derive(states, publish_now=publish_now)
    _set_status(db, post_id, status, now)
    return status, not any(state in RUNNING or state is State.SCHEDULED for state in states)


def _set_status(db: Connection, post_id: str, status: str, now: datetime) -> None:
    db.execute(_SET_STATUS, {"post": post_id, "new_status": status, "now": now})
    emit(db, f"post:{post_id}")


def begin_attempt(
    db: Connection, claimed: Claim, part: str, handles: Mapping[str, Any], *, lease: timedelta, now: datetime
) -> Row[Any]:
    """The intent row (RELIABILITY S5), durable before the first byte of the commit call leaves."""
    change(
        db,
        claimed,
        state=State.COMMITTING.value,
        attempted=True,
        step=part,
        lease_until=now + lease,
        next_at=now + lease,
    )
    values = {
        "id": new_id("att"),
        "project_id": claimed.target.project_id,
        "target_id": claimed.target.id,
        "integration_id": claimed.target.integration_id,
        "generation": claimed.target.generation,
        "part": part,
        "number": len(claimed.attempts_of.get(part, ())) + 1,
        "epoch": claimed.epoch,
        "started_at": now,
        "fingerprint": hashlib.sha256(json.dumps([part, dict(handles)], sort_keys=True).encode()).hexdigest(),
        "handles": dict(handles),
    }
    db.execute(insert(attempts), values)
    return db.execute(select(attempts).where(attempts.c.id == values["id"])).one()


def end_attempt(
    db: Connection,
    attempt: Row[Any],
    outcome: str,
    *,
    now: datetime,
    proof: Proof | None = None,
    detail: str | None = None,
) -> None:
    """Record what became of an attempt: published, refused, not_sent, absent or unknown."""
    db.execute(
        update(attempts)
        .where(attempts.c.id == attempt.id)
        .values(
            finished_at=now,
            outcome=outcome,
            proof_id=proof.id if proof else None,
            proof_url=proof.url if proof else None,
            detail=detail,
        )
    )


def keep_evidence(db: Connection, attempt: Row[Any], proof: Proof) -> None:
    """A late answer of a worker that lost its lease: evidence for reconcile, not a result (RELIABILITY P17)."""
    db.execute(
        update(attempts)
        .where(attempts.c.id == attempt.id, attempts.c.finished_at.is_(None))
        .values(proof_id=proof.id, proof_url=proof.url)
    )


def as_attempt(row: Row[Any]) -> Attempt:
    """The intent row as connectors see it."""
    return Attempt(part=row.part, number=row.number, started_at=row.started_at, handles=row.handles)


def linked(db: Connection, integration_id: str, target_id: str, ids: Sequence[str]) -> set[str]:
    """Those network ids that belong to another target of the account (R1)."""
    query = select(attempts.c.proof_id).where(
        attempts.c.integration_id == integration_id,
        attempts.c.proof_id.in_(list(ids)),
        attempts.c.target_id != target_id,
    )
    return {str(row.proof_id) for row in db.execute(query)}


def same_text_open(db: Connection, claimed: Claim) -> bool:
    """Whether another open target of the account has the same text, so that a duplicate refusal proves nothing (R2)."""
    query = (
        select(targets.c.id)
        .join(posts, posts.c.id == targets.c.post_id)
        .where(
            targets.c.integration_id == claimed.target.integration_id,
            targets.c.next_at.is_not(None),
            targets.c.id != claimed.target.id,
            func.coalesce(targets.c.content, posts.c.content) == claimed.text,
        )
        .limit(1)
    )
    return db.execute(query).one_or_none() is not None


def slow_account(db: Connection, integration_id: str, until: datetime) -> None:
    """Start nothing for the account before `until`: the network's allowance is used up."""
    db.execute(
        update(lanes)
        .where(
            lanes.c.integration_id == integration_id,
            or_(lanes.c.not_before.is_(None), lanes.c.not_before < until),
        )
        .values(not_before=until)
    )


def count_refusal(db: Connection, integration_id: str, *, refused: bool) -> int:
    """Refusals of authorisation or for abuse in a row, after this one; a success sets them back."""
    if not refused:
        db.execute(
            update(lanes)
            .where(lanes.c.integration_id == integration_id, lanes.c.refusals > 0)
            .values(refusals=0)
        )
        return 0
    db.execute(
        update(lanes).where(lanes.c.integration_id == integration_id).values(refusals=lanes.c.refusals + 1)
    )
    return int(
        db.execute(
            select(lanes.c.refusals).where(lanes.c.integration_id == integration_id)
        ).scalar_one_or_none()
        or 0
    )


def proofs(db: Connection, project_id: str, target_id: str) -> list[Proof]:
    """What of a target is on the network, in the order it went out."""
    query = select(attempts.c.proof_id, attempts.c.proof_url).where(
        attempts.c.target_id == target_id,
        attempts.c.project_id == project_id,
        attempts.c.outcome == "published",
    )
    return [Proof(row.proof_id, row.proof_url) for row in db.execute(query.order_by(attempts.c.started_at))]


def mark_removed(db: Connection, project_id: str, target_id: str, now: datetime) -> bool:
    """The target was deleted on its network; True for the first to say so."""
    mine = and_(targets.c.id == target_id, targets.c.project_id == project_id, targets.c.removed_at.is_(None))
    return db.execute(update(targets).where(mine).values(removed_at=now)).rowcount == 1
