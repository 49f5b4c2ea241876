"""Refusals as a table: which answer is meant, and what it is for us. The first line that fits decides."""

from __future__ import annotations

from collections.abc import Callable

from polypost.errors import PlatformError, ReconnectRequired, Rejected

Made = Callable[[object], PlatformError]


def rejected(says: str, code: str | None = None, next_step: str = "") -> Made:
    """Makes the error for content that is never taken; the network's sentence comes after `says`."""
    return lambda said: Rejected(f"{says} {said}", code=code, next_step=next_step)


def reconnect(says: str, reason: str = "access_revoked") -> Made:
    """Makes the error for an authorisation that does not allow this any more."""
    return lambda said: ReconnectRequired(f"{says} {said}", reason=reason)
