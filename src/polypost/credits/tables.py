"""The ledger, and running sums of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

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

# What a project drew, reservations included, by month of the allowance (202611); 0 is what never lapses.
balances = Table(
    "balances",
    metadata,
    Column("project_id", String(40), primary_key=True),
    Column("cycle", Integer, primary_key=True, autoincrement=False),
    Column("drawn", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What was spent in a month (202611), by account; an action that is no account's has an empty one.
usage = Table(
    "usage",
    metadata,
    Column("project_id", String(40), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("integration_id", String(40), primary_key=True),
    Column("platform", String(24), primary_key=True),
    Column("credits", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
