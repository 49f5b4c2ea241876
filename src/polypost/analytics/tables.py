"""What the networks told of posts, kept so that they need not be asked at every call."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, String, Table, Text

from polypost.storage import Instant, metadata

# One row for each post of an account that was ever measured or listed, made here or elsewhere.
figures = Table(
    "figures",
    metadata,
    Column("integration_id", String(40), primary_key=True),
    Column("proof_id", String(255), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("platform", String(24), nullable=False),
    Column("url", Text),
    Column("content", Text),
    Column("published_at", Instant),
    Column("impressions", BigInteger),
    Column("reach", BigInteger),
    Column("likes", BigInteger),
    Column("comments", BigInteger),
    Column("shares", BigInteger),
    Column("saves", BigInteger),
    Column("clicks", BigInteger),
    Column("views", BigInteger),
    Column("engagement_rate", Float),
    Column("exposure", BigInteger),
    # `asked_at` is when the network last answered, `measured_at` when it last knew the post.
    Column("asked_at", Instant, nullable=False),
    Column("measured_at", Instant),
    Column("listed_at", Instant),
    Index("ix_figures_integration_id_published_at", "integration_id", "published_at"),
)

# Which spans of an account were read from its network, and when; `complete` is false where the list was cut.
listings = Table(
    "listings",
    metadata,
    Column("integration_id", String(40), primary_key=True),
    Column("since", Instant, primary_key=True),
    Column("until", Instant, primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("complete", Boolean, nullable=False),
)

# Accounts whose network is not asked for figures before `until`, and why.
rests = Table(
    "rests",
    metadata,
    Column("integration_id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("until", Instant, nullable=False),
    Column("code", String(48), nullable=False),
    Column("message", Text, nullable=False),
    Column("noted_at", Instant, nullable=False),
)
