"""Apps of the projects' own, logins that wait for a choice, and which accounts came of one login."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text, UniqueConstraint

revision = "0002"
down_revision = "0001"

INSTANT = BigInteger


def upgrade() -> None:
    """Add the two tables and the two columns."""
    op.create_table(
        "apps",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("platform", String(24), nullable=False),
        Column("server", String(255), nullable=False),
        Column("name", String(200), nullable=False),
        Column("image_url", Text),
        Column("client_id", Text, nullable=False),
        Column("client_secret", Text, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_apps"),
        UniqueConstraint(
            "project_id",
            "platform",
            "server",
            "client_id",
            name="uq_apps_project_id_platform_server_client_id",
        ),
    )
    op.create_table(
        "selections",
        Column("hash", String(64), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("platform", String(24), nullable=False),
        Column("app_id", String(40)),
        Column("profile_id", String(40)),
        Column("redirect_uri", Text),
        Column("accounts", Text, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("expires_at", INSTANT, nullable=False),
        Column("used_at", INSTANT),
        PrimaryKeyConstraint("hash", name="pk_selections"),
    )
    op.create_index("ix_selections_expires_at", "selections", ["expires_at"])
    # Made anew on SQLite, so that the store reads as if its tables had been declared like this from the first day.
    with op.batch_alter_table(
        "integrations", recreate="always" if op.get_bind().dialect.name == "sqlite" else "never"
    ) as table:
        table.add_column(Column("grant_id", String(40)))
    with op.batch_alter_table(
        "oauth_states", recreate="always" if op.get_bind().dialect.name == "sqlite" else "never"
    ) as table:
        table.add_column(Column("server", String(255)))
