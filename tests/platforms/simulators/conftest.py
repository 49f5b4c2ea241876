"""The sandbox that a test of several networks, or of none, runs against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.platforms.simulators.helpers import Play, playing


@pytest.fixture
async def running(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Play]:
    async with playing(tmp_path) as sandbox:
        yield sandbox
