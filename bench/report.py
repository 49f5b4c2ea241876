"""Figures by tree, and the table that is printed of them: old, new, their ratio, and the floor of the same run."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FLOOR = "floor"
_BEGAN = time.monotonic()


@dataclass(slots=True)
class Figure:
    """One measured quantity: its rounds under `old`, `new` and `floor`, the same round at the same place."""

    name: str
    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, side: str, value: float) -> None:
        """One more round."""
        self.rounds.setdefault(side, []).append(value)

    def median(self, side: str) -> str:
        """The median of a side's rounds, `–` where there is none."""
        values = self.rounds.get(side)
        return _short(statistics.median(values)) if values else "–"

    def ratio(self, above: str, below: str) -> str:
        """The median of the rounds' ratios, and in brackets the least and the greatest."""
        pairs = zip(self.rounds.get(above, ()), self.rounds.get(below, ()), strict=False)
        ratios = [value / other for value, other in pairs if other]
        if not ratios:
            return "–"
        if len(ratios) == 1:
            return f"{ratios[0]:.3f}"
        return f"{statistics.median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f})"


class Figures(dict[str, Figure]):
    """Figures by name, in the order in which they came."""

    def add(self, name: str, side: str, value: float) -> None:
        """One more round of a figure."""
        self.setdefault(name, Figure(name)).add(side, value)

    def take(self, title: str, values: Mapping[str, float]) -> None:
        """Figures that are measured once, of this tree alone."""
        for name, value in values.items():
            self.add(f"{title}: {name}", "new", value)


def table(figures: Iterable[Figure], *, compared: bool) -> str:
    """A Markdown table; without a second tree it has no columns for one."""
    heads = ["figure", "old", "new", "new/old", "floor", "new/floor"]
    rows = [
        [
            each.name,
            each.median("old"),
            each.median("new"),
            each.ratio("new", "old"),
            each.median(FLOOR),
            each.ratio("new", FLOOR),
        ]
        for each in figures
    ]
    rows = [heads, ["---"] * len(heads), *rows]
    shown = rows if compared else [[row[0], row[2], *row[4:]] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in shown)


def step(text: str) -> None:
    """Say on standard error what is being done, and how many seconds have passed."""
    print(f"{time.monotonic() - _BEGAN:4.0f} s  {text}", file=sys.stderr, flush=True)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
