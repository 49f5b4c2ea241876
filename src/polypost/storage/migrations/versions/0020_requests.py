"""The log of the API's requests."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, PrimaryKeyConstraint, String, Text, text

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "requests",
        Column("project_id", String(40), nullable=False),
        Column("id", String(40), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("method", String(16), nullable=False),
        Column("path", Text, nullable=False),
        Column("query", Text, nullable=False),
        Column("status", Integer, nullable=False),
        Column("milliseconds", Integer, nullable=False),
        Column("key_id", String(40), nullable=False),
        Column("code", String(48)),
        Column("message", Text),
        Column("missed", Integer, nullable=False),
        Column("cut", Boolean, nullable=False),
        Column("body", Text, nullable=False),
        PrimaryKeyConstraint("project_id", "id", name="pk_requests"),
    )
    refused = text("status >= 400")
    op.create_index(
        "ix_requests_refused",
        "requests",
        ["project_id", "id"],
        sqlite_where=refused,
        postgresql_where=refused,
    )
