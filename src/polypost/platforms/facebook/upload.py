"""Pushing bytes to Facebook: pictures in one form, videos in the pieces it asks for, reels and stories in one stream.

Protocols: Meta for Developers, Graph API: Page photos and Page videos, Video API: Reels Publishing, read 2026-11-24.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from polypost.errors import NoAnswer, NotSent, Rejected, Unavailable
from polypost.platforms.base import MediaFile
from polypost.platforms.facebook.graph import Graph, judged, parsed
from polypost.platforms.facebook.graph_errors import Gone, WrongOffset
from polypost.platforms.facebook.spec import UPLOAD, VIDEO

PIECE = 262_144
_TRIES = 3
# Slower than this a transfer does not come to an end in useful time.
_SLOWEST = 50_000
# Facebook asks for pieces of some megabytes; one that is much longer would outlive its connection.
_LONGEST = 64 * 1024 * 1024


async def send_file(
    graph: Graph, path: str, fields: Mapping[str, str], name: str, file: MediaFile, *, host: str | None = None
) -> dict[str, Any]:
    """Post a form with the whole of `file` as the part `name`."""
    return await _send_form(graph, path, fields, name, file, (0, file.size), host)


async def send_pieces(graph: Graph, edge: str, session: str, file: MediaFile, first: tuple[int, int]) -> int:
    """Send a video in the pieces that Facebook names, beginning with `first`; the number of its bytes.

    A wrong offset is answered with the right one. Raises Gone when the session is of no more use.
    """
    (start, end), trouble = first, 0
    while start < end:
        fields = {"upload_phase": "transfer", "upload_session_id": session, "start_offset": str(start)}
        piece = (start, min(end, file.size, start + _LONGEST))
        try:
            start, end = next_piece(
                await _send_form(graph, edge, fields, "video_file_chunk", file, piece, VIDEO)
            )
            trouble = 0
        except WrongOffset as wrong:
            trouble += 1
            if wrong.piece is None or trouble > _TRIES:
                raise Gone("Facebook does not say where the video's upload goes on.") from wrong
            start, end = wrong.piece
        except (NotSent, NoAnswer):
            trouble += 1
            if trouble > _TRIES:
                raise
    return file.size


async def push(graph: Graph, video: str, address: str, file: MediaFile, *, fresh: bool) -> int:
    """Stream a reel's or a story's bytes to the upload host; their number.

    `fresh` says that nothing was sent before. Lets a connection that keeps breaking through as it is.
    """
    offset = 0
    for attempt in range(_TRIES):
        if attempt or not fresh:
            offset = await _received(graph, video)
        if offset >= file.size:
            return file.size
        try:
            done = await _stream(graph, address, file, offset)
        except (NotSent, NoAnswer):
            if attempt == _TRIES - 1:
                raise
            continue
        if done:
            return file.size
    raise Unavailable("Facebook's upload host keeps breaking the transfer off.")


async def _stream(graph: Graph, address: str, file: MediaFile, offset: int) -> bool:
    """Send the bytes from `offset` on; False when the host asks to go on."""
    session, rest = graph.session, file.size - offset
    answer = await session.http.request(
        "POST",
        trusted(address),
        headers={
            "Authorization": f"OAuth {session.token}",
            "offset": str(offset),
            "file_size": str(file.size),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(rest),
        },
        content=file.stream(offset),
        timeout=_patience(rest),
    )
    body = parsed(answer.content)
    trouble = body.get("debug_info") if isinstance(body, dict) else None
    if isinstance(trouble, dict):
        if trouble.get("retriable") is True:
            return False
        raise Rejected(
            "Facebook's upload host refused the video.",
            code="media_rejected",
            next_step="Re-encode it as an MP4 with H.264 video and AAC sound.",
        )
    return judged(answer.status_code, answer.content, now=session.now()).get("success") is True


async def _received(graph: Graph, video: str) -> int:
    """How many bytes of a video are there."""
    body = await graph.get(video, fields="status")
    phase = (body.get("status") or {}).get("uploading_phase") or {}
    # Meta's own documents spell it in two ways.
    count = phase.get("bytes_transferred", phase.get("bytes_transfered"))
    return count if isinstance(count, int) else 0


async def _send_form(
    graph: Graph,
    path: str,
    fields: Mapping[str, str],
    name: str,
    file: MediaFile,
    piece: tuple[int, int],
    host: str | None,
) -> dict[str, Any]:
    mark = f"polypost{secrets.token_hex(12)}"
    head = "".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    head += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="file"\r\n'
    head += f"Content-Type: {file.facts.mime}\r\n\r\n"
    start, tail = head.encode(), f"\r\n--{mark}--\r\n".encode()
    size = piece[1] - piece[0]
    headers = {
        "Content-Type": f"multipart/form-data; boundary={mark}",
        "Content-Length": str(len(start) + size + len(tail)),
    }
    more = {} if host is None else {"host": host}
    return await graph.send(path, headers, _framed(start, file, piece, tail), timeout=_patience(size), **more)


async def _framed(head: bytes, file: MediaFile, piece: tuple[int, int], tail: bytes) -> AsyncIterator[bytes]:
    """A form around a piece of a file, never more than a quarter of a megabyte of it at a time."""
    yield head
    offset, end = piece
    while offset < end and (data := await file.read(offset, min(PIECE, end - offset))):
        offset += len(data)
        yield data
    yield tail


def next_piece(body: Mapping[str, Any]) -> tuple[int, int]:
    """The piece that Facebook asks for next; its ends come as texts."""
    ends = [str(body.get(name, "")) for name in ("start_offset", "end_offset")]
    if not all(each.isascii() and each.isdecimal() for each in ends):
        raise Unavailable("Facebook did not say which bytes come next.")
    return int(ends[0]), int(ends[1])


def _patience(size: int) -> float:
    return 60 + size / _SLOWEST


def trusted(address: str) -> str:
    """The upload address as given, if it is one of Meta's: nobody else gets the token."""
    parts = urlsplit(address)
    if parts.scheme == "https" and (parts.hostname or "").endswith(".facebook.com"):
        return address
    return f"{UPLOAD}{parts.path}" + (f"?{parts.query}" if parts.query else "")
