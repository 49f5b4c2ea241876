"""Tables of the webhooks room: who wants to hear what, what is to be delivered, and each try at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from polypost.engine import WakeUp
from polypost.storage import Instant, Json, metadata, partial_index

KIND = "deliver"
POST_EVENTS = ("post.scheduled", "post.published", "post.partial", "post.failed")


def wake_up_of(subscription_id: str, project_id: str, at: datetime) -> WakeUp:
    """The wake-up for a subscription's deliveries."""
    return WakeUp(KIND, subscription_id, at, share=project_id)


# `next_at` is when the subscription needs attention: its next delivery, or the end of a lease. Signing secrets are
# sealed; `older_secret` is the one before a rotation, valid until `older_until`. `matching_since` is the instant from
# which on the row matches events as it does now.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("event_types", Json, nullable=False),
    Column("profile_id", String(40)),
    Column("only_scheduled", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("url", Text),
    Column("secret", Text),
    Column("older_secret", Text),
    Column("older_until", Instant),
    Column("recipients", Json),
    Column("disabled_reason", String(16)),
    Column("last_test_at", Instant),
    Column("last_test_status", String(24)),
    Column("last_success_at", Instant),
    Column("matching_since", Instant, nullable=False),
    Column("next_at", Instant),
    Column("rung_at", Instant),
    Column("lease_until", Instant),
    Column("epoch", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_subscriptions_project_id_created_at", "project_id", "created_at"),
    partial_index("ix_subscriptions_next_at", "next_at", where="next_at IS NOT NULL"),
)


class SubscriptionRow:
    """A row of `subscriptions`."""

    id: str
    project_id: str
    origin: str
    channel: str
    event_types: Any
    profile_id: str | None
    only_scheduled: bool
    enabled: bool
    url: str | None
    secret: str | None
    older_secret: str | None
    older_until: datetime | None
    recipients: Any
    disabled_reason: str | None
    last_test_at: datetime | None
    last_test_status: str | None
    last_success_at: datetime | None
    matching_since: datetime
    next_at: datetime | None
    rung_at: datetime | None
    lease_until: datetime | None
    epoch: int
    created_at: datetime
    updated_at: datetime


# A delivery that waits has `next_at`; one of a paused subscription has not, and neither has one that is done.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("subscription_id", String(40), nullable=False),
    Column("event_id", String(40), nullable=False),
    Column("event_type", String(40), nullable=False),
    Column("event_at", Instant, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("next_at", Instant),
    Column("tries", Integer, nullable=False),
    Column("first_try_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("subscription_id", "event_id"),
    partial_index("ix_deliveries_waiting", "subscription_id", "event_at", where="next_at IS NOT NULL"),
    Index("ix_deliveries_ended_at", "ended_at"),
)


class DeliveryRow:
    """A row of `deliveries`."""

    id: str
    project_id: str
    subscription_id: str
    event_id: str
    event_type: str
    event_at: datetime
    body: str
    state: str
    next_at: datetime | None
    tries: int
    first_try_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


# What the other side said is kept as a number and a word of ours, never as its text (RELIABILITY O7).
delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("delivery_id", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("status", Integer),
    Column("reason", String(24)),
    Index("ix_delivery_attempts_delivery_id", "delivery_id"),
)
