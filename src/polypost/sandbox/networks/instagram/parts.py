"""Lists of documents in parts, with cursors that lead on."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from polypost.sandbox.networks.instagram.auth import Caller
from polypost.sandbox.networks.instagram.errors import invalid
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.simkit import Document, origin


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
    count = _count(caller.params.text("limit") if size is None else size, most)
    begin = _begin(found, caller.params.text("after") if after is None else after)
    part = found[begin : begin + count]
    body: dict[str, Any] = {"data": [shown(each) for each in part]}
    if part:
        cursors = {"before": _cursor(part[0].id), "after": _cursor(part[-1].id)}
        body["paging"] = {"cursors": cursors}
        if begin + count < len(found):
            # The address leads on by itself, so the token is in it even when it came in a header.
            way = {"access_token": caller.token.value, **request.query_params, "after": cursors["after"]}
            body["paging"]["next"] = f"{origin(request)}{request.url.path}?{urlencode(way)}"
    return body


def _count(text: str, most: int) -> int:
    text = text or str(limit("page_size"))
    if not text.isascii() or not text.isdecimal() or int(text[:9]) < 1:
        raise invalid("Param limit must be a number of at least 1")
    return min(int(text[:9]), most)


def _begin(found: Sequence[Document], cursor: str) -> int:
    if not cursor:
        return 0
    try:
        last = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise invalid("Invalid parameter: after") from error
    return next((place + 1 for place, each in enumerate(found) if each.id == last), len(found))


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()
