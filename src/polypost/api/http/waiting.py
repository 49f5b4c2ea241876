"""Publish-now waits for its results, or until its client goes away (RELIABILITY A2)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from starlette.requests import Request

from polypost import clock
from polypost.entrance.services import Services
from polypost.errors import StoreUnavailable
from polypost.posts import queries
from polypost.posts.queries import Shown

log = structlog.get_logger("polypost.api")
LOOK_SECONDS = 2.0
K = TypeVar("K", bound=Shown | None)


async def until_done(
    rooms: Services,
    project_id: str,
    post_id: str,
    *,
    seconds: float,
    request: Request,
    known: K,
) -> Shown | K:
    """The post as it is when all targets are done, the time is over or the client has gone.

    The latest that could be read, `known` at first: what was accepted is answered also while the store is away.
    """
    latest: Shown | K = known
    gone = asyncio.ensure_future(_gone(request))
    try:
        with rooms.store.signals.listen(f"post:{post_id}") as heard:
            loop = asyncio.get_running_loop()
            end = loop.time() + seconds
            while True:
                found = await _look(rooms, project_id, post_id, max(end - loop.time(), LOOK_SECONDS))
                latest = found or latest
                left = end - loop.time()
                if (found is not None and found.done) or left <= 0 or gone.done():
                    return latest
                waiting = asyncio.ensure_future(heard.wait(min(1.0, left)))
                await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
    finally:
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gone


async def _look(rooms: Services, project_id: str, post_id: str, seconds: float) -> Shown | None:
    """The post, deleted or not; None while the store cannot be read."""
    try:
        async with asyncio.timeout(seconds):
            return await rooms.store.read(lambda db: queries.one(db, project_id, post_id, deleted=True))
    except (StoreUnavailable, TimeoutError) as trouble:
        log.warning("an accepted post could not be read", post=post_id, reason=str(trouble))
    except Exception:
        # Whatever fails here, the post is accepted: an answer that says otherwise would have it sent again.
        log.exception("an accepted post could not be read", post=post_id)
    return None


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


def hurried(request: Request) -> bool:
    """Whether the client wants its answer at once: `Prefer: respond-async` (RFC 7240)."""
    wanted = ",".join(request.headers.getlist("prefer")).lower()
    return bool(wanted) and any(
        part.partition(";")[0].strip() == "respond-async" for part in wanted.split(",")
    )


def left_of(rooms: Services, found: Shown | None) -> float:
    """Seconds that a request waits: a repeated one, whose post was `found`, what the first would have."""
    if found is None:
        return rooms.settings.publish_wait_seconds
    end: datetime = found.post.created_at + timedelta(seconds=rooms.settings.publish_wait_seconds)
    return max(0.0, (end - clock.now()).total_seconds())
