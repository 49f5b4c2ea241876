"""The results file of the judges: what is there is not done again, and a fault is not forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.judging import Tally
from tests.engine.results import Results

WISH = [("sqlite", "P1"), ("sqlite", "P1"), ("sqlite", "P9"), ("postgresql", "P1")]


def test_an_interrupted_run_does_only_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    Results("crash", file).add("sqlite", "P1", Tally())
    Results("disconnect", file).add("sqlite", "P9", Tally())
    assert Results("crash", file).missing(WISH) == [("sqlite", "P1"), ("sqlite", "P9"), ("postgresql", "P1")]


def test_rounds_of_another_commit_are_none(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    Results("crash", file).add("sqlite", "P1", Tally())
    for name in ("commit", "dirty"):
        line = json.loads(file.read_text().splitlines()[0])
        file.write_text(json.dumps(line | {name: "another"}) + "\n")
        assert Results("crash", file).missing(WISH) == WISH


def test_a_fault_stays_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.jsonl"
    Results("crash", file).add("sqlite", "P1", Tally(posts=4, published=4))
    assert Results("crash", file).report() == 0
    Results("crash", file).add("sqlite", "P9", Tally(twice=["text: 2 posts"]))
    Results("crash", file).add("sqlite", "P1", Tally(posts=4))
    assert Results("crash", file).report() == 1
    said = capsys.readouterr().out
    assert "twice: 1 ['text: 2 posts']" in said
    assert "posts: 8" in said
