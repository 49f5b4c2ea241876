"""Lists of documents in parts, with cursors that lead on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request

from polypost.sandbox.networks.instagram.auth import Caller
from polypost.sandbox.networks.instagram.errors import invalid
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.simkit import Document
from polypost.sandbox.simkit.meta import cursor, key_of, page_size, paging


def part_of(
    request: Request,
    caller: Caller,
    found: Sequence[Document],
    shown: Callable[[Document], dict[str, Any]],
    *,
    most: int,
    size: str | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """The part behind the cursor, of at most `most`; `size` and `after` default to the call's own parameters."""
    count = page_size(caller.params.text("limit") if size is None else size, limit("page_size"), most)
    begin = _begin(found, caller.params.text("after") if after is None else after)
    part = found[begin : begin + count]
    body: dict[str, Any] = {"data": [shown(each) for each in part]}
    if part:
        first, last, more = cursor(part[0].id), cursor(part[-1].id), begin + count < len(found)
        body["paging"] = paging(request, caller.token, first, last, more=more)
    return body


def _begin(found: Sequence[Document], text: str) -> int:
    if not text:
        return 0
    try:
        last = key_of(text)
    except ValueError as error:
        raise invalid("Invalid parameter: after") from error
    return next((place + 1 for place, each in enumerate(found) if each.id == last), len(found))
