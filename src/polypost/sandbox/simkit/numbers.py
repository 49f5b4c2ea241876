"""The numbers that a simulated network enforces, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

# The day on which the sheets of all networks were read; a number read later says so itself.
READ = date(2026, 11, 24)


@dataclass(frozen=True, slots=True)
class Number:
    """One number, where it stands, and when it was read there."""

    value: float
    source: str
    read: date = READ


def whole(numbers: Mapping[str, Number]) -> Callable[[str], int]:
    """What gives whole numbers by name."""
    return lambda name: int(numbers[name].value)


def exactly(numbers: Mapping[str, Number]) -> Callable[[str], float]:
    """What gives numbers by name that need not be whole."""
    return lambda name: numbers[name].value
