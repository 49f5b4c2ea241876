"""The HTTP server: uvicorn inside a running loop, with limits on every connection (RELIABILITY A5).

    async def main() -> None:
        web = server(app, host="127.0.0.1", port=8080, on_ready=lambda ready: print(ready.port))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, web.stop)
        await web.serve()

    uvloop.run(main())

It installs no signal handlers and asks for no event loop, so several may run in one process; whoever starts
it chooses uvloop. The protocol is always httptools'.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGIApplication

from polypost.api.http.connection import Config, Connection
from polypost.api.http.limits import Limits
from polypost.errors import PolypostError

__all__ = ["Limits", "Server", "server"]

BACKLOG = 2048
# Seconds of silence, seconds between questions, questions: a machine that vanished is found in 15 s.
_KEEPALIVE = (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 2))


def server(
    app: ASGIApplication | ASGIApp,
    *,
    host: str,
    port: int,
    limits: Limits = Limits(),  # noqa: B008  # frozen
    on_ready: Callable[[Server], None] | None = None,
) -> Server:
    """A server for `app`; `serve()` starts it, port 0 takes a free one, `on_ready` hears when it accepts."""
    # Starlette's and uvicorn's words for one protocol differ in their types.
    return Server(Config(cast("ASGIApplication", app), limits), host=host, port=port, on_ready=on_ready)


class Server(uvicorn.Server):
    """One listening server; serves until `stop()`."""

    config: Config

    def __init__(
        self, config: Config, *, host: str, port: int, on_ready: Callable[[Server], None] | None
    ) -> None:
        super().__init__(config)
        self.host = host
        self.port = port
        self.servers = []
        self._on_ready = on_ready

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `stop()`, on `sockets` that listen already if given; `port` is then the bound port.

        Raises OSError when the address cannot be had, PolypostError when the application does not start.
        """
        listening = sockets or [listen(self.host, self.port)]
        self.port = listening[0].getsockname()[1]
        for sock in listening:
            _find_the_vanished(sock)
        try:
            await super().serve(listening)
        except SystemExit as ended:
            raise PolypostError(
                "The server did not start.", code="not_started", next_step="The lines logged before say why."
            ) from ended
        finally:
            # After an orderly end there is nothing left of these; after a cancellation there is.
            self._give_up()
            for each in self.servers:
                each.close()
            for sock in listening:
                sock.close()

    def stop(self) -> None:
        """Accept no more, let running requests end within `Limits.shutdown_seconds`, then end `serve()`."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application and accept."""
        await super().startup(sockets)
        if self._on_ready is not None:
            self._on_ready(self)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order; requests that outlast the limit are cancelled, and get no answer rather than a wrong one."""
        deadline = asyncio.get_running_loop().call_later(self.config.limits.shutdown_seconds, self._give_up)
        try:
            await super().shutdown(sockets)
        finally:
            deadline.cancel()

    def _give_up(self) -> None:
        for connection in list(self.server_state.connections):
            assert isinstance(connection, Connection)
            connection.abandon()
        for task in list(self.server_state.tasks):
            task.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the process."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, IPv4 too where `host` is `::`. Raises OSError.

    It listens before the application starts: a taken port is found before a store is opened, and early
    clients wait instead of being turned away.
    """
    wide = ":" in host
    return socket.create_server(
        (host, port),
        family=socket.AF_INET6 if wide else socket.AF_INET,
        backlog=BACKLOG,
        dualstack_ipv6=wide and socket.has_dualstack_ipv6(),
    )


def _find_the_vanished(listening: socket.socket) -> None:
    # What is set on a listening socket holds for those it accepts.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
