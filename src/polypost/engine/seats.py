"""Seats: how many handlers run side by side in this process, and what a project may have of them (RELIABILITY G12)."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

Begin = Callable[[], object]


class Crowded(Exception):
    """As many of the project's handlers are aside as may be; come again later."""


class Seats:
    """Seats are given by turns, one project after the other, and within a project in the order of asking.

    A project holds three quarters of the seats at most, so that the others can always begin. Handlers that carry
    media leave an eighth of the seats, and of their project's share, to those without: slow uploads cannot take all.
    What belongs to no project (`share` is empty) knows only the bounds of all.
    """

    def __init__(self, workers: int) -> None:
        self._most = workers
        self._most_loaded = _all_but_some(workers)
        self._share = max(1, workers - workers // 4)
        self._share_loaded = _all_but_some(self._share)
        self._share_aside = max(1, workers // 2)
        self._taken: Counter[str] = Counter()
        self._loaded: Counter[str] = Counter()
        self._aside: Counter[str] = Counter()
        # By project, and whether with media; the dictionary's order is the order of turns.
        self._waiting: dict[tuple[str, bool], deque[Begin]] = {}

    def numbers(self) -> dict[str, int]:
        """How many seats there are, how many are taken, and how many handlers go on without one."""
        return {"seats": self._most, "taken": self._taken.total(), "aside": self._aside.total()}

    def has_share(self, share: str) -> bool:
        """Whether the project may still take a seat when one is free."""
        return not share or self._taken[share] < self._share

    def waited_for(self) -> bool:
        """Whether anybody waits for a seat."""
        return bool(self._waiting)

    def ask(self, share: str, begin: Begin, *, loaded: bool = False) -> None:
        """Call `begin` when there is a seat, perhaps at once; whoever begins gives the seat back in the end."""
        self._waiting.setdefault((share, loaded), deque()).append(begin)
        self._fill()

    async def sit(self, share: str) -> None:
        """Wait for a seat with media."""
        seated = asyncio.Event()
        self.ask(share, seated.set, loaded=True)
        await seated.wait()

    def give(self, share: str, *, loaded: bool = False) -> None:
        """Give a seat back to who waits."""
        _less(self._taken, share)
        if loaded:
            _less(self._loaded, share)
        self._fill()

    def step_aside(self, share: str) -> None:
        """Count a handler that goes on without a seat. Raises Crowded."""
        if share and self._aside[share] >= self._share_aside:
            raise Crowded
        self._aside[share] += 1

    def step_back(self, share: str) -> None:
        """Count it no more."""
        _less(self._aside, share)

    def begin_nothing(self) -> None:
        """Forget who waits to begin; handlers that were aside still get their seats."""
        self._waiting = {who: queue for who, queue in self._waiting.items() if who[1]}

    def _fill(self) -> None:
        moved = True
        while moved:
            moved = False
            for who in list(self._waiting):
                if self._may(who[0], loaded=who[1]):
                    moved = True
                    # Taken out and put in again behind the others: its next turn comes after theirs.
                    queue = self._waiting.pop(who)
                    begin = queue.popleft()
                    if queue:
                        self._waiting[who] = queue
                    self._taken[who[0]] += 1
                    if who[1]:
                        self._loaded[who[0]] += 1
                    begin()

    def _may(self, share: str, *, loaded: bool) -> bool:
        if self._taken.total() >= self._most or not self.has_share(share):
            return False
        if not loaded:
            return True
        return self._loaded.total() < self._most_loaded and (
            not share or self._loaded[share] < self._share_loaded
        )


def _all_but_some(seats: int) -> int:
    """All but an eighth, at least one of them."""
    return max(1, seats - max(1, seats // 8))


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
