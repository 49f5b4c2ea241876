"""Running worlds, one for each store, shared by all tests of a folder; every module gets a project of its own there.

A folder's conftest takes these fixtures over by importing them. Its `server_settings` are what its servers are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests import databases
from tests.contract.tenant import Tenant, close, new_tenant
from tests.processes import World

Worlds = Callable[[str], World]
Tenants = Callable[..., Tenant]
CALM = {
    "POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000",
    # Nobody dies here; on a busy machine a short lease would make it too slow to send in time.
    "POLYPOST_LEASE_SECONDS": "15",
    "POLYPOST_HEARTBEAT_SECONDS": "2",
}


def calm_world(folder: Path, *, database_url: str | None = None, more: Mapping[str, str]) -> World:
    """A running server and its sandbox, neither of which counts calls; `more` are settings of the server."""
    world = World(folder, database_url=database_url, env={**CALM, **more})
    world.start()
    world.control("POST", "limits", json={"enforced": False})
    return world


@pytest.fixture(scope="session")
def server_settings() -> Mapping[str, str]:
    """What the folder's servers are told beside `CALM`."""
    return {}


@pytest.fixture(scope="session")
def worlds(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    server_settings: Mapping[str, str],
) -> Iterator[Worlds]:
    """The world on a store, started when the first test asks for it."""
    started: dict[str, World] = {}

    def on(store: str) -> World:
        if store not in started:
            url = None
            if store == "postgresql":
                url = databases.fresh_database(request.getfixturevalue("postgres_url"))
            started[store] = calm_world(
                tmp_path_factory.mktemp(store), database_url=url, more=server_settings
            )
        return started[store]

    yield on
    for world in started.values():
        world.stop()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, worlds: Worlds) -> World:
    """A running server and its sandbox; every test that asks for it runs on both stores."""
    return worlds(request.param)


@pytest.fixture(scope="session")
def embedded(worlds: Worlds) -> World:
    """The world on the embedded store, for tests in which the store does not matter."""
    return worlds("sqlite")


@pytest.fixture(scope="session")
def new(worlds: Worlds) -> Iterator[Tenants]:
    """A maker of further projects: `new(world, credits=3)`."""
    made: list[Tenant] = []

    def make(world: World, *, credits: int | None = None) -> Tenant:
        made.append(new_tenant(world, credits=credits))
        return made[-1]

    yield make
    close(made)


@pytest.fixture(scope="module")
def tenant(world: World, new: Tenants) -> Tenant:
    """This module's project on either store."""
    return new(world)


@pytest.fixture(scope="module")
def local(embedded: World, new: Tenants) -> Tenant:
    """This module's project on the embedded store."""
    return new(embedded)


@pytest.fixture(autouse=True)
def no_faults(worlds: Worlds, request: pytest.FixtureRequest) -> Iterator[None]:
    """Trouble that a test orders on the networks ends with it."""
    yield
    for name in ("world", "embedded"):
        if name in request.fixturenames:
            request.getfixturevalue(name).control("DELETE", "faults")
