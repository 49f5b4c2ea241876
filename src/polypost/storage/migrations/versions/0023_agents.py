"""Access that people give to agents by OAuth."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, PrimaryKeyConstraint, String, Text

revision = "0023"
down_revision = "0022"
adds_only = True

INSTANT = BigInteger
ID = String(40)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "oauth_clients",
        Column("id", ID, nullable=False),
        Column("name", Text, nullable=False),
        Column("redirect_uris", Text, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_oauth_clients"),
    )
    op.create_index("ix_oauth_clients_created_at", "oauth_clients", ["created_at"])
    op.create_table(
        "oauth_grants",
        Column("id", ID, nullable=False),
        Column("project_id", ID, nullable=False),
        Column("person_id", ID, nullable=False),
        Column("client_id", Text, nullable=False),
        Column("client_name", Text, nullable=False),
        Column("scopes", Text, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("last_used_at", INSTANT),
        Column("revoked_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_oauth_grants"),
        ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_oauth_grants_project_id"),
        ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_oauth_grants_person_id"),
    )
    op.create_index("ix_oauth_grants_project_id_created_at", "oauth_grants", ["project_id", "created_at"])
    op.create_table(
        "oauth_tokens",
        Column("hash", String(64), nullable=False),
        Column("grant_id", ID, nullable=False),
        Column("kind", String(10), nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("expires_at", INSTANT, nullable=False),
        Column("used_at", INSTANT),
        Column("redirect_uri", Text),
        Column("challenge", String(64)),
        PrimaryKeyConstraint("hash", name="pk_oauth_tokens"),
        ForeignKeyConstraint(["grant_id"], ["oauth_grants.id"], name="fk_oauth_tokens_grant_id"),
    )
    op.create_index("ix_oauth_tokens_grant_id", "oauth_tokens", ["grant_id"])
    op.create_index("ix_oauth_tokens_expires_at", "oauth_tokens", ["expires_at"])
