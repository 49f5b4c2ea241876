"""Requests for a post that have no answer yet, so that a repeat can find out that its first try lost its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from polypost.api.presence import client_gone


class Unanswered:
    """The requests for a post that this process has not answered yet, by who sends which body.

    A client that lost its connection may repeat the request before the loss was noted: the repeat lets the
    first come to its end, and then finds that its answer was lost (RELIABILITY A3).
    """

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], list[tuple[Request, asyncio.Event]]] = {}

    @asynccontextmanager
    async def enter(self, request: Request, api_key_id: str, fingerprint: int) -> AsyncIterator[None]:
        """Wait for equal requests whose clients have gone; then be one that runs while the block does."""
        same = (api_key_id, fingerprint)
        for earlier, answered in list(self._running.get(same, ())):
            if await client_gone(earlier):
                await answered.wait()
        entry = (request, asyncio.Event())
        self._running.setdefault(same, []).append(entry)
        try:
            yield
        finally:
            entry[1].set()
            self._running[same].remove(entry)
            if not self._running[same]:
                del self._running[same]
