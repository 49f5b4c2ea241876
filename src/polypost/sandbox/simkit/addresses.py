"""The addresses by which callers reach a network, and paths in the dress that its servers forgive."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile(r"/{2,}")
_VERSIONED = re.compile(r"/v\d+(?:\.\d+)?/.+/")
# A name without a port, and no IP address: its last label is no number.
_NAME = re.compile(r"(?:[a-z0-9-]+\.)+[a-z][a-z-]*[a-z]")


def origin(request: Request, *, known_as: str | None = None) -> str:
    """Scheme and host of the network as the caller reaches it, to build further addresses on.

    A caller whose own means lead the network's names here has sent one of them without a port: the network speaks only
    https, and `known_as` is the name of another of its hosts.
    """
    host = request.headers.get("host", "").lower()
    if _NAME.fullmatch(host):
        return f"https://{known_as or host}"
    return f"{request.url.scheme}://{host}" if host else str(request.base_url).rstrip("/")


class TidyPaths:
    """ASGI middleware: several slashes count as one, and one at the end of a versioned path as none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = _SLASHES.sub("/", scope["path"])
            if _VERSIONED.fullmatch(path):
                path = path.removesuffix("/")
            scope = {**scope, "path": path}
        await self._app(scope, receive, send)
