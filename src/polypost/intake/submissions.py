"""What is handed in: by whom, and how a repeat of it is known (RELIABILITY A1, A3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from polypost.access import Principal
from polypost.intake.acceptance import Same
from polypost.posts.orders import NewPost, fingerprint

Gone = Callable[[], Awaitable[bool]]


async def _waits() -> bool:
    return False


class Submitter(NamedTuple):
    """Who hands something in, under which Idempotency-Key if any; `gone` asks whether nobody waits for the answer any more."""

    who: Principal
    key: str | None = None
    gone: Gone = _waits

    def submits(self, operation: str, *parts: Any) -> Submission:
        """What is handed in: `parts` are JSON values that are equal in a repeat of it."""
        return Submission(self, operation, fingerprint(*parts))


class Submission:
    """One thing handed in, equal to none but itself; `same` is equal for its repeats, as is `key`, its Idempotency-Key."""

    __slots__ = ("fingerprint", "key", "operation", "profiles", "project", "same", "submitter")

    def __init__(self, submitter: Submitter, operation: str, fingerprint: int) -> None:
        self.submitter = submitter
        self.operation = operation
        self.fingerprint = fingerprint
        self.key = submitter.key
        self.project = submitter.who.project
        self.profiles = submitter.who.profiles
        self.same: Same = (submitter.who.key_id, operation, submitter.key, fingerprint)

    @property
    def asked(self) -> dict[str, Any]:
        """What makes two of them the same, as it stands with what is stored."""
        return {
            "api_key_id": self.submitter.who.key_id,
            "fingerprint": self.fingerprint,
            "idempotency_key": self.key,
        }

    def order(self, order: NewPost) -> NewPost:
        """The order with what a repeat of it is known by."""
        return order._replace(operation=self.operation, **self.asked)
