"""Which store the settings ask for."""

from __future__ import annotations

from pathlib import Path

from polypost.storage.store import Store


def open_store(
    data: Path, database_url: str | None = None, *, connections: int = 12, patient: bool = False
) -> Store:
    """The store behind the settings: PostgreSQL when an address is given, else one SQLite file in `data`.

    `connections` is how many the process may have to PostgreSQL: one listens, one is the queue's. With `patient` no
    statement is given up because it takes long.
    """
    if database_url:
        from polypost.storage.postgres import PostgresStore

        return PostgresStore(database_url, pool_size=connections - 2, patient=patient)
    from polypost.storage.sqlite import SqliteStore

    return SqliteStore(data / "polypost.db")
