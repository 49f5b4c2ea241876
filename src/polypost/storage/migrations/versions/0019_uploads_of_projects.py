"""The index by which a project's uploads are listed: of those that are here."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add it."""
    here = text("state IN ('open', 'complete')")
    op.create_index(
        "ix_uploads_here",
        "uploads",
        ["project_id", "created_at"],
        sqlite_where=here,
        postgresql_where=here,
    )
