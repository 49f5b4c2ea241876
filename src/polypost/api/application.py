"""The ASGI application of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from polypost import __version__
from polypost.api import (
    apps,
    connect,
    errors,
    lookups,
    media,
    notifications,
    posts,
    scheduled,
    selection,
    webhooks,
)
from polypost.api.envelope import Envelope
from polypost.errors import PolypostError

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build(lifespan: Lifespan, extra: Callable[[FastAPI], None] | None = None) -> tuple[FastAPI, Envelope]:
    """The application and what the server serves of it; `lifespan` fills `app.state.services`."""
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
    for router in (
        lookups.router,
        scheduled.router,
        posts.router,
        selection.router,
        connect.router,
        apps.router,
        media.router,
        notifications.router,
        webhooks.router,
    ):
        app.include_router(router)
    # Served by the short way below; the router has to know of it to name a path's methods.
    app.add_api_route("/v1/posts", posts.create, methods=["POST"], status_code=202)
    if extra is not None:
        extra(app)
    return app, Envelope(app, {("POST", "/v1/posts"): _plain(app, posts.create)})


def _plain(app: FastAPI, handler: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """The handler as an ASGI application of its own, with the same answers to errors."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = app
        request = Request(scope, receive, send)
        try:
            response = await handler(request)
        except PolypostError as error:
            response = errors.from_error(request, error)
        except Exception as error:  # noqa: BLE001 (the framework's outermost layer does the same)
            response = errors.unexpected(request, error)
        await response(scope, receive, send)

    return serve
