"""Carries rings to their handlers: side by side, and never two at a time for one key of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from polypost.engine.port import Handler
from polypost.errors import StoreUnavailable

# Seconds; after these the sweeper is the net.
STORE_PAUSES = (0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger("polypost.engine")


class Runner:
    """The handlers that run in this process."""

    def __init__(self, handlers: Mapping[str, Handler], *, workers: int) -> None:
        self._handlers = handlers
        self._workers = workers
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._again: set[tuple[str, str]] = set()

    @property
    def full(self) -> bool:
        """Whether as many handlers run as may."""
        return len(self._running) >= self._workers

    def launch(self, kind: str, key: str) -> asyncio.Task[None] | None:
        """Start the handler of `kind` for `key`; None when one is under way, which then runs once more."""
        if (kind, key) in self._running:
            self._again.add((kind, key))
            return None
        task = asyncio.create_task(self._run(kind, key), name=f"polypost-{kind}")
        self._running[kind, key] = task
        return task

    async def drain(self) -> None:
        """Wait for every handler that runs."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, kind: str, key: str) -> None:
        try:
            again = True
            while again:
                # A ring that comes before the handler begins is answered by this run.
                self._again.discard((kind, key))
                await self._call(kind, key)
                again = (kind, key) in self._again
        finally:
            self._again.discard((kind, key))
            del self._running[kind, key]

    async def _call(self, kind: str, key: str) -> None:
        """Run the handler; some times more while the store is out of order, since its ring is used up."""
        for pause in (*STORE_PAUSES, 0.0):
            try:
                await self._handlers[kind](key)
            except StoreUnavailable as trouble:
                log.warning("the store is out of order", kind=kind, key=key, reason=trouble.message)
                await asyncio.sleep(pause)
            except Exception:
                # The row still says what is due; the sweeper rings again.
                log.exception("handler failed", kind=kind, key=key)
                return
            else:
                return
