"""One HTTP/1.1 connection: uvicorn's httptools protocol with the limits it does not have (RELIABILITY A5).

A connection reads messages (`Phase`), runs one of them (`_running`) and keeps pipelined ones waiting
(`pipeline`, uvicorn's). What it refuses is answered after the answers before it. How it learns that a client
has left stands in `disconnects`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from enum import Enum
from math import ceil
from typing import Any

import httptools
import uvicorn
from uvicorn._types import ASGIApplication
from uvicorn.server import ServerState

from polypost.api.http import limits as refusals
from polypost.api.http.disconnects import AnswerStream, WatchedConnection
from polypost.api.http.limits import Limits, Refusal

_BODY_FIELDS = (b"content-length", b"transfer-encoding")


class Phase(Enum):
    """What the next byte from the client belongs to."""

    IDLE = "between two requests"
    HEAD = "request line and headers, or nothing since connecting"
    BODY = "a body or its trailers"
    OVER = "nothing any more: read and dropped"


class Config(uvicorn.Config):
    """uvicorn's configuration, our limits and the number of open connections by client address."""

    def __init__(self, app: ASGIApplication, limits: Limits) -> None:
        super().__init__(
            app,
            http=Connection,
            ws="none",
            interface="asgi3",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # On every answer, those that no route gives included.
            headers=[("X-Content-Type-Options", "nosniff")],
            proxy_headers=False,
            # Behind our own deadline: by then every connection has been given up.
            timeout_graceful_shutdown=ceil(limits.shutdown_seconds) + 5,
        )
        self.limits = limits
        self.addresses: Counter[str] = Counter()


