"""What stands around every request: its id, both spellings of its path, encoded slashes kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polypost import clock
from polypost.access import Allowance, Principal
from polypost.access.request_log import KIND, Noted
from polypost.api.http import errors
from polypost.errors import InvalidRequest, Problem
from polypost.observability import metrics, traces
from polypost.storage import new_id

log = structlog.get_logger("polypost.requests")
# From this status on a request is logged; `none` is beyond all of them.
LOGGED_FROM = {"all": 0, "refused": 400, "none": 1000}
_SWITCH = "POLYPOST_HIDE_UNLISTED_NETWORKS=false shows them"
_NUL = Problem("", "The URL holds the NUL character (%00).", "Remove it.", "nul")


class Envelope:
    """Pure ASGI: `hot` routes are reached without the framework's layers; no redirect for a trailing slash, one segment for `tok%2F1`, `x-request-id` on every answer.

    `note` hears of each answer to a project; answers of `logged_from` and above have a line in the log.
    """

    def __init__(
        self,
        app: ASGIApp,
        hot: Mapping[tuple[str, str], ASGIApp],
        note: Callable[[str, Noted], None],
        *,
        logged_from: int,
    ) -> None:
        self._app = app
        self._hot = hot
        self._note = note
        self._logged_from = logged_from

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

        hot = self._hot.get((scope["method"], path))
        app = self._app if hot is None else hot
        # No id or word of ours holds one, and PostgreSQL takes none into a comparison.
        if "\0" in path or b"%00" in scope["query_string"]:
            app = errors.from_error(Request(scope), InvalidRequest([_NUL]))
        with traces.span(scope["method"], kind="server", carrier=_carrier(scope)):
            try:
                await app(scope, receive, marked)
            finally:
                route = path if hot is not None else _route(scope)
                self._tell(scope, began, path, route)

    def _tell(self, scope: Scope, began: float, path: str, route: str) -> None:
        """Note what became of a request, for its project, the numbers, the trace and the log."""
        state, method = scope["state"], scope["method"]
        who: Principal | None = state.get("who")
        seconds, status = clock.monotonic() - began, state.get("status", 500)
        request_id, said = state["request_id"], state.get("said")
        if who is not None:
            query, body = scope["query_string"], state.get("body", b"")
            entry = (request_id, began, method, path, query, status, seconds, who.key_id, body, said)
            self._note(who.project.id, entry)
        outcome = f"{status // 100}xx" if "status" in state else "none"
        metrics.REQUESTS.observe(seconds, method if method in _METHODS else "other", route, outcome)
        if traces.on():
            answered = {"http.route": route, "http.response.status_code": status}
            traces.tell(answered, name=f"{method} {route}", failed=status >= 500)
        if status >= self._logged_from:
            # Links hold secrets in their paths; those that are called with a key hold ids.
            told = {"id": request_id, "method": method, "path": route if who is None else path[:500]}
            _log(told, status, seconds, who, said)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _route(scope: Scope) -> str:
    """The template of the path that was found, which has no ids; pages and what is nowhere are `other`."""
    return getattr(scope.get("route"), "path", None) or "other"


def _carrier(scope: Scope) -> Mapping[str, str] | None:
    if not traces.on():
        return None
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _log(
    told: dict[str, Any], status: int, seconds: float, who: Principal | None, said: tuple[str, str] | None
) -> None:
    """The line of a request: without its query, which may hold what others must not see."""
    told |= {"status": status, "seconds": round(seconds, 4)}
    if who is not None:
        told |= {"project": who.project.id, "key": who.key_id}
    if said is not None:
        told["code"] = said[0]
    (log.warning if status >= 500 else log.info)("request", **told)


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
