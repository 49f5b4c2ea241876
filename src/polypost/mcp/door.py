"""What a request to `/mcp` goes through before the SDK sees it: method, origin, key, size."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polypost.access import Principal
from polypost.entrance.address import own_address
from polypost.entrance.callers import HEADER, caller
from polypost.entrance.consent import RESOURCE
from polypost.entrance.raw import read
from polypost.entrance.services import Services, services
from polypost.errors import Forbidden, Unauthorized
from polypost.intake.strict_json import from_json_within
from polypost.settings import Settings

if TYPE_CHECKING:
    from polypost.mcp.server import Server

PATH = "/mcp"
_MISSING = (
    "Send an API key in x-access-key, or as `Authorization: Bearer`; the server's operator makes one with "
    "`polypost keys create --scope read --scope draft`."
)
Known = Callable[[Request], Awaitable[Principal]]
_NOT_JSON = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}}


class Agents:
    """The way in for agents; one instance a process."""

    def __init__(self) -> None:
        self._loading: asyncio.Task[ASGIApp] | None = None
        self._stop: Callable[[], Awaitable[None]] | None = None

    def install(self, app: FastAPI, settings: Settings) -> None:
        """Add the path to the application, and those of OAuth where it is wanted."""
        # A mount would lead `/mcp` on to `/mcp/`, which clients do not follow with their keys.
        app.router.routes.append(Route(PATH, _Entry(self, by_key)))
        # On a path of its own: clients that find out about OAuth send no key any more.
        if settings.agents_oauth:
            from polypost.mcp import oauth

            app.router.routes.append(Route(RESOURCE, _Entry(self, oauth.authenticated)))
            app.router.routes += oauth.routes(registration=settings.agents_registration)

    async def aclose(self) -> None:
        """Let what runs come to its end."""
        if self._loading is not None:
            await asyncio.wait({self._loading})
        if self._stop is not None:
            await self._stop()

    async def serve(self, scope: Scope, receive: Receive, send: Send, known: Known) -> None:
        """Serve one request of who is `known`. Raises what the application answers as errors of the API."""
        request = Request(scope, receive)
        if request.method != "POST":
            # The SDK would hold a stream open for GET, on which nothing ever comes.
            await _only_post()(scope, receive, send)
            return
        _require_own_origin(request)
        await known(request)
        body = await read(request)
        try:
            from_json_within(body)
        except ValueError:
            await Response(to_json(_NOT_JSON), 400, media_type="application/json")(scope, receive, send)
            return
        if self._loading is None or (self._loading.done() and self._loading.exception() is not None):
            self._loading = asyncio.create_task(self._load(scope), name="polypost-mcp-load")
        served = await asyncio.shield(self._loading)
        await served(scope, _again(body, receive), send)

    async def _load(self, scope: Scope) -> ASGIApp:
        # Half a second of work for the interpreter: beside the loop, so that others have their turns.
        server = await asyncio.to_thread(_server, services(Request(scope)))
        await server.start()
        self._stop = server.aclose
        return server.serve


class _Entry:
    """A path, with its way of telling who asks."""

    def __init__(self, agents: Agents, known: Known) -> None:
        self._agents = agents
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._agents.serve(scope, receive, send, self._known)


async def by_key(request: Request) -> Principal:
    """Who asks with an API key. Raises Unauthorized, Forbidden, TooManyRequests, InvalidRequest for two keys."""
    keys = request.headers.getlist(HEADER) or _bearer(request)
    try:
        return await caller(request, keys, _MISSING)
    except Unauthorized as error:
        # Without the address of metadata: there is none for keys.
        error.headers["WWW-Authenticate"] = "Bearer"
        raise


def _server(rooms: Services) -> Server:
    from polypost.mcp.server import Server

    return Server(rooms)


def _only_post() -> Response:
    said = {"success": False, "message": "This path takes POST.", "code": "method_not_allowed"}
    return Response(to_json(said), 405, {"Allow": "POST"}, "application/json")


def _require_own_origin(request: Request) -> None:
    """Pass for programs, which send no Origin, and for pages of this server. Raises Forbidden."""
    origin = request.headers.get("origin")
    own = own_address(request, services(request).settings)
    if origin is not None and urlsplit(origin)[:2] != urlsplit(own)[:2]:
        raise Forbidden(
            "Pages of other sites may not speak to this path.",
            code="foreign_origin",
            next_step="Call it from a program, or set POLYPOST_PUBLIC_URL to the address that the page has.",
        )


def _bearer(request: Request) -> list[str]:
    """The key in Authorization; clients with no field for another header send it there."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return [key.strip()] if kind.lower() == "bearer" else []


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, for whoever reads it next; then whatever comes after it."""
    left = [body]

    async def receive_again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return receive_again