class Connection(WatchedConnection):
    """A client's connection within `Limits`."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, Config)
        self._limits = config.limits
        self._addresses = config.addresses
        self.timeout_keep_alive = config.limits.keep_alive  # type: ignore[assignment]  # fractions, too
        self._phase = Phase.HEAD
        self._begun = False
        self._repeating = False
        self._messages = 0
        self._head_read = 0
        self._head_parsed = 0
        self._fields = 0
        self._body_since = 0.0
        self._body_read = 0
        self._reason: Refusal | None = None
        self._last_word: Refusal | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    # The connection's life

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
        """Count the client's address, and give the first request its time."""
        super().connection_made(transport)
        if self.client is not None:
            self._addresses[self.client[0]] += 1
            over = self._addresses[self.client[0]] - self._limits.connections_per_address
            # Everybody behind a proxy has its address; that one counts its clients itself.
            if over > 0 and self._limits.proxies.trusts(self.client[0]):
                over = 0
            # So many are being parted with already: no more answers in waiting, which cost a timer and a buffer each.
            if over > self._limits.connections_parting:
                self._phase = Phase.OVER
                transport.write(refusals.TOO_MANY.as_bytes(self.server_state.default_headers))
                transport.close()
                return
            if over > 0:
                self._part_with(refusals.TOO_MANY)
                return
        self._set_deadline(self._limits.head_seconds, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client's address, and every timer."""
        self._phase = Phase.OVER
        for timer in (self._deadline, self._unread):
            if timer is not None:
                timer.cancel()
        if self.client is not None:
            self._addresses[self.client[0]] -= 1
            if self._addresses[self.client[0]] <= 0:
                del self._addresses[self.client[0]]
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # as above it
        """Answer what is complete, refuse what is not."""
        if self._begun:
            self._refuse(refusals.CUT)
        self._phase = Phase.OVER
        return super().eof_received()

    def shutdown(self) -> None:
        """Close now, or after the answer to the running request."""
        if self._running is None:
            self.transport.close()
        else:
            self._running.keep_alive = False

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; a request that is being read has its own deadline."""
        self.timeout_keep_alive_task = None
        if self._phase is Phase.IDLE and self._running is None:
            # An answer that nobody reads would hold the connection open past every deadline.
            if self.transport.get_write_buffer_size():
                self.transport.abort()
            else:
                self.transport.close()

    def pause_writing(self) -> None:
        """Give a client that does not read its answer some time."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._limits.answer_seconds, self.abandon)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    # Reading

    def data_received(self, data: bytes) -> None:
        """Parse, count and watch the time."""
        if self._phase is Phase.OVER:
            return
        self._unset_keepalive_if_required()
        if self._phase is Phase.IDLE:
            self._phase = Phase.HEAD
        messages = self._messages
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._reason or refusals.MALFORMED)
            return
        # The parser reports a header when it is complete. Where a head begins behind another message in
        # one read is unknown; such bytes are not counted, and one read is bounded.
        if self._phase is Phase.HEAD and messages == self._messages:
            self._head_read += len(data)
            if self._head_read > self._limits.head_bytes:
                self._refuse(refusals.HEAD_TOO_LARGE)
                return
        self._after_read()

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # An offer of another protocol (Java's client makes one with every request) is declined by
                # answering in this one.
                data = data[upgrade.args[0] :]
                if self._phase is Phase.BODY:
                    self._read_body_anyway()
            else:
                return

    def _read_body_anyway(self) -> None:
        # The parser takes what follows the headers of an upgrade for the other protocol: the body would be
        # the next request. A new one is told of the body alone.
        head = [b"POST / HTTP/1.1"]
        head += [name + b": " + value for name, value in self.headers if name in _BODY_FIELDS]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._repeating = True
        self.parser.feed_data(b"\r\n".join([*head, b"", b""]))
        self._repeating = False

    def _after_read(self) -> None:
        if self._phase is Phase.IDLE:
            if self._running is None:
                self.timeout_keep_alive_task = self.loop.call_later(
                    self._limits.keep_alive, self.timeout_keep_alive_handler
                )
        elif self._deadline is None:
            if self._phase is Phase.HEAD:
                self._set_deadline(self._limits.head_seconds, self._head_late)
            else:
                self._set_deadline(self._limits.body_seconds, self._body_late)
                self.cycle.transport = AnswerStream(self.transport, self._close_after_answer)

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._repeating:
            return
        if len(self.pipeline) >= self._limits.pipelined:
            self._stop_parser(refusals.TOO_DEEP)
        super().on_message_begin()
        self._phase = Phase.HEAD
        self._begun = True
        self._head_parsed = 0
        self._fields = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the URL."""
        if self._repeating:
            return
        super().on_url(url)
        if len(self.url) > self._limits.url_bytes:
            self._stop_parser(refusals.URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; or a trailer, which is counted and dropped: it must not pass for a header."""
        if self._repeating:
            return
        self._head_parsed += len(name) + len(value) + 4
        self._fields += 1
        if self._head_parsed > self._limits.head_bytes or self._fields > self._limits.head_fields:
            self._stop_parser(refusals.HEAD_TOO_LARGE)
        if self._phase is Phase.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request runs, or waits for the one before it."""
        if self._repeating:
            return
        super().on_headers_complete()
        self._clear_deadline()
        self._phase = Phase.BODY
        self._body_since = self.loop.time()
        self._body_read = 0

    def on_body(self, body: bytes) -> None:
        """A piece of the body; none counts as progress once the answer is out."""
        if not self.cycle.response_complete:
            self._body_read += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is read."""
        # The headers alone, which the parser takes for all of an upgrade; its body is still to come.
        if self.parser.should_upgrade() and any(name in _BODY_FIELDS for name, _ in self.headers):
            return
        self._clear_deadline()
        self._phase = Phase.IDLE
        self._begun = False
        self._messages += 1
        self._head_read = 0
        super().on_message_complete()

    def _stop_parser(self, why: Refusal) -> None:
        self._reason = why
        raise httptools.HttpParserError(why.message)

    # Running

    def on_response_complete(self) -> None:
        """Go on with the next request, or end what has to end."""
        super().on_response_complete()
        if self._running is None and not self.transport.is_closing():
            if self._last_word is not None:
                self._part_with(self._last_word)
            elif self._half_closed:
                self.transport.close()

    # Refusing

    def _head_late(self) -> None:
        self._refuse(refusals.HEAD_LATE)

    def _body_late(self) -> None:
        self._deadline = None
        now = self.loop.time()
        waiting = any(cycle is self.cycle for cycle, _ in self.pipeline)
        if waiting or self.flow.read_paused:
            # We are what the body waits for.
            self._body_since, self._body_read = now, 0
        time = self._limits.body_seconds + self._body_read / self._limits.body_rate
        left = self._body_since + time - now
        if left > 0:
            self._set_deadline(left, self._body_late)
        else:
            self._refuse(refusals.BODY_LATE)

    def _refuse(self, refusal: Refusal) -> None:
        # A request whose body will not come: whoever reads it must not wait for more.
        spoiled = self.cycle if self._phase is Phase.BODY else None
        self._phase = Phase.OVER
        self._begun = False
        self._clear_deadline()
        if spoiled is not None:
            spoiled.disconnected = True
            spoiled.message_event.set()
            if self.pipeline and self.pipeline[0][0] is spoiled:
                self.pipeline.popleft()
            else:
                self._running = None
                if spoiled.response_complete:
                    self._linger()
                    return
                if spoiled.response_started:
                    self.transport.abort()
                    return
        if self._running is None:
            self._part_with(refusal)
        else:
            self._last_word = refusal

    def _part_with(self, refusal: Refusal) -> None:
        if not self.transport.is_closing():
            self.transport.write(refusal.as_bytes(self.server_state.default_headers))
            self._linger()

    def _linger(self) -> None:
        # Closing while the client still sends would reset the connection, and the answer would be lost.
        self._phase = Phase.OVER
        self._unset_keepalive_if_required()
        if self._half_closed or self.transport.is_closing():
            self.transport.close()
            return
        self.flow.resume_reading()
        self.transport.write_eof()
        self._set_deadline(self._limits.linger, self.transport.abort)

    def _close_after_answer(self) -> None:
        if self._phase is Phase.BODY:
            self._linger()
        else:
            self.transport.close()

    # Small tools

    def _set_deadline(self, seconds: float, call: Callable[[], None]) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, call)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
