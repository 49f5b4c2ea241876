"""Numbers about this process: counted in plain dictionaries, written in Prometheus' text format when somebody asks.

They are counted on the event loop only; counting costs a look-up and an addition.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from math import inf
from typing import ClassVar

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})

Labels = tuple[str, ...]


class Family(ABC):
    """A metric: its name, what it says, and the names of its labels. Every family stands in `all`."""

    all: ClassVar[dict[str, Family]] = {}
    kind = "untyped"

    def __init__(self, name: str, says: str, *labels: str) -> None:
        assert name not in Family.all, name
        self.name, self.says, self.labels = name, says, labels
        Family.all[name] = self

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """Its samples in the text format."""

    def _line(self, values: Labels, number: float, suffix: str = "", more: str = "") -> str:
        pairs = [
            f'{name}="{value.translate(_ESCAPED)}"' for name, value in zip(self.labels, values, strict=True)
        ]
        inside = ",".join([*pairs, more] if more else pairs)
        # A truth is a number too.
        shown = "+Inf" if number == inf else str(number + 0)
        return f"{self.name}{suffix}{{{inside}}} {shown}" if inside else f"{self.name}{suffix} {shown}"


class Counter(Family):
    """A number that only grows."""

    kind = "counter"

    def __init__(self, name: str, says: str, *labels: str) -> None:
        super().__init__(name, says, *labels)
        # Without labels there is one number, and it is there from the start.
        self.values: dict[Labels, float] = {} if labels else {(): 0}

    def add(self, *labels: str, by: float = 1) -> None:
        """Count `by` more under these labels, given in the order of the family's."""
        self.values[labels] = self.values.get(labels, 0) + by

    def lines(self) -> Iterator[str]:
        """Its samples in the text format."""
        for labels, number in list(self.values.items()):
            yield self._line(labels, number)


class Gauge(Family):
    """A number that is looked up when somebody asks."""

    kind = "gauge"

    def __init__(self, name: str, says: str, *labels: str) -> None:
        super().__init__(name, says, *labels)
        self.values: dict[Labels, float] = {}

    def set(self, number: float, *labels: str) -> None:
        """Say what it is now under these labels."""
        self.values[labels] = number

    def become(self, values: dict[Labels, float]) -> None:
        """Say all that it is now; what is not named is not there any more."""
        self.values = values

    def lines(self) -> Iterator[str]:
        """Its samples in the text format."""
        for labels, number in list(self.values.items()):
            yield self._line(labels, number)


class Histogram(Family):
    """How many values came up to each of some bounds, how many in all, and their sum."""

    kind = "histogram"

    def __init__(self, name: str, says: str, *labels: str, bounds: Iterable[float]) -> None:
        super().__init__(name, says, *labels)
        self.bounds = tuple(bounds)
        # Counts by bucket, the one beyond the last bound too; behind them the sum.
        self.values: dict[Labels, list[float]] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Take a value in."""
        found = self.values.get(labels)
        if found is None:
            found = self.values[labels] = [0] * (len(self.bounds) + 1) + [0.0]
        found[bisect_left(self.bounds, value)] += 1
        found[-1] += value

    def lines(self) -> Iterator[str]:
        """Its samples in the text format."""
        for labels, counted in list(self.values.items()):
            so_far = 0.0
            for bound, count in zip([*map(str, self.bounds), "+Inf"], counted, strict=False):
                so_far += count
                yield self._line(labels, so_far, "_bucket", f'le="{bound}"')
            yield self._line(labels, counted[-1], "_sum")
            yield self._line(labels, so_far, "_count")


def text() -> str:
    """All families that have something to say, in Prometheus' text format 0.0.4."""
    out: list[str] = []
    for family in Family.all.values():
        lines = list(family.lines())
        if lines:
            out += [
                f"# HELP {family.name} {family.says.translate(_HELP)}",
                f"# TYPE {family.name} {family.kind}",
                *lines,
            ]
    return "\n".join([*out, ""])
