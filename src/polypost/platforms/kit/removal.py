"""Taking a post back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from httpx2 import Response

from polypost.errors import PlatformError, Rejected

_GONE = frozenset({404, 410})


def is_removed(answer: Response) -> bool:
    """Whether a DELETE did its work, now or before."""
    return answer.is_success or answer.status_code in _GONE


def not_removed(name: str, where: str, what: str = "post", *, first: str = "") -> Rejected:
    """The error for a deletion that the network refuses to apps; `where` a person can do it, `first` what may help."""
    by_hand = f"delete it {where}."
    return Rejected(
        f"{name} does not let this app delete the {what}.",
        code="delete_refused",
        next_step=f"{first}, or {by_hand}" if first else f"D{by_hand[1:]}",
    )


def removal_error(
    answer: Response,
    error_for: Callable[[Response, datetime], PlatformError],
    now: datetime,
    name: str,
    where: str,
    what: str = "post",
) -> PlatformError:
    """The error for a DELETE that did not do its work."""
    error = error_for(answer, now)
    if not isinstance(error, Rejected):
        return error
    refused = not_removed(name, where, what)
    refused.__cause__ = error
    return refused
