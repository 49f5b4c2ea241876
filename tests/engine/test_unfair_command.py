"""The command behind `make unfair` works and judges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.engine.unfair import Row, table

ROOT = Path(__file__).parents[2]


def test_a_row_of_one_store(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    command = [
        sys.executable,
        "-m",
        "tests.engine.unfair",
        "--store",
        "sqlite",
        "--only",
        "killed",
        "--quick",
    ]
    done = subprocess.run(
        [*command, "--results", str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    (line,) = [json.loads(line) for line in file.read_text().splitlines()]
    (lag,) = line["lags"]
    assert (line["judge"], line["store"], line["point"], line["wrong"]) == ("unfair", "sqlite", "killed", [])
    # How long it took is the machine's; what is said of it is not.
    verdict = "ok" if lag <= line["bound"] else "1 of 1 late"
    assert done.stdout.splitlines()[-1].endswith(f"{lag:6.2f} s {lag:6.2f} s    6 s  {verdict}")
    assert done.returncode == (0 if verdict == "ok" else 1), done.stdout + done.stderr


def test_the_table_says_what_falls_short() -> None:
    rows = [
        ("films", "sqlite", Row([0.1, 0.2, 2.5])),
        ("stumbling", "sqlite", Row([0.1], wrong=["A's own posts failed: busy"])),
        ("vanished", "sqlite", Row(skipped="the one process there is")),
        ("apart", "sqlite", Row([0.1])),
    ]
    said = [line.split(maxsplit=2)[2] for line in table(rows)][1:]
    assert [" ".join(each.split()) for each in said] == [
        "0.20 s 2.50 s 2 s 1 of 3 late",
        "0.10 s 0.10 s 2 s A's own posts failed: busy",
        "– – 2 s skipped: the one process there is",
        "0.10 s 0.10 s 2 s ok",
    ]
