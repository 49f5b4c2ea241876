"""The worker's side of the target row: claim, lease, epoch, post status.

Every write after the claim is conditional on the claim's epoch (RELIABILITY S2); a worker whose lease was
taken over gets LeaseLost and can write nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, or_, select, update

from polypost.engine import LOOKAHEAD, Ring, rung
from polypost.errors import LeaseLost
from polypost.platforms.base import Proof
from polypost.posts import lanes
from polypost.posts.accept import RING
from polypost.posts.states import RUNNING, State, derive
from polypost.posts.tables import attempts, posts, targets
from polypost.posts.tables import lanes as lane
from polypost.storage import HotSelect, HotUpdate, emit

# Rows that a worker may own: a published one while its follow-ups are not done.
_HELD = or_(
    targets.c.state.in_((State.CLAIMED.value, State.COMMITTING.value, State.UNKNOWN.value)),
    and_(targets.c.state == State.PUBLISHED.value, targets.c.next_at.is_not(None)),
)
UNSEEN = frozenset({"absent", "unknown"})
_QUIET = (State.SCHEDULED.value, State.WAITING.value)
_PEEK = HotSelect(
    select(targets.c.integration_id, targets.c.due_at, targets.c.next_at).where(
        targets.c.id == bindparam("target")
    )
)
# An account that has to rest begins nothing, but what is in doubt may be looked at and what hangs be taken over.
# Nothing needs attention before it is due: the bound on due_at keeps the look off what lies ahead.
_FIRST_DUE = HotSelect(
    select(targets.c.id, targets.c.post_id)
    .outerjoin(lane, lane.c.integration_id == targets.c.integration_id)
    .where(
        targets.c.integration_id == bindparam("integration"),
        targets.c.next_at.is_not(None),
        targets.c.due_at <= bindparam("now"),
        targets.c.next_at <= bindparam("now"),
        or_(
            targets.c.state.not_in(_QUIET),
            lane.c.not_before.is_(None),
            lane.c.not_before <= bindparam("now"),
        ),
    )
    .order_by(targets.c.due_at, targets.c.id)
    .limit(1)
)
_FIRST_NEAR = HotSelect(
    select(targets.c.id, targets.c.next_at)
    .where(
        targets.c.integration_id == bindparam("integration"),
        targets.c.next_at > bindparam("now"),
        targets.c.next_at <= bindparam("until"),
        targets.c.due_at <= bindparam("until"),
    )
    .order_by(targets.c.next_at)
    .limit(1)
)
_LOCK_POST = HotSelect(
    select(posts.c.id, posts.c.status, posts.c.scheduled_for, posts.c.content, posts.c.media)
    .where(posts.c.id == bindparam("post"))
    .with_for_update()
)
# Locked, so that a worker whose lease has just run out cannot write between this look and the claim.
_TARGET = HotSelect(select(targets).where(targets.c.id == bindparam("target")).with_for_update())
_ATTEMPTS = HotSelect(
    select(attempts)
    .where(attempts.c.target_id == bindparam("target"))
    .order_by(attempts.c.generation, attempts.c.started_at, attempts.c.number)
)
_STATES = HotSelect(select(targets.c.state).where(targets.c.post_id == bindparam("post")))
_SET_POST = HotUpdate(posts, posts.c.id == bindparam("post"))
_SET_TARGET = HotUpdate(targets, targets.c.id == bindparam("target"))
_CHANGE = HotUpdate(
    targets, targets.c.id == bindparam("target"), targets.c.epoch == bindparam("owned_epoch"), _HELD
)
_POSTPONE = HotUpdate(
    targets,
    targets.c.integration_id == bindparam("integration"),
    targets.c.next_at.is_not(None),
    targets.c.due_at < bindparam("until"),
    targets.c.next_at < bindparam("until"),
    targets.c.state.in_(_QUIET),
)


@dataclass(slots=True)
class Claim:
    """A target that this worker owns until its lease ends, with everything the story needs.

    `attempts_of` holds this generation's attempts by part, `left_in_doubt` those of earlier generations that may be
    out although nobody saw them; `free` says that what is out was found after its credits were released (G4); `out`
    that the result is written and only follow-ups are left.
    """

    target: Row[Any]
    content: str
    media: list[dict[str, Any]]
    publish_now: bool
    epoch: int
    journal: dict[str, Any]
    parts: dict[str, Proof] = field(default_factory=dict)
    open_attempt: Row[Any] | None = None
    attempts_of: dict[str, list[Row[Any]]] = field(default_factory=dict)
    left_in_doubt: list[Row[Any]] = field(default_factory=list)
    free: bool = False
    out: bool = False

    @property
    def text(self) -> str:
        """The text for this network."""
        return self.content if self.target.content is None else str(self.target.content)

    @property
    def looking(self) -> bool:
        """Whether the open attempt is the one whose outcome is being looked for already."""
        since = self.target.doubt_since
        return self.open_attempt is not None and since is not None and self.open_attempt.started_at <= since

    def maybe_out(self, part: str) -> list[Row[Any]]:
        """Ended attempts at `part` that may be on the network although nobody saw them there, oldest first."""
        ended = [row for row in self.attempts_of.get(part, ()) if row.outcome in UNSEEN]
        return [*(row for row in self.left_in_doubt if row.part == part), *ended]

    def take_in(self, row: Row[Any]) -> None:
        """Add an attempt that the store holds."""
        now = row.generation == self.target.generation
        if now:
            self.attempts_of.setdefault(row.part, []).append(row)
        if row.finished_at is None:
            self.open_attempt = row
        elif row.outcome == "published":
            self.parts[row.part] = Proof(row.proof_id, row.proof_url)
            self.free = self.free or not now
        elif row.outcome in UNSEEN and not now:
            self.left_in_doubt.append(row)


@dataclass(frozen=True, slots=True)
class Later:
    """The claim was not to be had; ring again at `at`."""

    at: datetime


def claim(
    db: Connection, target_id: str, *, by: str, lease: timedelta, now: datetime
) -> Claim | Later | None:
    """Own the first due target of the account that `target_id` belongs to, or learn when to ask again."""
    peek = _PEEK.first(db, {"target": target_id})
    if peek is None or peek.next_at is None:
        return None
    first = _FIRST_DUE.first(db, {"integration": peek.integration_id, "now": now})
    if first is None:
        rest = lanes.rest_of(db, peek.integration_id, now)
        if rest is not None:
            _postpone(db, peek.integration_id, rest, "rate_limited")
            # The one of them that rings when the rest is over; those behind it follow when it leaves.
            _SET_TARGET(db, {"target": target_id}, {"rung_at": rung(rest)})
        # A clock that went back may have made it undue again.
        return Later(rest or max(peek.next_at, peek.due_at))
    post = _LOCK_POST.first(db, {"post": first.post_id})
    held_until = lanes.take(db, peek.integration_id, first.id, lease=lease, now=now)
    if held_until is not None:
        # Whoever has the lane rings for the next when it leaves; if it is dead, the sweeper rings for it.
        return None
    target = _TARGET.first(db, {"target": first.id})
    if target is None or target.next_at is None or target.next_at > now:
        # A user was faster: cancelled, moved, or edited into another target.
        lanes.leave(db, peek.integration_id, first.id)
        return Later(now)
    claimed = _load(db, target, post)
    _own(db, claimed, by=by, lease=lease, now=now)
    if post.status != "publishing" and not claimed.out:
        _set_status(db, post.id, "publishing", now)
    return claimed


def _own(db: Connection, claimed: Claim, *, by: str, lease: timedelta, now: datetime) -> None:
    state = State.CLAIMED if claimed.open_attempt is None else State.UNKNOWN
    if claimed.out:
        state = State.PUBLISHED
    values = {
        "state": state.value,
        "epoch": claimed.epoch,
        "lease_until": now + lease,
        "next_at": now + lease,
        "lease_by": by,
        "wait_reason": None,
        "updated_at": now,
    }
    _SET_TARGET(db, {"target": claimed.target.id}, values)


def _load(db: Connection, target: Row[Any], post: Row[Any]) -> Claim:
    claimed = Claim(
        target=target,
        content=post.content,
        media=post.media,
        publish_now=post.scheduled_for is None,
        epoch=target.epoch + 1,
        journal=dict(target.journal or {}),
        out=target.state == State.PUBLISHED.value,
    )
    if target.attempted or target.generation > 1:
        for row in _ATTEMPTS(db, {"target": target.id}):
            claimed.take_in(row)
    return claimed


def _postpone(db: Connection, integration_id: str, until: datetime, reason: str) -> None:
    values = {"next_at": until, "rung_at": until, "wait_reason": reason}
    _POSTPONE(db, {"integration": integration_id, "until": until}, values)


def beat(db: Connection, owned: Mapping[str, int], *, by: str, until: datetime) -> None:
    """A sign of life for all targets that this process owns (id → epoch)."""
    ids = list(owned)
    mine = (targets.c.id.in_(ids), targets.c.lease_by == by, _HELD)
    db.execute(
        update(targets).where(*mine, targets.c.lease_until < until).values(lease_until=until, next_at=until)
    )
    # Not those that another worker took over while this one slept.
    still = select(targets.c.id).where(*mine)
    db.execute(update(lane).where(lane.c.target_id.in_(still)).values(lease_until=until))


def change(db: Connection, claimed: Claim, **values: Any) -> None:
    """Write to the claimed row. Raises LeaseLost when another worker owns it by now."""
    if _CHANGE(db, {"target": claimed.target.id, "owned_epoch": claimed.epoch}, values) == 0:
        raise LeaseLost(f"Target {claimed.target.id} has another owner.")


def lock_post(db: Connection, claimed: Claim) -> None:
    """Hold the post's row, so that its status is derived from all targets at once."""
    _LOCK_POST(db, {"post": claimed.target.post_id})


