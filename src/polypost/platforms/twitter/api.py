"""Calls to X with a user's token: the address, the header, and errors in our words."""

from __future__ import annotations

from typing import Any

from polypost.platforms.base import Account, Session
from polypost.platforms.twitter.errors import Call, error_for, parsed
from polypost.platforms.twitter.spec import API, WEB


def bearer(session: Session) -> dict[str, str]:
    """The header that shows the token which works now."""
    return {"Authorization": f"Bearer {session.token}"}


async def call(
    session: Session, method: str, path: str, *, purpose: Call = Call.OTHER, **request: Any
) -> dict[str, Any]:
    """Make a repeatable call and give its `data`; `request` goes to the client as it is.

    Raises what `errors.error_for` says, Unavailable for an answer without `data`.
    """
    answer = await session.http.request(method, f"{API}{path}", headers=bearer(session), **request)
    data = parsed(answer).get("data") if answer.is_success else None
    if not isinstance(data, dict):
        raise error_for(answer, session.now(), call=purpose)
    return data


def permalink(account: Account, post_id: str) -> str:
    """The address of a post on the web."""
    return f"{WEB}/{account.username or 'i/web'}/status/{post_id}"
