"""The default engine: in the server's own process, wake-ups in memory, the store as the net beneath them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.engine.port import LOOKAHEAD, Engine, WakeUp
from polypost.engine.runner import Runner
from polypost.engine.sweeper import SWEEP_SECONDS, note_waits, repeat
from polypost.storage import Store, after_commit

# Of accounts with something overdue, and of instants that come near.
SWEEP_LIMIT = 10_000
NAP_SECONDS = 0.5

log = structlog.get_logger("polypost.engine")


class EmbeddedEngine(Engine):
    """Sleeps until the next wake-up; a sweep of the store every five seconds finds what memory does not hold.

    Only wake-ups of the next `LOOKAHEAD` are kept in memory: a million posts far ahead cost nothing.
    """

    def __init__(self, store: Store, *, workers: int = 32) -> None:
        super().__init__()
        self._store = store
        self._watch = clock.JumpWatch()
        self._runner = Runner(self.handlers, workers=workers, holds=self._holds)
        self._heap: list[tuple[datetime, str, str]] = []
        self._waiting: dict[tuple[str, str], WakeUp] = {}
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._beat = 0.0

    def wake(self, db: Connection, wake_ups: Sequence[WakeUp]) -> None:
        if wake_ups:
            after_commit(db, lambda: self._take(wake_ups))

    def goes_on(self) -> bool:
        # Elsewhere than on SQLite it would hold one post and wait for another.
        return self._store.dialect == "sqlite" and self._runner.goes_on()

    def answered(self, key: str) -> None:
        self._runner.answered(key)

    async def start(self, *, work: bool = True) -> None:
        if not work:
            return
        self._stopping.clear()
        self._beat = clock.monotonic()
        await self._sweep()
        sweeping = repeat(self._sweep, every=SWEEP_SECONDS, until=self._stopping, name="sweep")
        self._loops = [
            asyncio.create_task(self._dispatch(), name="polypost-engine"),
            asyncio.create_task(sweeping, name="polypost-sweeper"),
        ]

    async def stop(self) -> None:
        self._stopping.set()
        self._runner.close()
        self._wake.set()
        await asyncio.gather(*self._loops)
        self._loops = []
        await self._runner.drain()

    def numbers(self) -> dict[str, int]:
        return self._runner.numbers() if self._loops else {}

    async def silence(self) -> float:
        return clock.monotonic() - self._beat if self._loops else float("inf")

    def _take(self, wake_ups: Sequence[WakeUp]) -> None:
        horizon = clock.now() + LOOKAHEAD
        for wake_up in wake_ups:
            if wake_up.at > horizon:
                continue
            key = (wake_up.kind, wake_up.key)
            known = self._waiting.get(key)
            if known is None or wake_up.at < known.at:
                self._waiting[key] = wake_up
                heapq.heappush(self._heap, (wake_up.at, wake_up.kind, wake_up.key))
        self._wake.set()

    async def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._beat = clock.monotonic()
            self._wake.clear()
            pause = NAP_SECONDS if self._holds() else self._launch_due()
            try:
                await asyncio.wait_for(self._wake.wait(), max(pause, 0.001))
            except TimeoutError:
                continue

    def clock_trouble(self) -> str | None:
        if not self._watch.holding:
            return None
        return (
            f"The clock of this machine leapt {self._watch.ahead:.0f} s ahead. Nothing is begun until the new time has "
            f"stood for {self._watch.HOLD:.0f} s, or the clock is set back."
        )

    def _holds(self) -> bool:
        held = self._watch.holding
        if self._watch.holds(clock.now(), clock.monotonic()) != held:
            if held:
                log.info("the clock is believed again")
            else:
                log.error("the clock leapt", reason=self.clock_trouble())
        return self._watch.holding

    def _launch_due(self) -> float:
        """Hand out what is due; returns the seconds until the next wake-up, at most a nap."""
        while self._heap:
            at, kind, name = self._heap[0]
            early = (at - clock.now()).total_seconds()
            if early > 0:
                return min(early, NAP_SECONDS)
            heapq.heappop(self._heap)
            wake_up = self._waiting.get((kind, name))
            if wake_up is not None and wake_up.at == at:
                del self._waiting[kind, name]
                self._runner.offer(wake_up)
        return NAP_SECONDS

    async def _sweep(self) -> None:
        until = clock.now() + LOOKAHEAD
        for source in self.sources.values():
            found = await self._store.read(partial(source, until=until, limit=SWEEP_LIMIT, unrung_since=None))
            self._take(found)
        await note_waits(self._store, self, self._runner)
