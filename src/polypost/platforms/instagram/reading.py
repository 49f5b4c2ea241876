"""What Graph answers of people, times and lists come to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from polypost.platforms.abilities import Person
from polypost.platforms.families.meta import posts
from polypost.platforms.kit import answers
from polypost.platforms.kit.answers import text

# No instant that Instagram could mean lies beyond the year 9999.
_LAST_SECOND = 253_402_300_799


def speaking_of(what: str, permission: str) -> AbstractContextManager[None]:
    """What refusals mean where this permission is needed. Raises NotThere, Rejected."""
    asked = "which the app has to ask for (POLYPOST_INSTAGRAM_SCOPES)."
    return posts.speaking_of("Instagram", what, f"Connect the account again with {permission}, {asked}")


def person(said: Any, username: Any = None) -> Person | None:
    """Somebody, of whom at least an id or a name is told."""
    said = said if isinstance(said, Mapping) else {}
    name = text(said.get("username")) or text(username)
    found = Person(text(said.get("id")), name=text(said.get("name")), username=name)
    return found if found.id or found.username else None


def instant(value: Any) -> datetime | None:
    """A time as text or, as Meta's samples of conversations have it, in seconds since 1970."""
    if isinstance(value, int) and 0 <= value <= _LAST_SECOND:
        return datetime.fromtimestamp(value, UTC)
    return answers.instant(value)
