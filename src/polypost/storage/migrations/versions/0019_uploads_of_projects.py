"""The index by which a project's uploads are listed."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    """Add it."""
    op.create_index("ix_uploads_project_id_created_at", "uploads", ["project_id", "created_at"])
