"""Real kill -9 at named places and at random; `make crash` does the same three hundred times."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.crash import CrashLane
from tests.preloaded import Nursery

pytestmark = pytest.mark.long


def _survive(folder: Path, database_url: str | None, points: tuple[str, ...], nursery: Nursery) -> None:
    lane = CrashLane("test", folder, database_url, 5, nursery)
    lane.open()
    try:
        for point in points:
            assert lane.round(point).faults() == []
    finally:
        lane.close()
    assert lane.published > 0


@pytest.mark.parametrize(
    "points", [("P2", "P3", "P6"), ("P8", "P9", "P10", "mend P9"), ("P11", "P14", "random")]
)
def test_nothing_is_lost_or_doubled_on_sqlite(tmp_path, points, nursery):
    _survive(tmp_path, None, points, nursery)


def test_nothing_is_lost_or_doubled_with_two_workers(tmp_path, fresh_database, nursery):
    _survive(tmp_path, fresh_database, ("P3", "P9", "random"), nursery)
