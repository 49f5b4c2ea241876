"""The small port behind which the embedded engine and PgQueuer stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Connection, case, literal

from polypost import clock

# Wake-ups further ahead are not kept: the sweep wakes them when they come within it.
LOOKAHEAD = timedelta(seconds=15)

Handler = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Wake the handler of `kind` for `key` at `at`, or as soon after it as can be.

    Of one `lane` a process answers one wake-up at a time; `share` is the project whose share of the seats it takes.
    """

    kind: str
    key: str
    at: datetime
    lane: str = ""
    share: str = ""


def rung(at: datetime) -> datetime | None:
    """What a row says in `rung_at` when a wake-up is asked for: when it wakes; None beyond the look-ahead."""
    return at if at <= clock.now() + LOOKAHEAD else None


def rung_by_sweep(next_at: Column[Any], until: datetime) -> ColumnElement[Any]:
    """The same for what a sweep up to `until` wakes: late for what is overdue."""
    now = until - LOOKAHEAD
    return case((next_at > now, next_at), else_=literal(now, next_at.type))


class Source(Protocol):
    """Where the sweeper learns what is due: one bounded, indexed query."""

    def __call__(
        self, db: Connection, *, until: datetime, limit: int, unrung_since: datetime | None
    ) -> list[WakeUp]:
        """Wake-ups for what needs attention before `until`, earliest first.

        With `unrung_since`, only what was not woken after that instant, and it is marked as woken.
        """


class Heir(Protocol):
    """Frees what a worker had that is dead, or whose connection is: it may live, and must do no harm then."""

    def __call__(self, db: Connection, worker_id: str, now: datetime) -> tuple[list[WakeUp], bool]:
        """Wake-ups for what is free now, and whether something is left that cannot be freed yet."""


class Note(Protocol):
    """Writes down that work on these keys waits for its project's share of a process's seats."""

    def __call__(self, db: Connection, keys: Sequence[str]) -> None:
        """In a transaction of its own."""


class Engine(ABC):
    """Wake-ups; knows neither posts nor networks."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.sources: dict[str, Source] = {}
        self.heirs: list[Heir] = []
        self.notes: dict[str, Note] = {}
        # Why nothing is carried out although all is in order; None when it is.
        self.rests: str | None = None

    def on(self, kind: str, handler: Handler) -> None:
        """Register what runs for wake-ups of `kind`.

        A handler never raises: what fails becomes a row and a new wake-up. Only when not even that could be written down
        it raises StoreUnavailable, and is called again after a pause.
        """
        self.handlers[kind] = handler

    def watch(self, kind: str, source: Source) -> None:
        """Register where the sweeper finds due work of `kind`."""
        self.sources[kind] = source

    def note(self, kind: str, note: Note) -> None:
        """Register who is told, once each, which keys of `kind` wait for their project's share."""
        self.notes[kind] = note

    def inherit(self, heir: Heir) -> None:
        """Register what frees the work of dead workers, where there are several."""
        self.heirs.append(heir)

    @abstractmethod
    def wake(self, db: Connection, wake_ups: Sequence[WakeUp]) -> None:
        """Ring when, and only when, the caller's transaction commits."""

    def hand_on(self, db: Connection, wake_ups: Sequence[WakeUp]) -> None:
        """The same, by a handler that leaves its lane: this process goes on with what is due of it."""
        self.wake(db, wake_ups)

    @abstractmethod
    def goes_on(self) -> bool:
        """Whether the handler that runs may take what is next of its lane in the transaction in which it leaves it."""

    @abstractmethod
    def answered(self, key: str) -> None:
        """The handler that runs has taken this wake-up of its lane too."""

    @abstractmethod
    async def start(self, *, work: bool = True) -> None:
        """Begin; with `work` off this process only wakes and others answer."""

    @abstractmethod
    async def stop(self) -> None:
        """Take nothing new, let running handlers end."""

    def clock_trouble(self) -> str | None:
        """Why this process's clock is not to be believed, and what to do; None when it is."""
        return None

    @abstractmethod
    def numbers(self) -> dict[str, int]:
        """What this process has to do: `seats`, how many are `taken`, handlers `aside`, lanes `waiting`; empty where it answers no wake-ups."""

    @abstractmethod
    async def silence(self) -> float:
        """Seconds since a worker was last heard, from any process; infinite when there never was one."""
