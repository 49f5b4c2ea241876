"""What the servers of contract tests may reach beside the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.client.fixtures import opened, own_folder
from tests.contract.hostile_media import Stage, on_stage
from tests.contract.receivers import Receiver, on_receiver
from tests.worlds import embedded, local, new, no_faults, tenant, world, worlds

__all__ = ["embedded", "local", "new", "no_faults", "opened", "own_folder", "tenant", "world", "worlds"]


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
def server_settings(stage: Stage, receiver: Receiver) -> Mapping[str, str]:
    """What the servers are told."""
    return {
        "POLYPOST_ALLOW_ADDRESSES": f"{stage.address},{receiver.address}",
        "POLYPOST_TRUSTED_PROXIES": "127.0.0.8",
        "POLYPOST_WEBHOOK_RETRY_AT": "0.1,0.2,0.3,0.4",
        "POLYPOST_WEBHOOK_TIMEOUT_SECONDS": "3",
    }
