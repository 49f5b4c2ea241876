"""One fetch from a server on loopback that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.unit.outbound.servers import Server, Talk

from polypost.outbound import Fetched, Fetcher, Guard
from polypost.outbound.fetch import Bounds


async def fetch(
    servers: Sequence[Server] | Server,
    into: Path,
    path: str = "/photo.jpg",
    *,
    max_bytes: int = 1000,
    bounds: Bounds | None = None,
    slow_ok: bool = False,
) -> Fetched:
    """Fetch from the first server with all of them allowed."""
    known = [servers] if isinstance(servers, Server) else servers
    fetcher = Fetcher(Guard([server.place for server in known]), bounds=bounds)
    try:
        return await fetcher.fetch(known[0].origin + path, into, max_bytes=max_bytes, slow_ok=slow_ok)
    finally:
        await fetcher.aclose()


async def plain(talk: Talk) -> None:
    await talk.read()
    await talk.answer(b"\xff\xd8 photo")
