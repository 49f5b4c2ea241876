"""What stands around every request: its id, both spellings of its path, encoded slashes kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polypost.access import Allowance
from polypost.api.http import errors
from polypost.errors import InvalidRequest, Problem
from polypost.storage import random_hex

_SWITCH = "POLYPOST_HIDE_UNLISTED_NETWORKS=false shows them"
_NUL = Problem("", "The URL holds the NUL character (%00).", "Remove it.", "nul")


class Envelope:
    """Pure ASGI: `hot` routes are reached without the framework's layers; no redirect for a trailing slash, one segment for `tok%2F1`, `x-request-id` on every answer."""

    def __init__(self, app: ASGIApp, hot: Mapping[tuple[str, str], ASGIApp]) -> None:
        self._app = app
        self._hot = hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{random_hex()}"
        scope.setdefault("state", {})["request_id"] = request_id
        path: str = scope["path"]
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" in raw or b"%2F" in raw:
            segments = raw.decode("ascii", "replace").split("/")
            path = "/".join(unquote(segment).replace("/", "%2F") for segment in segments)
        if len(path) > 1 and path.endswith("/"):
            path = path.rstrip("/") or "/"
        scope["path"] = path
        header = (b"x-request-id", request_id.encode())

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), header, *_further(scope["state"])]
            await send(message)

        app = self._hot.get((scope["method"], path), self._app)
        # No id or word of ours holds one, and PostgreSQL takes none into a comparison.
        if "\0" in path or b"%00" in scope["query_string"]:
            app = errors.from_error(Request(scope), InvalidRequest([_NUL]))
        await app(scope, receive, marked)


def _further(state: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """What is left of the key's requests, in the fields of draft-ietf-httpapi-ratelimit-headers-10, and which networks are not shown."""
    made: list[tuple[bytes, bytes]] = []
    left: Allowance | None = state.get("allowance")
    if left is not None:
        made += [
            (b"ratelimit-policy", b'"key";q=%d;w=60' % left.limit),
            (b"ratelimit", b'"key";r=%d;t=%d' % (left.remaining, left.reset)),
        ]
    if hidden := state.get("hidden_platforms"):
        made.append((b"x-hidden-platforms", f"{', '.join(hidden)}; {_SWITCH}".encode()))
    return made
