"""The lane of an account: one target at a time, and a rest when the network or its refusals ask for one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from polypost import clock
from polypost.posts.tables import lanes

LONGEST_REST = timedelta(hours=24)

_LANE = select(lanes).where(lanes.c.integration_id == bindparam("integration")).with_for_update()
_NEW = {"integration_id": bindparam("integration"), "refusals": 0}
_ADD = {
    "sqlite": sqlite.insert(lanes).values(_NEW).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(lanes).values(_NEW).on_conflict_do_nothing(),
}
_REST = select(lanes.c.not_before).where(lanes.c.integration_id == bindparam("integration"))


def take(
    db: Connection, integration_id: str, target_id: str, *, lease: timedelta, now: datetime
) -> datetime | None:
    """Take the account for a target; the instant at which to ask again when it is not free."""
    lane = db.execute(_LANE, {"integration": integration_id}).one_or_none()
    if lane is None:
        db.execute(_ADD[db.dialect.name], {"integration": integration_id})
        lane = db.execute(_LANE, {"integration": integration_id}).one()
    if lane.target_id is not None and lane.lease_until > now:
        return lane.lease_until  # type: ignore[no-any-return]
    db.execute(
        update(lanes)
        .where(lanes.c.integration_id == integration_id)
        .values(target_id=target_id, lease_until=now + lease)
    )
    return None


def leave(db: Connection, integration_id: str, target_id: str) -> None:
    """Give the account back, if it is this target that has it."""
    db.execute(
        update(lanes)
        .where(lanes.c.integration_id == integration_id, lanes.c.target_id == target_id)
        .values(target_id=None, lease_until=None)
    )


def empty(db: Connection) -> None:
    """Give all accounts back: whoever had them is dead."""
    db.execute(update(lanes).where(lanes.c.target_id.is_not(None)).values(target_id=None, lease_until=None))


def rest_of(db: Connection, integration_id: str, now: datetime) -> datetime | None:
    """Until when the account has to rest; None when it need not."""
    until: datetime | None = db.execute(_REST, {"integration": integration_id}).scalar_one_or_none()
    return None if until is None or until <= now else until


def slow(db: Connection, integration_id: str, until: datetime) -> None:
    """Start nothing for the account before `until`, at most a day ahead: the network's allowance is used up."""
    # A network that names the year 2286 must not silence an account for ever.
    until = min(until, clock.now() + LONGEST_REST)
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
    mine = lanes.c.integration_id == integration_id
    if not refused:
        db.execute(update(lanes).where(mine, lanes.c.refusals > 0).values(refusals=0))
        return 0
    db.execute(update(lanes).where(mine).values(refusals=lanes.c.refusals + 1))
    return int(db.execute(select(lanes.c.refusals).where(mine)).scalar_one_or_none() or 0)
