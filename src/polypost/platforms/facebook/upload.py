"""Pushing bytes to Facebook: images in one form, videos in the pieces it asks for, reels and stories in one stream.

Protocols: Meta for Developers, Graph API: Page photos and Page videos, Video API: Reels Publishing, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from polypost.errors import NoAnswer, NotSent, PlatformError, Rejected, Unavailable
from polypost.platforms.base import MediaFile
from polypost.platforms.facebook.graph import Graph
from polypost.platforms.facebook.graph_errors import WrongOffset
from polypost.platforms.facebook.spec import UPLOAD, VIDEO
from polypost.platforms.families.meta import push as meta
from polypost.platforms.families.meta.errors import Gone
from polypost.platforms.kit.answers import member
from polypost.platforms.kit.calls import deadline, own_address
from polypost.platforms.kit.forms import Form
from polypost.platforms.kit.media import MIB, RE_ENCODE

PIECE = 262_144
_TRIES = 3
# Facebook asks for pieces of some megabytes; one that is much longer would outlive its connection.
_LONGEST = 64 * MIB


async def send_file(graph: Graph, path: str, fields: Mapping[str, str], file: MediaFile) -> dict[str, Any]:
    """Post a form with the whole of `file`."""
    return await _send_form(graph, path, fields, "source", file, (0, file.size))


async def send_pieces(graph: Graph, edge: str, session: str, file: MediaFile, first: tuple[int, int]) -> int:
    """Send a video in the pieces that Facebook names, beginning with `first`; the number of its bytes.

    A wrong offset is answered with the right one. Raises Gone when the session is of no more use.
    """
    (start, end), trouble = first, 0
    # All is there when Facebook asks for a piece of no length.
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
    received = partial(_received, graph, video)
    return await meta.push(graph, trusted(address), file, received=received, refused=_refused, fresh=fresh)


def _refused(_: Mapping[str, Any]) -> PlatformError:
    return Rejected(
        "Facebook's upload host refused the video.",
        code="media_rejected",
        next_step=RE_ENCODE,
    )


async def _received(graph: Graph, video: str) -> int:
    """How many bytes of a video are there."""
    body = await graph.get(video, fields="status")
    return meta.bytes_in(member(body.get("status"), "uploading_phase"))


async def _send_form(
    graph: Graph,
    path: str,
    fields: Mapping[str, str],
    name: str,
    file: MediaFile,
    piece: tuple[int, int],
    host: str | None = None,
) -> dict[str, Any]:
    size = piece[1] - piece[0]
    form = Form(fields, "file", file.facts.mime, size, part=name)
    content = form.around(_bytes_of(file, piece))
    return await graph.send(path, form.headers, content, timeout=deadline(size), host=host)


async def _bytes_of(file: MediaFile, piece: tuple[int, int]) -> AsyncIterator[bytes]:
    """A piece of a file, never more than a quarter of a megabyte of it at a time."""
    offset, end = piece
    while offset < end and (data := await file.read(offset, min(PIECE, end - offset))):
        offset += len(data)
        yield data


def next_piece(body: Mapping[str, Any]) -> tuple[int, int]:
    """The piece that Facebook asks for next; its ends come as texts."""
    ends = [str(body.get(name, "")) for name in ("start_offset", "end_offset")]
    if not all(each.isascii() and each.isdecimal() for each in ends):
        raise Unavailable("Facebook did not say which bytes come next.")
    return int(ends[0]), int(ends[1])


def trusted(address: str) -> str:
    """The upload address as given, if it is one of Meta's: nobody else gets the token."""
    return own_address(address, under=(".facebook.com",), otherwise=UPLOAD)
