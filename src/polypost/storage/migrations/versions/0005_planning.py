"""Recurring schedules with their occurrences, and queues with the posts in their slots."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text, UniqueConstraint, text

revision = "0005"
down_revision = "0004"

INSTANT = BigInteger
JSON = Text


def upgrade() -> None:
    """Add the four tables."""
    _schedules()
    _occurrences()
    op.create_table(
        "queues",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("profile_id", String(40), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("slots", JSON, nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_queues"),
        UniqueConstraint("project_id", "profile_id", name="uq_queues_project_id_profile_id"),
    )
    op.create_table(
        "queue_posts",
        Column("post_id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("queue_id", String(40), nullable=False),
        Column("at", INSTANT),
        PrimaryKeyConstraint("post_id", name="pk_queue_posts"),
        UniqueConstraint("queue_id", "at", name="uq_queue_posts_queue_id_at"),
    )


def _schedules() -> None:
    op.create_table(
        "schedules",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("name", String(200)),
        Column("status", String(8), nullable=False),
        Column("content", Text, nullable=False),
        Column("media", JSON, nullable=False),
        Column("targets", JSON, nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("rule", Text, nullable=False),
        Column("starts_at", String(40), nullable=False),
        Column("done_until", INSTANT, nullable=False),
        Column("wake_at", INSTANT),
        Column("rung_at", INSTANT),
        Column("tzdata", String(16), nullable=False),
        Column("idempotency_key", String(255)),
        Column("fingerprint", BigInteger),
        Column("created_at", INSTANT, nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("deleted_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_schedules"),
        UniqueConstraint("project_id", "idempotency_key", name="uq_schedules_project_id_idempotency_key"),
    )
    op.create_index("ix_schedules_project_id_created_at", "schedules", ["project_id", "created_at"])
    op.create_index(
        "ix_schedules_wake_at",
        "schedules",
        ["wake_at"],
        sqlite_where=text("wake_at IS NOT NULL"),
        postgresql_where=text("wake_at IS NOT NULL"),
    )


def _occurrences() -> None:
    op.create_table(
        "occurrences",
        Column("schedule_id", String(40), nullable=False),
        Column("local_time", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("at", INSTANT, nullable=False),
        Column("state", String(8), nullable=False),
        Column("post_id", String(40)),
        Column("stamp", INSTANT),
        Column("note", Text),
        Column("reason_code", String(48)),
        Column("reason", Text),
        Column("updated_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("schedule_id", "local_time", name="pk_occurrences"),
        UniqueConstraint("schedule_id", "at", name="uq_occurrences_schedule_id_at"),
    )
    op.create_index("ix_occurrences_post_id", "occurrences", ["post_id"])
