"""Webhooks on their way out: one POST to a user's address, guarded, bounded, and sent once (RELIABILITY O1–O4, O7)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx2

from polypost import __version__
from polypost.errors import AddressRefused, HookFailed
from polypost.outbound.backend import GuardedBackend
from polypost.outbound.guard import Guard
from polypost.outbound.lookups import Resolve, Resolver
from polypost.outbound.transport import BROKEN, CONNECT_SECONDS, Transport

HOOK_SECONDS = 15.0
# No connection outlives its answer: each try resolves and judges anew.
_HEADERS = {
    "User-Agent": f"Polypost/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "Connection": "close",
}


class HookSender:
    """Posts to users' addresses; `seconds` is all that a call may take, `resolve` stands in for the system's resolver."""

    def __init__(
        self,
        guard: Guard,
        *,
        seconds: float = HOOK_SECONDS,
        resolve: Resolve | None = None,
        connections: int = 256,
    ) -> None:
        self._guard = guard
        self._seconds = seconds
        self._transport = Transport(
            backend=GuardedBackend(guard, resolve or Resolver()), connections=connections
        )

    def check_url(self, url: str) -> None:
        """Refuse an address that is not https, unless the operator named it, or leads nowhere public.

        Raises AddressRefused, always with the same text; asks no resolver.
        """
        target = self._guard.target(url)
        if target.scheme == "http" and not self._guard.names(target.host, target.port):
            raise AddressRefused

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send `body` once and return the status of the answer, whose body is not read; redirects are not followed.

        Raises AddressRefused, and HookFailed with the code `hook_timeout` or `hook_unreachable`.
        """
        self.check_url(url)
        try:
            request = httpx2.Request("POST", url, headers={**_HEADERS, **headers}, content=body)
        except httpx2.InvalidURL as error:
            raise AddressRefused from error
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._transport.send(request, connect=min(CONNECT_SECONDS, self._seconds))
                try:
                    return answer.status
                finally:
                    await answer.aclose()
        except TimeoutError as error:
            raise HookFailed(code="hook_timeout") from error
        except BROKEN as error:
            raise HookFailed from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
