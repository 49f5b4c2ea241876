"""One running world for each store, shared by all contract tests; every module gets a project of its own there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests import databases
from tests.contract.hostile_media import Stage, on_stage
from tests.contract.receivers import Receiver, on_receiver
from tests.contract.tenant import Tenant, close, new_tenant
from tests.processes import World

Worlds = Callable[[str], World]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """A hostile web server that the servers under test may reach, and a canary that they may not."""
    with on_stage() as running:
        yield running


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks that the servers under test may reach."""
    with on_receiver() as running:
        yield running


@pytest.fixture(scope="session")
def worlds(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    stage: Stage,
    receiver: Receiver,
) -> Iterator[Worlds]:
    """The world on a store, started when the first test asks for it."""
    started: dict[str, World] = {}

    def on(store: str) -> World:
        if store not in started:
            url = None
            if store == "postgresql":
                url = databases.fresh_database(request.getfixturevalue("postgres_url"))
            env = {
                "POLYPOST_ALLOW_ADDRESSES": f"{stage.address},{receiver.address}",
                "POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000",
                # Nobody dies here; on a busy machine a short lease would make it too slow to send in time.
                "POLYPOST_LEASE_SECONDS": "15",
                "POLYPOST_HEARTBEAT_SECONDS": "2",
                "POLYPOST_TRUSTED_PROXIES": "127.0.0.8",
                "POLYPOST_WEBHOOK_RETRY_AT": "0.1,0.2,0.3,0.4",
                "POLYPOST_WEBHOOK_TIMEOUT_SECONDS": "3",
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


@pytest.fixture(autouse=True)
def no_faults(worlds: Worlds, request: pytest.FixtureRequest) -> Iterator[None]:
    """Trouble that a test orders on the networks ends with it."""
    yield
    for name in ("world", "embedded"):
        if name in request.fixturenames:
            request.getfixturevalue(name).control("DELETE", "faults")
