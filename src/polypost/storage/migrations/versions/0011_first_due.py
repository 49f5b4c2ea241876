"""The index by which an account's first due target is found, to the last column of its order."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Put it in the place of the shorter one."""
    waits = text("next_at IS NOT NULL")
    op.create_index(
        "ix_targets_integration_id_due_at_id",
        "targets",
        ["integration_id", "due_at", "id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.drop_index("ix_targets_integration_id_due_at", "targets")
