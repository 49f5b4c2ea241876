"""What was delivered and what was not: read, and sent once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select, update

from polypost import clock
from polypost.errors import Conflict, NotFound
from polypost.storage import rows_of
from polypost.webhooks.fan_out import Waking
from polypost.webhooks.subscriptions import Origin, locate
from polypost.webhooks.tables import DeliveryRow, deliveries, delivery_attempts, subscriptions, wake_up_of

_S = subscriptions.c
_D = deliveries.c
_A = delivery_attempts.c
# So many of a subscription's newest are looked at for a page of those in one state.
LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: `status` of the receiver's answer, None when there was none; `reason` is None when it got through."""

    at: datetime
    milliseconds: int
    status: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one subscription; `state` is `pending`, `delivered` or `failed`, `body` what is sent."""

    id: str
    event_id: str
    event_type: str
    state: str
    next_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    attempts: tuple[Attempt, ...]
    body: str


def list_deliveries(
    db: Connection,
    project_id: str,
    origin: Origin,
    subscription_id: str,
    *,
    state: str | None = None,
    limit: int,
    offset: int,
) -> tuple[int, list[Delivery]]:
    """How many there are, and a page of them, the newest event first. Raises NotFound."""
    locate(db, project_id, origin, subscription_id)
    wanted = [_D.project_id == project_id, _D.subscription_id == subscription_id]
    if state is not None:
        wanted.append(_D.state == state)
    total = db.execute(select(func.count()).select_from(deliveries).where(*wanted)).scalar_one()
    page = select(deliveries).where(*wanted).order_by(_D.event_id.desc()).limit(limit).offset(offset)
    return total, _with_attempts(db, project_id, rows_of(db, page, DeliveryRow))


def newest_deliveries(
    db: Connection,
    project_id: str,
    origin: Origin,
    subscription_id: str,
    *,
    state: str | None = None,
    before: str | None = None,
    limit: int,
) -> tuple[list[Delivery], str | None]:
    """A page of those of events before `before`, the newest event first, and the `before` of the next; None at the end.

    Nothing is counted, and with a state at most `LOOKED_AT` are looked at, so that a page may have less than there are.
    Raises NotFound.
    """
    locate(db, project_id, origin, subscription_id)
    wanted = [_D.project_id == project_id, _D.subscription_id == subscription_id]
    if before is not None:
        wanted.append(_D.event_id < before)
    further = None
    if state is not None:
        last = select(_D.event_id).where(*wanted).order_by(_D.event_id.desc()).offset(LOOKED_AT - 1).limit(1)
        further = db.execute(last).scalar_one_or_none()
        wanted.append(_D.state == state)
        if further is not None:
            wanted.append(_D.event_id >= further)
    page = select(deliveries).where(*wanted).order_by(_D.event_id.desc()).limit(limit + 1)
    rows = rows_of(db, page, DeliveryRow)
    if len(rows) > limit:
        further = rows[limit - 1].event_id
    return _with_attempts(db, project_id, rows[:limit]), further


def redeliver(
    db: Connection,
    wake_up: Waking,
    project_id: str,
    origin: Origin,
    subscription_id: str,
    delivery_id: str,
) -> Delivery:
    """Send it once more, with the same id and body and a fresh row of tries.

    Raises NotFound, and Conflict while the subscription is switched off.
    """
    row = locate(db, project_id, origin, subscription_id, lock=True)
    mine = (
        _D.id == delivery_id,
        _D.subscription_id == subscription_id,
        _D.project_id == project_id,
    )
    found = db.execute(select(deliveries).where(*mine)).one_or_none()
    if found is None:
        raise NotFound("There is no delivery with this id here.", code="delivery_not_found")
    if not row.enabled:
        raise Conflict(
            "This subscription is switched off.",
            code="subscription_disabled",
            next_step="Switch it on first: what waits goes out by itself then.",
        )
    now = clock.now()
    db.execute(
        update(deliveries)
        .where(*mine)
        .values(state="pending", next_at=now, tries=0, first_try_at=None, ended_at=None)
    )
    db.execute(
        update(subscriptions)
        .where(
            _S.id == subscription_id,
            _S.project_id == project_id,
            or_(_S.next_at.is_(None), _S.next_at > now),
        )
        .values(next_at=now, rung_at=now)
    )
    wake_up(db, [wake_up_of(subscription_id, project_id, now)])
    again = rows_of(db, select(deliveries).where(*mine), DeliveryRow)
    return _with_attempts(db, project_id, again)[0]


def _with_attempts(db: Connection, project_id: str, rows: Sequence[DeliveryRow]) -> list[Delivery]:
    tries: defaultdict[str, list[Attempt]] = defaultdict(list)
    of_page = select(delivery_attempts).where(
        _A.project_id == project_id, _A.delivery_id.in_([row.id for row in rows])
    )
    for each in db.execute(of_page.order_by(_A.at, _A.id)):
        tries[each.delivery_id].append(Attempt(each.at, each.milliseconds, each.status, each.reason))
    return [
        Delivery(
            id=row.id,
            event_id=row.event_id,
            event_type=row.event_type,
            state=row.state,
            next_at=row.next_at,
            created_at=row.created_at,
            ended_at=row.ended_at,
            attempts=tuple(tries[row.id]),
            body=row.body,
        )
        for row in rows
    ]
