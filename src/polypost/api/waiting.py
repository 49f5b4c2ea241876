"""Publish-now waits for its results, and notices when its client goes away (RELIABILITY A2, A3)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

from starlette.requests import Request

from polypost import clock
from polypost.api.presence import client_gone
from polypost.api.services import Services
from polypost.posts import accept, queries
from polypost.posts.queries import Shown


async def until_done(
    rooms: Services, project_id: str, post_id: str, *, seconds: float, request: Request
) -> Shown:
    """The post as it is when all targets are done, the time is over or the client has gone."""
    gone = asyncio.ensure_future(_gone(request))
    try:
        with rooms.store.signals.listen(f"post:{post_id}") as heard:
            loop = asyncio.get_running_loop()
            end = loop.time() + seconds
            while True:
                found = await rooms.store.read(lambda db: queries.one(db, project_id, post_id))
                left = end - loop.time()
                if found.done or left <= 0 or gone.done():
                    return found
                waiting = asyncio.ensure_future(heard.wait(min(1.0, left)))
                await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
    finally:
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gone


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


def hurried(request: Request) -> bool:
    """Whether the client wants its answer at once: `Prefer: respond-async` (RFC 7240)."""
    wanted = ",".join(request.headers.getlist("prefer")).lower()
    return any(part.partition(";")[0].strip() == "respond-async" for part in wanted.split(","))


def left_of(rooms: Services, found: Shown) -> float:
    """Seconds that a repeated request still waits: what the first would have."""
    end: datetime = found.post.created_at + timedelta(seconds=rooms.settings.publish_wait_seconds)
    return max(0.0, (end - clock.now()).total_seconds())


async def note_if_gone(rooms: Services, request: Request, project_id: str, post_id: str) -> None:
    """Remember that the answer will not be delivered, so that the same body again is no second post."""
    if await client_gone(request):
        await rooms.store.write(lambda db: accept.mark_undelivered(db, project_id, post_id))
