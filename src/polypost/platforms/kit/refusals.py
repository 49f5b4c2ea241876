"""Refusals as a table: which answer is meant, and what it is for us. The first line that fits decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from polypost.errors import (
    OutcomeUnknown,
    PlatformError,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)

Made = Callable[[object], PlatformError]
K = TypeVar("K", bound=Enum)


@dataclass(frozen=True, slots=True)
class Refusal(Generic[K]):
    """What a code of a network's means: its kind, what happened, what to change, and our word for it where it has one."""

    kind: K
    says: str
    change: str = ""
    code: str | None = None


def no_refusal(name: str, status: int, *, committing: bool) -> PlatformError:
    """The error for an answer that refuses nothing: after the call that publishes (`committing`) the post may be out."""
    if committing:
        return OutcomeUnknown(f"{name} did not say clearly whether it published this.")
    return Unavailable(f"{name} has trouble of its own (status {status}).")


def status_is(status: int) -> Callable[..., bool]:
    """Tells an answer by its status alone."""
    return lambda said, *_: said.status == status


def made(error: type[PlatformError], says: str, **more: Any) -> Made:
    """Makes an error of this class with what it takes besides; the network's sentence comes after `says`."""
    return lambda said: error(f"{says} {said}", **more)


def rejected(says: str, code: str | None = None, next_step: str = "") -> Made:
    """Makes the error for content that is never taken."""
    return made(Rejected, says, code=code, next_step=next_step)


def reconnect(says: str) -> Made:
    """Makes the error for an authorisation that does not allow this any more."""
    return made(ReconnectRequired, says, reason="access_revoked")


def token_expired(name: str) -> Made:
    """Makes the error for an access token that has to be renewed."""
    return lambda _: TokenExpired(f"{name} no longer accepts the access token.")
