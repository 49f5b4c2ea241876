"""Connections to PostgreSQL that end under living processes; `make disconnect` does the same two hundred times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests import databases
from tests.engine.disconnect import CutLane, Places
from tests.engine.proxy import Cut
from tests.preloaded import Nursery

ACCEPTANCE = "COMMIT of WITH posts"
CHANGE = "COMMIT of UPDATE posts"
CUTS = [
    ("now", Cut("server", ACCEPTANCE, 1, "before")),
    ("now", Cut("server", ACCEPTANCE, 1, "after")),
    ("keyed", Cut("server", ACCEPTANCE, 1, "after")),
    ("soon", Cut("server", ACCEPTANCE, 1, "after")),
    ("retry", Cut("server", CHANGE, 1, "after")),
    ("mend", Cut("server", CHANGE, 1, "after")),
    ("draft", Cut("server", CHANGE, 1, "after")),
    # The first read after the acceptance.
    ("now", Cut("server", "SELECT targets", 1, "before")),
    # The intent, and the second one of these is the end.
    ("now", Cut("workers", "WITH targets", 1, "all", closed_seconds=1, farewell=True)),
    ("now", Cut("workers", "COMMIT of WITH targets", 2, "after")),
    ("mend", Cut("workers", "WITH targets", 1, "before")),
    # What was sent before the change is looked for, and the end of that is written.
    ("doubt", Cut("workers", "COMMIT of UPDATE targets", 1, "after")),
]


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, nursery: Nursery) -> Iterator[CutLane]:
    folder = tmp_path_factory.mktemp("disconnect")
    lane = CutLane("test", folder, databases.fresh_database(postgres_url), 5, Places(), nursery)
    lane.open()
    yield lane
    lane.close()


@pytest.mark.parametrize(("shape", "cut"), CUTS, ids=[f"{shape} {cut}" for shape, cut in CUTS])
def test_nothing_is_lost_doubled_or_denied(lane: CutLane, shape: str, cut: Cut) -> None:
    tally = lane.watch(partial(lane.cut, shape, cut))
    assert tally.met
    assert tally.faults() == []
