"""Which life of the store this is, and which older binaries can go on with its schema."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String

revision = "0022"
down_revision = "0021"
adds_only = True


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "lives",
        Column("id", String(40), nullable=False),
        Column("cause", String(8), nullable=False),
        Column("began_at", BigInteger, nullable=False),
        Column("device", String(40)),
        Column("inode", String(40)),
        Column("volume", String(40)),
        Column("machine", String(40)),
        Column("copied_at", BigInteger),
        Column("answer", String(8)),
        Column("answered_at", BigInteger),
        PrimaryKeyConstraint("id", name="pk_lives"),
    )
    op.create_index("ix_lives_began_at", "lives", ["began_at"])
    op.create_table(
        "able",
        Column("head", String(32), nullable=False),
        Column("revision", String(32), nullable=False),
        PrimaryKeyConstraint("head", "revision", name="pk_able"),
    )
