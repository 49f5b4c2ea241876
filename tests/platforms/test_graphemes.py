"""Long runs of flags: each is taken by itself, without counting those before it."""

from __future__ import annotations

from pathlib import Path

import regex  # type: ignore[import-untyped]  # the package ships no types

import polypost
from polypost.platforms.graphemes import clusters

FLAG = "🇩🇪"
ANY = r"\X"


def test_flags_are_taken_in_pairs() -> None:
    for text in ("", FLAG, FLAG * 7, FLAG * 3 + "🇩", f"a{FLAG * 2}\u0308b{FLAG}"):
        assert clusters().findall(text) == regex.findall(ANY, text)


def test_no_flag_in_a_run_is_left_to_the_expression_that_counts_them() -> None:
    pair, _, rest = clusters().pattern.rpartition("|")
    assert rest == ANY
    assert len(regex.findall(pair, FLAG * 1_000)) == 999


def test_nobody_but_a_simulator_uses_that_expression_by_itself() -> None:
    root = Path(polypost.__file__).parent
    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if ANY in path.read_text() and "sandbox" not in path.parts
    ]
    assert found == ["platforms/graphemes.py"]
