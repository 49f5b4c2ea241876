"""The worker's side of the target row: claim, lease, epoch, post status.

Every write after the claim is conditional on the claim's epoch (RELIABILITY S2); a worker whose lease was
taken over gets LeaseLost and can write nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypedDict, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from polypost.engine import LOOKAHEAD, WakeUp, rung
from polypost.errors import LeaseLost
from polypost.integrations import leases
from polypost.integrations.service import WholeRow
from polypost.platforms.base import Proof
from polypost.posts import lanes, post_events
from polypost.posts.accept import KIND
from polypost.posts.states import RUNNING, State, derive
from polypost.posts.tables import AttemptRow, TargetRow, attempts, posts, targets
from polypost.posts.tables import lanes as lane
from polypost.storage import HotSelect, HotUpdate, Update, Write, as_dict, told_with

# Rows that a worker may own: a published one while its follow-ups are not done.
_HELD = or_(
    targets.c.state.in_((State.CLAIMED.value, State.COMMITTING.value, State.UNKNOWN.value)),
    and_(targets.c.state == State.PUBLISHED.value, targets.c.next_at.is_not(None)),
)
UNSEEN = frozenset({"absent", "unknown"})
# The part of an attempt of which nothing is known but that there may have been one since the store's copy was made.
SINCE_COPY = "polypost.since_copy"
_QUIET = (State.SCHEDULED.value, State.WAITING.value)
_other, _rest = targets.alias(), lane.alias()


def _first(
    account: ColumnElement[str], *wanted: ColumnElement[bool], by: ColumnElement[Any]
) -> ScalarSelect[Any]:
    """The id of the first of the account's targets, by `by`, that wants attention."""
    mine = (_other.c.integration_id == account, _other.c.next_at.is_not(None), *wanted)
    look = select(_other.c.id).outerjoin(_rest, _rest.c.integration_id == _other.c.integration_id)
    return look.where(*mine).order_by(by, _other.c.id).limit(1).correlate(None).scalar_subquery()


# An account that has to rest begins nothing, but what is in doubt may be looked at and what hangs be taken over.
# Nothing needs attention before it is due: the bound on due_at keeps the look off what lies ahead.
_DUE = (
    _other.c.due_at <= bindparam("now"),
    _other.c.next_at <= bindparam("now"),
    or_(
        _other.c.state.not_in(_QUIET),
        _rest.c.not_before.is_(None),
        _rest.c.not_before <= bindparam("now"),
    ),
)
_NEAR = (
    _other.c.next_at > bindparam("now"),
    _other.c.next_at <= bindparam("until"),
    _other.c.due_at <= bindparam("until"),
)


class Version(TypedDict):
    """What a target said before it was mended, and the generation `until` which it did."""

    until: int
    content: str | None
    options: dict[str, Any]
    media: list[dict[str, Any]] | None


class ClaimedRow(TargetRow, lanes.LaneNow):
    """A target to be claimed, with what is needed of its post, and its account's lane."""

    post_status: str
    scheduled_for: datetime | None
    due_at: datetime
    post_content: str
    media: list[dict[str, Any]]
    late: str | None
    late_after: int | None


class _Account(lanes.LaneNow):
    """What is known of a target's account; `known` is None where it has no lane yet."""

    integration_id: str
    due_at: datetime
    next_at: datetime | None
    known: str | None
    not_before: datetime | None


class _Next:
    """The account's next target."""

    id: str
    next_at: datetime


class _Ended:
    """What is told of a target, and the account's next one."""

    following: str | None
    following_at: datetime


class HeldPost(post_events.PostTold, lanes.LaneNow):
    """What is told of a post, its account's lane, and whether the target is `owned` by who asks."""

    owned: bool


