"""Pages for people, rendered on the server; loaded with the first that is asked for, so that an idle server stays small."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

HOME = "/dashboard"


class _Pages:
    """The dashboard, built when somebody comes."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            from polypost.dashboard.application import dashboard

            self._app = dashboard()
        await self._app(scope, receive, send)


def install(app: FastAPI) -> None:
    """Add the pages to the application."""

    async def front(_: Request) -> Response:
        return RedirectResponse(f"{HOME}/", 303)

    pages = _Pages()
    app.router.routes += [Route("/", front), Route(HOME, pages), Route(HOME + "/{path:path}", pages)]


__all__ = ["HOME", "install"]
