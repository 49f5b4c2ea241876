"""Many ports, one uvicorn server, and a way to hang up on a caller."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

BACKLOG = 1024
EXTENSION = "polypost.connection"


class HangingUpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that lets the app end the connection without an answer.

    The app finds a coroutine function under `scope["extensions"]["polypost.connection"]["drop"]`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gone = asyncio.Event()
        self._upgraded = False

    def data_received(self, data: bytes) -> None:
        """Take the next bytes, unless they are another protocol's: a simulator that speaks WebSocket does not listen."""
        if not self._upgraded:
            super().data_received(data)

    def _unsupported_upgrade_warning(self) -> None:
        # The request goes to the app as any other does, and it may answer 101.
        self._upgraded = self._get_upgrade() == b"websocket"
        if not self._upgraded:
            super()._unsupported_upgrade_warning()

    def on_message_begin(self) -> None:
        """Put the extension into each request's scope."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"drop": self._drop}}

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the app that waits in `_drop`."""
        super().connection_lost(exc)
        self._gone.set()

    async def _drop(self, reset: bool) -> None:  # noqa: FBT001  # called by name through the scope
        if reset and (sock := self.transport.get_extra_info("socket")) is not None:
            # To linger for no time makes the kernel send a reset instead of an end.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
        # Only when uvicorn has seen the loss does it accept that no answer will come, instead of sending a 500.
        await self._gone.wait()


async def drop(scope: Scope, *, reset: bool = False) -> None:
    """End the caller's connection now; it sees no byte of an answer. Needs `HangingUpProtocol`."""
    hang_up: Callable[[bool], Awaitable[None]] = scope["extensions"][EXTENSION]["drop"]
    await hang_up(reset)


class ByPort:
    """One ASGI app that passes each request to the app of the port it came in by."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._apps[scope["server"][1]](scope, receive, send)


class _Server(uvicorn.Server):
    """A uvicorn server inside somebody else's loop: signals are not its business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Ports:
    """Serves several apps, each on its own listening socket, in the running loop."""

    def __init__(
        self, apps: Mapping[socket.socket, ASGIApp], *, certificate: tuple[str, str] | None = None
    ) -> None:
        self._sockets = list(apps)
        config = uvicorn.Config(
            ByPort({sock.getsockname()[1]: app for sock, app in apps.items()}),
            http=HangingUpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # Longer than clients rest: the side that sends should be the one that closes, or a call meets the end.
            timeout_keep_alive=75,
            # Clients keep connections open, for which an end without a limit would wait.
            timeout_graceful_shutdown=2,
            ssl_certfile=certificate[0] if certificate else None,
            ssl_keyfile=certificate[1] if certificate else None,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve; on return every port accepts connections."""
        self._task = asyncio.get_running_loop().create_task(self._server.serve(self._sockets))
        while not self._server.started:
            if self._task.done():
                await self._task
            # uvicorn tells of its start in this attribute alone.
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Finish the calls under way and close every port."""
        if self._task is not None:
            self._server.should_exit = True
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None


def listen(host: str, port: int, *, exactly: bool = False) -> socket.socket:
    """A listening socket; when `port` is taken the system chooses another, unless it must be `exactly` this one.

    Raises OSError.
    """
    # The protocol is named, or asyncio would not switch Nagle's algorithm off and each answer would wait 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        # At once, not when uvicorn gets there: two sockets may be bound to one port, but only one can listen.
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        if exactly or port == 0:
            raise
        return listen(host, 0)
    return sock