_waking = targets.alias()
_ACCOUNT = select(_waking.c.integration_id).where(_waking.c.id == bindparam("target")).scalar_subquery()
# Post, target and account are locked, in this order everywhere. So a worker whose lease has just run out cannot write
# before the claim does, and whoever leaves the account at this moment is waited for, or finds what this one leaves.
_CLAIM = HotSelect(
    select(
        targets,
        posts.c.status.label("post_status"),
        posts.c.scheduled_for,
        posts.c.content.label("post_content"),
        posts.c.media,
        posts.c.late,
        posts.c.late_after,
        *lanes.NOW,
    )
    .join(posts, posts.c.id == targets.c.post_id)
    .join(lane, lane.c.integration_id == targets.c.integration_id)
    .where(targets.c.id == _first(_ACCOUNT, *_DUE, by=_other.c.due_at), targets.c.next_at <= bindparam("now"))
    .with_for_update(of=(posts, targets, lane)),
    ClaimedRow,
)
_PEEK = HotSelect(
    select(
        targets.c.integration_id,
        targets.c.due_at,
        targets.c.next_at,
        lane.c.integration_id.label("known"),
        lane.c.not_before,
        *lanes.NOW,
    )
    .outerjoin(lane, lane.c.integration_id == targets.c.integration_id)
    .where(targets.c.id == bindparam("target")),
    _Account,
)
# The account's next: the first that is due, else the one that is first within the look-ahead.
_NEXT = func.coalesce(
    _first(
        bindparam("integration", type_=String()),
        _other.c.id != bindparam("target"),
        *_DUE,
        by=_other.c.due_at,
    ),
    _first(
        bindparam("integration", type_=String()),
        _other.c.id != bindparam("target"),
        *_NEAR,
        by=_other.c.next_at,
    ),
)
_FOLLOWING = HotSelect(select(targets.c.id, targets.c.next_at).where(targets.c.id == _NEXT), _Next)
_next = targets.alias()
_AT_THE_END = HotSelect(
    select(
        targets.c.id,
        *post_events.OF_TARGET,
        _next.c.id.label("following"),
        _next.c.next_at.label("following_at"),
    )
    .select_from(targets)
    .outerjoin(_next, _next.c.id == _NEXT)
    .where(targets.c.post_id == bindparam("post"))
    .order_by(targets.c.position),
    _Ended,
)
_HOLD = HotSelect(
    select(
        and_(targets.c.epoch == bindparam("owned_epoch"), _HELD).label("owned"),
        *post_events.OF_POST,
        *lanes.NOW,
    )
    .select_from(targets)
    .join(posts, posts.c.id == targets.c.post_id)
    .join(lane, lane.c.integration_id == targets.c.integration_id)
    .where(targets.c.id == bindparam("target"))
    .with_for_update(of=(posts, targets, lane)),
    HeldPost,
)
_ATTEMPTS = HotSelect(
    select(attempts)
    .where(attempts.c.target_id == bindparam("target"))
    .order_by(attempts.c.generation, attempts.c.started_at, attempts.c.number),
    AttemptRow,
)
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
    out although nobody saw them, and `unseen` when the last one of any generation began. `free` says that what is out was
    found after its credits were released (G4); `out` that the result is written and only follow-ups are left. `account`
    is its account's row, None when it is gone.
    """

    target: ClaimedRow
    content: str
    media: list[dict[str, Any]]
    publish_now: bool
    epoch: int
    journal: dict[str, Any]
    parts: dict[str, Proof] = field(default_factory=dict)
    open_attempt: AttemptRow | None = None
    attempts_of: dict[str, list[AttemptRow]] = field(default_factory=dict)
    left_in_doubt: list[AttemptRow] = field(default_factory=list)
    unseen: datetime | None = None
    free: bool = False
    out: bool = False
    account: WholeRow | None = None

    @property
    def text(self) -> str:
        """The text for this network."""
        return self.content if self.target.content is None else str(self.target.content)

    @property
    def looking(self) -> bool:
        """Whether the open attempt is the one whose outcome is being looked for already."""
        since = self.target.doubt_since
        return self.open_attempt is not None and since is not None and self.open_attempt.started_at <= since

    def maybe_out(self, part: str) -> list[AttemptRow]:
        """Ended attempts at `part` that may be on the network although nobody saw them there, oldest first."""
        parts = (SINCE_COPY, part)
        ended = [row for each in parts for row in self.attempts_of.get(each, ()) if row.outcome in UNSEEN]
        return [*(row for row in self.left_in_doubt if row.part in parts), *ended]

    def said_before(self, row: AttemptRow) -> Version | None:
        """What the target said when this attempt was made; None where it says the same now."""
        said: Sequence[Version] = self.target.replaced or ()
        return next((each for each in said if row.generation <= each["until"]), None)

    def by_version(self, rows: Sequence[AttemptRow]) -> list[list[AttemptRow]]:
        """Attempts, oldest first, by what the target said then; what was said last comes first."""
        found: dict[int | None, list[AttemptRow]] = {}
        for row in reversed(rows):
            said = self.said_before(row)
            found.setdefault(said["until"] if said else None, []).insert(0, row)
        return list(found.values())

    def becomes(self, said: Mapping[str, Any]) -> None:
        """Take over columns of the target that say what it says; its media are its own or the post's."""
        self.target = cast("ClaimedRow", self.target._replace(**said))  # type: ignore[attr-defined]  # rows are tuples
        self.media = self.target.media if self.target.own_media is None else self.target.own_media
        self.journal = dict(self.target.journal or {})

    def not_found(self, attempt: AttemptRow) -> None:
        """Have an attempt of this generation count as one that was not found."""
        seen: Any = attempt
        same = self.attempts_of[attempt.part]
        same[same.index(attempt)] = seen._replace(outcome="absent")

    def take_in(self, row: AttemptRow) -> None:
        """Add an attempt that the store holds."""
        now = row.generation == self.target.generation
        if row.outcome in UNSEEN:
            self.unseen = max(row.started_at, self.unseen or row.started_at)
        if now:
            self.attempts_of.setdefault(row.part, []).append(row)
        if row.finished_at is None:
            self.open_attempt = row
        elif row.outcome == "published":
            assert row.proof_id is not None
            self.parts[row.part] = Proof(row.proof_id, row.proof_url)
            self.free = self.free or not now
        elif row.outcome in UNSEEN and not now:
            self.left_in_doubt.append(row)


