"""Connecting a Mastodon account: an app of our own on its server, consent, or a token that its owner made.

Flow: Mastodon documentation, Obtaining client app access, and OAuth methods, read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import REFUSING, Account, App, Grant, OAuth2, Session, Tokens, unnamed
from polypost.platforms.mastodon import server as servers
from polypost.platforms.mastodon.api import address, call, look, server_of
from polypost.platforms.mastodon.errors import error_for, parsed, said
from polypost.platforms.mastodon.spec import CLIENT_NAME, OLD_SCOPES, SCOPES

_TOKEN = re.compile(r"[!-~]{1,4096}")
# A server that forgot the app renews nothing any more; a new connection registers another.
_REFUSED = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})
_NEEDED = ("write:statuses", "write:media")


async def register(http: NetworkClient, server: str, redirect_uri: str) -> App:
    """A new app on `server`, with every scope that `consent` asks for. Raises Rejected, Unavailable."""
    scopes, _ = await _supported(http, server)
    form = {"client_name": CLIENT_NAME, "redirect_uris": redirect_uri, "scopes": " ".join(scopes)}
    answer = await http.request("POST", address(server, "/api/v1/apps"), data=form)
    body = parsed(answer) if answer.is_success else {}
    client_id, secret = body.get("client_id"), body.get("client_secret")
    if not isinstance(client_id, str) or not isinstance(secret, str) or not client_id:
        raise error_for(answer, clock.now())
    return App(client_id, secret)


async def consent(http: NetworkClient, server: str) -> OAuth2:
    """How the server's flow goes. Its addresses are the fixed ones, never those that an answer names."""
    scopes, pkce = await _supported(http, server)
    return OAuth2(
        authorize_url=address(server, "/oauth/authorize"),
        token_url=address(server, "/oauth/token"),
        scopes=scopes,
        pkce=pkce,
    )


