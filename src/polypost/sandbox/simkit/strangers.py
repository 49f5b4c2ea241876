"""People who have no account in the sandbox, and what they can do there when the control surface says so."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

_NOT_IN_NAMES = re.compile(r"[^a-z0-9._]+")
MOST_LETTERS = 30


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody by the name alone: the same name is the same person at every call."""

    name: str

    @property
    def id(self) -> str:
        """Sixteen digits that follow from the name."""
        digest = hashlib.blake2b(self.name.encode("utf-8", "replace"), digest_size=8).digest()
        return f"9{int.from_bytes(digest, 'big') % 10**15:015}"

    @property
    def username(self) -> str:
        """The name as networks write names of users."""
        return _NOT_IN_NAMES.sub("_", self.name.lower()).strip("_")[:MOST_LETTERS] or "visitor"


@runtime_checkable
class TakesComments(Protocol):
    """A simulator under whose posts strangers may comment."""

    def comment_by(self, who: Stranger, post_id: str, text: str, answered: str | None) -> dict[str, Any]:
        """Let a stranger comment on a post, or answer a comment on it; what came of it.

        Raises LookupError when there is no such post or comment.
        """


@runtime_checkable
class TakesMessages(Protocol):
    """A simulator whose accounts strangers may write to."""

    def message_by(self, who: Stranger, account_id: str, text: str) -> dict[str, Any]:
        """Let a stranger write to an account; what came of it. Raises LookupError when there is no such account."""
