"""Connecting a Pinterest account and keeping its tokens alive.

Flow: Pinterest for Developers, Set up authentication and authorization, read 2026-11-24.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, RateLimited, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import REFUSING, Account, App, Grant, Session, Tokens, unnamed
from polypost.platforms.pinterest.api import call
from polypost.platforms.pinterest.errors import Said, error_for, parsed
from polypost.platforms.pinterest.spec import API, OAUTH, WEB

_METADATA = ("account_type", "board_count")
# Pinterest revokes only the tokens of system users; the others it refuses to.
_NOT_REVOCABLE = frozenset({400, 401, 403, 404})


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code for a token of 30 days and one of 60 that renews it. Raises Rejected when Pinterest refuses it."""
    form = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": grant.redirect_uri,
        # Apps made before 25 September 2025 get a refresh token that can be renewed only when they ask for it.
        "continuous_refresh": "true",
    }
    answer = await _ask(http, app, OAUTH.token_url, form)
    if answer.is_success:
        return _tokens(answer)
    error = await _app_refused(http, app, answer) or error_for(answer, clock.now())
    if isinstance(error, Rejected | ReconnectRequired):
        raise Rejected(
            f"Pinterest refused the login. {Said.of(answer)}",
            code="platform_setup" if error.code == "platform_setup" else None,
            next_step=error.next_step if error.code == "platform_setup" else "Start the connection again.",
        )
    raise error


async def refresh(http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
    """A new pair, or a new access token with the old refresh token where Pinterest gives no other.

    Raises ReconnectRequired when Pinterest refuses the refresh token, Rejected when it refuses the app.
    """
    if not tokens.refresh_token:
        raise ReconnectRequired("Pinterest gave no refresh token for this account.")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answer = await _ask(http, app, OAUTH.token_url, form)
    if answer.is_success:
        return _tokens(answer, tokens)
    error, said = error_for(answer, clock.now()), Said.of(answer)
    if isinstance(error, RateLimited | Unavailable) or said.status not in REFUSING | {403} or not said.code:
        raise unnamed(error, said)
    if refused := await _app_refused(http, app, answer):
        raise refused
    raise ReconnectRequired(f"Pinterest did not renew the authorisation. {said}")


async def revoke(http: NetworkClient, app: App, tokens: Tokens) -> None:
    """End both tokens where Pinterest lets us, which it does for system users only."""
    for token, kind in ((tokens.refresh_token, "refresh_token"), (tokens.access_token, "access_token")):
        if token:
            form = {"token": token, "token_type_hint": kind}
            answer = await _ask(http, app, f"{API}/oauth/token/revoke", form)
            if not answer.is_success and answer.status_code not in _NOT_REVOCABLE:
                raise error_for(answer, clock.now())


async def identify(session: Session) -> Account:
    """The account of this authorisation."""
    body = await call(session, "GET", "/user_account")
    number, username = body.get("id"), body.get("username")
    if not isinstance(number, str) or not isinstance(username, str):
        raise Unavailable("Pinterest did not tell whose account this is.")
    return Account(
        id=number,
        username=username,
        name=body.get("business_name") or username,
        profile_url=f"{WEB}/{username}/",
        image_url=body.get("profile_image"),
        metadata={name: body[name] for name in _METADATA if name in body},
    )


async def _ask(http: NetworkClient, app: App, url: str, form: Mapping[str, str]) -> Response:
    basic = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    return await http.request("POST", url, data=dict(form), headers={"Authorization": f"Basic {basic}"})


async def _app_refused(http: NetworkClient, app: App, answer: Response) -> PlatformError | None:
    """The error for an app that Pinterest does not know; the account is not to blame for that.

    A dead token and a wrong secret are refused in the same words. The address that revokes tells them apart: it
    answers 401 to an app that it does not know, and 403 to one that shows a token which is none.
    """
    if answer.status_code != 401:
        return None
    asked = await _ask(http, app, f"{API}/oauth/token/revoke", {"token": "none"})
    if asked.status_code != 401:
        return None
    return Rejected(
        f"Pinterest does not accept the app's credentials. {Said.of(answer)}",
        code="platform_setup",
        next_step="Whoever runs this server has to check the app's id and secret.",
    )


def _tokens(answer: Response, old: Tokens | None = None) -> Tokens:
    body: dict[str, Any] = parsed(answer)
    access = body.get("access_token")
    if not isinstance(access, str) or not access:
        raise Unavailable("Pinterest answered without a token.")
    now = clock.now()
    fresh = body.get("refresh_token")
    renewed = isinstance(fresh, str) and bool(fresh)
    scope = body.get("scope")
    return Tokens(
        access_token=access,
        refresh_token=fresh if renewed else (old.refresh_token if old else None),
        access_expires_at=_after(now, body.get("expires_in")),
        refresh_expires_at=_refresh_end(body, now) if renewed else (old.refresh_expires_at if old else None),
        scopes=tuple(scope.replace(",", " ").split())
        if isinstance(scope, str)
        else (old.scopes if old else ()),
    )


def _refresh_end(body: Mapping[str, Any], now: datetime) -> datetime | None:
    end = body.get("refresh_token_expires_at")
    told = _after(now, body.get("refresh_token_expires_in"))
    if told is not None:
        return told
    return (
        datetime.fromtimestamp(end, UTC)
        if isinstance(end, int | float) and 0 < end < 10_000_000_000
        else None
    )


def _after(now: datetime, seconds: Any) -> datetime | None:
    return now + timedelta(seconds=seconds) if isinstance(seconds, int | float) else None