def leave(db: Connection, claimed: Claim, now: datetime) -> list[Ring]:
    """Give the account back; rings for the next of its targets that is due, or will be within the look-ahead.

    A ring that came while the account was taken has ended, also one that came in this very moment.
    """
    integration_id = claimed.target.integration_id
    lanes.leave(db, integration_id, claimed.target.id)
    at, following = now, _FIRST_DUE.first(db, {"integration": integration_id, "now": now})
    if following is None:
        near = {"integration": integration_id, "now": now, "until": now + LOOKAHEAD}
        following = _FIRST_NEAR.first(db, near)
        at = now if following is None else following.next_at
    if following is None:
        return []
    return [Ring(RING, following.id, at, integration_id, claimed.target.project_id)]


def refresh_status(db: Connection, post_id: str, *, publish_now: bool, now: datetime) -> tuple[str, bool]:
    """Derive the post's status anew; returns it and whether all of its targets are done."""
    states = [State(row.state) for row in _STATES(db, {"post": post_id})]
    status = derive(states, publish_now=publish_now)
    _set_status(db, post_id, status, now)
    return status, not any(state in RUNNING or state is State.SCHEDULED for state in states)


def _set_status(db: Connection, post_id: str, status: str, now: datetime) -> None:
    _SET_POST(db, {"post": post_id}, {"status": status, "updated_at": now})
    emit(db, f"post:{post_id}")


def revive(db: Connection, claimed: Claim, proof: Proof, now: datetime) -> bool:
    """Publish a target that had failed with `outcome_unknown`; False when it is something else by now (G3)."""
    same = and_(
        targets.c.id == claimed.target.id,
        targets.c.generation == claimed.target.generation,
        targets.c.state == State.FAILED.value,
        targets.c.error_code == "outcome_unknown",
    )
    values = {
        "state": State.PUBLISHED.value,
        "proof_id": proof.id,
        "proof_url": proof.url,
        "published_at": now,
        "error_code": None,
        "error_message": None,
        "updated_at": now,
    }
    return db.execute(update(targets).where(same).values(values)).rowcount == 1


def mark_removed(db: Connection, project_id: str, target_id: str, now: datetime) -> bool:
    """The target was deleted on its network; True for the first to say so."""
    mine = and_(targets.c.id == target_id, targets.c.project_id == project_id, targets.c.removed_at.is_(None))
    return db.execute(update(targets).where(mine).values(removed_at=now)).rowcount == 1
