"""Tables of the planning room."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from polypost.storage import Instant, Json, metadata, partial_index

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("name", String(200)),
    Column("status", String(8), nullable=False),
    Column("content", Text, nullable=False),
    Column("media", Json, nullable=False),
    Column("targets", Json, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("rule", Text, nullable=False),
    Column("starts_at", String(40), nullable=False),
    # Every occurrence up to this instant is made, skipped or missed, or was before the schedule.
    Column("done_until", Instant, nullable=False),
    Column("wake_at", Instant),
    Column("rung_at", Instant),
    Column("tzdata", String(16), nullable=False),
    Column("idempotency_key", String(255)),
    Column("fingerprint", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Column("late", String(8)),
    Column("late_after", Integer),
    Index("ix_schedules_project_id_created_at", "project_id", "created_at"),
    partial_index("ix_schedules_wake_at", "wake_at", where="wake_at IS NOT NULL"),
    UniqueConstraint("project_id", "idempotency_key"),
)

occurrences = Table(
    "occurrences",
    metadata,
    # One row, and so one post, for each wall time and for each instant of a schedule.
    Column("schedule_id", String(40), primary_key=True),
    Column("local_time", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(8), nullable=False),
    Column("post_id", String(40)),
    # The post's updated_at as this room left it: while it is the same, nobody has touched the post.
    Column("stamp", Instant),
    Column("note", Text),
    Column("reason_code", String(48)),
    Column("reason", Text),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("schedule_id", "at"),
    Index("ix_occurrences_post_id", "post_id"),
)

queues = Table(
    "queues",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    # Empty for the queue of the project itself: NULLs would not be unique.
    Column("profile_id", String(40), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("slots", Json, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("project_id", "profile_id"),
)

queue_posts = Table(
    "queue_posts",
    metadata,
    Column("post_id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("queue_id", String(40), nullable=False),
    # The slot that the post holds; NULL once it left it.
    Column("at", Instant),
    UniqueConstraint("queue_id", "at"),
)
