"""Connection pools under both doors: HTTP/1.1 only, no retries, no redirects, no cookies, no proxies.

Requests go straight to the pool, below the client class of the HTTP library, so there is nothing
that could follow, repeat or decorate a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2

from polypost.outbound.direct import DirectBackend

CONNECT_SECONDS = 5.0
# Many servers close an idle connection after five seconds; leaving earlier keeps a request from
# being sent into a connection that is just being closed.
KEEP_ALIVE_SECONDS = 4.0
IDLE_CONNECTIONS = 10
BROKEN = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpx2.DecodingError,
    OSError,
)
"""What a connection can raise when it fails; the builtin TimeoutError is an OSError."""

SENDING = "http11.send_request_headers.started"
"""The trace event between an open connection and the first byte of the request."""

Trace = Callable[[str, Mapping[str, Any]], Awaitable[None]]


@cache
def tls_context() -> SSLContext:
    """The process's one TLS context: system trust store, names verified; made at the first https call."""
    return httpcore2.default_ssl_context()


class Progress:
    """Follows one request on its way out, through the pool's trace events."""

    def __init__(
        self, on_sent: Callable[[], None] | None = None, on_sending: Callable[[], None] | None = None
    ) -> None:
        self._on_sent = on_sent
        self._on_sending = on_sending
        self._began = False
        self._headers_out = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take one trace event; `on_sent` is called when the last byte of the body is out.

        `on_sending` is called when the connection is open and no byte has left; what it raises ends the request there.
        """
        if event == SENDING:
            if self._on_sending is not None:
                self._on_sending()
            self._began = True
        elif event == "http11.send_request_headers.complete":
            self._headers_out = True
        elif event == "http11.send_request_body.complete" and self._on_sent is not None:
            self._on_sent()

    def nothing_left(self, error: BaseException) -> bool:
        """Whether no byte can have left: the headers were never begun, or could not be written down at all."""
        unwritable = isinstance(error, httpcore2.LocalProtocolError) and not self._headers_out
        return unwritable or not self._began


class Transport:
    """A pool for http and one for https, each made at its first use."""

    def __init__(
        self,
        *,
        backend: httpcore2.AsyncNetworkBackend | None = None,
        connections: int = 50,
    ) -> None:
        self._backend = backend or DirectBackend()
        self._connections = connections
        self._pools: dict[str, httpcore2.AsyncConnectionPool] = {}

    def _pool(self, scheme: str) -> httpcore2.AsyncConnectionPool:
        pool = self._pools.get(scheme)
        if pool is None:
            pool = self._pools[scheme] = httpcore2.AsyncConnectionPool(
                ssl_context=tls_context() if scheme == "https" else None,
                max_connections=self._connections,
                max_keepalive_connections=IDLE_CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                network_backend=self._backend,
            )
        return pool

    async def send(
        self,
        request: httpx2.Request,
        *,
        connect: float = CONNECT_SECONDS,
        trace: Trace | None = None,
    ) -> httpcore2.Response:
        """Send `request` once and return its answer with the body unread; the caller closes it.

        `connect` is in seconds; the caller sets the deadline for the rest. An idle connection is
        used only if it is still open when picked. Raises one of BROKEN.
        """
        url = request.url
        extensions: dict[str, Any] = {"timeout": {"connect": connect}}
        if trace is not None:
            extensions["trace"] = trace
        return await self._pool(url.scheme).handle_async_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=extensions,
            )
        )

    async def aclose(self) -> None:
        """Close every connection."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.aclose()
