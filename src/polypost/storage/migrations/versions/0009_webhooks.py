"""Subscriptions, deliveries and their tries; and which events were handed to subscriptions already."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0009"
down_revision = "0008"

INSTANT = BigInteger
JSON = Text


def upgrade() -> None:
    """Add the three tables, and a column and an index to the outbox."""
    _subscriptions()
    _deliveries()
    with op.batch_alter_table(
        "outbox", recreate="always" if op.get_bind().dialect.name == "sqlite" else "never"
    ) as table:
        table.add_column(Column("spread_at", INSTANT))
    # Nobody had subscribed to what happened before.
    op.execute(text("UPDATE outbox SET spread_at = at"))
    op.create_index(
        "ix_outbox_unspread",
        "outbox",
        ["at"],
        sqlite_where=text("spread_at IS NULL"),
        postgresql_where=text("spread_at IS NULL"),
    )


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("origin", String(16), nullable=False),
        Column("channel", String(8), nullable=False),
        Column("event_types", JSON, nullable=False),
        Column("profile_id", String(40)),
        Column("only_scheduled", Boolean, nullable=False),
        Column("enabled", Boolean, nullable=False),
        Column("url", Text),
        Column("secret", Text),
        Column("older_secret", Text),
        Column("older_until", INSTANT),
        Column("recipients", JSON),
        Column("disabled_reason", String(16)),
        Column("last_test_at", INSTANT),
        Column("last_test_status", String(24)),
        Column("last_success_at", INSTANT),
        Column("matching_since", INSTANT, nullable=False),
        Column("next_at", INSTANT),
        Column("rung_at", INSTANT),
        Column("lease_until", INSTANT),
        Column("epoch", Integer, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_subscriptions"),
    )
    op.create_index("ix_subscriptions_project_id_created_at", "subscriptions", ["project_id", "created_at"])
    op.create_index(
        "ix_subscriptions_next_at",
        "subscriptions",
        ["next_at"],
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("subscription_id", String(40), nullable=False),
        Column("event_id", String(40), nullable=False),
        Column("event_type", String(40), nullable=False),
        Column("event_at", INSTANT, nullable=False),
        Column("body", Text, nullable=False),
        Column("state", String(12), nullable=False),
        Column("next_at", INSTANT),
        Column("tries", Integer, nullable=False),
        Column("first_try_at", INSTANT),
        Column("created_at", INSTANT, nullable=False),
        Column("ended_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_deliveries"),
        UniqueConstraint("subscription_id", "event_id", name="uq_deliveries_subscription_id_event_id"),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["subscription_id", "event_at"],
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    )
    op.create_index("ix_deliveries_ended_at", "deliveries", ["ended_at"])
    op.create_table(
        "delivery_attempts",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("delivery_id", String(40), nullable=False),
        Column("at", INSTANT, nullable=False),
        Column("milliseconds", Integer, nullable=False),
        Column("status", Integer),
        Column("reason", String(24)),
        PrimaryKeyConstraint("id", name="pk_delivery_attempts"),
    )
    op.create_index("ix_delivery_attempts_delivery_id", "delivery_attempts", ["delivery_id"])
