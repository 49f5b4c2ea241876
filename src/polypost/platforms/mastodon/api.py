"""Calls to an account's server: the address, the header, and errors in our words."""

from __future__ import annotations

from typing import Any

from httpx2 import Response

from polypost.errors import ReconnectRequired, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import Session
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.mastodon.errors import error_for


def server_of(session: Session) -> str:
    """The host that the session's token belongs to, and goes to alone. Raises ReconnectRequired."""
    server = session.extra.get("server")
    if not isinstance(server, str) or not server:
        raise ReconnectRequired("It is not known on which server this account lives.")
    return server


def address(server: str, path: str) -> str:
    """A path on a server."""
    return f"https://{server}{path}"


def web_address(url: Any) -> str | None:
    """An address on the web as an answer gives it; None for anything else."""
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None


async def send(session: Session, method: str, path: str, **request: Any) -> Response:
    """Make a repeatable call with the account's token. Raises what `errors.error_for` says."""
    answer = await session.http.request(
        method, address(server_of(session), path), headers=bearer(session), **request
    )
    if not answer.is_success:
        raise error_for(answer, session.now())
    return answer


async def call(session: Session, method: str, path: str, **request: Any) -> dict[str, Any]:
    """As `send`, and give the JSON object of the answer. Raises Unavailable when it is none."""
    answer = await send(session, method, path, **request)
    body = parsed(answer)
    if not body:
        raise Unavailable("The server answered with something that is not JSON.")
    return body


async def look(http: NetworkClient, server: str, path: str, **request: Any) -> Response:
    """Make a call that needs no token."""
    return await http.request("GET", address(server, path), **request)
