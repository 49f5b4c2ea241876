"""The lane of an account: one target at a time, and a rest when the network or its refusals ask for one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from polypost import clock
from polypost.posts.tables import TargetRow, lanes
from polypost.storage import HotUpdate, Update, Write, insert_new

LONGEST_REST = timedelta(hours=24)

_MINE = lanes.c.integration_id == bindparam("integration")
_SET = HotUpdate(lanes, _MINE)
_LEAVE = HotUpdate(lanes, _MINE, lanes.c.target_id == bindparam("target"))

# What is asked of a lane beside something else.
NOW = (lanes.c.target_id.label("held_by"), lanes.c.lease_until.label("held_until"), lanes.c.refusals)


class LaneNow:
    """A row with `NOW` in it: which target has the account until when, and its refusals in a row."""

    held_by: str | None
    held_until: datetime | None
    refusals: int


def add(db: Connection, integration_id: str) -> None:
    """Have the account known, which nobody has taken yet."""
    insert_new(db, lanes, {"integration_id": integration_id, "refusals": 0})


def taken(lane: LaneNow, now: datetime) -> bool:
    """Whether a target has the account."""
    return lane.held_by is not None and lane.held_until is not None and lane.held_until > now


def taking(integration_id: str, target_id: str, until: datetime) -> Write:
    """Take the account for a target, where it is held and free."""
    return Update(_SET, {"integration": integration_id}, {"target_id": target_id, "lease_until": until})


def ending(lane: LaneNow, target: TargetRow, *, published: bool, leaves: bool) -> list[Write]:
    """What changes in a lane that is held when a target ends: refusals count in a row, and the account is given back."""
    values: dict[str, Any] = {}
    if published and lane.refusals:
        values["refusals"] = 0
    if leaves and lane.held_by == target.id:
        values |= {"target_id": None, "lease_until": None}
    return [Update(_SET, {"integration": target.integration_id}, values)] if values else []


def leave(db: Connection, integration_id: str, target_id: str) -> None:
    """Give the account back, if it is this target that has it."""
    mine = {"integration": integration_id, "target": target_id}
    _LEAVE(db, mine, {"target_id": None, "lease_until": None})


def empty(db: Connection) -> None:
    """Give all accounts back: whoever had them is dead."""
    db.execute(update(lanes).where(lanes.c.target_id.is_not(None)).values(target_id=None, lease_until=None))


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


def count_refusal(db: Connection, integration_id: str) -> int:
    """Refusals of authorisation or for abuse in a row, after this one; a success sets them back."""
    mine = lanes.c.integration_id == integration_id
    db.execute(update(lanes).where(mine).values(refusals=lanes.c.refusals + 1))
    return int(db.execute(select(lanes.c.refusals).where(mine)).scalar_one_or_none() or 0)