@dataclass(frozen=True, slots=True)
class Later:
    """The claim was not to be had; wake again at `at`."""

    at: datetime


def claim(
    db: Connection, target_id: str, *, by: str, lease: timedelta, now: datetime
) -> Claim | Later | None:
    """Own the first due target of the account that `target_id` belongs to, or learn when to ask again."""
    asked = {"target": target_id, "now": now}
    found = _CLAIM.first(db, asked)
    if found is None:
        peek = _PEEK.first(db, asked)
        if peek is None or peek.next_at is None:
            return None
        if peek.known is None:
            lanes.add(db, peek.integration_id)
            found = _CLAIM.first(db, asked)
        if found is None:
            return _not_now(db, target_id, peek, peek.next_at, now)
    if lanes.taken(found, now):
        # Whoever has the lane wakes the next when it leaves; if it is dead, the sweeper wakes it.
        return None
    claimed = _load(db, found)
    writes = [lanes.taking(found.integration_id, found.id, now + lease), _owning(claimed, by, lease, now)]
    if found.post_status != "publishing" and not claimed.out:
        writes.append(_status(found.post_id, "publishing", now))
    account = leases.question(found.project_id, found.integration_id)
    claimed.account = next(iter(told_with(db, writes, *account)), None)
    return claimed


def _not_now(
    db: Connection, target_id: str, peek: _Account, next_at: datetime, now: datetime
) -> Later | None:
    """When to ask again for an account of which nothing can be begun now."""
    rest = peek.not_before
    if rest is not None and rest > now:
        _postpone(db, peek.integration_id, rest, "rate_limited")
        # The one of them that wakes when the rest is over; those behind it follow when it leaves.
        _SET_TARGET(db, {"target": target_id}, {"rung_at": rung(rest)})
        return Later(rest)
    if next_at <= now and lanes.taken(peek, now):
        # Somebody was faster, and wakes the next.
        return None
    # A user was faster, or a clock that went back has made it undue again.
    return Later(max(next_at, peek.due_at))


