"""People who sign in, what they may do in which project, and what they did to the server."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)

revision = "0017"
down_revision = "0016"

INSTANT = BigInteger
ID = String(40)


def upgrade() -> None:
    """Add the tables, and who made a key."""
    op.create_table(
        "people",
        Column("id", ID, nullable=False),
        Column("name", Text, nullable=False),
        Column("folded", Text, nullable=False),
        Column("password", Text, nullable=False),
        Column("operator", Boolean, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("removed_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_people"),
    )
    there = text("removed_at IS NULL")
    op.create_index(
        "uq_people_folded", "people", ["folded"], unique=True, sqlite_where=there, postgresql_where=there
    )
    op.create_table(
        "members",
        Column("project_id", ID, nullable=False),
        Column("person_id", ID, nullable=False),
        Column("role", String(10), nullable=False),
        Column("created_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("project_id", "person_id", name="pk_members"),
        _refers("members", "project_id", "projects"),
        _refers("members", "person_id", "people"),
    )
    op.create_index("ix_members_person_id", "members", ["person_id"])
    op.create_table(
        "sessions",
        Column("id", ID, nullable=False),
        Column("hash", String(64), nullable=False),
        Column("person_id", ID, nullable=False),
        Column("agent", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("seen_at", INSTANT, nullable=False),
        Column("confirmed_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_sessions"),
        _refers("sessions", "person_id", "people"),
    )
    op.create_index("uq_sessions_hash", "sessions", ["hash"], unique=True)
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"])
    op.create_table(
        "invitations",
        Column("id", ID, nullable=False),
        Column("hash", String(64), nullable=False),
        Column("kind", String(10), nullable=False),
        Column("project_id", ID),
        Column("role", String(10)),
        Column("person_id", ID),
        Column("created_by", ID),
        Column("created_at", INSTANT, nullable=False),
        Column("expires_at", INSTANT, nullable=False),
        Column("used_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_invitations"),
        _refers("invitations", "project_id", "projects"),
        _refers("invitations", "person_id", "people"),
    )
    op.create_index("uq_invitations_hash", "invitations", ["hash"], unique=True)
    op.create_table(
        "acts",
        Column("id", ID, nullable=False),
        Column("at", INSTANT, nullable=False),
        Column("person_id", ID),
        Column("project_id", ID),
        Column("what", String(40), nullable=False),
        Column("detail", Text, nullable=False),
        PrimaryKeyConstraint("id", name="pk_acts"),
    )
    op.create_index("ix_acts_project_id_at", "acts", ["project_id", "at"])
    op.add_column("api_keys", Column("made_by", ID))


def _refers(table: str, column: str, to: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")
