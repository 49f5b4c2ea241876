"""What failed targets are changed to, what they were before, and how late a post may be."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String, Text

revision = "0016"
down_revision = "0015"

INSTANT = BigInteger


def upgrade() -> None:
    """Add the columns; empty, they mean what was so far."""
    _add("posts", Column("late", String(8)), Column("late_after", Integer))
    _add("schedules", Column("late", String(8)), Column("late_after", Integer))
    _add("targets", Column("own_media", Text), Column("replaced", Text), Column("mended_at", INSTANT))
    _add("attempts", Column("absent_at", INSTANT))


def _add(name: str, *columns: Column[Any]) -> None:
    # Never as a table made anew, which would copy years of posts while the server starts.
    for column in columns:
        op.add_column(name, column)
