"""One number that a simulated network enforces, with its source."""

from __future__ import annotations

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
