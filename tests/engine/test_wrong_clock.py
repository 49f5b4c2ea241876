"""Processes whose clock is not the database's (RELIABILITY G10): set right, or kept from working."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.suite import PATIENCE


def told(url: str, ahead: float, *folder: str) -> Any:
    said = subprocess.run(
        [sys.executable, "-m", "tests.engine.wrong_clock", url, str(ahead), *folder],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        timeout=3 * PATIENCE,
        check=True,
    ).stdout
    return json.loads(said.splitlines()[-1])


@pytest.mark.parametrize("ahead", [-40, 40])
def test_a_clock_that_is_less_than_a_minute_off_is_set_right(fresh_database: str, ahead: float) -> None:
    said = told(fresh_database, ahead)
    # A second is forgiven, and so is what the way to the database took.
    assert abs(said["error"]) < abs(ahead) / 4
    assert (said["api"], said["worker"]) == (None, None)
    assert (said["begun"], said["early"]) == (["now", "soon"], [])


@pytest.mark.parametrize(("ahead", "where"), [(-240, "behind"), (240, "ahead of")])
def test_with_a_clock_that_is_further_off_nothing_begins_until_it_is_right(
    fresh_database: str, ahead: float, where: str
) -> None:
    said = told(fresh_database, ahead)
    for reason in (said["api"], said["worker"]):
        assert f"240 s {where} the database's" in reason
    assert said["held"] == []
    assert (said["begun"], said["early"], said["then"]) == (["now", "soon"], [], None)


def test_the_doctor_compares_the_clocks(fresh_database: str, tmp_path: Path) -> None:
    ((rule, said),) = told(fresh_database, -40, str(tmp_path))
    assert rule == "T7"
    assert "s behind the database's" in said
    assert "NTP" in said
    assert told(fresh_database, 0, str(tmp_path)) == []
