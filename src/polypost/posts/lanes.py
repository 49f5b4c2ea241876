"""The lane of an account: one target at a time, and a rest when the network or its refusals ask for one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select, update

from polypost import clock
from polypost.posts.tables import lanes
from polypost.storage import HotInsert, HotSelect, HotUpdate

LONGEST_REST = timedelta(hours=24)

_MINE = lanes.c.integration_id == bindparam("integration")
_LANE = HotSelect(select(lanes).where(_MINE).with_for_update())
_ADD = HotInsert(lanes, dict.fromkeys(("sqlite", "postgresql"), "ON CONFLICT DO NOTHING"))
_SET = HotUpdate(lanes, _MINE)
_LEAVE = HotUpdate(lanes, _MINE, lanes.c.target_id == bindparam("target"))
_SUCCEED = HotUpdate(lanes, _MINE, lanes.c.refusals > 0)
_REST = HotSelect(select(lanes.c.not_before).where(_MINE))


def take(
    db: Connection, integration_id: str, target_id: str, *, lease: timedelta, now: datetime
) -> datetime | None:
    """Take the account for a target; the instant at which to ask again when it is not free."""
    mine = {"integration": integration_id}
    lane = _LANE.first(db, mine)
    if lane is None:
        _ADD(db, [{"integration_id": integration_id, "refusals": 0}])
        lane = _LANE.first(db, mine)
    if lane.target_id is not None and lane.lease_until > now:
        until: datetime = lane.lease_until
        return until
    _SET(db, mine, {"target_id": target_id, "lease_until": now + lease})
    return None


def leave(db: Connection, integration_id: str, target_id: str) -> None:
    """Give the account back, if it is this target that has it."""
    mine = {"integration": integration_id, "target": target_id}
    _LEAVE(db, mine, {"target_id": None, "lease_until": None})


def empty(db: Connection) -> None:
    """Give all accounts back: whoever had them is dead."""
    db.execute(update(lanes).where(lanes.c.target_id.is_not(None)).values(target_id=None, lease_until=None))


def rest_of(db: Connection, integration_id: str, now: datetime) -> datetime | None:
    """Until when the account has to rest; None when it need not."""
    lane = _REST.first(db, {"integration": integration_id})
    until: datetime | None = lane.not_before if lane is not None else None
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
    if not refused:
        _SUCCEED(db, {"integration": integration_id}, {"refusals": 0})
        return 0
    mine = lanes.c.integration_id == integration_id
    db.execute(update(lanes).where(mine).values(refusals=lanes.c.refusals + 1))
    return int(db.execute(select(lanes.c.refusals).where(mine)).scalar_one_or_none() or 0)
