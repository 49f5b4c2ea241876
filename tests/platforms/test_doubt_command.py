"""The command behind `make doubt` works and judges."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_table_of_one_network() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.platforms.doubt", "--times", "2", "--platform", "bluesky"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("bluesky")]
    assert [row[:4] for row in rows] == [
        ["bluesky", "lost_answer", "2", "2"],
        ["bluesky", "error_after", "2", "2"],
    ]
