"""Connecting a channel through Google's login and keeping its token alive.

Flow: Google Identity, Using OAuth 2.0 for Web Server Applications, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import REFUSING, Account, App, Grant, Session, Tokens, unnamed
from polypost.platforms.youtube.api import call, items
from polypost.platforms.youtube.errors import Said, error_for, parsed
from polypost.platforms.youtube.spec import OAUTH, READ_SCOPE, TOKEN, UPLOAD_SCOPE, WEB, WRITE_SCOPE

# A wider scope covers a narrower one.
_NEEDED = {
    "upload videos": frozenset({UPLOAD_SCOPE, WRITE_SCOPE}),
    "see the channel": frozenset({READ_SCOPE, WRITE_SCOPE}),
}
_APP = frozenset({"invalid_client", "unauthorized_client", "redirect_uri_mismatch", "deleted_client"})
_REFUSED = frozenset({"invalid_grant", "invalid_request", "invalid_scope"})


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code. Raises Rejected when Google refuses it, or the person left a needed permission unticked."""
    form = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": grant.redirect_uri,
        **({"code_verifier": grant.verifier} if grant.verifier else {}),
    }
    answer = await _ask(http, app, form)
    if not answer.is_success:
        error = _refused(answer)
        if isinstance(error, ReconnectRequired):
            said = f"Google refused the login. {Said.of(answer)}"
            raise Rejected(said, next_step="Start the connection again.")
        raise error
    tokens = _tokens(answer)
    for what, scopes in _NEEDED.items():
        if tokens.scopes and not scopes & set(tokens.scopes):
            raise Rejected(
                f"The permission to {what} was not given.",
                next_step="Connect again and leave all boxes ticked on Google's page.",
            )
    return tokens


async def refresh(http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
    """A new access token; the refresh token stays. Raises ReconnectRequired when Google refuses it for good."""
    if not tokens.refresh_token:
        raise ReconnectRequired("Google gave no refresh token for this account.")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answer = await _ask(http, app, form)
    if not answer.is_success:
        raise _refused(answer)
    return _tokens(answer, tokens)


async def revoke(http: NetworkClient, tokens: Tokens) -> None:
    """End the whole authorisation; one that is dead already is no error."""
    answer = await http.request(
        "POST", f"{TOKEN}/revoke", data={"token": tokens.refresh_token or tokens.access_token}
    )
    if not answer.is_success and answer.status_code != 400:
        raise error_for(answer, clock.now())


async def identify(session: Session) -> Account:
    """The channel behind the token; `metadata` tells its list of uploads and whether long videos are possible."""
    params = {"part": "snippet,contentDetails,status", "mine": "true"}
    found = items(await call(session, "GET", "channels", params=params))
    if not found or not isinstance(found[0].get("id"), str):
        raise Rejected(
            "This Google account has no YouTube channel.",
            code="no_account",
            next_step="Make a channel on youtube.com with this account, then connect it again.",
        )
    channel = found[0]
    snippet = _member(channel, "snippet")
    handle = str(snippet.get("customUrl") or "").removeprefix("@")
    picture = _member(_member(snippet, "thumbnails"), "default").get("url")
    uploads = _member(_member(channel, "contentDetails"), "relatedPlaylists").get("uploads")
    return Account(
        id=channel["id"],
        username=handle or None,
        name=snippet.get("title"),
        profile_url=f"{WEB}/@{handle}" if handle else f"{WEB}/channel/{channel['id']}",
        image_url=picture,
        metadata={"uploads": uploads, "long_uploads": _member(channel, "status").get("longUploadsStatus")},
    )


async def _ask(http: NetworkClient, app: App, form: Mapping[str, str]) -> Response:
    credentials = {"client_id": app.client_id, "client_secret": app.client_secret}
    return await http.request("POST", OAUTH.token_url, data={**form, **credentials})


def _refused(answer: Response) -> PlatformError:
    """Our error for a refusal of the token address: the app's fault, the authorisation's, or trouble of theirs."""
    said = Said.of(answer)
    if said.reason in _APP:
        return Rejected(
            f"Google does not accept the app's credentials. {said}",
            code="platform_setup",
            next_step="Whoever runs this server has to check the app's client id, secret and redirect address.",
        )
    if said.reason in _REFUSED and said.status in REFUSING:
        return ReconnectRequired(f"Google ended the authorisation. {said}")
    return unnamed(error_for(answer, clock.now()), said)


def _tokens(answer: Response, old: Tokens | None = None) -> Tokens:
    body = parsed(answer)
    access = body.get("access_token")
    if not isinstance(access, str) or not access:
        raise Unavailable("Google answered without a token.")
    life, scope, rest = body.get("expires_in"), body.get("scope"), body.get("refresh_token_expires_in")
    now = clock.now()
    return Tokens(
        access_token=access,
        refresh_token=body.get("refresh_token") or (old.refresh_token if old else None),
        access_expires_at=now + timedelta(seconds=life) if isinstance(life, int | float) else None,
        refresh_expires_at=now + timedelta(seconds=rest)
        if isinstance(rest, int | float)
        else (old.refresh_expires_at if old else None),
        scopes=tuple(scope.split()) if isinstance(scope, str) else (old.scopes if old else ()),
    )


def _member(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}
