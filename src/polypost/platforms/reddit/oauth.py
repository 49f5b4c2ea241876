"""Connecting a Reddit account, and keeping its tokens alive.

Flow: Reddit, OAuth2 wiki, and recorded answers of 2021 to 2023, read on 2026-11-24. Refusals may come with a 200.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from html import unescape
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Grant, Session, Tokens, unnamed
from polypost.platforms.reddit.api import get, user_agent
from polypost.platforms.reddit.errors import error_for, parsed
from polypost.platforms.reddit.spec import OAUTH, WEB

_REFUSED = frozenset({"invalid_grant", "invalid_request"})
_METADATA = ("link_karma", "comment_karma", "has_verified_email", "is_suspended", "over_18")


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code. Raises Rejected when Reddit refuses it."""
    form = {"grant_type": "authorization_code", "code": grant.code, "redirect_uri": grant.redirect_uri}
    answer = await _ask(http, app, OAUTH.token_url, form)
    said = _refusal(answer)
    if answer.is_success and not said:
        return _tokens(answer)
    error = _app_refused(answer, said) or error_for(answer, clock.now())
    if answer.status_code < 300 or isinstance(error, Rejected):
        raise Rejected(
            f"Reddit refused the login: {said or error.message}",
            code="platform_setup" if error.code == "platform_setup" else None,
            next_step="Start the connection again; a code can be used once.",
        )
    raise error


async def refresh(http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
    """A new access token; Reddit may or may not send a new refresh token with it.

    Raises ReconnectRequired when Reddit refuses the refresh token, Rejected when it refuses the app.
    """
    if not tokens.refresh_token:
        raise ReconnectRequired("Reddit gave no refresh token for this account.")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answer = await _ask(http, app, OAUTH.token_url, form)
    said = _refusal(answer)
    if answer.is_success and not said:
        return _tokens(answer, tokens)
    if error := _app_refused(answer, said):
        raise error
    # Refusals come as a word with a 200 or a 400, or as the number of a 400 in the body.
    named = said in _REFUSED or parsed(answer).get("error") == 400
    if named and answer.status_code in {200, 400}:
        raise ReconnectRequired(f"Reddit did not renew the authorisation: {said or answer.status_code}.")
    trouble = f"Reddit answered with status {answer.status_code}."
    raise unnamed(error_for(answer, clock.now()), trouble)


async def revoke(http: NetworkClient, app: App, tokens: Tokens) -> None:
    """End the authorisation; the refresh token takes its access tokens with it."""
    token, kind = (
        tokens.refresh_token or tokens.access_token,
        "refresh_token" if tokens.refresh_token else "access_token",
    )
    form = {"token": token, "token_type_hint": kind}
    answer = await _ask(http, app, f"{WEB}/api/v1/revoke_token", form)
    if not answer.is_success:
        raise _app_refused(answer, "") or error_for(answer, clock.now())


async def identify(session: Session) -> Account:
    """The account of this authorisation; `metadata` tells the karma that decides how often it may post."""
    me = await get(session, "/api/v1/me")
    number, name = me.get("id"), me.get("name")
    if not isinstance(number, str) or not isinstance(name, str):
        raise Unavailable("Reddit did not tell whose account this is.")
    picture = me.get("icon_img")
    profile = me.get("subreddit")
    title = profile.get("title") if isinstance(profile, dict) else None
    return Account(
        id=number,
        username=name,
        name=title or name,
        profile_url=f"{WEB}/user/{name}",
        image_url=unescape(picture) if isinstance(picture, str) and picture.startswith("http") else None,
        metadata={key: me[key] for key in _METADATA if key in me},
    )


async def _ask(http: NetworkClient, app: App, url: str, form: Mapping[str, str]) -> Response:
    basic = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    return await http.request(
        "POST", url, data=dict(form), headers={"Authorization": f"Basic {basic}", **user_agent()}
    )


def _refusal(answer: Response) -> str:
    """The word of a refusal, which Reddit gives with a 200 as well; empty where there is none."""
    error = parsed(answer).get("error")
    return error if isinstance(error, str) else ""


def _app_refused(answer: Response, said: str) -> PlatformError | None:
    """The error for an app that Reddit does not know; the account is not to blame for that."""
    number = parsed(answer).get("error")
    if (answer.status_code, number) != (401, 401) and said not in {"unauthorized_client", "invalid_client"}:
        return None
    return Rejected(
        "Reddit does not accept the app's credentials.",
        code="platform_setup",
        next_step="Whoever runs this server has to check the app's client id and secret.",
    )


def _tokens(answer: Response, old: Tokens | None = None) -> Tokens:
    body: dict[str, Any] = parsed(answer)
    access, life, scope = body.get("access_token"), body.get("expires_in"), body.get("scope")
    if not isinstance(access, str) or not access:
        raise Unavailable("Reddit answered without a token.")
    return Tokens(
        access_token=access,
        refresh_token=body.get("refresh_token") or (old.refresh_token if old else None),
        access_expires_at=clock.now() + timedelta(seconds=life) if isinstance(life, int | float) else None,
        scopes=tuple(scope.split()) if isinstance(scope, str) else (old.scopes if old else ()),
    )
