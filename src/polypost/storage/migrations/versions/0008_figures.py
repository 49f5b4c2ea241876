"""Figures that networks told of posts, which spans of accounts were read, and which accounts rest."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, PrimaryKeyConstraint, String, Text, text

revision = "0008"
down_revision = "0007"

INSTANT = BigInteger
COUNTS = ("impressions", "reach", "likes", "comments", "shares", "saves", "clicks", "views")


def upgrade() -> None:
    """Add the three tables, and the way to a project's published targets by time."""
    op.create_table(
        "figures",
        Column("integration_id", String(40), nullable=False),
        Column("proof_id", String(255), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("platform", String(24), nullable=False),
        Column("url", Text),
        Column("content", Text),
        Column("published_at", INSTANT),
        *(Column(name, BigInteger) for name in COUNTS),
        Column("engagement_rate", Float),
        Column("exposure", BigInteger),
        Column("asked_at", INSTANT, nullable=False),
        Column("measured_at", INSTANT),
        Column("listed_at", INSTANT),
        PrimaryKeyConstraint("integration_id", "proof_id", name="pk_figures"),
    )
    op.create_index("ix_figures_integration_id_published_at", "figures", ["integration_id", "published_at"])
    op.create_table(
        "listings",
        Column("integration_id", String(40), nullable=False),
        Column("since", INSTANT, nullable=False),
        Column("until", INSTANT, nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("asked_at", INSTANT, nullable=False),
        Column("complete", Boolean, nullable=False),
        PrimaryKeyConstraint("integration_id", "since", "until", name="pk_listings"),
    )
    op.create_table(
        "rests",
        Column("integration_id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("until", INSTANT, nullable=False),
        Column("code", String(48), nullable=False),
        Column("message", Text, nullable=False),
        Column("noted_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("integration_id", name="pk_rests"),
    )
    published = text("published_at IS NOT NULL")
    op.create_index(
        "ix_targets_project_id_published_at",
        "targets",
        ["project_id", "published_at"],
        sqlite_where=published,
        postgresql_where=published,
    )
