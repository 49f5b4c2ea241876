"""Tables of bulk uploads: the upload and its rows."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from polypost.storage import Instant, Json, metadata, partial_index

bulks = Table(
    "bulks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("api_key_id", String(40), nullable=False),
    Column("fingerprint", BigInteger, nullable=False),
    Column("format", String(8), nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    Column("total", Integer, nullable=False),
    Column("good", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("price", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("next_at", Instant),
    Column("rung_at", Instant),
    Index("ix_bulks_project_id_created_at", "project_id", "created_at"),
    partial_index("ix_bulks_next_at", "next_at", where="next_at IS NOT NULL"),
)

bulk_rows = Table(
    "bulk_rows",
    metadata,
    Column("bulk_id", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("line", Integer, nullable=False),
    Column("body", Json),
    Column("problems", Json),
    Column("state", String(12), nullable=False),
    Column("post_id", String(40)),
    Column("due_at", Instant),
    Index("ix_bulk_rows_bulk_id_state_number", "bulk_id", "state", "number"),
)
