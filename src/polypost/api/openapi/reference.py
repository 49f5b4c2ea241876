"""`GET /openapi.json`, and `GET /docs`: the same for people, from files of ours alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from polypost.api.openapi.document import document
from polypost.entrance.address import only_here
from polypost.entrance.services import services
from polypost.outbound.guard import LOOPBACK
from polypost.settings import Settings

STATIC = Path(__file__).parent / "static"
FILES = {"scalar.js": STATIC / "vendor" / "scalar.js", "reference.js": STATIC / "reference.js"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Polypost API</title>
<link rel="icon" href="data:,">
<noscript>This page needs JavaScript. The document itself is <a href="/openapi.json">/openapi.json</a>.</noscript>
<div id="reference" data-key="{key}"></div>
<script src="/docs/scalar.js"></script>
<script src="/docs/reference.js"></script>
</html>
"""
_QUIET = {"Referrer-Policy": "no-referrer"}
# The reference writes styles into its elements; scripts and requests stay with this server.
_HEADERS = {
    **_QUIET,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def is_wanted(settings: Settings, public_url: str, *, sandbox: bool) -> bool:
    """Whether the server shows its document: as set, else where only this machine or a sandbox's visitors see it."""
    if settings.api_docs is not None:
        return settings.api_docs
    return sandbox or only_here(settings, public_url)


def install(app: FastAPI, *, server: str) -> None:
    """Add document and page to the application, whose address is `server`."""
    made: list[bytes] = []
    making = asyncio.Lock()

    async def as_json(_: Request) -> Response:
        # Only a few servers are ever asked for it, so it is made when the first one asks.
        async with making:
            if not made:
                made.append(await asyncio.to_thread(lambda: to_json(document(app, server=server))))
        return Response(
            made[0], headers=_QUIET | {"Cache-Control": "no-cache"}, media_type="application/json"
        )

    async def page(request: Request) -> Response:
        # Only under the machine's own names: under another one a page of somebody else's could read it.
        here = request.url.hostname in LOOPBACK
        key = services(request).demo_key if here else None
        return HTMLResponse(_PAGE.format(key=key or ""), headers=_HEADERS)

    app.router.routes += [Route("/openapi.json", as_json), Route("/docs", page)]
    for name, path in FILES.items():
        app.router.routes.append(Route(f"/docs/{name}", _sender(path)))


def _sender(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def send(_: Request) -> Response:
        return FileResponse(
            path, headers=_QUIET | {"Cache-Control": "max-age=3600"}, media_type="text/javascript"
        )

    return send
