"""What the sweeper and a new process look for: targets whose time has come, and those that a dead process held."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from polypost import clock
from polypost.engine import WakeUp, rung_by_sweep
from polypost.posts import lanes
from polypost.posts.accept import wake_up_of
from polypost.posts.states import State
from polypost.posts.tables import TargetKey, attempts, targets
from polypost.posts.tables import lanes as lane
from polypost.posts.work import _HELD
from polypost.storage import rows_of

# How far two processes may be apart whose clocks are forgiven a second each.
CLOCK_ERROR = timedelta(seconds=2)
_NOW: BindParameter[datetime] = bindparam("now")
_open = targets.alias()
_RING: tuple[ColumnElement[Any], ...] = (
    targets.c.id,
    targets.c.next_at,
    targets.c.integration_id,
    targets.c.project_id,
)


def _account(*after: ColumnElement[bool]) -> ScalarSelect[str]:
    """The next account with anything to do, by one look into the index: its other targets are not read."""
    ids = select(_open.c.integration_id).where(_open.c.next_at.is_not(None), *after)
    return ids.order_by(_open.c.integration_id).limit(1).scalar_subquery()


_accounts = select(_account().label("id")).cte("accounts", recursive=True)
_accounts = _accounts.union_all(
    select(_account(_open.c.integration_id > _accounts.c.id)).where(_accounts.c.id.is_not(None))
)
_FIRST = (
    select(_open.c.id)
    .where(
        _open.c.integration_id == _accounts.c.id,
        _open.c.next_at.is_not(None),
        _open.c.next_at <= _NOW,
        _open.c.due_at <= _NOW,
    )
    .order_by(_open.c.due_at)
    .limit(1)
    .correlate(_accounts)
    .scalar_subquery()
)
# Where the account is taken its holder stands for it: it wakes the next, and is woken itself when its lease is over.
_OVERDUE = (
    select(*_RING)
    .select_from(_accounts)
    .outerjoin(lane, lane.c.integration_id == _accounts.c.id)
    .join(targets, targets.c.id == func.coalesce(lane.c.target_id, _FIRST))
    .where(targets.c.next_at <= _NOW)
)
# One for each account and instant: whoever has the lane then wakes those of the same instant.
_NEAR = select(*_RING).where(
    targets.c.id.in_(
        select(func.min(_open.c.id))
        .where(_open.c.next_at > _NOW, _open.c.next_at <= bindparam("until"), _open.c.lease_until.is_(None))
        .group_by(_open.c.integration_id, _open.c.next_at)
        .order_by(_open.c.next_at)
        .limit(bindparam("limit"))
    )
)
# Not woken for its present time, or too long ago.
_UNRUNG = or_(
    targets.c.rung_at.is_(None),
    targets.c.rung_at < targets.c.next_at,
    targets.c.rung_at < bindparam("unrung_since"),
)


def due(db: Connection, *, until: datetime, limit: int, unrung_since: datetime | None) -> list[WakeUp]:
    """The sweeper's source: targets that need attention before `until` (I7).

    Of each account one that is overdue, however many there are, and what becomes due until then; `limit` of each.
    """
    now = min(until, clock.now())
    found = [*_look(db, _OVERDUE, now, until, limit, unrung_since)]
    if until > now:
        found += _look(db, _NEAR, now, until, limit, unrung_since)
    if unrung_since is not None and found:
        ids = [row.id for row in found]
        db.execute(
            update(targets)
            .where(targets.c.id.in_(ids))
            .values(rung_at=rung_by_sweep(targets.c.next_at, until))
        )
    return [wake_up_of(row, row.next_at) for row in found]


def again(db: Connection, target_id: str, at: datetime) -> list[WakeUp]:
    """A wake-up for the target at `at`; none for one that is gone."""
    one = select(*_RING).where(targets.c.id == target_id)
    return [wake_up_of(row, at) for row in rows_of(db, one, TargetKey)]


def take_over(db: Connection, now: datetime) -> int:
    """End every lease of the process that had this data folder before; returns how many targets that frees."""
    lanes.empty(db)
    held = and_(targets.c.next_at.is_not(None), targets.c.lease_until > now, _HELD)
    return db.execute(update(targets).where(held).values(lease_until=now, next_at=now)).rowcount


def inherit(db: Connection, worker_id: str, now: datetime, *, lease: timedelta) -> tuple[list[WakeUp], bool]:
    """Free what a worker had that has lost its lock (engine.Heir): accounts at once, targets when it can send no more.

    It may live and have lost a connection only. What it writes is fenced by the epoch, and no intent is begun
    without such a write; but with an open one it may send within a third of the lease, and a call lasts another third.
    """
    held = (targets.c.lease_by == worker_id, targets.c.lease_until > now, targets.c.next_at > now, _HELD)
    # By the index of what is due: no lease reaches further than one begun by a clock that is forgiven its second.
    near = targets.c.next_at <= now + lease + CLOCK_ERROR
    look = select(*_RING, targets.c.state).where(near, *held).with_for_update()
    rows: list[Any] = list(db.execute(look))
    if not rows:
        return [], False
    ids = [row.id for row in rows]
    last_call = now - 2 * lease / 3 - CLOCK_ERROR
    calling = select(attempts.c.target_id).where(
        attempts.c.target_id.in_(row.id for row in rows if row.state == State.COMMITTING.value),
        attempts.c.finished_at.is_(None),
        attempts.c.started_at > last_call,
    )
    sending = set(db.execute(calling).scalars())
    free = [each for each in ids if each not in sending]
    db.execute(update(lane).where(lane.c.target_id.in_(ids)).values(target_id=None, lease_until=None))
    db.execute(
        update(targets).where(targets.c.id.in_(free)).values(lease_until=now, next_at=now, rung_at=now)
    )
    # Also for those that are not free: whoever is woken takes the first of the account that is.
    return [wake_up_of(row, now) for row in rows], bool(sending)


def _look(
    db: Connection,
    query: Select[Any],
    now: datetime,
    until: datetime,
    limit: int,
    unrung_since: datetime | None,
) -> list[Any]:
    values: dict[str, Any] = {"now": now, "until": until, "limit": limit}
    if unrung_since is not None:
        query = query.where(_UNRUNG).with_for_update(of=targets, skip_locked=True)
        values["unrung_since"] = unrung_since
    return list(db.execute(query.order_by(targets.c.next_at).limit(bindparam("limit")), values))
