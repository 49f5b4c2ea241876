"""Who waits for news of a topic learns of it after the commit, whichever process made it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, func, literal_column

CHANNEL = "polypost"
MOST_HEARD = 500


class Listener:
    """Somebody who waits for news of one topic."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
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


class Overhearing(Listener):
    """Somebody who waits for news of any topic of a kind; `topics` are those that came, at most `MOST_HEARD`."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix
        self.topics: set[str] = set()

    def hear(self, topic: str) -> None:
        """Keep a topic of the kind, and wake the waiter."""
        if topic.startswith(self.prefix) and len(self.topics) < MOST_HEARD:
            self.topics.add(topic)
            self.notify()


class Signals:
    """Who listens in this process, by topic."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}
        self._overhearing: list[Overhearing] = []

    @contextmanager
    def listen(self, topic: str) -> Iterator[Listener]:
        """Hear of `topic` while the block runs; begin before the first look, or news is missed."""
        listener = Listener()
        self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            others = self._listeners[topic]
            others.discard(listener)
            if not others:
                del self._listeners[topic]

    @contextmanager
    def overhear(self, prefix: str) -> Iterator[Overhearing]:
        """Hear of every topic that begins with `prefix` while the block runs."""
        listener = Overhearing(prefix)
        self._overhearing.append(listener)
        try:
            yield listener
        finally:
            self._overhearing.remove(listener)

    def deliver(self, topic: str) -> None:
        """Wake everybody who listens to `topic`; called on the event loop."""
        for each in self._overhearing:
            each.hear(topic)
        for listener in self._listeners.get(topic, ()):
            listener.notify()


def emit(db: Connection, topic: str) -> None:
    """Say `topic` when, and only when, the caller's transaction commits."""
    db.info["pending"].topics.append(topic)


def notify(topic: str) -> ColumnElement[None]:
    """On PostgreSQL, a column that says `topic` for each row that has it, when the transaction commits."""
    return func.pg_notify(literal_column(f"'{CHANNEL}'"), literal_column(f"'{topic}'"))
