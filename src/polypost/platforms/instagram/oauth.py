"""Connecting an account through the Instagram Login and keeping its token alive.

Flow: Meta for Developers, Instagram Platform: Business Login, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.errors import ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Grant, Session, Tokens, unnamed
from polypost.platforms.instagram.graph import Graph, judged, parsed
from polypost.platforms.instagram.graph_errors import GraphError
from polypost.platforms.instagram.spec import GRAPH, LOGIN, OAUTH

# Instagram refuses to renew a younger token.
_MIN_AGE = timedelta(hours=24)


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code for a token of an hour, and that at once for one of 60 days."""
    fields = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "grant_type": "authorization_code",
        "redirect_uri": grant.redirect_uri,
        # Instagram ends its callback in "#_", which some browsers and proxies hand on as part of the code.
        "code": grant.code.removesuffix("#_"),
    }
    try:
        answer = await http.request("POST", OAUTH.token_url, data=fields)
        short = _first(judged(answer.status_code, answer.content, now=clock.now()))
        long = await _token(
            http,
            f"{GRAPH}/access_token",
            grant_type="ig_exchange_token",
            client_secret=app.client_secret,
            access_token=_access_token(short),
        )
    except ReconnectRequired as refused:
        raise Rejected(f"Instagram refused the login: {refused}") from refused
    return _tokens(long, _scopes(short))


async def refresh(http: NetworkClient, tokens: Tokens) -> Tokens:
    """A new token of 60 days, or the same while it is too young; `extra["refresh_at"]` is its half-life."""
    issued = tokens.extra.get("issued_at")
    if issued and clock.now() - datetime.fromisoformat(issued) < _MIN_AGE:
        return tokens
    params = {"grant_type": "ig_refresh_token", "access_token": tokens.access_token}
    answer = await http.request("GET", f"{GRAPH}/refresh_access_token", params=params)
    try:
        body = judged(answer.status_code, answer.content, now=clock.now())
    except (ReconnectRequired, Rejected) as refused:
        said = GraphError.of(answer.status_code, parsed(answer.content))
        if said.status >= 500 or not said.code:
            raise unnamed(refused, refused) from refused
        raise ReconnectRequired(f"Instagram did not renew the authorisation: {refused}") from refused
    return _tokens(body, _scopes(body) or tokens.scopes)


async def identify(session: Session) -> Account:
    """The professional account behind the token; `user_id` is its id, `id` only the app's name for it."""
    body = _first(
        await Graph(session).get("me", fields="user_id,username,name,account_type,profile_picture_url")
    )
    number, username = body.get("user_id"), body.get("username")
    if number is None:
        raise Rejected("Instagram did not say which account this is.", next_step="Connect the account again.")
    if str(body.get("account_type", "")).upper() == "PERSONAL":
        raise Rejected(
            "This is a personal Instagram account, and only professional ones can publish.",
            next_step="Switch it to Business or Creator in Instagram's settings and connect it again.",
        )
    return Account(
        id=str(number),
        username=username,
        name=body.get("name") or username,
        profile_url=f"{LOGIN}/{username}/" if username else None,
        image_url=body.get("profile_picture_url"),
        metadata={"account_type": body.get("account_type")},
    )


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
        raise Unavailable("Instagram answered without a token.")
    return token


def _first(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object itself; Instagram's documentation wraps some answers in a list, its servers mostly do not."""
    rows = body.get("data")
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else body


def _scopes(body: Mapping[str, Any]) -> tuple[str, ...]:
    granted = body.get("permissions") or []
    names = granted.split(",") if isinstance(granted, str) else granted
    return tuple(name.strip() for name in names if isinstance(name, str) and name.strip())
