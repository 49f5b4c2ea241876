"""The ASGI application of the API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.routing import Route

from polypost import __version__
from polypost.api import connect, errors, lookups, posts, scheduled
from polypost.api.envelope import Envelope

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
    # The hot route: no dependency tree, the bytes go to the body's own reader.
    app.router.routes.append(Route("/v1/posts", posts.create, methods=["POST"]))
    for router in (lookups.router, scheduled.router, posts.router, connect.router):
        app.include_router(router)
    if extra is not None:
        extra(app)
    return app, Envelope(app)
