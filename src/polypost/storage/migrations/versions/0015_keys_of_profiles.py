"""Keys that are bound to profiles, and projects of which no two have one name."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text, text

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column and the index; of projects with one name all but the oldest get their id behind it."""
    op.add_column("api_keys", Column("profiles", Text))
    op.execute(
        text(
            "UPDATE projects SET name = name || ' (' || id || ')' WHERE EXISTS (SELECT 1 FROM projects AS older"
            " WHERE older.name = projects.name AND (older.created_at, older.id) < (projects.created_at, projects.id))"
        )
    )
    op.create_index("uq_projects_name", "projects", ["name"], unique=True)
