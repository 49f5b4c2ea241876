"""Whether the client of a request is still there, as exactly as TCP can tell (RELIABILITY A3).

What was found with uvicorn 0.54 on asyncio and uvloop (tried with raw sockets):

- A reset is noticed: the transport reports the loss, `disconnected` is set, `is_disconnected()` is true.
- A FIN is noticed, but always taken for a client that left: uvicorn closes the connection, and a client that
  only closed its sending side (`nc -N`, `shutdown(SHUT_WR)`) waits for an answer in vain.
- With a second request behind the running one, neither is noticed: uvicorn marks only the request that was
  read last, and it stops reading, so that a FIN is not even seen.
- Nothing is noticed between two turns of the loop; the kernel knows earlier.

What happens here instead. `close()` and `shutdown(SHUT_WR)` send the same FIN; they differ when the client's
machine receives something: a closed socket answers with a reset. The first nine bytes of every answer are
known before the answer is ("HTTP/1.1 "), so one of them is sent early as a question. The reset, if one comes,
is found by asking the kernel: nobody reads from a socket after its FIN. Every look at a request's `receive`
asks the kernel first, so `request.is_disconnected()` is as new as what arrived at this machine;
`client_gone` also waits for the reply to the early byte.

What cannot be known: a client that leaves after the last look, and a machine that vanished without a packet;
the listening socket's keepalive finds those in about 15 s.
"""

from __future__ import annotations

import asyncio
import fcntl
import select
import struct
import termios
from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

EXTENSION = "polypost.presence"
FIRST_BYTES = b"HTTP/1.1 "
REPLY_SECONDS = 0.5
_REPLY_LOOKS = 100
_RESET = select.POLLERR | select.POLLHUP | select.POLLNVAL
# Linux only; elsewhere a FIN is seen when the loop reads it.
_CLOSED = getattr(select, "POLLRDHUP", 0)


def kernel_view(descriptor: int) -> tuple[bool, bool]:
    """(reset, FIN received) of a TCP socket, without reading from it."""
    poll = select.poll()
    poll.register(descriptor, _CLOSED)
    events = sum(event for _, event in poll.poll(0))
    return bool(events & _RESET), bool(events & _CLOSED)


def unacknowledged(descriptor: int) -> int:
    """Bytes written to a TCP socket that the other machine has not acknowledged."""
    (count,) = struct.unpack("i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4)))
    return int(count)


class AnswerStream(asyncio.Transport):
    """The way of one answer to the client; the bytes that every answer begins with may go early."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        super().__init__()
        self._transport = transport
        self._close = close
        self._ahead = 0

    def send_early(self) -> None:
        """Send one more byte of the answer's beginning, while there is one."""
        if self._ahead < len(FIRST_BYTES) and not self._transport.is_closing():
            self._transport.write(FIRST_BYTES[self._ahead : self._ahead + 1])
            self._ahead += 1

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send what of `data` has not gone early."""
        ahead, self._ahead = self._ahead, 0
        self._transport.write(data[ahead:] if ahead else data)

    def is_closing(self) -> bool:
        """Whether the connection is closing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close as the connection sees fit."""
        self._close()


class Peer(Protocol):
    """What an exchange asks of its connection."""

    def look(self) -> None:
        """Take note of what the kernel knows about the client."""

    def ask(self) -> bool:
        """Ask a client that may have left for a sign; False if there is nothing to ask or no way to."""

    def reply_due(self) -> bool:
        """Whether the client's machine has not yet acknowledged everything."""


class Exchange:
    """One request in the application: its `receive` looks at the kernel, its scope knows how to ask."""

    def __init__(self, peer: Peer, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._peer = peer
        self._cycle = cycle
        self._app = app

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Run the application."""
        assert scope["type"] == "http"
        scope["extensions"] = {EXTENSION: {"gone": self.gone}}
        expecting = self._cycle.waiting_for_100_continue
        await self._app(scope, self._receive, self._refusing if expecting else send)

    async def gone(self) -> bool:
        """Whether the client has left; waits at most `REPLY_SECONDS` for its machine to say so."""
        self._peer.look()
        if not self._cycle.disconnected and self._peer.ask():
            for _ in range(_REPLY_LOOKS):
                if not self._peer.reply_due():
                    break
                await asyncio.sleep(REPLY_SECONDS / _REPLY_LOOKS)
            self._peer.look()
        return self._cycle.disconnected

    async def _receive(self) -> ASGIReceiveEvent:
        if not self._cycle.more_body and not self._cycle.body:
            self._peer.look()
        return await self._cycle.receive()

    async def _refusing(self, message: ASGISendEvent) -> None:
        # The client waits for a 100 that will not come and may or may not send its body: where the next
        # request begins would be a guess.
        if self._cycle.waiting_for_100_continue and self._cycle.more_body:
            self._cycle.keep_alive = False
        await self._cycle.send(message)


async def client_gone(request: Request) -> bool:
    """Whether the client of `request` has left before its answer; exact where `is_disconnected` may be early.

    For the last look before an answer is given. Takes no time unless the client closed its sending side,
    then one round trip (at most `REPLY_SECONDS`).
    """
    if await request.is_disconnected():
        return True
    presence = request.scope.get("extensions", {}).get(EXTENSION)
    return presence is not None and bool(await presence["gone"]())
