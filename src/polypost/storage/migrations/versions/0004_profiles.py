"""Profiles, and a monthly allowance of credits with what each ledger entry drew from it."""

from __future__ import annotations

from typing import Literal

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Text

revision = "0004"
down_revision = "0003"

INSTANT = BigInteger


def upgrade() -> None:
    """Add the table and the columns."""
    op.create_table(
        "profiles",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("name", String(200), nullable=False),
        Column("search", Text, nullable=False),
        Column("description", Text),
        Column("created_at", INSTANT, nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("deleted_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_profiles"),
    )
    op.create_index("ix_profiles_project_id_created_at", "profiles", ["project_id", "created_at"])
    # Made anew on SQLite, so that the store reads as if its tables had been declared like this from the first day.
    again: Literal["always", "never"] = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("projects", recreate=again) as table:
        table.add_column(Column("monthly_credits", Integer))
    with op.batch_alter_table("ledger", recreate=again, table_kwargs={"sqlite_with_rowid": False}) as table:
        table.add_column(Column("monthly", Integer))
        table.add_column(Column("cycle", Integer))
