"""Tables of the posts room. The target row is the truth; queues only wake it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from polypost.storage import Instant, Json, metadata, partial_index

_THERE = "deleted_at IS NULL"
_GONE = "deleted_at IS NOT NULL"
_WAITING = "deleted_at IS NULL AND status = 'scheduled'"
# Also in the query, word for word: only then the planners take the index.
OF_A_ZONE = text("deleted_at IS NULL AND status = 'scheduled' AND tzdata IS NOT NULL")

posts = Table(
    "posts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("api_key_id", String(40)),
    Column("content", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("media", Json, nullable=False),
    Column("raw", Json, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("scheduled_for", Instant),
    Column("local_time", String(40)),
    Column("tzdata", String(16)),
    Column("warning", Text),
    Column("fingerprint", BigInteger),
    Column("delivery", String(8)),
    Column("server", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    # What becomes of it when its hour has passed: `skip` fails it after `late_after` seconds.
    Column("late", String(8)),
    Column("late_after", Integer),
    # When its history was forgotten, which only happens some time after its end.
    Column("thinned_at", Instant),
    # Lists and their totals: everything, by status, what waits for its hour, and a span of the calendar.
    partial_index("ix_posts_listed", "project_id", "created_at", "id", where=_THERE),
    partial_index("ix_posts_listed_by_status", "project_id", "status", "created_at", "id", where=_THERE),
    partial_index("ix_posts_scheduled", "project_id", "scheduled_for", "id", where=_WAITING),
    partial_index(
        "ix_posts_project_id_scheduled_for", "project_id", "scheduled_for", where="scheduled_for IS NOT NULL"
    ),
    # What waits for an hour that a zone's rules decide, by the release that was asked.
    partial_index("ix_posts_tzdata", "tzdata", "id", where=OF_A_ZONE.text),
    # What a count of an account's targets has to leave out.
    partial_index("ix_posts_deleted", "project_id", "id", where=_GONE),
    # Only posts whose answer was lost are ever looked for by their body; the others cost nothing here.
    partial_index("ix_posts_lost", "fingerprint", where="delivery = 'lost'"),
    # Where several servers accept: of equal bodies of one key that arrive together, the second waits for the first.
    partial_index("uq_posts_open", "fingerprint", "api_key_id", unique=True, where="delivery = 'open'"),
)


class PostRow:
    """A row of `posts`."""

    id: str
    project_id: str
    api_key_id: str | None
    content: str
    status: str
    media: Any
    raw: Any
    timezone: str
    scheduled_for: datetime | None
    local_time: str | None
    tzdata: str | None
    warning: str | None
    fingerprint: int | None
    delivery: str | None
    server: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    late: str | None
    late_after: int | None
    thinned_at: datetime | None


servers = Table(
    "servers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("signs", BigInteger, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

targets = Table(
    "targets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("post_id", String(40), nullable=False),
    Column("project_id", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("platform", String(24), nullable=False),
    Column("integration_id", String(40), nullable=False),
    Column("content", Text),
    Column("options", Json, nullable=False),
    Column("state", String(12), nullable=False),
    Column("price", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("due_at", Instant),
    Column("next_at", Instant),
    Column("rung_at", Instant),
    Column("lease_until", Instant),
    Column("lease_by", String(40)),
    Column("epoch", Integer, nullable=False),
    Column("attempted", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("first_try_at", Instant),
    Column("looks", Integer, nullable=False),
    Column("doubt_since", Instant),
    Column("journal", Json),
    Column("wait_reason", String(40)),
    Column("step", String(80)),
    Column("proof_id", String(255)),
    Column("proof_url", Text),
    Column("published_at", Instant),
    Column("removed_at", Instant),
    Column("error_code", String(48)),
    Column("error_message", Text),
    Column("warning", Text),
    Column("updated_at", Instant, nullable=False),
    # What a failed target was changed to stands in `content`, `options` and `own_media`; `replaced` has, oldest first,
    # what may be out although nobody saw it: what the target said, and the generation `until` which it did.
    Column("own_media", Json),
    Column("replaced", Json),
    Column("mended_at", Instant),
    Index("ix_targets_post_id", "post_id"),
    # Everything that needs attention at some time has next_at; rows that are done have not and cost nothing here.
    partial_index("ix_targets_next_at", "next_at", where="next_at IS NOT NULL"),
    # To the last column of the order in which an account's targets are taken: many may share an instant.
    partial_index(
        "ix_targets_integration_id_due_at_id", "integration_id", "due_at", "id", where="next_at IS NOT NULL"
    ),
    # The posts of an account.
    Index("ix_targets_integration_id_post_id", "integration_id", "post_id"),
    # What a process holds; a row leaves it when its target is done.
    partial_index("ix_targets_held", "lease_until", where="lease_until IS NOT NULL AND next_at IS NOT NULL"),
    # What a project published in a span of time.
    partial_index(
        "ix_targets_project_id_published_at", "project_id", "published_at", where="published_at IS NOT NULL"
    ),
)


class TargetKey:
    """Which target, of whose account."""

    id: str
    project_id: str
    integration_id: str


class TargetRow(TargetKey):
    """A row of `targets`."""

    post_id: str
    position: int
    platform: str
    content: str | None
    options: Any
    state: str
    price: int
    generation: int
    due_at: datetime | None
    next_at: datetime | None
    rung_at: datetime | None
    lease_until: datetime | None
    lease_by: str | None
    epoch: int
    attempted: bool
    tries: int
    first_try_at: datetime | None
    looks: int
    doubt_since: datetime | None
    journal: Any
    wait_reason: str | None
    step: str | None
    proof_id: str | None
    proof_url: str | None
    published_at: datetime | None
    removed_at: datetime | None
    error_code: str | None
    error_message: str | None
    warning: str | None
    updated_at: datetime
    own_media: Any
    replaced: Any
    mended_at: datetime | None


attempts = Table(
    "attempts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("target_id", String(40), nullable=False),
    Column("integration_id", String(40), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("part", String(80), nullable=False),
    Column("number", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("handles", Json, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String(12)),
    Column("proof_id", String(255)),
    Column("proof_url", Text),
    Column("detail", Text),
    # When it was given up after a whole timetable of looks of which the last one said that it is not there.
    Column("absent_at", Instant),
    UniqueConstraint("target_id", "generation", "part", "number"),
    # I2: a network's proof belongs to one part of one target of the account.
    Index("uq_attempts_proof", "integration_id", "proof_id", unique=True),
    # I3: no attempt starts while an earlier one of the target has no result.
    partial_index("uq_attempts_open", "target_id", unique=True, where="finished_at IS NULL"),
)


class AttemptRow:
    """A row of `attempts`."""

    id: str
    project_id: str
    target_id: str
    integration_id: str
    generation: int
    part: str
    number: int
    epoch: int
    started_at: datetime
    fingerprint: str
    handles: Any
    finished_at: datetime | None
    outcome: str | None
    proof_id: str | None
    proof_url: str | None
    detail: str | None
    absent_at: datetime | None


lanes = Table(
    "lanes",
    metadata,
    Column("integration_id", String(40), primary_key=True),
    Column("target_id", String(40)),
    Column("lease_until", Instant),
    Column("not_before", Instant),
    Column("refusals", Integer, nullable=False),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("post_id", String(40), nullable=False),
    Column("target_id", String(40)),
    Column("at", Instant, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("message", Text, nullable=False),
    Column("detail", Json),
    Index("ix_timeline_post_id", "post_id"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("project_id", String(40), primary_key=True),
    Column("operation", String(120), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", BigInteger, nullable=False),
    Column("post_id", String(40), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_idempotency_expires_at", "expires_at"),
)
