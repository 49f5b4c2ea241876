"""Who waits for news of a topic learns of it after the commit, whichever process made it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, func, literal_column

CHANNEL = "polypost"


class Heard:
    """One waiter's bell for one topic."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for news at most `seconds`; True when there was some. The caller looks either way."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Signals:
    """The bells of this process, by topic."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Heard]] = {}

    @contextmanager
    def listen(self, topic: str) -> Iterator[Heard]:
        """Hear of `topic` while the block runs; begin before the first look, or news is missed."""
        heard = Heard()
        self._bells.setdefault(topic, set()).add(heard)
        try:
            yield heard
        finally:
            bells = self._bells[topic]
            bells.discard(heard)
            if not bells:
                del self._bells[topic]

    def deliver(self, topic: str) -> None:
        """Ring everybody who listens to `topic`; called on the event loop."""
        for heard in self._bells.get(topic, ()):
            heard.ring()


def emit(db: Connection, topic: str) -> None:
    """Say `topic` when, and only when, the caller's transaction commits."""
    db.info["pending"].topics.append(topic)


def notify(topic: str) -> ColumnElement[None]:
    """On PostgreSQL, a column that says `topic` for each row that has it, when the transaction commits."""
    return func.pg_notify(literal_column(f"'{CHANNEL}'"), literal_column(f"'{topic}'"))
