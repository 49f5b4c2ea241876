"""Connecting a LinkedIn login, and keeping its token alive where LinkedIn lets the app do so.

Flow: Microsoft Learn, LinkedIn: Authorization Code Flow and Programmatic Refresh Tokens, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import REFUSING, Account, App, Grant, Session, Tokens, unnamed
from polypost.platforms.linkedin.api import ask
from polypost.platforms.linkedin.errors import Said, error_for, parsed
from polypost.platforms.linkedin.spec import OAUTH, WEB

_CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client", "invalid_client_id"})
_REFUSED = frozenset({"invalid_grant", "invalid_request"})
_PAGE = 100
_MOST_ORGANIZATIONS = 500


async def exchange(http: NetworkClient, app: App, grant: Grant) -> Tokens:
    """Redeem the code, which lives for half an hour. Raises Rejected when LinkedIn refuses it."""
    form = {"grant_type": "authorization_code", "code": grant.code, "redirect_uri": grant.redirect_uri}
    answer = await _ask(http, app, OAUTH.token_url, form)
    if answer.is_success:
        return _tokens(answer)
    error = _app_refused(answer) or error_for(answer, clock.now())
    if isinstance(error, Rejected | ReconnectRequired) and error.code != "platform_setup":
        raise Rejected(
            f"LinkedIn refused the login. {Said.of(answer)}", next_step="Start the connection again."
        )
    raise error


async def refresh(http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
    """A new access token; the refresh token stays, and so does its end.

    Raises ReconnectRequired when there is no refresh token or LinkedIn refuses it, Rejected when it refuses the app.
    """
    if not tokens.refresh_token:
        raise ReconnectRequired("LinkedIn gives this app no refresh tokens; a login lasts 60 days.")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answer = await _ask(http, app, OAUTH.token_url, form)
    if answer.is_success:
        return _tokens(answer, tokens)
    if error := _app_refused(answer):
        raise error
    if answer.status_code in REFUSING and parsed(answer).get("error") in _REFUSED:
        raise ReconnectRequired(f"LinkedIn did not renew the authorisation. {Said.of(answer)}")
    raise unnamed(error_for(answer, clock.now()), Said.of(answer))


async def revoke(http: NetworkClient, app: App, tokens: Tokens) -> None:
    """End the authorisation; one that is dead already is no error."""
    answer = await _ask(http, app, f"{WEB}/oauth/v2/revoke", {"token": tokens.access_token})
    if not answer.is_success and answer.status_code != 400:
        raise _app_refused(answer) or error_for(answer, clock.now())


async def identify(session: Session) -> list[Account]:
    """The person behind the login, and the organizations this person administers as far as the app may see them."""
    person = await _person(session)
    return [person, *[await _organization(session, urn) async for urn in _administered(session)]]


async def _person(session: Session) -> Account:
    """By OpenID Connect or by the basic profile: apps have the one, the other, or both."""
    answer = await ask(session, "GET", "/v2/userinfo")
    if not answer.is_success and answer.status_code != 403:
        raise error_for(answer, session.now())
    claims = parsed(answer) if answer.is_success else {}
    basic = await ask(session, "GET", "/v2/me")
    profile = parsed(basic) if basic.is_success else {}
    number = claims.get("sub") or profile.get("id")
    if not isinstance(number, str) or not number:
        raise error_for(answer, session.now()) if not answer.is_success else _nobody()
    names = (profile.get("localizedFirstName"), profile.get("localizedLastName"))
    full = " ".join(name for name in names if isinstance(name, str))
    vanity = _text(profile.get("vanityName"))
    return Account(
        id=f"urn:li:person:{number}",
        username=vanity,
        name=_text(claims.get("name")) or full or None,
        profile_url=f"{WEB}/in/{vanity}/" if vanity else None,
        image_url=_text(claims.get("picture")),
        kind="person",
    )


async def _administered(session: Session) -> AsyncIterator[str]:
    """The URNs of the organizations whose page the person administers; none where the app may not ask."""
    start = 0
    while start < _MOST_ORGANIZATIONS:
        params = {
            "q": "roleAssignee",
            "role": "ADMINISTRATOR",
            "state": "APPROVED",
            "start": str(start),
            "count": str(_PAGE),
        }
        answer = await ask(session, "GET", "/rest/organizationAcls", verb="FINDER", params=params)
        if answer.status_code == 403:
            return
        if not answer.is_success:
            raise error_for(answer, session.now())
        entries = _entries(parsed(answer))
        for urn in entries:
            yield urn
        if len(entries) < _PAGE:
            return
        start += _PAGE


def _entries(body: Mapping[str, Any]) -> list[str]:
    def urns() -> Iterator[str]:
        for entry in body.get("elements") or ():
            urn = entry.get("organization") if isinstance(entry, Mapping) else None
            if isinstance(urn, str) and urn.startswith("urn:li:organization:"):
                yield urn

    return list(dict.fromkeys(urns()))


async def _organization(session: Session, urn: str) -> Account:
    number = urn.rpartition(":")[2]
    answer = await ask(session, "GET", f"/rest/organizations/{number}")
    # A page whose name the app may not read can be published for all the same.
    if not answer.is_success and answer.status_code not in {403, 404}:
        raise error_for(answer, session.now())
    body = parsed(answer) if answer.is_success else {}
    vanity = _text(body.get("vanityName"))
    return Account(
        id=urn,
        username=vanity,
        name=_text(body.get("localizedName")),
        profile_url=f"{WEB}/company/{vanity or number}/",
        kind="organization",
    )


async def _ask(http: NetworkClient, app: App, url: str, form: Mapping[str, str]) -> Response:
    """A call in the app's name; LinkedIn takes its credentials in the form only."""
    return await http.request(
        "POST", url, data={**form, "client_id": app.client_id, "client_secret": app.client_secret}
    )


def _app_refused(answer: Response) -> PlatformError | None:
    """The error for an app that LinkedIn does not know; the account is not to blame for that."""
    if parsed(answer).get("error") not in _CLIENT_ERRORS:
        return None
    return Rejected(
        f"LinkedIn does not accept the app's credentials. {Said.of(answer)}",
        code="platform_setup",
        next_step="Whoever runs this server has to check the app's client id and secret.",
    )


def _nobody() -> PlatformError:
    return Unavailable("LinkedIn did not tell whose account this is.")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _tokens(answer: Response, old: Tokens | None = None) -> Tokens:
    body = parsed(answer)
    access = body.get("access_token")
    if not isinstance(access, str) or not access:
        raise Unavailable("LinkedIn answered without a token.")
    now, scope = clock.now(), body.get("scope")
    life, refresh_life = body.get("expires_in"), body.get("refresh_token_expires_in")
    return Tokens(
        access_token=access,
        refresh_token=_text(body.get("refresh_token")) or (old.refresh_token if old else None),
        access_expires_at=now + timedelta(seconds=life) if isinstance(life, int | float) else None,
        refresh_expires_at=now + timedelta(seconds=refresh_life)
        if isinstance(refresh_life, int | float)
        else (old.refresh_expires_at if old else None),
        # Separated by spaces in the documents, by commas in what LinkedIn's own clients were seen to get.
        scopes=tuple(scope.replace(",", " ").split())
        if isinstance(scope, str)
        else (old.scopes if old else ()),
    )
