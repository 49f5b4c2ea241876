"""Pages for people, rendered on the server; loaded with the first that is asked for, so that an idle server stays small."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

HOME = "/dashboard"
GUIDE = "/docs/guide"


class _Pages:
    """Pages that are built when somebody comes."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = self._build()
        await self._app(scope, receive, send)


def _dashboard() -> ASGIApp:
    from polypost.dashboard.application import dashboard

    return dashboard()


def _guide() -> ASGIApp:
    from polypost.dashboard.guide import Guide

    return Guide()


def install(app: FastAPI) -> None:
    """Add the pages to the application."""

    async def front(_: Request) -> Response:
        return RedirectResponse(f"{HOME}/", 303)

    pages, guide = _Pages(_dashboard), _Pages(_guide)
    app.router.routes += [
        Route("/", front),
        Route(HOME, pages),
        Route(HOME + "/{path:path}", pages),
        Route(GUIDE, guide),
        Route(GUIDE + "/{path:path}", guide),
        Route("/llms.txt", guide),
    ]


__all__ = ["HOME", "install"]
