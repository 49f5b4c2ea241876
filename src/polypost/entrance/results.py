"""The results of a post are waited for, whichever entrance it came by (RELIABILITY A2)."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import structlog

from polypost.entrance.services import Services
from polypost.errors import StoreUnavailable
from polypost.posts import queries
from polypost.posts.queries import Shown

log = structlog.get_logger("polypost.entrance")
LOOK_SECONDS = 2.0
K = TypeVar("K", bound=Shown | None)


async def until_done(
    rooms: Services,
    project_id: str,
    post_id: str,
    *,
    seconds: float,
    known: K,
    gone: asyncio.Future[None],
) -> Shown | K:
    """The post as it is when all targets are done, the time is over or whoever asked has `gone`.

    The latest that could be read, `known` at first: what was accepted is answered also while the store is away.
    """
    latest: Shown | K = known
    with rooms.store.signals.listen(f"post:{post_id}") as heard:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            found = await _look(rooms, project_id, post_id, max(end - loop.time(), LOOK_SECONDS))
            latest = found or latest
            left = end - loop.time()
            if (found is not None and found.done) or left <= 0 or gone.done():
                return latest
            waiting: asyncio.Future[Any] = asyncio.ensure_future(heard.wait(min(1.0, left)))
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                waiting.cancel()


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
