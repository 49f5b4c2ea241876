"""Bulk uploads and their rows."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, PrimaryKeyConstraint, String, Text, text

revision = "0003"
down_revision = "0002"

INSTANT = BigInteger


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "bulks",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("api_key_id", String(40), nullable=False),
        Column("fingerprint", BigInteger, nullable=False),
        Column("format", String(8), nullable=False),
        Column("dry_run", Boolean, nullable=False),
        Column("state", String(12), nullable=False),
        Column("total", Integer, nullable=False),
        Column("good", Integer, nullable=False),
        Column("refused", Integer, nullable=False),
        Column("price", Integer, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("finished_at", INSTANT),
        Column("next_at", INSTANT),
        Column("rung_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_bulks"),
    )
    op.create_index("ix_bulks_project_id_created_at", "bulks", ["project_id", "created_at"])
    op.create_index(
        "ix_bulks_next_at",
        "bulks",
        ["next_at"],
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    )
    op.create_table(
        "bulk_rows",
        Column("bulk_id", String(40), nullable=False),
        Column("number", Integer, nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("line", Integer, nullable=False),
        Column("body", Text),
        Column("problems", Text),
        Column("state", String(12), nullable=False),
        Column("post_id", String(40)),
        Column("due_at", INSTANT),
        PrimaryKeyConstraint("bulk_id", "number", name="pk_bulk_rows"),
    )
    op.create_index("ix_bulk_rows_bulk_id_state_number", "bulk_rows", ["bulk_id", "state", "number"])
