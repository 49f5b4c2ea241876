"""Answers that are under way, signs of life of servers, and when an idempotency key ends."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, column, table, text

revision = "0010"
down_revision = "0009"

INSTANT = BigInteger
# Microseconds, as instants are stored.
WEEK = 7 * 86_400 * 1_000_000


def upgrade() -> None:
    """Add them; a key that exists ends a week after it was used."""
    open_ = text("delivery = 'open'")
    op.create_index(
        "uq_posts_open",
        "posts",
        ["fingerprint", "api_key_id"],
        unique=True,
        sqlite_where=open_,
        postgresql_where=open_,
    )
    op.create_table(
        "servers",
        Column("name", String(64), nullable=False),
        Column("signs", BigInteger, nullable=False),
        Column("seen_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("name", name="pk_servers"),
    )
    with op.batch_alter_table("idempotency") as batch:
        batch.add_column(Column("expires_at", INSTANT, nullable=False, server_default=text("0")))
    keys = table("idempotency", column("expires_at"), column("created_at"))
    op.execute(keys.update().values(expires_at=keys.c.created_at + WEEK))
    with op.batch_alter_table("idempotency") as batch:
        batch.alter_column("expires_at", server_default=None)
    op.create_index("ix_idempotency_expires_at", "idempotency", ["expires_at"])
