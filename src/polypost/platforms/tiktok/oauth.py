"""Connecting an account through TikTok's Login Kit and keeping its rotating tokens alive.

Flow: TikTok for Developers, Login Kit: Manage User Access Tokens, read 2026-11-24. How long tokens live and whether
refresh tokens change differs between versions of that page, so only what each answer says is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, TokenExpired, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Grant, Session, Tokens
from polypost.platforms.tiktok.api import call
from polypost.platforms.tiktok.errors import parsed
from polypost.platforms.tiktok.spec import API, OAUTH, WEB

_FIELDS = "open_id,union_id,avatar_url,display_name"
_APP_REFUSED = frozenset({"invalid_client", "unauthorized_client"})
_REFUSED = frozenset({"invalid_grant", "invalid_request", "access_denied"})


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code. Raises Rejected when TikTok refuses it."""
    fields = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": grant.redirect_uri,
        **({"code_verifier": grant.verifier} if grant.verifier else {}),
    }
    try:
        return _tokens(await _ask(http, app, OAUTH.token_url, fields))
    except ReconnectRequired as refused:
        raise Rejected(
            f"TikTok refused the login: {refused}", next_step="Start the connection again."
        ) from refused


async def refresh(http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
    """A new pair; the old refresh token is dead from then on, where TikTok gave another.

    Raises ReconnectRequired when TikTok refuses the refresh token, Rejected when it refuses the app.
    """
    if not tokens.refresh_token:
        raise ReconnectRequired("TikTok gave no refresh token for this account.")
    fields = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    return _tokens(await _ask(http, app, OAUTH.token_url, fields), tokens)


async def revoke(http: NetworkClient, app: App, tokens: Tokens) -> None:
    """End the authorisation; one that is dead already is no error."""
    try:
        await _ask(http, app, f"{API}/v2/oauth/revoke/", {"token": tokens.access_token})
    except ReconnectRequired:
        return


async def identify(session: Session) -> Account:
    """The account of this authorisation; `open_id` is its id for this app."""
    try:
        data = await _user(session, f"{_FIELDS},username")
    except TokenExpired:
        raise
    except ReconnectRequired:
        # The person may have unticked the scope for the name alone; posts do without it.
        data = await _user(session, _FIELDS)
    user = data.get("user")
    known = user if isinstance(user, Mapping) else {}
    number, username = known.get("open_id"), known.get("username")
    if not isinstance(number, str) or not number:
        raise Unavailable("TikTok did not tell whose account this is.")
    return Account(
        id=number,
        username=username,
        name=known.get("display_name") or username,
        profile_url=f"{WEB}/@{username}" if username else None,
        image_url=known.get("avatar_url"),
        metadata={"union_id": known["union_id"]} if known.get("union_id") else {},
    )


async def _user(session: Session, fields: str) -> Mapping[str, Any]:
    return await call(session, "GET", "/v2/user/info/", params={"fields": fields})


async def _ask(http: NetworkClient, app: App, url: str, fields: Mapping[str, str]) -> Mapping[str, Any]:
    """A call in the app's name. Errors are flat here and come with any status, sometimes 200."""
    form = {"client_key": app.client_id, "client_secret": app.client_secret, **fields}
    answer = await http.request("POST", url, data=form)
    body = parsed(answer.content)
    code = body.get("error")
    if code or not answer.is_success:
        raise _refusal(answer.status_code, code, body.get("error_description"))
    return body


def _refusal(status: int, code: Any, description: Any) -> PlatformError:
    said = f'"{description}"' if isinstance(description, str) and description else f"status {status}"
    trouble = Unavailable(f"TikTok's login is out of order: {said}.")
    if not isinstance(code, str) or status >= 500 or status == 429:
        return trouble
    if code in _APP_REFUSED:
        return Rejected(
            f"TikTok does not accept the app's credentials: {said}.",
            code="platform_setup",
            next_step="Whoever runs this server has to check the app's client key and secret.",
        )
    if code not in _REFUSED:
        return trouble
    return ReconnectRequired(f"TikTok does not accept the authorisation: {said}.")


def _tokens(body: Mapping[str, Any], old: Tokens | None = None) -> Tokens:
    access = body.get("access_token")
    if not isinstance(access, str) or not access:
        raise Unavailable("TikTok answered without a token.")
    refresh_token, scope = body.get("refresh_token"), body.get("scope")
    given = isinstance(refresh_token, str) and refresh_token
    return Tokens(
        access_token=access,
        refresh_token=refresh_token if given else (old.refresh_token if old else None),
        access_expires_at=_end(body.get("expires_in")),
        refresh_expires_at=_end(body.get("refresh_expires_in")),
        scopes=_scopes(scope) if isinstance(scope, str) else (old.scopes if old else ()),
    )


def _end(life: Any) -> datetime | None:
    known = isinstance(life, int | float) and not isinstance(life, bool) and life > 0
    return clock.now() + timedelta(seconds=life) if known else None


def _scopes(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
