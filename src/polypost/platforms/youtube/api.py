"""Calls to YouTube with an account's token: the address, the header, and errors in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httpx2 import Response

from polypost.platforms.base import Account, Session
from polypost.platforms.kit.answers import objects, parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.youtube.errors import error_for
from polypost.platforms.youtube.spec import API, WEB


async def send(session: Session, method: str, path: str, **request: Any) -> Response:
    """Make a repeatable call; `request` goes to the client as it is. Raises what `errors.error_for` says."""
    headers = bearer(session) | dict(request.pop("headers", {}))
    answer = await session.http.request(method, f"{API}{path}", headers=headers, **request)
    if not answer.is_success:
        raise error_for(answer, session.now())
    return answer


async def call(session: Session, method: str, path: str, **request: Any) -> dict[str, Any]:
    """As `send`, and give the JSON object in the answer. Raises Unavailable when there is none."""
    answer = await send(session, method, f"/youtube/v3/{path}", **request)
    body = parsed(answer)
    if not body:
        raise error_for(answer, session.now())
    return body


def items(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The well-formed entries of a list; YouTube leaves the member out where there are none."""
    return objects(body.get("items"))


def uploads_of(account: Account) -> str:
    """The channel's list of uploads, which is called as the channel, with UU in the place of UC."""
    return str(account.metadata.get("uploads") or f"UU{account.id[2:]}")


def permalink(video_id: str) -> str:
    """The address of a video on the web, good for Shorts too."""
    return f"{WEB}/watch?v={video_id}"
