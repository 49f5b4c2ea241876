"""What stands around every request: its id, both spellings of its path, encoded slashes kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polypost import clock
from polypost.access import Allowance, Principal
from polypost.access.request_log import KIND, Noted
from polypost.api.http import errors
from polypost.errors import InvalidRequest, Problem
from polypost.storage import new_id

_SWITCH = "POLYPOST_HIDE_UNLISTED_NETWORKS=false shows them"
_NUL = Problem("", "The URL holds the NUL character (%00).", "Remove it.", "nul")


class Envelope:
    """Pure ASGI: `hot` routes are reached without the framework's layers; no redirect for a trailing slash, one segment for `tok%2F1`, `x-request-id` on every answer.

    `note` hears of each answer to a project.
    """

    def __init__(
        self, app: ASGIApp, hot: Mapping[tuple[str, str], ASGIApp], note: Callable[[str, Noted], None]
    ) -> None:
        self._app = app
        self._hot = hot
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, began = new_id(KIND), clock.monotonic()
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
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
                state["status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), header, *_further(state)]
            await send(message)

        app = self._hot.get((scope["method"], path), self._app)
        # No id or word of ours holds one, and PostgreSQL takes none into a comparison.
        if "\0" in path or b"%00" in scope["query_string"]:
            app = errors.from_error(Request(scope), InvalidRequest([_NUL]))
        method, query = scope["method"], scope["query_string"]
        try:
            await app(scope, receive, marked)
        finally:
            who: Principal | None = state.get("who")
            if who is not None:
                seconds, status = clock.monotonic() - began, state.get("status", 500)
                body, said = state.get("body", b""), state.get("said")
                entry = (request_id, began, method, path, query, status, seconds, who.key_id, body, said)
                self._note(who.project.id, entry)


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
