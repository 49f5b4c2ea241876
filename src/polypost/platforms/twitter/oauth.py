"""Connecting an X account with OAuth 2.0 and PKCE, and keeping its rotating tokens alive.

Flow: X developer docs, OAuth 2.0 Authorization Code Flow with PKCE, read in August 2026.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import REFUSING, Account, App, Grant, Session, Tokens, unnamed
from polypost.platforms.twitter.api import call
from polypost.platforms.twitter.errors import Said, error_for, parsed
from polypost.platforms.twitter.spec import API, OAUTH, WEB

_PROFILE = "profile_image_url,verified,verified_type,subscription_type,protected"
# X answers invalid_request, not invalid_grant, for a dead token.
_REFUSED = frozenset({"invalid_request", "invalid_grant"})
_METADATA = ("subscription_type", "verified_type", "protected")


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code, which lives for 30 seconds. Raises Rejected when X refuses it."""
    answer = await _ask(
        http,
        app,
        OAUTH.token_url,
        {
            "grant_type": "authorization_code",
            "code": grant.code,
            "redirect_uri": grant.redirect_uri,
            **({"code_verifier": grant.verifier} if grant.verifier else {}),
        },
    )
    if answer.is_success:
        return _tokens(answer)
    error = _app_refused(answer) or error_for(answer, clock.now())
    if isinstance(error, Rejected | ReconnectRequired):
        raise Rejected(
            f"X refused the login. {Said.of(answer)}",
            code="platform_setup" if error.code == "platform_setup" else None,
            next_step="Start the connection again; X's code lives for 30 seconds.",
        )
    raise error


async def refresh(http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
    """A new pair; the old refresh token is dead from then on.

    Raises ReconnectRequired when X refuses the refresh token, Rejected when it refuses the app.
    """
    if not tokens.refresh_token:
        raise ReconnectRequired("X gave no refresh token for this account.")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answer = await _ask(http, app, OAUTH.token_url, form)
    if answer.is_success:
        return _tokens(answer, tokens)
    if error := _app_refused(answer):
        raise error
    if answer.status_code in REFUSING and parsed(answer).get("error") in _REFUSED:
        raise ReconnectRequired(f"X did not renew the authorisation. {Said.of(answer)}")
    raise unnamed(error_for(answer, clock.now()), Said.of(answer))


async def revoke(http: NetworkClient, app: App, tokens: Tokens) -> None:
    """End both tokens; those that are dead already are no error."""
    for token, kind in ((tokens.refresh_token, "refresh_token"), (tokens.access_token, "access_token")):
        if token:
            form = {"token": token, "token_type_hint": kind}
            answer = await _ask(http, app, f"{API}/2/oauth2/revoke", form)
            if not answer.is_success and answer.status_code != 400:
                raise _app_refused(answer) or error_for(answer, clock.now())


async def identify(session: Session) -> Account:
    """The account of this authorisation; `metadata` tells its subscription, which some limits depend on."""
    data = await call(session, "GET", "/2/users/me", params={"user.fields": _PROFILE})
    number, username = data.get("id"), data.get("username")
    if not isinstance(number, str) or not isinstance(username, str):
        raise Unavailable("X did not tell whose account this is.")
    return Account(
        id=number,
        username=username,
        name=data.get("name"),
        profile_url=f"{WEB}/{username}",
        image_url=data.get("profile_image_url"),
        metadata={name: data[name] for name in _METADATA if name in data},
    )


async def _ask(http: NetworkClient, app: App, url: str, form: Mapping[str, str]) -> Response:
    """A call in the app's name: with its secret in the header, or with its id in the form when it has none."""
    if not app.client_secret:
        return await http.request("POST", url, data={**form, "client_id": app.client_id})
    basic = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    return await http.request("POST", url, data=dict(form), headers={"Authorization": f"Basic {basic}"})


def _app_refused(answer: Response) -> PlatformError | None:
    """The error for an app that X does not know; the account is not to blame for that."""
    if parsed(answer).get("error") not in {"unauthorized_client", "invalid_client"}:
        return None
    return Rejected(
        f"X does not accept the app's credentials. {Said.of(answer)}",
        code="platform_setup",
        next_step="Whoever runs this server has to check the app's client id and secret.",
    )


def _tokens(answer: Response, old: Tokens | None = None) -> Tokens:
    body: dict[str, Any] = parsed(answer)
    access = body.get("access_token")
    if not isinstance(access, str) or not access:
        raise Unavailable("X answered without a token.")
    life = body.get("expires_in")
    scope = body.get("scope")
    return Tokens(
        access_token=access,
        refresh_token=body.get("refresh_token") or (old.refresh_token if old else None),
        access_expires_at=clock.now() + timedelta(seconds=life) if isinstance(life, int | float) else None,
        scopes=tuple(scope.split()) if isinstance(scope, str) else (old.scopes if old else ()),
    )
