"""Pushing a video's bytes to Instagram, going on where a broken transfer stopped.

Protocol: Meta for Developers, Instagram Platform: Resumable Uploads, read 2026-11-24.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from polypost.errors import NoAnswer, NotSent, Rejected, Unavailable
from polypost.platforms.base import MediaFile
from polypost.platforms.instagram.graph import Graph, judged, parsed
from polypost.platforms.instagram.graph_errors import Gone, PushRefused
from polypost.platforms.instagram.spec import UPLOAD

_TRIES = 3
# Slower than this a transfer does not come to an end in useful time.
_SLOWEST = 50_000


async def push(graph: Graph, container: str, uri: str, file: MediaFile, *, fresh: bool) -> int:
    """Send all bytes of `file` into the container; their number.

    `fresh` says that nothing was sent before. Raises PushRefused when this login may not push, Gone when the
    container is of no more use, and lets a connection that keeps breaking through as it is.
    """
    offset = 0
    for attempt in range(_TRIES):
        if attempt or not fresh:
            offset = await _received(graph, container)
        if offset >= file.size:
            return file.size
        try:
            done = await _send(graph, uri, file, offset)
        except (NotSent, NoAnswer):
            if attempt == _TRIES - 1:
                raise
            continue
        if done:
            return file.size
    raise Unavailable("Instagram's upload host keeps breaking the transfer off.")


async def _send(graph: Graph, uri: str, file: MediaFile, offset: int) -> bool:
    """Send the bytes from `offset` on; False when the host asks to go on."""
    session = graph.session
    rest = file.size - offset
    answer = await session.http.request(
        "POST",
        _address(uri),
        headers={
            "Authorization": f"OAuth {session.token}",
            "offset": str(offset),
            "file_size": str(file.size),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(rest),
        },
        content=file.stream(offset),
        timeout=60 + rest / _SLOWEST,
    )
    body = parsed(answer.content)
    trouble = body.get("debug_info") if isinstance(body, dict) else None
    if isinstance(trouble, dict):
        return _trouble(trouble)
    return judged(answer.status_code, answer.content, now=session.now()).get("success") is True


def _trouble(info: dict[str, Any]) -> bool:
    if info.get("retriable") is True:
        return False
    if info.get("type") == "NotAuthorizedError":
        raise PushRefused("Instagram's upload host does not take bytes from this login.")
    # The same file is often taken by the next container, so this says nothing about the file.
    raise Gone("Instagram's upload host gave the transfer up.")


async def _received(graph: Graph, container: str) -> int:
    """How many bytes the container holds; 0 where the network does not say."""
    try:
        body = await graph.get(container, fields="video_status")
    except Rejected:
        # The field is documented for the Facebook Login only; from the start is always right.
        return 0
    phase = (body.get("video_status") or {}).get("uploading_phase") or {}
    count = phase.get("bytes_transferred")
    return count if isinstance(count, int) else 0


def _address(uri: str) -> str:
    """The upload address as given, if it is one of Meta's: nobody else gets the token."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.scheme == "https" and host.endswith((".facebook.com", ".instagram.com")):
        return uri
    return f"{UPLOAD}{parts.path}" + (f"?{parts.query}" if parts.query else "")
