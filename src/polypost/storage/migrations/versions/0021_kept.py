"""When a post's history was forgotten, and the posts whose hour follows the rules of a zone."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, text

revision = "0021"
down_revision = "0020"
adds_only = True


def upgrade() -> None:
    """Add a column and an index."""
    op.add_column("posts", Column("thinned_at", BigInteger))
    local = text("deleted_at IS NULL AND status = 'scheduled' AND tzdata IS NOT NULL")
    op.create_index("ix_posts_tzdata", "posts", ["tzdata", "id"], sqlite_where=local, postgresql_where=local)
