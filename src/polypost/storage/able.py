"""Which older binaries can go on with the store's schema: those whose newest revision is named here."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from polypost.storage.metadata import metadata

able = Table(
    "able",
    metadata,
    # The schema, and the newest revision that such a binary knows.
    Column("head", String(32), primary_key=True),
    Column("revision", String(32), primary_key=True),
)
