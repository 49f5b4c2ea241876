"""A rule that must hold in the store at any moment; each room has those of its tables in its `invariants`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

# As many of the rows that break a rule are told.
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    """Its id in RELIABILITY §5, what the rows are that break it, and the query that finds them at an instant."""

    id: str
    message: str
    broken: Callable[[Connection, datetime], Iterable[str]]
