"""Calls to the account's own server and to the app's: the address, the header, and errors in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import ReconnectRequired
from polypost.outbound import NetworkClient
from polypost.platforms.base import Session
from polypost.platforms.bluesky.errors import error_for
from polypost.platforms.bluesky.spec import APP_VIEW, WEB
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer

POST = "app.bsky.feed.post"


def home(extra: Mapping[str, Any]) -> str:
    """The server that the account lives on. Raises ReconnectRequired when it is not known."""
    server = extra.get("pds")
    if not isinstance(server, str) or not server:
        raise ReconnectRequired("It is not known on which server this account lives.")
    return server


async def call(session: Session, method: str, name: str, **request: Any) -> dict[str, Any]:
    """A repeatable call to the account's own server, with its token; the answer's JSON. Raises PlatformError."""
    headers = {**bearer(session), **request.pop("headers", {})}
    answer = await session.http.request(
        method, f"{home(session.extra)}/xrpc/{name}", headers=headers, **request
    )
    if not answer.is_success:
        raise error_for(answer, session.now())
    return parsed(answer)


async def ask(http: NetworkClient, server: str, name: str, params: Mapping[str, Any]) -> Response:
    """A question that needs no token, to any server; the answer as it is."""
    return await http.request("GET", f"{server}/xrpc/{name}", params=params)


async def ask_app(http: NetworkClient, name: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """A question to the app's server; None where it knows nothing of it. Raises PlatformError."""
    answer = await ask(http, APP_VIEW, name, params)
    if answer.is_success:
        return parsed(answer)
    if answer.status_code in {400, 404}:
        return None
    raise error_for(answer, clock.now())


async def did_of(http: NetworkClient, handle: str) -> str | None:
    """The DID behind a handle, None when there is none."""
    found = await ask_app(http, "com.atproto.identity.resolveHandle", {"handle": handle})
    did = found.get("did") if found else None
    return did if isinstance(did, str) and did.startswith("did:") else None


def permalink(did: str, rkey: str) -> str:
    """The address of a post on the web; the DID stays when the handle changes."""
    return f"{WEB}/profile/{did}/post/{rkey}"


def place_of(uri: str) -> tuple[str, str]:
    """(authority, rkey) of a post, by its AT URI or its address on the web."""
    parts = uri.rstrip("/").split("/")
    return (parts[2], parts[-1]) if uri.startswith("at://") else (parts[4], parts[-1])
