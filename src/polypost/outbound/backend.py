"""How connections to users' URLs are opened: every address judged (RELIABILITY O2)."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence

import httpcore2

from polypost.errors import AddressRefused
from polypost.outbound.direct import DirectBackend
from polypost.outbound.guard import Address, Guard, literal, unmapped
from polypost.outbound.lookups import Resolve, no_such_name

_ADDRESSES_TRIED = 3
_SECONDS_EACH = 2.0


class NameUnknown(httpcore2.ConnectError):
    """There is no such name."""


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only; TLS and Host keep the name.

    `inner` opens a connection to one literal address.
    """

    def __init__(
        self, guard: Guard, resolve: Resolve, inner: httpcore2.AsyncNetworkBackend | None = None
    ) -> None:
        self._guard = guard
        self._resolve = resolve
        self._inner = inner or DirectBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the base class's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to one checked address of `host`, within `timeout` seconds including the look-up.

        Raises AddressRefused when any address is not acceptable, NameUnknown, else the pool's ConnectError or ConnectTimeout.
        """
        name = host.strip("[]").lower()
        self._guard.check_host(name, port)
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(name, port)
                return await self._connect_first(addresses, port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout from error
        except OSError as error:
            raise (NameUnknown if no_such_name(error) else httpcore2.ConnectError) from error

    async def _addresses(self, name: str, port: int) -> list[Address]:
        spelled = literal(name)
        if spelled is not None:
            answers = [spelled]
        else:
            # A dictionary keeps the resolver's order and drops what it said twice.
            answers = list(dict.fromkeys(map(ipaddress.ip_address, await self._resolve(name, port))))
        if not answers:
            raise httpcore2.ConnectError
        if not all(self._guard.accepts(name, port, address) for address in answers):
            raise AddressRefused
        return answers

    async def _connect_first(
        self,
        addresses: Sequence[Address],
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.AsyncNetworkStream:
        tried = addresses[:_ADDRESSES_TRIED]
        for address in tried[:-1]:
            try:
                return await self._connect(address, port, _SECONDS_EACH, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._connect(tried[-1], port, None, local_address, socket_options)

    async def _connect(
        self,
        address: Address,
        port: int,
        seconds: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.AsyncNetworkStream:
        stream = await self._inner.connect_tcp(
            str(address),
            port,
            timeout=seconds,
            local_address=local_address,
            socket_options=socket_options,
        )
        peer = stream.get_extra_info("server_addr")
        # The kernel may have been told to send the connection elsewhere; the socket knows where it went.
        if peer is None or unmapped(ipaddress.ip_address(peer[0])) != unmapped(address) or peer[1] != port:
            await stream.aclose()
            raise AddressRefused
        return stream
