"""Tables of the approvals room. Of links only the hash is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from polypost.storage import Instant, metadata

# What a request may be in.
WAITING, RETURNED, APPROVED = "waiting", "returned", "approved"

approval_requests = Table(
    "approval_requests",
    metadata,
    Column("post_id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("state", String(10), nullable=False),
    # Whether it takes the next free slot of the project's queue; else it has an hour of its own, or none.
    Column("queue", Boolean, nullable=False),
    # What was asked for; of what is approved, exactly that.
    Column("version", String(64), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("ix_approval_requests_state_project_id_changed_at", "state", "project_id", "changed_at"),
)


class RequestRow:
    """A row of `approval_requests`."""

    post_id: str
    project_id: str
    state: str
    queue: bool
    version: str
    changed_at: datetime


approval_remarks = Table(
    "approval_remarks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("post_id", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    # What somebody did by it: as the states, or `linked` and `unlinked`.
    Column("kind", String(10), nullable=False),
    # A person or an API key: whoever gave the link, where one was used, whose holder's name is then in `name`.
    Column("made_by", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("link_id", String(40)),
    Column("text", Text, nullable=False),
    Index("ix_approval_remarks_post_id", "post_id"),
)


class RemarkRow:
    """A row of `approval_remarks`."""

    id: str
    project_id: str
    post_id: str
    at: datetime
    kind: str
    made_by: str
    name: str
    link_id: str | None
    text: str


approval_links = Table(
    "approval_links",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("post_id", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("made_by", String(40), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # Why it ended before its time: what came of it, or `revoked`.
    Column("ended", String(10)),
    Index("uq_approval_links_hash", "hash", unique=True),
    Index("ix_approval_links_post_id", "post_id"),
    Index("ix_approval_links_expires_at", "expires_at"),
)


class LinkRow:
    """A row of `approval_links`."""

    id: str
    project_id: str
    post_id: str
    hash: str
    version: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    ended: str | None
