"""Calls to Pinterest with an account's token: the address, the header, the allowance, and errors in our words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from httpx2 import Response

from polypost.platforms.base import Session
from polypost.platforms.kit.answers import objects, parsed, word
from polypost.platforms.kit.calls import bearer
from polypost.platforms.pinterest.errors import error_for
from polypost.platforms.pinterest.spec import API, WEB

# The most that Pinterest gives at once.
PAGE = 250


def permalink(pin_id: str) -> str:
    """The address of a pin on the web."""
    return f"{WEB}/pin/{pin_id}/"


async def send(session: Session, method: str, path: str, **request: Any) -> Response:
    """Make a repeatable call; `request` goes to the client as it is. Raises what `errors.error_for` says."""
    answer = await session.http.request(method, f"{API}{path}", headers=bearer(session), **request)
    if not answer.is_success:
        raise error_for(answer, session.now())
    return answer


async def call(session: Session, method: str, path: str, **request: Any) -> dict[str, Any]:
    """As `send`, and give the answer's object. Raises Unavailable when it has none."""
    answer = await send(session, method, path, **request)
    body = parsed(answer)
    if not body:
        raise error_for(answer, session.now())
    return body


async def pages(
    session: Session, path: str, *, most: int, **asked: str
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """A list page by page, at most `most` of them; what is no object is left out. `asked` are further parameters."""
    bookmark: str | None = None
    for _ in range(most):
        params = {"page_size": str(PAGE), **asked} | ({"bookmark": bookmark} if bookmark else {})
        body = await call(session, "GET", path, params=params)
        yield objects(body.get("items"))
        bookmark = word(body.get("bookmark"))
        if bookmark is None:
            return
