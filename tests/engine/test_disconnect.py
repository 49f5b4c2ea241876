"""Connections to PostgreSQL that end under living processes; `make disconnect` does the same two hundred times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.engine.disconnect import CutLane, Places
from tests.engine.proxy import Cut
from tests.preloaded import Nursery

ACCEPTANCE = "COMMIT of INSERT posts"
CUTS = [
    ("now", Cut("server", ACCEPTANCE, 1, "after")),
    ("now", Cut("server", "SELECT targets", 1, "before")),
    ("now", Cut("workers", "INSERT attempts", 1, "all", closed_seconds=1, farewell=True)),
    ("keyed", Cut("server", ACCEPTANCE, 1, "after")),
    ("now", Cut("workers", "COMMIT of UPDATE attempts", 1, "after")),
]


@pytest.fixture
def lane(tmp_path: Path, fresh_database: str, nursery: Nursery) -> Iterator[CutLane]:
    lane = CutLane("test", tmp_path / "world", fresh_database, 5, Places(), nursery)
    lane.open()
    yield lane
    lane.close()


def test_a_lost_connection_neither_loses_nor_doubles_a_post(lane: CutLane) -> None:
    for shape, cut in CUTS:
        tally = lane.watch(partial(lane.cut, shape, cut))
        assert tally.met, cut
        assert tally.faults() == [], cut
    assert lane.published > 0
