"""Drafts that wait for approval, what was said of them, and links by which others approve."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, PrimaryKeyConstraint, String, Text

revision = "0018"
down_revision = "0017"

INSTANT = BigInteger
ID = String(40)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "approval_requests",
        Column("post_id", ID, nullable=False),
        Column("project_id", ID, nullable=False),
        Column("state", String(10), nullable=False),
        Column("queue", Boolean, nullable=False),
        Column("version", String(64), nullable=False),
        Column("changed_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("post_id", name="pk_approval_requests"),
    )
    op.create_index(
        "ix_approval_requests_state_project_id_changed_at",
        "approval_requests",
        ["state", "project_id", "changed_at"],
    )
    op.create_table(
        "approval_remarks",
        Column("id", ID, nullable=False),
        Column("project_id", ID, nullable=False),
        Column("post_id", ID, nullable=False),
        Column("at", INSTANT, nullable=False),
        Column("kind", String(10), nullable=False),
        Column("made_by", ID, nullable=False),
        Column("name", Text, nullable=False),
        Column("link_id", ID),
        Column("text", Text, nullable=False),
        PrimaryKeyConstraint("id", name="pk_approval_remarks"),
    )
    op.create_index("ix_approval_remarks_post_id", "approval_remarks", ["post_id"])
    op.create_table(
        "approval_links",
        Column("id", ID, nullable=False),
        Column("project_id", ID, nullable=False),
        Column("post_id", ID, nullable=False),
        Column("hash", String(64), nullable=False),
        Column("version", String(64), nullable=False),
        Column("made_by", ID, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("expires_at", INSTANT, nullable=False),
        Column("ended", String(10)),
        PrimaryKeyConstraint("id", name="pk_approval_links"),
    )
    op.create_index("uq_approval_links_hash", "approval_links", ["hash"], unique=True)
    op.create_index("ix_approval_links_post_id", "approval_links", ["post_id"])
    op.create_index("ix_approval_links_expires_at", "approval_links", ["expires_at"])
