"""Charts as numbers: where the marks of a drawing stand. `charts.html` draws them, with their figures as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

# The drawing is stretched to the width of its place; lines and dots keep theirs.
WIDTH, HEIGHT = 1000.0, 200.0
_GAP = 0.2


class Point(NamedTuple):
    """A day with a value and what is said of it; None is a day without one."""

    day: date
    value: float | None
    said: str


class Mark(NamedTuple):
    """A point as it is drawn: the middle of a dot, or the upper left corner of a bar that ends at the bottom."""

    x: float
    y: float
    height: float
    said: str


class Chart(NamedTuple):
    """The marks, a bar's width, the line through them, and the largest value that fits."""

    marks: Sequence[Mark]
    wide: float
    line: str
    top: float


def line(points: Sequence[Point]) -> Chart:
    """A dot for each day with a value, the first and last day at the edges, and a line through them."""
    step = WIDTH / max(1, len(points) - 1)
    return _chart(points, step, 0.0)


def bars(points: Sequence[Point]) -> Chart:
    """A bar for each day with a value."""
    return _chart(points, WIDTH / max(1, len(points)), _GAP / 2)


def _chart(points: Sequence[Point], step: float, before: float) -> Chart:
    top = _round(max((point.value or 0 for point in points), default=0))
    marks = []
    for number, point in enumerate(points):
        if point.value is None:
            continue
        height = round(point.value / top * HEIGHT, 1)
        marks.append(Mark(round((number + before) * step, 1), round(HEIGHT - height, 1), height, point.said))
    through = " ".join(f"{'L' if number else 'M'}{mark.x:g} {mark.y:g}" for number, mark in enumerate(marks))
    return Chart(marks, round(step * (1 - _GAP), 1), through, top)


def _round(value: float) -> float:
    """The next of 1, 2, 5, 10, …: what an axis ends with; 1 for nothing."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(size * times for times in (1, 2, 5, 10) if value <= size * times * (1 + 1e-9))
