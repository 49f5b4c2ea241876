"""For PRAW, which waits for its media posts: a WebSocket (RFC 6455) that says one thing and hangs up."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from polypost.sandbox.simkit.server import drop

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE = 0x81, 0x88
_NORMAL = (1000).to_bytes(2, "big")
# How long a client may take to hang up after the message.
_PARTING_SECONDS = 5.0


def asks_for_socket(request: Request) -> bool:
    """Whether the request wants to become a WebSocket."""
    return (
        request.headers.get("upgrade", "").lower() == "websocket" and "sec-websocket-key" in request.headers
    )


class OneMessage(Response):
    """The handshake, then the message that `say` comes up with, then goodbye."""

    def __init__(self, request: Request, say: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        key = request.headers["sec-websocket-key"]
        digest = hashlib.sha1(f"{key}{_MAGIC}".encode(), usedforsecurity=False).digest()
        super().__init__(status_code=101)
        self.raw_headers = [
            (b"upgrade", b"websocket"),
            (b"connection", b"Upgrade"),
            (b"sec-websocket-accept", base64.b64encode(digest)),
            # An answer of unknown length would be cut into chunks, which are no frames.
            (b"content-length", b"65536"),
        ]
        self._say = say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak."""
        await send({"type": "http.response.start", "status": 101, "headers": self.raw_headers})
        # Without a first piece of body the handshake would wait for the message.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        frames = frame(_TEXT, json.dumps(await self._say()).encode()) + frame(_CLOSE, _NORMAL)
        await send({"type": "http.response.body", "body": frames, "more_body": True})
        try:
            async with asyncio.timeout(_PARTING_SECONDS):
                while (await receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            await drop(scope)


def frame(opcode: int, payload: bytes) -> bytes:
    """An unmasked frame of fewer than 64 KB."""
    size = len(payload)
    head = bytes([opcode, size]) if size < 126 else bytes([opcode, 126]) + size.to_bytes(2, "big")
    return head + payload
