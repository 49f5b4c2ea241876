"""What must hold of events and their delivery at any moment (RELIABILITY §5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    Text,
    and_,
    exists,
    literal_column,
    or_,
    select,
)

from polypost.events import outbox
from polypost.storage import SAMPLE, Invariant
from polypost.webhooks.tables import deliveries, subscriptions


def _unspread(db: Connection, now: datetime) -> Iterable[str]:
    listens = exists().where(
        subscriptions.c.project_id == outbox.c.project_id,
        subscriptions.c.enabled,
        subscriptions.c.matching_since < outbox.c.at,
    )
    late = and_(outbox.c.spread_at.is_(None), outbox.c.at < now - timedelta(seconds=60), listens)
    return db.execute(select(outbox.c.id).where(late).limit(SAMPLE)).scalars()


def _undelivered(db: Connection, now: datetime) -> Iterable[str]:
    """Events that a subscription without filters should have; those with filters are judged where events are handed out."""
    wanted = and_(
        subscriptions.c.project_id == outbox.c.project_id,
        subscriptions.c.event_types.cast(Text).contains('"' + outbox.c.type + '"'),
        subscriptions.c.profile_id.is_(None),
        subscriptions.c.only_scheduled.is_(False),
        subscriptions.c.enabled,
        subscriptions.c.matching_since < outbox.c.at,
    )
    if db.dialect.name == "postgresql":
        # What is said while a change is being committed may be skipped there as an event that nobody hears.
        long_before = outbox.c.at - literal_column("60000000")
        skipped = outbox.c.spread_at == outbox.c.at
        wanted = and_(wanted, or_(~skipped, subscriptions.c.matching_since < long_before))
    made = exists().where(
        deliveries.c.subscription_id == subscriptions.c.id, deliveries.c.event_id == outbox.c.id
    )
    # Older ones may have been cleaned away.
    recent = and_(outbox.c.spread_at.is_not(None), outbox.c.at > now - timedelta(days=7))
    query = select(outbox.c.id).join(subscriptions, wanted).where(recent, ~made)
    return db.execute(query.limit(SAMPLE)).scalars()


def _unwoken(db: Connection, now: datetime) -> Iterable[str]:
    waits = exists().where(
        deliveries.c.subscription_id == subscriptions.c.id, deliveries.c.next_at.is_not(None)
    )
    asleep = and_(subscriptions.c.next_at.is_(None), waits)
    return db.execute(select(subscriptions.c.id).where(asleep).limit(SAMPLE)).scalars()


def _secret_in_clear(db: Connection, now: datetime) -> Iterable[str]:
    clear = [
        and_(column.is_not(None), column.not_like("v1.%"))
        for column in (subscriptions.c.secret, subscriptions.c.older_secret)
    ]
    return db.execute(select(subscriptions.c.id).where(or_(*clear)).limit(SAMPLE)).scalars()


INVARIANTS = (
    Invariant("I6", "events that nobody has handed out", _unspread),
    Invariant("I6", "events that a subscription should have and has not", _undelivered),
    Invariant("I7", "subscriptions with a delivery that nothing will wake", _unwoken),
    Invariant("I9", "subscriptions with a secret in clear", _secret_in_clear),
)
