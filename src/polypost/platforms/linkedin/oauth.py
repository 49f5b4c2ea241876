"""Connecting a LinkedIn login, and keeping its token alive where LinkedIn lets the app do so.

Flow: Microsoft Learn, LinkedIn: Authorization Code Flow and Programmatic Refresh Tokens, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from polypost.errors import Unavailable
from polypost.platforms.base import Account, Session
from polypost.platforms.kit.answers import objects, parsed, text, word
from polypost.platforms.kit.oauth2 import OAuth2Login
from polypost.platforms.linkedin.api import ask
from polypost.platforms.linkedin.errors import ErrorBody, error_for
from polypost.platforms.linkedin.spec import OAUTH, WEB

LOGIN = OAuth2Login("LinkedIn", OAUTH, error_for=error_for, said=ErrorBody.of)

_PAGE = 100
_MOST_ORGANIZATIONS = 500


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
        if not answer.is_success:
            raise error_for(answer, session.now())
        raise Unavailable("LinkedIn did not tell whose account this is.")
    names = (profile.get("localizedFirstName"), profile.get("localizedLastName"))
    full = " ".join(name for name in names if isinstance(name, str))
    vanity = word(profile.get("vanityName"))
    return Account(
        id=f"urn:li:person:{number}",
        username=vanity,
        name=word(claims.get("name")) or full or None,
        profile_url=f"{WEB}/in/{vanity}/" if vanity else None,
        image_url=word(claims.get("picture")),
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
    urns = [text(entry.get("organization")) or "" for entry in objects(body.get("elements"))]
    return list(dict.fromkeys(urn for urn in urns if urn.startswith("urn:li:organization:")))


async def _organization(session: Session, urn: str) -> Account:
    number = urn.rpartition(":")[2]
    answer = await ask(session, "GET", f"/rest/organizations/{number}")
    # A page whose name the app may not read can be published for all the same.
    if not answer.is_success and answer.status_code not in {403, 404}:
        raise error_for(answer, session.now())
    body = parsed(answer) if answer.is_success else {}
    vanity = word(body.get("vanityName"))
    return Account(
        id=urn,
        username=vanity,
        name=word(body.get("localizedName")),
        profile_url=f"{WEB}/company/{vanity or number}/",
        kind="organization",
    )
