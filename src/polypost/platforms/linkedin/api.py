"""Calls to LinkedIn with a member's token: headers, encoded URNs, and errors in our words."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from httpx2 import Response

from polypost.platforms.base import Session
from polypost.platforms.kit import calls
from polypost.platforms.kit.calls import bearer
from polypost.platforms.linkedin.errors import error_for
from polypost.platforms.linkedin.spec import API, VERSION, WEB


def headers(session: Session, method: str = "") -> dict[str, str]:
    """What every call of the API carries; `method` is Rest.li's own verb."""
    sent = {
        **bearer(session),
        "LinkedIn-Version": VERSION,
        "X-Restli-Protocol-Version": "2.0.0",
    }
    return {**sent, "X-RestLi-Method": method} if method else sent


async def ask(session: Session, method: str, path: str, *, verb: str = "", **request: Any) -> Response:
    """Make a repeatable call and give its answer, whatever it is; `path` begins with a slash."""
    return await session.http.request(method, f"{API}{path}", headers=headers(session, verb), **request)


async def call(session: Session, method: str, path: str, *, verb: str = "", **request: Any) -> Response:
    """As `ask`, for an answer that has to be a success. Raises what `errors.error_for` says."""
    answer = await ask(session, method, path, verb=verb, **request)
    if not answer.is_success:
        raise error_for(answer, session.now())
    return answer


def encoded(urn: str) -> str:
    """A URN as a part of a path."""
    return quote(urn, safe="")


def permalink(urn: str) -> str:
    """The address of a post on the web."""
    return f"{WEB}/feed/update/{urn}/"


def own_address(url: str) -> str:
    """An upload address as given, if it is one of LinkedIn's: nobody else gets the token."""
    return calls.own_address(url, under=(".linkedin.com",), otherwise=WEB)
