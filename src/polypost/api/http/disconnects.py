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
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseStartEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

EXTENSION = "polypost.presence"
FIRST_BYTES = b"HTTP/1.1 "
REPLY_SECONDS = 0.5
_REPLY_LOOKS = 100
_WATCH_SECONDS = 0.05
# Their values change what uvicorn does with the connection.
_UVICORNS = {b"connection", b"transfer-encoding"}
_RESET = select.POLLERR | select.POLLHUP | select.POLLNVAL
# Linux only; elsewhere a FIN is seen when the loop reads it.
_CLOSED = getattr(select, "POLLRDHUP", 0)


def watch(descriptor: int) -> select.poll:
    """What asks the kernel about a TCP socket, without reading from it."""
    poll = select.poll()
    poll.register(descriptor, _CLOSED)
    return poll


def kernel_view(poll: select.poll) -> tuple[bool, bool]:
    """(reset, FIN received) of a watched socket."""
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


class Exchange:
    """One request in the application: its `receive` looks at the kernel, its scope knows how to ask."""

    def __init__(self, peer: WatchedConnection, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._peer = peer
        self._cycle = cycle
        self._app = app
        self._head: HTTPResponseStartEvent | None = None

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Run the application."""
        assert scope["type"] == "http"
        scope["extensions"] = {EXTENSION: {"gone": self.gone}}
        expecting = self._cycle.waiting_for_100_continue
        await self._app(scope, self._receive, self._refusing if expecting else self._send)

    async def gone(self) -> bool:
        """Whether the client has left; waits at most `REPLY_SECONDS` for its machine to say so."""
        self._peer.look()
        if not self._cycle.disconnected and self._peer.ask():
            for _ in range(_REPLY_LOOKS):
                if not self._peer.reply_due():
                    break
                await asyncio.sleep(REPLY_SECONDS / _REPLY_LOOKS)
            self._peer.look()
        # A connection that is closing under a running request was reset; the loop says so only in its next turn.
        return self._cycle.disconnected or self._peer.transport.is_closing()

    async def _receive(self) -> ASGIReceiveEvent:
        if not self._cycle.more_body and not self._cycle.body:
            self._peer.look()
        return await self._cycle.receive()

    async def _refusing(self, message: ASGISendEvent) -> None:
        # The client waits for a 100 that will not come and may or may not send its body: where the next
        # request begins would be a guess.
        if self._cycle.waiting_for_100_continue and self._cycle.more_body:
            self._cycle.keep_alive = False
        await self._send(message)

    async def _send(self, message: ASGISendEvent) -> None:
        """Pass the answer on; one that is whole in one write, and not its head in one of its own."""
        if message["type"] == "http.response.start" and self._head is None:
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            whole = _whole(self._cycle, head, message)
            if whole is not None:
                await self._write(whole)
                return
            await self._cycle.send(head)
        await self._cycle.send(message)

    async def _write(self, whole: bytes) -> None:
        """What uvicorn does with a head and its body."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(whole)
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


def _whole(cycle: RequestResponseCycle, head: HTTPResponseStartEvent, message: ASGISendEvent) -> bytes | None:
    """The bytes of an answer that has all of its body here and its length in the head; None for any other, which is uvicorn's."""
    if message["type"] != "http.response.body" or message.get("more_body") or cycle.response_started:
        return None
    body = message.get("body", b"")
    headers = [*cycle.default_headers, *head.get("headers", ())]
    names = {name for name, _ in headers}
    length = (b"content-length", b"%d" % len(body))
    if cycle.scope["method"] == "HEAD" or length not in headers or names & _UVICORNS:
        return None
    lines = [b"%b: %b\r\n" % header for header in headers]
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    told = b"".join(lines)
    # A line end in a value would be a header of its own: uvicorn refuses those.
    if told.count(b"\n") != len(lines) or told.count(b"\r") != len(lines) or b"\0" in told:
        return None
    return b"".join((STATUS_LINE[head["status"]], told, b"\r\n", body))


class WatchedConnection(HttpToolsProtocol):
    """uvicorn's connection, which also knows which request runs and whether its client may have left."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._running: RequestResponseCycle | None = None
        self._half_closed = False
        self._doubtful = False
        self._descriptor = -1
        self._poll: select.poll | None = None
        self._watcher: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
        """Remember the socket, for questions to the kernel."""
        super().connection_made(transport)
        self._descriptor = transport.get_extra_info("socket").fileno()
        self._poll = watch(self._descriptor)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request of this connection, the running and the waiting ones."""
        self._descriptor = -1
        if self._watcher is not None:
            self._watcher.cancel()
        self._mark_lost()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's closes on every FIN
        """Keep the connection while a complete request has no answer: its client may still read."""
        self._half_closed = True
        if self._running is None:
            return False
        self._doubt()
        return True

    def on_headers_complete(self) -> None:
        """A request runs, or waits for the one before it."""
        super().on_headers_complete()
        if self.pipeline:
            self._watch()

    def on_response_complete(self) -> None:
        """Nothing runs until the next request is started."""
        self._running = None
        super().on_response_complete()

    def abandon(self) -> None:
        """Close now; a running request learns that its client is gone."""
        self._mark_lost()
        self.transport.abort()

    def look(self) -> None:
        """Take note of what the kernel knows about the client: a reset, or a FIN that is not read yet."""
        if self._poll is None or self._descriptor < 0 or self.transport.is_closing():
            return
        reset, closed = kernel_view(self._poll)
        if reset:
            self.abandon()
        elif closed and not self._doubtful:
            self._doubt()

    def ask(self) -> bool:
        """Send a byte of the running answer early; False if the client gave no reason or the answer began."""
        running = self._running
        if not self._doubtful or running is None or running.more_body or running.response_started:
            return False
        if not isinstance(running.transport, AnswerStream):
            running.transport = AnswerStream(self.transport, self._close_after_answer)
        running.transport.send_early()
        return True

    def reply_due(self) -> bool:
        """Whether bytes are still under way to the client."""
        if self._descriptor < 0 or self.transport.is_closing():
            return False
        return self.transport.get_write_buffer_size() > 0 or unacknowledged(self._descriptor) > 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, Exchange(self, cycle, app))
        if self._doubtful:
            self._doubt()

    def _close_after_answer(self) -> None:
        self.transport.close()

    def _doubt(self) -> None:
        self._doubtful = True
        self.ask()
        if self._watcher is None:
            self._watch()

    def _watch(self) -> None:
        # After a FIN, and while reading is paused, the loop does not look at the socket; so we do.
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None
        if self._running is None or self.transport.is_closing():
            return
        self._watcher = self.loop.call_later(_WATCH_SECONDS, self._watch)
        self.look()

    def _mark_lost(self) -> None:
        for cycle in self._in_flight():
            cycle.disconnected = True
            cycle.message_event.set()

    def _in_flight(self) -> Iterator[RequestResponseCycle]:
        if self._running is not None:
            yield self._running
        for cycle, _ in self.pipeline:
            yield cycle


async def client_gone(request: Request) -> bool:
    """Whether the client of `request` has left before its answer; exact where `is_disconnected` may be early.

    For the last look before an answer is given. Takes no time unless the client closed its sending side,
    then one round trip (at most `REPLY_SECONDS`).
    """
    presence = request.scope.get("extensions", {}).get(EXTENSION)
    if presence is None:
        return await request.is_disconnected()
    return bool(await presence["gone"]())
