"""Calls on behalf of an account: who calls, what is sent and how long that may take, how often a network is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from polypost.errors import Unavailable
from polypost.platforms.base import MediaFile, Run, Session

# Bytes a second; slower than this a transfer does not come to an end in useful time.
SLOWEST = 50_000


def bearer(session: Session) -> dict[str, str]:
    """The header that shows the token which works now."""
    return bearing(session.token)


def bearing(token: str) -> dict[str, str]:
    """The header that shows a token; a token in the URL would end up in logs."""
    return {"Authorization": f"Bearer {token}"}


def owner(body: Mapping[str, Any], name: str, *keys: str) -> list[str]:
    """By which texts of an answer its account is known, in this order. Raises Unavailable when one of them is missing."""
    told = [body.get(key) for key in keys]
    known = [text for text in told if isinstance(text, str) and text]
    if len(known) < len(keys):
        raise Unavailable(f"{name} did not tell whose account this is.")
    return known


def deadline(size: int) -> float:
    """Seconds within which so many bytes have to be sent and answered."""
    return 60 + size / SLOWEST


def own_address(address: str, *, under: tuple[str, ...], otherwise: str) -> str:
    """An upload address as an answer gave it, if its host lies `under` one of these names: nobody else gets the token.

    Else its path at the host `otherwise`, which is what a sandbox gives.
    """
    parts = urlsplit(address)
    if parts.scheme == "https" and (parts.hostname or "").endswith(under):
        return address
    return f"{otherwise}{parts.path}" + (f"?{parts.query}" if parts.query else "")


async def stretch(file: MediaFile, offset: int, length: int, at_once: int) -> AsyncIterator[bytes]:
    """So many bytes of a file from `offset`. Raises Unavailable when it is shorter than it was."""
    while length > 0:
        piece = await file.read(offset, min(at_once, length))
        if not piece:
            raise Unavailable("The media file is shorter than it was.")
        yield piece
        offset, length = offset + len(piece), length - len(piece)


async def kept(
    run: Run, slot: str, step: str, begin: Callable[[], Awaitable[dict[str, Any]]]
) -> tuple[str, dict[str, Any]]:
    """What `begin` made that the network still keeps (`until`), and the name of its steps; begun anew where it ran out."""
    name, again = slot, 1
    while True:
        begun = await run.step(f"{name}-{step}", begin)
        if datetime.fromisoformat(begun["until"]) > run.now():
            return name, begun
        again += 1
        name = f"{slot}-again-{again}"


async def reached(run: Run, name: str) -> datetime:
    """When the story first came to the step `name`, however often it is told again."""

    async def note() -> str:
        return run.now().isoformat()

    return datetime.fromisoformat(await run.step(name, note))


def next_look(age: timedelta, *, least: timedelta, most: timedelta = timedelta(minutes=1)) -> timedelta:
    """How long to wait when the work began `age` ago: a quarter of that, so often at first, between `least` and `most`."""
    return min(max(least, age / 4), most)
