"""Calls to X with a user's token: the address, the header, and errors in our words."""

from __future__ import annotations

from typing import Any

from httpx2 import Response

from polypost.platforms.base import Account, Session
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.twitter.errors import Call, error_for
from polypost.platforms.twitter.spec import API, WEB


async def send(
    session: Session, method: str, path: str, *, purpose: Call = Call.OTHER, **request: Any
) -> Response:
    """Make a repeatable call; `request` goes to the client as it is. Raises what `errors.error_for` says."""
    answer = await session.http.request(method, f"{API}{path}", headers=bearer(session), **request)
    if not answer.is_success:
        raise error_for(answer, session.now(), call=purpose)
    return answer


async def call(
    session: Session, method: str, path: str, *, purpose: Call = Call.OTHER, **request: Any
) -> dict[str, Any]:
    """As `send`, and give the answer's `data`. Raises Unavailable when it has none."""
    answer = await send(session, method, path, purpose=purpose, **request)
    data = parsed(answer).get("data")
    if not isinstance(data, dict):
        raise error_for(answer, session.now(), call=purpose)
    return data


def permalink(account: Account, post_id: str) -> str:
    """The address of a post on the web."""
    # X leads from `i/web` to the post, whoever wrote it.
    return f"{WEB}/{account.username or 'i/web'}/status/{post_id}"
