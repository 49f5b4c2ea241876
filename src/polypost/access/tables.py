"""Tables of the access room. Of a key only its hash is kept."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from polypost.storage import Instant, Json, metadata

projects = Table(
    "projects",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("credit_limit", Integer),
    Column("dedupe_window_seconds", Integer, nullable=False),
    Column("disabled_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("monthly_credits", Integer),
    Index("uq_projects_name", "name", unique=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("profiles", Json),
    Index("uq_api_keys_hash", "hash", unique=True),
    Index("ix_api_keys_project_id_created_at", "project_id", "created_at"),
)
