"""The default engine: in the server's own process, rings in memory, the store as the net beneath them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.engine.port import Engine, Ring
from polypost.storage import Store, after_commit

LOOKAHEAD = timedelta(seconds=15)
SWEEP_SECONDS = 5.0
SWEEP_LIMIT = 2000
NAP_SECONDS = 0.5

log = structlog.get_logger("polypost.engine")


class EmbeddedEngine(Engine):
    """Sleeps until the next ring; a sweep of the store every five seconds finds what memory does not hold.

    Only rings of the next `LOOKAHEAD` are kept in memory: a million posts far ahead cost nothing.
    """

    def __init__(self, store: Store, *, workers: int = 32) -> None:
        super().__init__()
        self._store = store
        self._workers = workers
        self._heap: list[tuple[datetime, str, str]] = []
        self._waiting: dict[tuple[str, str], datetime] = {}
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._again: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._beat = 0.0
        self._watch = clock.JumpWatch()

    def ring(self, db: Connection, rings: Sequence[Ring]) -> None:
        after_commit(db, lambda: self._take(rings))

    async def start(self, *, work: bool = True) -> None:
        if not work:
            return
        self._beat = clock.monotonic()
        await self._sweep()
        self._loops = [
            asyncio.create_task(self._dispatch(), name="polypost-engine"),
            asyncio.create_task(self._sweep_for_ever(), name="polypost-sweeper"),
        ]

    async def stop(self) -> None:
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops = []
        if self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def silence(self) -> float:
        return clock.monotonic() - self._beat if self._loops else float("inf")

    def _take(self, rings: Sequence[Ring]) -> None:
        horizon = clock.now() + LOOKAHEAD
        for ring in rings:
            if ring.at > horizon:
                continue
            key = (ring.kind, ring.key)
            known = self._waiting.get(key)
            if known is None or ring.at < known:
                self._waiting[key] = ring.at
                heapq.heappush(self._heap, (ring.at, ring.kind, ring.key))
        self._wake.set()

    async def _dispatch(self) -> None:
        while True:
            self._beat = clock.monotonic()
            now = clock.now()
            held = self._watch.holds(now, self._beat)
            pause = NAP_SECONDS
            while self._heap and len(self._running) < self._workers and not held:
                at, kind, name = self._heap[0]
                if at > now:
                    pause = min(pause, (at - now).total_seconds())
                    break
                heapq.heappop(self._heap)
                if self._waiting.get((kind, name)) == at:
                    del self._waiting[kind, name]
                    self._launch(kind, name)
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), max(pause, 0.001))
            except TimeoutError:
                continue

    def _launch(self, kind: str, name: str) -> None:
        key = (kind, name)
        if key in self._running:
            self._again.add(key)
            return
        self._running[key] = asyncio.create_task(self._handle(kind, name), name=f"polypost-{kind}")

    async def _handle(self, kind: str, name: str) -> None:
        try:
            await self.handlers[kind](name)
        except Exception:
            # The row still says what is due; the sweeper rings again.
            log.exception("handler failed", kind=kind, key=name)
        finally:
            del self._running[kind, name]
            if (kind, name) in self._again:
                self._again.discard((kind, name))
                self._take([Ring(kind, name, clock.now())])
            self._wake.set()

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._sweep()
            except Exception:
                log.exception("sweep failed")

    async def _sweep(self) -> None:
        until = clock.now() + LOOKAHEAD
        for source in self.sources.values():
            found = await self._store.read(partial(source, until=until, limit=SWEEP_LIMIT, unrung_since=None))
            self._take(found)
