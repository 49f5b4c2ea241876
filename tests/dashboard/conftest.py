"""One running world for each store, shared by all tests of the dashboard; every module gets a project of its own there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from polypost.access.people import Role
from tests import databases
from tests.contract.tenant import Tenant, close, new_tenant
from tests.dashboard.browser import Browser, member
from tests.processes import World

Worlds = Callable[[str], World]
Members = Callable[..., Browser]


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Worlds]:
    """The world on a store, started when the first test asks for it."""
    started: dict[str, World] = {}

    def on(store: str) -> World:
        if store not in started:
            url = None
            if store == "postgresql":
                url = databases.fresh_database(request.getfixturevalue("postgres_url"))
            env = {
                "POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000",
                # Nobody dies here; on a busy machine a short lease would make it too slow to send in time.
                "POLYPOST_LEASE_SECONDS": "15",
                "POLYPOST_HEARTBEAT_SECONDS": "2",
            }
            world = started[store] = World(tmp_path_factory.mktemp(store), database_url=url, env=env)
            world.start()
            world.control("POST", "limits", json={"enforced": False})
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
def new(worlds: Worlds) -> Iterator[Callable[..., Tenant]]:
    """A maker of further projects: `new(world, credits=3)`."""
    made: list[Tenant] = []

    def make(world: World, *, credits: int | None = None) -> Tenant:
        made.append(new_tenant(world, credits=credits))
        return made[-1]

    yield make
    close(made)


@pytest.fixture(scope="module")
def tenant(world: World, new: Callable[..., Tenant]) -> Tenant:
    """This module's project on either store."""
    return new(world)


@pytest.fixture(scope="module")
def local(embedded: World, new: Callable[..., Tenant]) -> Tenant:
    """This module's project on the embedded store."""
    return new(embedded)


@pytest.fixture(scope="module")
def members() -> Iterator[Members]:
    """A maker of people who are signed in: `members(tenant, "editor")`; without a role, an owner of the project."""
    made: list[Browser] = []

    def make(tenant: Tenant, role: Role = "owner", **options: str) -> Browser:
        made.append(member(tenant, role, **options))
        return made[-1]

    yield make
    for browser in made:
        browser.client.close()


@pytest.fixture(scope="module")
def owner(tenant: Tenant, members: Members) -> Browser:
    """An owner of this module's project, signed in, on either store."""
    return members(tenant)


@pytest.fixture(scope="module")
def local_owner(local: Tenant, members: Members) -> Browser:
    """An owner of this module's project on the embedded store, signed in."""
    return members(local)


@pytest.fixture(autouse=True)
def no_faults(worlds: Worlds, request: pytest.FixtureRequest) -> Iterator[None]:
    """Trouble that a test orders on the networks ends with it."""
    yield
    for name in ("world", "embedded"):
        if name in request.fixturenames:
            request.getfixturevalue(name).control("DELETE", "faults")