async def _supported(http: NetworkClient, server: str) -> tuple[tuple[str, ...], bool]:
    """The scopes to ask for and whether there is PKCE; a server before 4.3 does not tell and has the old ones."""
    answer = await look(http, server, "/.well-known/oauth-authorization-server")
    if answer.status_code == 429 or answer.status_code >= 500:
        raise error_for(answer, clock.now())
    body = parsed(answer) if answer.is_success else {}
    scopes, methods = body.get("scopes_supported"), body.get("code_challenge_methods_supported")
    newer = isinstance(scopes, list) and set(SCOPES) <= {str(each) for each in scopes}
    return SCOPES if newer else OLD_SCOPES, isinstance(methods, list) and "S256" in methods


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code for a token without an end. Raises Rejected; `app_unknown` when the server forgot the app."""
    if grant.server is None:
        raise Rejected("It is not known on which server this login was.", code="no_server")
    form = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": grant.redirect_uri,
        **({"code_verifier": grant.verifier} if grant.verifier else {}),
    }
    answer = await _ask(http, app, grant.server, "/oauth/token", form)
    if answer.is_success:
        return _tokens(answer, {"server": grant.server, "application": CLIENT_NAME})
    if answer.status_code == 401 or parsed(answer).get("error") == "invalid_client":
        raise Rejected(
            f"The server no longer knows the app that Polypost registered there. {said(answer)}",
            code="app_unknown",
            next_step="Start the connection again; a new app is registered then.",
        )
    error = error_for(answer, clock.now())
    if isinstance(error, Rejected | ReconnectRequired):
        raise Rejected(
            f"The server refused the login. {said(answer)}", next_step="Start the connection again."
        )
    raise error


async def refresh(http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
    """A new pair from other software that lets tokens end; Mastodon itself gives no refresh token."""
    server = tokens.extra.get("server")
    if not tokens.refresh_token or not isinstance(server, str):
        raise ReconnectRequired("The server gave no refresh token for this account.")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answer = await _ask(http, app, server, "/oauth/token", form)
    if answer.is_success:
        return _tokens(answer, tokens.extra, tokens)
    if answer.status_code in REFUSING and parsed(answer).get("error") in _REFUSED:
        raise ReconnectRequired(f"The server did not renew the authorisation. {said(answer)}")
    raise unnamed(error_for(answer, clock.now()), said(answer))


async def revoke(http: NetworkClient, app: App, tokens: Tokens) -> None:
    """End the authorisation; a token that is gone already is a success."""
    server = tokens.extra.get("server")
    if not isinstance(server, str) or not app.client_id:
        return
    answer = await _ask(http, app, server, "/oauth/revoke", {"token": tokens.access_token})
    if not answer.is_success:
        raise error_for(answer, clock.now())


async def adopt(http: NetworkClient, server: str, token: str) -> Tokens:
    """Tokens from an access token that the person made. Raises Rejected for one that cannot publish."""
    value = token.strip()
    if not _TOKEN.fullmatch(value):
        raise Rejected("This is not an access token.", code="token_refused")
    header = {"Authorization": f"Bearer {value}"}
    answer = await look(http, server, "/api/v1/accounts/verify_credentials", headers=header)
    if answer.status_code in {401, 403}:
        raise Rejected(
            f"The server does not accept this token. {said(answer)}",
            code="token_refused",
            next_step="Make one under Preferences, Development, with the scopes " + " ".join(SCOPES) + ".",
        )
    if not answer.is_success:
        raise error_for(answer, clock.now())
    app = parsed(await look(http, server, "/api/v1/apps/verify_credentials", headers=header))
    told = app.get("scopes")
    scopes = tuple(str(each) for each in told) if isinstance(told, list) else ()
    lacking = [scope for scope in _NEEDED if scope not in scopes and scope.partition(":")[0] not in scopes]
    if scopes and lacking:
        raise Rejected(
            f"The token lacks the scope {' and '.join(lacking)}.",
            code="token_refused",
            next_step="Add it to the app under Preferences, Development, and make the token anew.",
        )
    name = app.get("name")
    extra = {"server": server} | ({"application": name} if isinstance(name, str) and name else {})
    return Tokens(value, scopes=scopes, extra=extra)


async def identify(session: Session) -> Account:
    """The account of this authorisation; its id and name are told apart from other servers' by the server."""
    server = server_of(session)
    body = await call(session, "GET", "/api/v1/accounts/verify_credentials")
    number, username = body.get("id"), body.get("username")
    if not isinstance(number, str) or not number or not isinstance(username, str):
        raise Unavailable("The server did not tell whose account this is.")
    return Account(
        id=f"{number}@{server}",
        username=f"{username}@{server}",
        name=body.get("display_name") or username,
        profile_url=_web(body.get("url")),
        image_url=_web(body.get("avatar")),
        metadata=await servers.facts(session.http, server, session.now()),
    )


def _web(url: Any) -> str | None:
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None


async def _ask(http: NetworkClient, app: App, server: str, path: str, form: Mapping[str, str]) -> Response:
    keys = {"client_id": app.client_id, "client_secret": app.client_secret}
    return await http.request("POST", address(server, path), data={**form, **keys})


def _tokens(answer: Response, extra: Mapping[str, Any], old: Tokens | None = None) -> Tokens:
    body = parsed(answer)
    access, fresh, scope = body.get("access_token"), body.get("refresh_token"), body.get("scope")
    if not isinstance(access, str) or not _TOKEN.fullmatch(access):
        raise Unavailable("The server answered without a token.")
    return Tokens(
        access_token=access,
        refresh_token=fresh if isinstance(fresh, str) and fresh else (old.refresh_token if old else None),
        access_expires_at=_end(body.get("expires_in")),
        scopes=tuple(scope.split()) if isinstance(scope, str) else (old.scopes if old else ()),
        extra=extra,
    )


def _end(seconds: Any) -> datetime | None:
    """When a token ends; None where the server sets no end, as Mastodon does."""
    told = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < 10_000_000_000
    return clock.now() + timedelta(seconds=seconds) if told else None
