"""Uploads, and the posts for which they are kept."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0007"
down_revision = "0006"

INSTANT = BigInteger


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "uploads",
        Column("id", Text, nullable=False),
        Column("project_id", Text, nullable=False),
        Column("host", Text, nullable=False),
        Column("url", Text, nullable=False),
        Column("filename", Text, nullable=False),
        Column("mime", Text, nullable=False),
        Column("length", BigInteger),
        Column("state", Text, nullable=False),
        Column("part", Text),
        Column("offset", BigInteger, nullable=False),
        Column("path", Text),
        Column("size", BigInteger),
        Column("sha256", Text),
        Column("created_at", INSTANT, nullable=False),
        Column("expires_at", INSTANT, nullable=False),
        Column("completed_at", INSTANT),
        Column("delete_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_delete_at", "uploads", ["delete_at"])
    op.create_index("ix_uploads_host_state", "uploads", ["host", "state"])
    op.create_table(
        "upload_holds",
        Column("upload_id", Text, nullable=False),
        Column("holder_id", Text, nullable=False),
        Column("project_id", Text, nullable=False),
        Column("until", INSTANT),
        PrimaryKeyConstraint("upload_id", "holder_id", name="pk_upload_holds"),
    )
    op.create_index("ix_upload_holds_holder_id", "upload_holds", ["holder_id"])
