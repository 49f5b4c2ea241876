"""What waits, why, and how long: for the project in its posts, for the operator in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, case, func, literal, or_, select, update

from polypost import clock
from polypost.posts import timeline
from polypost.posts.tables import lanes, targets
from polypost.posts.work import _QUIET

# Why a target waits that is due, while its project has as many under way as it may.
SHARE = "share"
# What else a target waits for by name; anything other is a network's word for its work on it.
NAMED = frozenset(
    {SHARE, "account", "worker", "media", "rate_limited", "back_off", "network_down", "checking"}
)
# Whoever asks by reason asks every few seconds.
LOOKED_AT = 2000
# Overdue targets are counted up to here: whoever asks for readiness asks often.
COUNTED = 1000
_SAID = (
    "It is due and waits: as many of this project's posts are on their way as may be at a time. "
    "It goes out when its turn comes; nothing needs to be done."
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many targets of a project wait for the same, and since when the first of them is due."""

    project_id: str
    reason: str
    count: int
    due_since: datetime

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "projectId": self.project_id,
            "waitingFor": self.reason,
            "targets": self.count,
            "dueSince": clock.iso(self.due_since),
        }

    def text(self) -> str:
        """For people."""
        return (
            f"{self.project_id}: {self.count} wait for {self.reason}, due since {clock.iso(self.due_since)}"
        )


def note_share(db: Connection, keys: Sequence[str]) -> None:
    """Say of those of these targets that are due and wait that it is for their project's share of the seats."""
    now = clock.now()
    waiting = select(targets.c.id, targets.c.project_id, targets.c.post_id).where(
        targets.c.id.in_(keys),
        targets.c.state.in_(_QUIET),
        targets.c.next_at <= now,
        or_(targets.c.wait_reason.is_(None), targets.c.wait_reason != SHARE),
    )
    # One that a worker takes at this moment waits no more.
    found = db.execute(waiting.with_for_update(skip_locked=True)).all()
    if not found:
        return
    ids = [row.id for row in found]
    db.execute(update(targets).where(targets.c.id.in_(ids)).values(wait_reason=SHARE, updated_at=now))
    for row in found:
        timeline.write(db, row.project_id, row.post_id, row.id, [timeline.Line(now, SHARE, _SAID)])


def overdue(db: Connection, now: datetime) -> tuple[int, float]:
    """How many targets are due and held by nobody, a thousand at most, and since how many seconds the first is."""
    due = (targets.c.next_at.is_not(None), targets.c.next_at <= now)
    first = db.execute(select(func.min(targets.c.next_at)).where(*due)).scalar_one()
    if first is None:
        return 0, 0.0
    some = select(targets.c.id).where(*due).limit(COUNTED).subquery()
    count = db.execute(select(func.count()).select_from(some)).scalar_one()
    return count, (now - first).total_seconds()


def named(reason: str) -> str:
    """The reason in one of a few words: networks have many for `processing`."""
    return reason if reason in NAMED else "processing"


def by_reason(db: Connection, now: datetime) -> dict[str, int]:
    """What due targets wait for, among the `LOOKED_AT` whose time comes first; all projects' together."""
    soon = (
        select(targets.c.id)
        .where(targets.c.next_at.is_not(None))
        .order_by(targets.c.next_at)
        .limit(LOOKED_AT)
        .subquery()
    )
    reason = _reason(now)
    query = (
        select(reason, func.count().label("waiting"))
        .join(soon, soon.c.id == targets.c.id)
        .outerjoin(lanes, lanes.c.integration_id == targets.c.integration_id)
        .where(targets.c.due_at <= now, or_(targets.c.lease_until.is_(None), targets.c.lease_until <= now))
        .group_by(reason)
    )
    found: dict[str, int] = {}
    for row in db.execute(query):
        found[named(row.reason)] = found.get(named(row.reason), 0) + row.waiting
    return found


def _reason(now: datetime) -> ColumnElement[str]:
    """Why a target waits. One of an account of which another is under way waits for `account`."""
    busy = and_(lanes.c.target_id.is_not(None), lanes.c.lease_until > now)
    return case(
        (targets.c.wait_reason.is_not(None), targets.c.wait_reason),
        (busy, literal("account", Text)),
        else_=literal("worker", Text),
    ).label("reason")


def by_project(db: Connection, now: datetime) -> list[Waiting]:
    """What every project's due targets wait for."""
    reason = _reason(now)
    count, since = func.count().label("waiting"), func.min(targets.c.due_at).label("since")
    query = (
        select(targets.c.project_id, reason, count, since)
        .outerjoin(lanes, lanes.c.integration_id == targets.c.integration_id)
        .where(
            targets.c.next_at.is_not(None),
            targets.c.due_at <= now,
            or_(targets.c.lease_until.is_(None), targets.c.lease_until <= now),
        )
        .group_by(targets.c.project_id, reason)
        .order_by(targets.c.project_id, reason)
    )
    return [Waiting(row.project_id, row.reason, row.waiting, row.since) for row in db.execute(query)]
