"""Lists of the API: pages of at most a hundred, with cursors that lead on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request

from polypost.sandbox.networks.facebook.auth import Caller
from polypost.sandbox.networks.facebook.errors import invalid
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.simkit.meta import cursor, instant, key_of, paging

T = TypeVar("T")


def listed(
    request: Request,
    caller: Caller,
    rows: Sequence[T],
    shown: Callable[[T], dict[str, Any]],
    *,
    key: Callable[[T], str],
) -> dict[str, Any]:
    """One page of `rows`, beginning behind the cursor `after`; `key` is a row's own id."""
    size = _size(caller)
    after, begin = _row_of(caller.params.text("after")), 0
    if after:
        # A row that was removed since leads behind the end, not back to the beginning.
        begin = next((index + 1 for index, row in enumerate(rows) if key(row) == after), len(rows))
    part = rows[begin : begin + size]
    body: dict[str, Any] = {"data": [shown(row) for row in part]}
    if part:
        first, last, more = cursor(key(part[0])), cursor(key(part[-1])), begin + size < len(rows)
        body["paging"] = paging(request, caller.token, first, last, more=more)
    return body


def between(caller: Caller) -> tuple[datetime | None, datetime | None]:
    """The instants `since` and `until` of a call."""
    since, until = caller.params.text("since"), caller.params.text("until")
    return instant(since, "since") if since else None, instant(until, "until") if until else None


def _size(caller: Caller) -> int:
    text = caller.params.text("limit") or str(limit("page_size"))
    if not text.isascii() or not text.isdecimal() or int(text[:9]) < 1:
        raise invalid("Param limit must be a positive integer")
    return min(int(text[:9]), limit("page_size_max"))


def _row_of(text: str) -> str:
    try:
        return key_of(text)
    except ValueError as error:
        raise invalid("Param after is not a cursor") from error
