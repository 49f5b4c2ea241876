"""What uploads of every network have in common."""

from __future__ import annotations

from urllib.parse import urlsplit

# Bytes a second; slower than this a transfer does not come to an end in useful time.
SLOWEST = 50_000


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
