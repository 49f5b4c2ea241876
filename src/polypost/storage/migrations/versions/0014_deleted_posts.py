"""The index of deleted posts, which a total by account leaves out."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    """Add it; what is there costs nothing in it."""
    gone = text("deleted_at IS NOT NULL")
    op.create_index(
        "ix_posts_deleted", "posts", ["project_id", "id"], sqlite_where=gone, postgresql_where=gone
    )
