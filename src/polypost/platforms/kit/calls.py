"""Calls on behalf of an account: who calls, how long an upload may take, how often a network is looked at."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from polypost.platforms.base import Session

# Bytes a second; slower than this a transfer does not come to an end in useful time.
SLOWEST = 50_000


def bearer(session: Session) -> dict[str, str]:
    """The header that shows the token which works now; a token in the URL would end up in logs."""
    return {"Authorization": f"Bearer {session.token}"}


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


def next_look(age: timedelta, *, least: timedelta, most: timedelta = timedelta(minutes=1)) -> timedelta:
    """How long to wait when the work began `age` ago: a quarter of that, so often at first, between `least` and `most`."""
    return min(max(least, age / 4), most)
