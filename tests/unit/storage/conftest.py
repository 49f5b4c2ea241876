"""Stores on one database of PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from polypost.storage.postgres import PostgresStore


@pytest.fixture
def with_postgres(fresh_database):
    """Run a coroutine function with an empty table and a store at each of the addresses, or `stores` at its own."""

    def run(story, *addresses, stores=1):
        async def main():
            opened = [PostgresStore(address) for address in addresses or (fresh_database,) * stores]
            try:
                await opened[-1].write(
                    lambda db: db.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY, n INTEGER)"))
                )
                async with asyncio.timeout(60):
                    await story(*opened)
            finally:
                for store in opened:
                    await store.close()

        asyncio.run(main())

    return run
