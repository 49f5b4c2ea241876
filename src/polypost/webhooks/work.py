"""The worker's side of a subscription: claim its next delivery under a lease, write down what became of the try.

One delivery of a subscription is under way at a time, the oldest event first. One that failed waits for its next
try and holds up none behind it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from polypost.engine import rung, source
from polypost.events import event, outbox
from polypost.integrations import SealBroken, Vault
from polypost.storage import STEP, new_id, row_of, rows_of
from polypost.webhooks.fan_out import Waking, so_far
from polypost.webhooks.subscriptions import open_secrets, rest
from polypost.webhooks.tables import (
    DeliveryRow,
    SubscriptionRow,
    deliveries,
    delivery_attempts,
    subscriptions,
    wake_up_of,
)

JITTER = 0.1
# Whoever asks what waits asks every few seconds.
EVENTS_COUNTED, COUNTED = 1000, 10_000
_S = subscriptions.c
_D = deliveries.c


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this worker owns until its lease ends. `secrets` is empty for e-mail, and broken for None."""

    delivery_id: str
    subscription_id: str
    project_id: str
    epoch: int
    channel: str
    event_id: str
    event_type: str
    body: str
    tries: int
    url: str | None = None
    secrets: tuple[str, ...] | None = ()
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended: delivered when `reason` is None, else one of the fixed words. `status` is the receiver's, if any."""

    reason: str | None
    status: int | None
    began: datetime
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that are not handed out, deliveries that wait, and since how many seconds the first due one does."""

    events: int
    deliveries: int
    seconds: float


def backlog(db: Connection, now: datetime) -> Backlog:
    """What is still to be told, of all projects: a thousand events and ten thousand deliveries are counted at most."""
    unspread = select(outbox.c.id).where(outbox.c.spread_at.is_(None)).limit(EVENTS_COUNTED).subquery()
    waiting = select(_D.id).where(_D.next_at.is_not(None)).limit(COUNTED).subquery()
    count = select(func.count())
    # A lease is no delay: its end is when the subscription wants attention next.
    since = db.execute(
        select(func.min(_S.next_at)).where(_S.next_at.is_not(None), _S.next_at <= now)
    ).scalar_one()
    return Backlog(
        db.execute(count.select_from(unspread)).scalar_one(),
        db.execute(count.select_from(waiting)).scalar_one(),
        0.0 if since is None else (now - since).total_seconds(),
    )


# Subscriptions that need attention (I7).
due = source(subscriptions, _S.next_at, wake_up_of)


def take_over(db: Connection, now: datetime) -> int:
    """End every lease of the process that had this data folder before; returns how many that frees."""
    held = and_(_S.lease_until.is_not(None), _S.next_at.is_not(None))
    return db.execute(update(subscriptions).where(held).values(lease_until=None, next_at=now)).rowcount


def claim(
    db: Connection, vault: Vault, wake_up: Waking, subscription_id: str, *, lease: timedelta, now: datetime
) -> ClaimedDelivery | None:
    """Own the first due delivery; None when there is none to be had now, and then a wake-up is set for when there is."""
    row = _locked(db, subscription_id)
    if row is None or not row.enabled or row.next_at is None:
        return None
    # Another worker delivers to it now. If that one dies, this wake-up is the one that is left.
    if row.lease_until is not None and row.lease_until > now:
        wake_up(db, [wake_up_of(subscription_id, row.project_id, row.lease_until)])
        return None
    waiting = select(deliveries).where(_D.subscription_id == subscription_id, _D.next_at <= now)
    first = row_of(db, waiting.order_by(_D.event_at, _D.id).limit(1), DeliveryRow)
    if first is None:
        _leave(db, wake_up, row, now)
        return None
    # Nobody wakes the end of the lease: if this worker dies, the sweeper finds it.
    db.execute(
        update(subscriptions)
        .where(_S.id == subscription_id)
        .values(lease_until=now + lease, next_at=now + lease, rung_at=None, epoch=row.epoch + 1)
    )
    if first.first_try_at is None:
        db.execute(update(deliveries).where(_D.id == first.id).values(first_try_at=now))
    return ClaimedDelivery(
        delivery_id=first.id,
        subscription_id=subscription_id,
        project_id=row.project_id,
        epoch=row.epoch + 1,
        channel=row.channel,
        event_id=first.event_id,
        event_type=first.event_type,
        body=first.body,
        tries=first.tries,
        url=row.url,
        secrets=_secrets(db, vault, row, now),
        recipients=tuple(row.recipients or ()),
    )


def settle(
    db: Connection,
    wake_up: Waking,
    claimed: ClaimedDelivery,
    outcome: Outcome,
    *,
    retry_at: Sequence[float],
    now: datetime,
) -> bool | None:
    """Write down what became of a try; whether more is due at once, None when another worker owns it by now.

    `retry_at` are the seconds after the first try at which further ones are due. A delivery that ran out of them
    fails; if nothing got through since its first try, the subscription is switched off. So it is by a 410.
    """
    if outcome.reason == "gone" or (outcome.reason and claimed.tries >= len(retry_at)):
        # It may be switched off, and until then it heard what was said. Before its lock, as everywhere.
        so_far(db, wake_up, claimed.project_id, now)
    row = _locked(db, claimed.subscription_id)
    if row is None or row.epoch != claimed.epoch:
        return None
    (delivery,) = rows_of(db, select(deliveries).where(_D.id == claimed.delivery_id), DeliveryRow)
    db.execute(
        insert(delivery_attempts).values(
            id=new_id("try"),
            project_id=claimed.project_id,
            delivery_id=claimed.delivery_id,
            at=outcome.began,
            milliseconds=outcome.milliseconds,
            status=outcome.status,
            reason=outcome.reason,
        )
    )
    values: dict[str, Any] = {"tries": delivery.tries + 1}
    off = None
    if outcome.reason is None:
        values |= {"state": "delivered", "next_at": None, "ended_at": now}
        db.execute(update(subscriptions).where(_S.id == row.id).values(last_success_at=now))
    elif outcome.reason == "gone":
        values |= {"state": "failed", "next_at": None, "ended_at": now}
        off = "gone"
    elif delivery.tries < len(retry_at):
        pause = retry_at[delivery.tries] * (1 + JITTER * random.random())  # noqa: S311  # spreads load, hides nothing
        # `first_try_at` is gone when the subscription was switched off and on again meanwhile.
        # Counted from the first try, so that slow answers do not stretch the day within which it is tried.
        at = max((delivery.first_try_at or now) + timedelta(seconds=pause), now)
        values["next_at"] = at if row.enabled else None
    else:
        values |= {"state": "failed", "next_at": None, "ended_at": now}
        since = delivery.first_try_at or now
        # One event that a receiver cannot digest is no reason to stop the others.
        off = "failing" if row.last_success_at is None or row.last_success_at < since else None
    db.execute(update(deliveries).where(_D.id == claimed.delivery_id).values(values))
    if off is not None and row.enabled:
        _switch_off(db, row, off, now)
        return False
    return _leave(db, wake_up, row, now)


def clean(db: Connection, before: datetime) -> int:
    """Forget some deliveries that ended before that instant, with their tries; returns how many."""
    old = select(_D.id).where(_D.ended_at < before).order_by(_D.ended_at).limit(STEP)
    ids = db.execute(old).scalars().all()
    if ids:
        db.execute(delete(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(ids)))
        db.execute(delete(deliveries).where(_D.id.in_(ids)))
    return len(ids)


def _locked(db: Connection, subscription_id: str) -> SubscriptionRow | None:
    query = select(subscriptions).where(_S.id == subscription_id).with_for_update()
    return row_of(db, query, SubscriptionRow)


def _leave(db: Connection, wake_up: Waking, row: SubscriptionRow, now: datetime) -> bool:
    """Give the subscription back until its next delivery; True when that is due already."""
    first = select(func.min(_D.next_at)).where(_D.subscription_id == row.id, _D.next_at.is_not(None))
    at = db.execute(first).scalar_one() if row.enabled else None
    db.execute(
        update(subscriptions)
        .where(_S.id == row.id)
        .values(lease_until=None, next_at=at, rung_at=None if at is None else rung(at))
    )
    if at is not None and at > now:
        wake_up(db, [wake_up_of(row.id, row.project_id, at)])
    return at is not None and at <= now


def _switch_off(db: Connection, row: SubscriptionRow, reason: str, now: datetime) -> None:
    db.execute(
        update(subscriptions)
        .where(_S.id == row.id)
        .values(
            enabled=False,
            disabled_reason=reason,
            lease_until=None,
            next_at=None,
            matching_since=now,
            updated_at=now,
        )
    )
    rest(db, row.project_id, row.id)
    payload = {"subscriptionId": row.id, "channel": row.channel, "reason": reason}
    event(row.project_id, "webhook.disabled", row.id, payload, now).alone(db)


def _secrets(db: Connection, vault: Vault, row: SubscriptionRow, now: datetime) -> tuple[str, ...] | None:
    try:
        return tuple(open_secrets(db, vault, row, now))
    except SealBroken:
        return None