def _owning(claimed: Claim, by: str, lease: timedelta, now: datetime) -> Write:
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
    return Update(_SET_TARGET, {"target": claimed.target.id}, values)


def _load(db: Connection, target: ClaimedRow) -> Claim:
    claimed = Claim(
        target=target,
        content=target.post_content,
        media=target.media if target.own_media is None else target.own_media,
        publish_now=target.scheduled_for is None,
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
    if changed(claimed, **values).touched(db) == 0:
        raise lost(claimed)


def changed(claimed: Claim, **values: Any) -> Update:
    """The same, to be written with something else: where it touches no row another worker owns it."""
    return Update(_CHANGE, {"target": claimed.target.id, "owned_epoch": claimed.epoch}, values)


def lost(claimed: Claim) -> LeaseLost:
    """What a worker is told that does not own the row any more."""
    return LeaseLost(f"Target {claimed.target.id} has another owner.")


def hold(db: Connection, claimed: Claim) -> HeldPost:
    """Keep post, target and account from all others, whoever owns the target; the post, the lane, and whether it is `owned`.

    A post's status is derived from all of its targets at once, and an account is left with a look for its next one:
    whoever reads those reads them after this.
    """
    (held,) = _HOLD(db, {"target": claimed.target.id, "owned_epoch": claimed.epoch})
    return held


def leave(db: Connection, claimed: Claim, now: datetime) -> list[WakeUp]:
    """Give the account back; wakes the next of its targets that is due, or will be within the look-ahead.

    A wake-up that came while the account was taken has ended, also one that came in this very moment.
    """
    lanes.leave(db, claimed.target.integration_id, claimed.target.id)
    found = _FOLLOWING.first(db, _near(claimed, now))
    return [] if found is None else [_wake_up(claimed, found.id, found.next_at, now)]


@dataclass(frozen=True, slots=True)
class AtTheEnd:
    """What the end of a target has to know: of all of the post's targets what is told of them, and who comes next."""

    entries: list[dict[str, Any]]
    following: list[WakeUp]


def at_the_end(db: Connection, claimed: Claim, now: datetime) -> AtTheEnd:
    """Read it, in a transaction that holds post and account."""
    rows = _AT_THE_END(db, {"post": claimed.target.post_id, **_near(claimed, now)})
    following, at = rows[0].following, rows[0].following_at
    wake_ups = [] if following is None else [_wake_up(claimed, following, at, now)]
    return AtTheEnd([as_dict(row) for row in rows], wake_ups)


def _near(claimed: Claim, now: datetime) -> dict[str, Any]:
    target = claimed.target
    return {"integration": target.integration_id, "target": target.id, "now": now, "until": now + LOOKAHEAD}


def _wake_up(claimed: Claim, following: str, at: datetime, now: datetime) -> WakeUp:
    return WakeUp(KIND, following, max(at, now), claimed.target.integration_id, claimed.target.project_id)


def derived(
    post_id: str, states: Iterable[str], *, publish_now: bool, now: datetime
) -> tuple[str, bool, Write]:
    """The status of a post whose targets are in these states, whether all of them are done, and the write that says so."""
    known = [State(each) for each in states]
    status = derive(known, publish_now=publish_now)
    done = not any(state in RUNNING or state is State.SCHEDULED for state in known)
    return status, done, _status(post_id, status, now)


def _status(post_id: str, status: str, now: datetime) -> Write:
    return Update(_SET_POST, {"post": post_id}, {"status": status, "updated_at": now}, f"post:{post_id}")


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
