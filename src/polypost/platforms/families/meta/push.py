"""Pushing a video's bytes to Meta's upload hosts, going on where a broken transfer stopped.

Protocol: Meta for Developers, Instagram Platform: Resumable Uploads, and Video API: Reels Publishing, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from polypost.errors import NoAnswer, NotSent, PlatformError, Unavailable
from polypost.platforms.base import MediaFile
from polypost.platforms.families.meta.graph import Graph, parsed
from polypost.platforms.kit.answers import member
from polypost.platforms.kit.calls import deadline

_TRIES = 3


async def push(
    graph: Graph,
    address: str,
    file: MediaFile,
    *,
    received: Callable[[], Awaitable[int]],
    refused: Callable[[Mapping[str, Any]], PlatformError],
    fresh: bool,
) -> int:
    """Send all bytes of `file` to `address`; their number.

    `received` asks how many are there, `refused` makes an error of what the host says for good; `fresh` says that
    nothing was sent before. Lets a connection that keeps breaking through as it is.
    """
    offset = 0
    for attempt in range(_TRIES):
        if attempt or not fresh:
            offset = await received()
        if offset >= file.size:
            return file.size
        try:
            done = await _send(graph, address, file, offset, refused)
        except (NotSent, NoAnswer):
            if attempt == _TRIES - 1:
                raise
            continue
        if done:
            return file.size
    raise Unavailable(f"{graph.api.name}'s upload host keeps breaking the transfer off.")


async def _send(
    graph: Graph,
    address: str,
    file: MediaFile,
    offset: int,
    refused: Callable[[Mapping[str, Any]], PlatformError],
) -> bool:
    """Send the bytes from `offset` on; False when the host asks to go on."""
    rest = file.size - offset
    answer = await graph.session.http.request(
        "POST",
        address,
        headers={
            # These hosts want another word than the Graph API's Bearer.
            "Authorization": f"OAuth {graph.session.token}",
            "offset": str(offset),
            "file_size": str(file.size),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(rest),
        },
        content=file.stream(offset),
        timeout=deadline(rest),
    )
    if trouble := member(parsed(answer.content), "debug_info"):
        if trouble.get("retriable") is True:
            return False
        raise refused(trouble)
    return graph.api.judge(answer, graph.session.now()).get("success") is True


def bytes_in(phase: Mapping[str, Any]) -> int:
    """The count in an uploading phase; Meta's own documents spell it in two ways."""
    count = phase.get("bytes_transferred", phase.get("bytes_transfered"))
    return count if isinstance(count, int) else 0
