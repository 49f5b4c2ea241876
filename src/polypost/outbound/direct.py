"""Connections straight to a host, on asyncio's own transports: what the pool asks of them is little, and asked at each call."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore2
from aiohappyeyeballs import start_connection

# RFC 8305's delay before the next address is tried beside the one that has not answered.
_NEXT_ADDRESS_SECONDS = 0.25
_UNREAD_BYTES = 2**18


class DirectBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections without judging them."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the base class's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect within `timeout` seconds to the first of the host's addresses that answers.

        Raises the pool's ConnectError or ConnectTimeout.
        """
        if local_address is not None or socket_options:
            raise NotImplementedError("A connection has no address of its own and no options.")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = _address(host, port) or await loop.getaddrinfo(
                    # In bytes: of a text Python would first judge the labels, by an error that is none of the network's.
                    host.encode(),
                    port,
                    type=socket.SOCK_STREAM,
                )
                taken = await start_connection(found, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS)
                try:
                    return (await loop.create_connection(_Stream, sock=taken))[1]
                except BaseException:
                    taken.close()
                    raise
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout from error
        except (OSError, RuntimeError) as error:
            # uvloop raises the one in some cases in which asyncio raises the other; no byte has left in either.
            raise httpcore2.ConnectError from error


def _address(host: str, port: int) -> Any:
    """The host as it is connected to, where it is an address already: a name is looked up in a thread, which may be long busy."""
    try:
        return socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return []


class _Stream(httpcore2.AsyncNetworkStream, asyncio.Protocol):
    """One connection, as the pool and as the loop see it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._socket = select.poll()
        self._unread = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # as above
        """What has arrived, `max_bytes` at most; empty at the end. Raises ReadError or ReadTimeout."""
        if not self._unread and not self._ended:
            self._arrived.clear()
            await _within(timeout, self._arrived, httpcore2.ReadTimeout)
        if not self._unread and self._error is not None:
            raise httpcore2.ReadError from self._error
        taken = bytes(self._unread[:max_bytes])
        del self._unread[:max_bytes]
        if not self._ended and len(self._unread) <= _UNREAD_BYTES:
            self._transport.resume_reading()
        return taken

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as above
        """Hand `buffer` to the system, as fast as it is taken. Raises WriteError or WriteTimeout."""
        if not buffer:
            return
        if self._transport.is_closing():
            raise httpcore2.WriteError from self._error
        self._transport.write(buffer)
        if not self._writable.is_set():
            await _within(timeout, self._writable, httpcore2.WriteTimeout)
        if self._error is not None:
            raise httpcore2.WriteError from self._error

    async def aclose(self) -> None:
        """Let go of the connection, whatever is still unsent."""
        self._transport.close()
        await asyncio.sleep(0)
        self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # as above
    ) -> httpcore2.AsyncNetworkStream:
        """Go on under TLS within `timeout` seconds; closed when that fails. Raises ConnectError or ConnectTimeout."""
        loop, plain = asyncio.get_running_loop(), self._transport
        if plain.is_closing():
            # uvloop would wait for a handshake that never begins.
            raise httpcore2.ConnectError from self._error
        try:
            async with asyncio.timeout(timeout):
                under_tls = await loop.start_tls(plain, self, ssl_context, server_hostname=server_hostname)
        except BaseException as error:
            plain.abort()
            if isinstance(error, TimeoutError):
                raise httpcore2.ConnectTimeout from error
            if isinstance(error, OSError):
                raise httpcore2.ConnectError from error
            raise
        self._transport = cast("asyncio.Transport", under_tls)
        return self

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks for; `is_readable` is also true of a connection that has ended."""
        if info == "is_readable":
            # Also what the loop has not read yet: the other side may have closed it in this very turn.
            seen = self._ended or bool(self._unread) or self._transport.is_closing()
            return seen or bool(self._socket.poll(0))
        name = {"server_addr": "peername", "client_addr": "sockname"}.get(info, info)
        return self._transport.get_extra_info(name)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._socket.register(transport.get_extra_info("socket"), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._arrived.set()
        if len(self._unread) > _UNREAD_BYTES:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._ended = True
        self._arrived.set()
        # What is being written may go on; under TLS it cannot.
        return self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc or self._error
        self._arrived.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()


async def _within(seconds: float | None, event: asyncio.Event, late: type[Exception]) -> None:
    """Wait for `event`, without an end where `seconds` is None. Raises `late`."""
    if seconds is None:
        # Usual, as whoever calls has a deadline for all of it; a bound costs more than the wait.
        await event.wait()
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError as error:
        raise late from error
