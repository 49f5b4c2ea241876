"""What `/metrics` says: what this process counted, and what is looked up in rooms and store when somebody asks."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from polypost import __version__, clock, webhooks
from polypost.engine import Engine
from polypost.errors import ListTooSlow, StoreUnavailable
from polypost.integrations import service as integrations
from polypost.media import kept_bytes
from polypost.observability import families, metrics
from polypost.posts import waits
from polypost.storage import Store

T = TypeVar("T")
# Whoever asks more often is told the same: these are queries, and several may scrape.
FRESH_SECONDS = 4.0
# What goes through all accounts or files.
SELDOM_SECONDS = 60.0
# In whose turn the lists of this page are read.
_TURN = "metrics"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Monitoring:
    """The page of one process; `resting` names the networks, and servers of them, that it leaves alone."""

    store: Store
    engine: Engine
    folder: Path
    resting: Callable[[], Iterable[str]]
    _asked: dict[str, float] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def text(self) -> str:
        """The page, in Prometheus' text format."""
        # Two that ask at once are told the same.
        async with self._lock:
            if self._is_old("often", FRESH_SECONDS):
                await self._look()
            if self._is_old("seldom", SELDOM_SECONDS):
                await self._look_through()
        self._process()
        return families.text()

    def _is_old(self, what: str, seconds: float) -> bool:
        now = clock.monotonic()
        if now - self._asked.get(what, float("-inf")) < seconds:
            return False
        self._asked[what] = now
        return True

    async def _look(self) -> None:
        metrics.BUILD.set(1, __version__, self.store.dialect)
        numbers = self.engine.numbers()
        for name, gauge in _OF_ENGINE.items():
            gauge.become({(): numbers[name]} if name in numbers else {})
        resting = Counter(place.partition(" ")[0] for place in self.resting())
        metrics.NETWORKS_RESTING.become({(network,): count for network, count in resting.items()})
        metrics.SILENCE.set(await self.engine.silence())
        metrics.CLOCK_OK.set(self.engine.clock_trouble() is None)
        metrics.CLOCK_OFF.set(-clock.corrected())
        metrics.STORE_OK.set(await self.store.trouble() is None)
        metrics.STORE_FREE.set((await asyncio.to_thread(shutil.disk_usage, self.folder)).free)
        size = await asyncio.to_thread(self.store.size)
        metrics.STORE_BYTES.become({} if size is None else {(): size})
        try:
            for gauge, values in (await self.store.read(_waiting)).items():
                gauge.become(values)
        except StoreUnavailable:
            # What cannot be asked is not said.
            for gauge in (metrics.OVERDUE, metrics.OVERDUE_FOR, metrics.WAITING, *_OF_WEBHOOKS):
                gauge.become({})

    async def _look_through(self) -> None:
        accounts = await self._listed(integrations.to_reconnect)
        metrics.RECONNECT.become(
            {} if accounts is None else {(name,): count for name, count in accounts.items()}
        )
        kept = await self._listed(kept_bytes)
        metrics.MEDIA.become({} if kept is None else {(kind,): size for kind, size in kept.items()})

    async def _listed(self, fn: Callable[[Connection], T]) -> T | None:
        """What a look at many rows finds, by readers that nothing else waits for; None when it takes too long."""
        try:
            return await self.store.browse(_TURN, fn)
        except (StoreUnavailable, ListTooSlow):
            return None

    def _process(self) -> None:
        try:
            of = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            booted = next(
                line
                for line in Path("/proc/stat").read_text(encoding="ascii").splitlines()
                if line.startswith("btime")
            )
            metrics.FILES.set(sum(1 for _ in Path("/proc/self/fd").iterdir()))
        except (OSError, StopIteration):
            # Elsewhere than on Linux.
            return
        metrics.CPU.values[()] = (int(of[11]) + int(of[12])) / _TICKS
        metrics.STARTED.set(int(booted.split()[1]) + int(of[19]) / _TICKS)
        metrics.MEMORY.set(int(of[21]) * os.sysconf("SC_PAGE_SIZE"))


_OF_ENGINE = {
    "seats": metrics.SEATS,
    "taken": metrics.SEATS_TAKEN,
    "aside": metrics.ASIDE,
    "waiting": metrics.LANES_WAITING,
}
_OF_WEBHOOKS = (metrics.EVENTS, metrics.BACKLOG, metrics.BACKLOG_FOR)


def _waiting(db: Connection) -> dict[families.Gauge, dict[families.Labels, float]]:
    """What waits, from one moment of the store."""
    now = clock.now()
    count, seconds = waits.overdue(db, now)
    backlog = webhooks.backlog(db, now)
    return {
        metrics.OVERDUE: {(): count},
        metrics.OVERDUE_FOR: {(): seconds},
        metrics.WAITING: {(reason,): number for reason, number in waits.by_reason(db, now).items()},
        metrics.EVENTS: {(): backlog.events},
        metrics.BACKLOG: {(): backlog.deliveries},
        metrics.BACKLOG_FOR: {(): backlog.seconds},
    }
