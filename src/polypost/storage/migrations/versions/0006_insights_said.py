"""Comments and messages that were written by request, so that a repeat is known."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text, UniqueConstraint

revision = "0006"
down_revision = "0005"

INSTANT = BigInteger


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "said",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("api_key_id", String(40), nullable=False),
        Column("operation", String(40), nullable=False),
        Column("idempotency_key", String(255)),
        Column("fingerprint", BigInteger, nullable=False),
        Column("state", String(8), nullable=False),
        Column("delivery", String(8)),
        Column("network_id", Text),
        Column("server", String(64), nullable=False),
        Column("created_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_said"),
        UniqueConstraint(
            "project_id", "operation", "idempotency_key", name="uq_said_project_id_operation_idempotency_key"
        ),
    )
    op.create_index("ix_said_fingerprint", "said", ["fingerprint"])
    op.create_index("ix_said_created_at", "said", ["created_at"])
