"""What Graph answers of people, times and lists come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from polypost.errors import NotThere, Rejected
from polypost.platforms.abilities import Person
from polypost.platforms.instagram.graph_errors import Gone, PermissionMissing

# No instant that Instagram could mean lies beyond the year 9999.
_LAST_SECOND = 253_402_300_799


@contextmanager
def speaking_of(what: str, permission: str) -> Iterator[None]:
    """What refusals mean where comments and messages are spoken of. Raises NotThere, Rejected."""
    try:
        yield
    except Gone as gone:
        said = f"Instagram knows no {what} with this id, or gives this account no access to it."
        raise NotThere(said) from gone
    except PermissionMissing as missing:
        raise Rejected(
            str(missing),
            code="missing_permission",
            next_step=f"Connect the account again with {permission}, which the app has to ask for "
            "(POLYPOST_INSTAGRAM_SCOPES).",
        ) from missing


def rows(body: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    data = body.get("data") if isinstance(body, Mapping) else None
    return [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else []


def following(body: Any) -> str | None:
    """The cursor of the next part of a list, None at its end."""
    paging = body.get("paging") if isinstance(body, Mapping) else None
    if not isinstance(paging, Mapping) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, Mapping) else None
    return after if isinstance(after, str) and after else None


def person(said: Any, username: Any = None) -> Person | None:
    """Somebody, of whom at least an id or a name is told."""
    said = said if isinstance(said, Mapping) else {}
    name = text(said.get("username")) or text(username)
    found = Person(text(said.get("id")), name=text(said.get("name")), username=name)
    return found if found.id or found.username else None


def text(value: Any) -> str | None:
    """A text, or None."""
    return value if isinstance(value, str) else None


def instant(value: Any) -> datetime | None:
    """A time as text or, as Meta's samples of conversations have it, in seconds since 1970."""
    try:
        if isinstance(value, int) and 0 <= value <= _LAST_SECOND:
            return datetime.fromtimestamp(value, UTC)
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
