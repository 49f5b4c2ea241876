"""The ASGI application of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from polypost import __version__
from polypost.access.request_log import Noted
from polypost.api.http import errors
from polypost.api.http.envelope import LOGGED_FROM, Envelope
from polypost.api.openapi import reference
from polypost.api.routes import (
    ai,
    analytics,
    apps,
    bulk,
    comments,
    connect,
    drafts,
    lookups,
    media,
    messages,
    network_queries,
    posts,
    profiles,
    queue,
    scheduled,
    schedules,
    selection,
    subscriptions,
    uploads,
    usage,
    watching,
)
from polypost.errors import PolypostError

# In the order in which a path is looked up: what is spelled out before what takes any word.
ROOMS = (
    lookups,
    scheduled,
    bulk,
    drafts,
    schedules,
    queue,
    posts,
    selection,
    connect,
    apps,
    profiles,
    network_queries,
    usage,
    comments,
    messages,
    analytics,
    uploads,
    ai,
    subscriptions,
    media,
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def _unheard(project_id: str, entry: Noted) -> None:
    """For an application that is described and serves nobody."""


def build(
    lifespan: Lifespan,
    extra: Callable[[FastAPI], None] | None = None,
    *,
    note: Callable[[str, Noted], None] = _unheard,
    logged: str = "none",
    reference_at: str | None = None,
) -> tuple[FastAPI, Envelope]:
    """The application and what the server serves of it; `lifespan` fills `app.state.services`, `note` hears of answers.

    `logged` says which requests have a line in the log: `all`, those that were `refused`, or `none`.

    `reference_at` is the address at which the OpenAPI document says the server is; None serves no document.
    """
    app = FastAPI(
        title="Polypost",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    errors.install(app)
    for room in ROOMS:
        app.include_router(room.router)
    # Served by the short way below; the router has to know of it to name a path's methods.
    app.add_api_route("/v1/posts", posts.create, methods=["POST"], status_code=202)
    watching.install(app)
    if reference_at is not None:
        reference.install(app, server=reference_at)
    if extra is not None:
        extra(app)
    hot = {("POST", "/v1/posts"): _plain(app, posts.create)}
    return app, Envelope(app, hot, note, logged_from=LOGGED_FROM[logged])


def _plain(app: FastAPI, handler: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """The handler as an ASGI application of its own, with the same answers to errors."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = app
        request = Request(scope, receive, send)
        try:
            response = await handler(request)
        except PolypostError as error:
            response = errors.from_error(request, error)
        except Exception as error:  # noqa: BLE001  # the framework's outermost layer does the same
            response = errors.unexpected(request, error)
        await response(scope, receive, send)

    return serve
