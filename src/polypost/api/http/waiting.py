"""Publish-now waits for its results, or until its client goes away (RELIABILITY A2)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import TypeVar

from starlette.requests import Request

from polypost import clock
from polypost.entrance import results
from polypost.entrance.services import Services
from polypost.posts.queries import Shown

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
    """The post as it is when all targets are done, the time is over or the client has gone."""
    gone = asyncio.ensure_future(_gone(request))
    try:
        return await results.until_done(rooms, project_id, post_id, seconds=seconds, known=known, gone=gone)
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
    return bool(wanted) and any(
        part.partition(";")[0].strip() == "respond-async" for part in wanted.split(",")
    )


def left_of(rooms: Services, found: Shown | None) -> float:
    """Seconds that a request waits: a repeated one, whose post was `found`, what the first would have."""
    if found is None:
        return rooms.settings.publish_wait_seconds
    end: datetime = found.post.created_at + timedelta(seconds=rooms.settings.publish_wait_seconds)
    return max(0.0, (end - clock.now()).total_seconds())
