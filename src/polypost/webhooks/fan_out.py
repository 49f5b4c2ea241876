"""From the outbox to deliveries: each event once to every subscription that wants it (RELIABILITY I6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    Connection,
    String,
    Text,
    and_,
    bindparam,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from polypost import clock
from polypost.engine import WakeUp
from polypost.events import OutboxRow, outbox
from polypost.integrations import service as integrations
from polypost.storage import new_id, rows_of
from polypost.webhooks.tables import POST_EVENTS, SubscriptionRow, deliveries, subscriptions, wake_up_of

BATCH = 100
Waking = Callable[[Connection, Sequence[WakeUp]], None]
_S = subscriptions.c
_PENDING = outbox.c.spread_at.is_(None)
_TYPE = bindparam("type", type_=String())
# Who may want an event of this project and type, filters aside; `wants` decides. Literals, so that it is compiled once.
ANYBODY = select(_S.id).where(
    _S.project_id == bindparam("project_id", type_=String()),
    _S.enabled,
    or_(
        _S.event_types.cast(Text).like(
            literal_column("'%\"'", String()) + _TYPE + literal_column("'\"%'", String())
        ),
        and_(_S.channel == literal_column("'email'"), literal_column("'webhook.disabled'") == _TYPE),
    ),
)


def waiting(db: Connection) -> bool:
    """Whether there is an event that was not handed out yet."""
    return db.execute(select(outbox.c.id).where(_PENDING).limit(1)).first() is not None


def so_far(db: Connection, wake_up: Waking, project_id: str, now: datetime) -> None:
    """Hand out what the project has said; whoever changes what its subscriptions hear does so first."""
    count = BATCH
    while count == BATCH:
        count, touched = fan_out(db, now, project_id)
        if touched:
            wake_up(db, [wake_up_of(each, project_id, now) for each in touched])


def fan_out(db: Connection, now: datetime, project_id: str | None = None) -> tuple[int, list[str]]:
    """Hand out the oldest events, all projects' or one's, in one transaction with the mark that they were.

    Returns how many, and to whom. Another process that does the same at this moment waits: what it would take
    meanwhile was said later, and would be delivered before.
    """
    query = select(outbox).where(_PENDING).order_by(outbox.c.at, outbox.c.id).limit(BATCH)
    if project_id is not None:
        query = query.where(outbox.c.project_id == project_id)
    events = rows_of(db, query.with_for_update(), OutboxRow)
    if not events:
        return 0, []
    rows: list[dict[str, Any]] = []
    by_project = _subscribed(db, {event.project_id for event in events})
    for event in events:
        body = ""
        for subscription in by_project[event.project_id]:
            if wants(db, subscription, event):
                body = body or compose(event.id, event.type, event.at, event.payload)
                rows.append(_delivery(subscription, event, body, now))
    if rows:
        db.execute(insert(deliveries), rows)
    touched = sorted({row["subscription_id"] for row in rows})
    # In one order everywhere, so that two processes never wait for each other.
    for subscription_id in touched:
        db.execute(
            update(subscriptions)
            .where(_S.id == subscription_id, or_(_S.next_at.is_(None), _S.next_at > now))
            .values(next_at=now, rung_at=None)
        )
    db.execute(update(outbox).where(outbox.c.id.in_([event.id for event in events])).values(spread_at=now))
    return len(events), touched


def wants(db: Connection, subscription: SubscriptionRow, event: OutboxRow) -> bool:
    """Whether the subscription is to hear of the event. All e-mail subscriptions hear of a webhook that was switched off."""
    if event.at < subscription.created_at:
        return False
    told = subscription.channel == "email" and event.type == "webhook.disabled"
    if event.type not in subscription.event_types and not told:
        return False
    if event.type in POST_EVENTS:
        scheduled = event.payload.get("post", {}).get("scheduledFor") is not None
        if subscription.only_scheduled and not scheduled:
            return False
        accounts = [entry["accountId"] for entry in event.payload.get("platforms", ())]
    elif event.type.startswith("account."):
        accounts = [event.subject]
    else:
        return True
    profile = subscription.profile_id
    return profile is None or profile in integrations.profiles_of(db, event.project_id, accounts)


def compose(event_id: str, kind: str, at: datetime, payload: dict[str, Any]) -> str:
    """The body of a webhook, for receivers of either description: written down once, the same in every try."""
    stamp = clock.iso(at)
    body = {
        "id": event_id,
        "type": kind,
        "event": kind,
        "timestamp": stamp,
        "createdAt": stamp,
        "data": payload,
    }
    return to_json(body).decode()


def _subscribed(db: Connection, project_ids: Iterable[str]) -> defaultdict[str, list[SubscriptionRow]]:
    found: defaultdict[str, list[SubscriptionRow]] = defaultdict(list)
    # Held, so that whoever switches one off or deletes it at this moment comes before or after, never between.
    query = select(subscriptions).where(_S.project_id.in_(sorted(project_ids)), _S.enabled)
    for row in rows_of(db, query.order_by(_S.id).with_for_update(), SubscriptionRow):
        found[row.project_id].append(row)
    return found


def _delivery(subscription: SubscriptionRow, event: OutboxRow, body: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("dlv"),
        "project_id": event.project_id,
        "subscription_id": subscription.id,
        "event_id": event.id,
        "event_type": event.type,
        "event_at": event.at,
        "body": body,
        "state": "pending",
        "next_at": now,
        "tries": 0,
        "created_at": now,
    }
