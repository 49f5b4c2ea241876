"""Request bodies: strict JSON within limits, whatever the content type says (RELIABILITY A5, A6)."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from polypost.errors import InvalidRequest, PayloadTooLarge, Problem

BODY_BYTES = 512_000
DEPTH = 32


async def read(request: Request, *, most: int = BODY_BYTES) -> bytes:
    """The body's bytes. Raises PayloadTooLarge as soon as it is known, InvalidRequest for a compressed one."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        hint = "Send plain JSON, without a Content-Encoding header."
        raise InvalidRequest(
            [Problem("Content-Encoding", "Compressed bodies are not taken.", hint, "content_encoding")]
        )
    declared = request.headers.get("content-length", "")
    too_large = PayloadTooLarge(
        f"The body is larger than {most // 1000} kB.", next_step="Send less, or media by URL."
    )
    if declared.isdigit() and int(declared) > most:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                raise too_large
            pieces.append(piece)
    except ClientDisconnect as gone:
        raise InvalidRequest(message="The body ended too early.", code="body_cut") from gone
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises InvalidRequest for anything that is not strict JSON."""
    if raw.count(b"[") + raw.count(b"{") > DEPTH and _depth(raw) > DEPTH:
        raise InvalidRequest(
            [
                Problem(
                    "", f"The body is nested deeper than {DEPTH} levels.", "Send a flatter body.", "too_deep"
                )
            ]
        )
    if not raw:
        raise InvalidRequest([Problem("", "The body is empty.", "Send one JSON object.", "invalid_json")])
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        hint = "Send one JSON object in UTF-8."
        raise InvalidRequest(
            [Problem("", f"The body is not valid JSON: {error}.", hint, "invalid_json")]
        ) from error
    if not isinstance(value, dict):
        raise InvalidRequest(
            [Problem("", "The body is not a JSON object.", "Send one JSON object.", "invalid_json")]
        )
    return value


async def json_object(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """The request's JSON object; an empty body is `{}` where it is optional."""
    raw = await read(request)
    return {} if optional and not raw.strip() else parse(raw)


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    inside = escaped = False
    for byte in raw:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
