"""Connecting an account through the Threads login and keeping its token alive.

Flow: Meta for Developers, Threads API: Get Access Tokens and Long-Lived Tokens, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.errors import NoAnswer, NotSent, PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Grant, Session, Tokens, unnamed
from polypost.platforms.threads.graph import Graph, bearer, identity, judged, parsed
from polypost.platforms.threads.graph_errors import AlreadyLong, GraphError
from polypost.platforms.threads.spec import GRAPH, OAUTH, SITE

# Threads refuses to renew a younger token.
_MIN_AGE = timedelta(hours=24)
_NEEDED = "threads_content_publish"


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code for a token of an hour, and that at once for one of 60 days."""
    fields = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "grant_type": "authorization_code",
        "redirect_uri": grant.redirect_uri,
        # Threads ends its callback in "#_", which some browsers and proxies hand on as part of the code.
        "code": grant.code.removesuffix("#_"),
    }
    try:
        answer = await http.request("POST", OAUTH.token_url, data=fields)
        short = _access_token(judged(answer.status_code, answer.content, now=clock.now()))
        long = await _lengthened(http, app, short)
    except ReconnectRequired as refused:
        raise Rejected(f"Threads refused the login: {refused}") from refused
    scopes = await _granted(http, _access_token(long))
    if scopes and _NEEDED not in scopes:
        raise Rejected(
            "The login does not allow publishing.",
            next_step=f"Connect the account again and leave {_NEEDED} switched on.",
        )
    return _tokens(long, scopes)


async def refresh(http: NetworkClient, tokens: Tokens) -> Tokens:
    """A new token of 60 days, or the same while it is too young; `extra["refresh_at"]` is its half-life."""
    issued = tokens.extra.get("issued_at")
    if issued and clock.now() - datetime.fromisoformat(issued) < _MIN_AGE:
        return tokens
    params = {"grant_type": "th_refresh_token", "access_token": tokens.access_token}
    answer = await http.request("GET", f"{GRAPH}/refresh_access_token", params=params)
    try:
        body = judged(answer.status_code, answer.content, now=clock.now())
    except (ReconnectRequired, Rejected) as refused:
        said = GraphError.of(answer.status_code, parsed(answer.content))
        if said.status >= 500 or not said.code:
            raise unnamed(refused, refused) from refused
        raise ReconnectRequired(f"Threads did not renew the authorisation: {refused}") from refused
    return _tokens(body, tokens.scopes)


async def identify(session: Session) -> Account:
    """The profile behind the token."""
    body = await Graph(session).get("me", fields="id,username,name,threads_profile_picture_url,is_verified")
    number, username = identity(body), body.get("username")
    if number is None:
        raise Rejected("Threads did not say which profile this is.", next_step="Connect the account again.")
    return Account(
        id=number,
        username=username,
        name=body.get("name") or username,
        profile_url=f"{SITE}/@{username}" if username else None,
        image_url=body.get("threads_profile_picture_url"),
        metadata={"is_verified": body.get("is_verified") is True},
    )


async def _lengthened(http: NetworkClient, app: App, short: str) -> dict[str, Any]:
    try:
        return await _token(
            http,
            f"{GRAPH}/access_token",
            grant_type="th_exchange_token",
            client_secret=app.client_secret,
            access_token=short,
        )
    except AlreadyLong:
        return {"access_token": short}


async def _granted(http: NetworkClient, token: str) -> tuple[str, ...]:
    """The permissions that were left switched on, as far as Threads tells; only a courtesy, so no trouble counts."""
    try:
        answer = await http.request(
            "GET", f"{GRAPH}/debug_token", params={"input_token": token}, headers=bearer(token)
        )
        body = judged(answer.status_code, answer.content, now=clock.now())
    except (PlatformError, NotSent, NoAnswer):
        return ()
    data = body.get("data")
    names = data.get("scopes") if isinstance(data, Mapping) else None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


async def _token(http: NetworkClient, url: str, **params: str) -> dict[str, Any]:
    answer = await http.request("GET", url, params=params)
    return judged(answer.status_code, answer.content, now=clock.now())


def _tokens(body: Mapping[str, Any], scopes: tuple[str, ...]) -> Tokens:
    now = clock.now()
    extra: dict[str, Any] = {"issued_at": now.isoformat()}
    expires = None
    life = body.get("expires_in")
    if isinstance(life, int | float):
        expires = now + timedelta(seconds=life)
        extra["refresh_at"] = (now + timedelta(seconds=life / 2)).isoformat()
    return Tokens(_access_token(body), access_expires_at=expires, scopes=scopes, extra=extra)


def _access_token(body: Mapping[str, Any]) -> str:
    token = body.get("access_token")
    if not isinstance(token, str) or not token:
        raise Unavailable("Threads answered without a token.")
    return token
