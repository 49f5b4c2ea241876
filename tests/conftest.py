"""Fixtures that every test may use: both stores, empty, with all tables."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import starlette.routing
from hypothesis import HealthCheck, settings

from polypost import cli, clock
from polypost.storage import Store, metadata, open_store
from tests import databases

# How fast examples are made says something about the machine, and no test is about time.
settings.register_profile("polypost", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("polypost")

# A sandbox has a thousand paths, more than `re` remembers, and most tests start one.
starlette.routing.compile_path = cache(starlette.routing.compile_path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes minutes begin first: it would be all that runs at the end, in one process of four."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port on loopback where every connection is refused."""
    with socket.socket() as taken:
        # Bound, so that nobody else is given it meanwhile, and nobody listens.
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.fixture(autouse=True)
def _own_time() -> Iterator[None]:
    """Time that a test lets pass is its own: the next one begins at the real hour again."""
    ahead = clock._Advance.seconds
    yield
    clock._Advance.seconds = ahead


@pytest.fixture(scope="session", autouse=True)
def _quiet_commands() -> Iterator[None]:
    """Commands that are run in this process leave its log as it is: later tests look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "_quiet", lambda: None)
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server for this test run."""
    with databases.server(durable=False) as url:
        yield url


@pytest.fixture
def fresh_database(postgres_url: str) -> str:
    """The address of an empty database."""
    return databases.fresh_database(postgres_url)


@pytest.fixture(scope="session")
def with_tables(postgres_url: str) -> str:
    """The address of a database with all tables, to be copied."""

    async def main(url: str) -> str:
        store = open_store(Path(), url)
        try:
            await store.write(metadata.create_all)
        finally:
            await store.close()
        return url

    return asyncio.run(main(databases.fresh_database(postgres_url)))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """None for the embedded store, an address for PostgreSQL: of an empty database, unless `with_store` wants tables."""
    if request.param == "sqlite":
        return None
    like = request.getfixturevalue("with_tables") if "with_store" in request.fixturenames else None
    return databases.fresh_database(request.getfixturevalue("postgres_url"), like=like)


@pytest.fixture
def with_store(
    store_url: str | None, tmp_path: Path
) -> Callable[[Callable[[Store], Coroutine[Any, Any, Any]]], Any]:
    """Run a coroutine function with an open, empty store: `with_store(story)`."""

    def run(story: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            store = open_store(tmp_path / "data", store_url)
            try:
                await store.write(metadata.create_all)
                return await story(store)
            finally:
                await store.close()

        return asyncio.run(main())

    return run
