"""What stories are told in: each opens what a test's module names, for that test alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.platforms import sandboxed
from tests.platforms.conformance import Case, stage
from tests.platforms.conformance.stage import Stage
from tests.platforms.talking import Talk, talking


@pytest.fixture
async def net(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """A server in the network's place, the module's `Script`."""
    async with request.module.Script() as script:
        yield script


@pytest.fixture
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """The sandbox with the network's first demo account, the module's `Room`."""
    async with sandboxed.ready(request.module.Room, tmp_path) as opened:
        yield opened


@pytest.fixture
async def talk(platform: str, tmp_path: Path) -> AsyncIterator[Talk]:
    """The account of a network whose comments and messages a test is about."""
    async with talking(tmp_path, platform) as opened:
        yield opened


@pytest.fixture
def on_stage(tmp_path: Path) -> Callable[[Case, Callable[[Stage], Awaitable[None]]], None]:
    """Tell a story with the real pipeline around the connector: `on_stage(case, story)`."""
    return lambda case, story: asyncio.run(stage.on_stage(tmp_path, case, story))
