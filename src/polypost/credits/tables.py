"""The ledger's table."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from polypost.storage import Instant, metadata

ledger = Table(
    "ledger",
    metadata,
    # What may be there once is its key.
    Column("target_id", String(40), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("amount", Integer, nullable=False),
    Column("platform", String(24), nullable=False),
    Column("integration_id", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    # What of the amount an allowance paid, and that of which month (202611); neither where none did.
    Column("monthly", Integer),
    Column("cycle", Integer),
    Index("ix_ledger_project_id_kind_at", "project_id", "kind", "at"),
    sqlite_with_rowid=False,
)
