"""The bytes of a request's body, within bounds (RELIABILITY A5, A6)."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request

from polypost.access.request_log import BODY_BYTES as KEPT_BYTES
from polypost.errors import InvalidRequest, PayloadTooLarge, Problem
from polypost.intake.strict_json import BODY_BYTES


async def read(request: Request, *, most: int = BODY_BYTES) -> bytes:
    """The body's bytes. Raises PayloadTooLarge as soon as it is known, InvalidRequest for a compressed one."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        hint = "Send plain JSON, without a Content-Encoding header."
        raise InvalidRequest(
            [Problem("Content-Encoding", "Compressed bodies are not taken.", hint, "content_encoding")]
        )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                raise _too_large(most)
            pieces.append(piece)
    except ClientDisconnect as gone:
        raise InvalidRequest(message="The body ended too early.", code="body_cut") from gone
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    # For the log of requests, which keeps its beginning.
    request.scope["state"]["body"] = body[: KEPT_BYTES + 1]
    return body


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body is larger than {most // 1000} kB.", next_step="Send less, or media by URL."
    )
