"""Connecting an account with an app password, and keeping its rotating session alive.

Way to the server: AT Protocol, Identity (handle → DID → DID document → server), and the lexicons com.atproto.server,
read on 2026-11-24.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from httpx2 import Response

from polypost import clock
from polypost.errors import (
    NoAnswer,
    NotSent,
    PlatformError,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from polypost.outbound import NetworkClient
from polypost.outbound.guard import LOOPBACK
from polypost.platforms.base import REFUSING, Account, App, Grant, Session, Tokens
from polypost.platforms.bluesky.errors import ErrorBody, error_for
from polypost.platforms.bluesky.spec import DIRECTORY, ENTRYWAY, WEB
from polypost.platforms.bluesky.xrpc import ask_app, call, did_of, home
from polypost.platforms.kit.answers import epoch, object_in, objects, parsed, word
from polypost.platforms.kit.calls import bearing
from polypost.platforms.kit.oauth2 import unnamed

_DID = re.compile(r"did:(?:plc:[a-z2-7]{24}|web:[A-Za-z0-9.-]+(?:%3A[0-9]{1,5})?)")
_HANDLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,20}[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DEFAULT_DOMAIN = "bsky.social"
_APP_PASSWORD = "Make an app password at https://bsky.app/settings/app-passwords and use that."  # noqa: S105  # a sentence, not a secret
# The names under which a server ends a session (com.atproto.server.refreshSession and the reference server, 2026-11-24).
_ENDED = frozenset(
    {
        "ExpiredToken",
        "InvalidToken",
        "invalid_token",
        "AuthenticationRequired",
        "AccountTakedown",
        "AccountSuspended",
        "AccountDeactivated",
        "AccountNotFound",
    }
)


async def sign_in(http: NetworkClient, identifier: str, password: str) -> Tokens:
    """Open a session on the account's own server. Raises Rejected when the name or the password is not taken."""
    name = _normalised(identifier)
    if "@" in name:
        # Only the entryway finds an account by its e-mail address; the answer then tells the account's server.
        return await _session(http, ENTRYWAY, name, password, did=None)
    did = name if name.startswith("did:") else await _resolved(http, name)
    document = await _document(http, did)
    if name != did and f"at://{name}" not in _names(document):
        raise Rejected(
            f"The handle {name} and the account that it points to do not name each other.",
            next_step="Sign in with the account's DID, or repair the handle in Bluesky's settings.",
        )
    return await _session(http, _server_of(document), did, password, did=did)


class _Login:
    """Sessions of app passwords."""

    async def exchange(self, http: NetworkClient, app: App, grant: Grant) -> Tokens:
        """Refused: accounts come in by an app password."""
        raise Rejected("Bluesky accounts are connected with an app password, not by a link.")

    async def refresh(self, http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
        """A new pair. The old refresh token gives the same next one for two hours, so a lost answer is asked for again.

        Raises ReconnectRequired when the server refuses it for good.
        """
        if not tokens.refresh_token:
            raise ReconnectRequired("There is no refresh token for this account.")
        server = home(tokens.extra)
        try:
            answer = await _refreshed(http, server, tokens.refresh_token)
        except NoAnswer:
            answer = await _refreshed(http, server, tokens.refresh_token)
        if answer.is_success:
            return _tokens(answer, server)
        error, said = error_for(answer, clock.now()), ErrorBody.of(answer)
        if said.status not in REFUSING or said.name not in _ENDED:
            raise unnamed(error, said)
        reason = "token_expired" if said.name == "ExpiredToken" else "refresh_rejected"
        raise ReconnectRequired(f"Bluesky does not renew this session. {said}", reason=reason) from error

    async def revoke(self, http: NetworkClient, app: App, tokens: Tokens) -> None:
        """End the session; the access token itself lives on to its end."""
        if tokens.refresh_token:
            url = f"{home(tokens.extra)}/xrpc/com.atproto.server.deleteSession"
            await http.request("POST", url, headers=bearing(tokens.refresh_token))


LOGIN = _Login()


async def identify(session: Session) -> list[Account]:
    """The account behind a session, with what the app shows of it."""
    about = await call(session, "GET", "com.atproto.server.getSession")
    did, handle = about.get("did"), about.get("handle")
    if not isinstance(did, str) or not isinstance(handle, str):
        raise Unavailable("Bluesky did not say whose session this is.")
    if about.get("active") is False:
        raise Rejected(f"This account is {about.get('status') or 'not active'}.", code="account_restricted")
    profile = await _profile(session.http, did)
    return [
        Account(
            id=did,
            username=handle,
            name=word(profile.get("displayName")) or handle,
            profile_url=f"{WEB}/profile/{handle}",
            image_url=word(profile.get("avatar")),
            metadata={"server": home(session.extra), "emailConfirmed": about.get("emailConfirmed")},
        )
    ]


def _normalised(identifier: str) -> str:
    name = identifier.strip().removeprefix("at://").removeprefix("@")
    name = name if name.startswith("did:") else name.lower()
    if "@" in name or _DID.fullmatch(name):
        return name
    if "." not in name:
        name = f"{name}.{_DEFAULT_DOMAIN}"
    if not _HANDLE.fullmatch(name):
        raise Rejected(
            "This is neither a handle nor a DID nor an e-mail address.",
            next_step='Write the handle as in "alice.bsky.social".',
        )
    return name


async def _resolved(http: NetworkClient, handle: str) -> str:
    did = await did_of(http, handle)
    if did is None or not _DID.fullmatch(did):
        raise Rejected(f"There is no account with the handle {handle}.", next_step="Check its spelling.")
    return did


async def _document(http: NetworkClient, did: str) -> Mapping[str, Any]:
    """The DID document, from the directory or from the domain that is the DID."""
    method, _, rest = did.removeprefix("did:").partition(":")
    url = f"https://{unquote(rest)}/.well-known/did.json" if method == "web" else f"{DIRECTORY}/{did}"
    answer = await http.request("GET", url)
    if answer.is_success and (document := parsed(answer)).get("id") == did:
        return document
    if answer.status_code >= 500:
        raise Unavailable(f"The directory of accounts has trouble of its own (status {answer.status_code}).")
    raise Rejected(f"The account {did} is not registered.", next_step="Check its spelling.")


def _names(document: Mapping[str, Any]) -> set[str]:
    names = document.get("alsoKnownAs")
    return {name.lower() for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def _server_of(document: Mapping[str, Any]) -> str:
    """The address of the account's server, scheme and host only. Raises Rejected for one that cannot be used."""
    for service in objects(document.get("service")):
        endpoint = service.get("serviceEndpoint")
        if isinstance(endpoint, str) and str(service.get("id", "")).endswith("#atproto_pds"):
            return _origin(endpoint)
    raise Rejected("The account names no server that it lives on.")


def _origin(endpoint: str) -> str:
    unusable = Rejected("The address of the account's server is not usable.")
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise unusable from error
    # Without encryption only on this very machine, where servers are tried out.
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not host or not secure or parts.username or parts.path.strip("/") or parts.query:
        raise unusable
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}"


async def _session(
    http: NetworkClient, server: str, identifier: str, password: str, *, did: str | None
) -> Tokens:
    url = f"{server}/xrpc/com.atproto.server.createSession"
    answer = await http.request("POST", url, json={"identifier": identifier, "password": password})
    if not answer.is_success:
        raise _refusal(answer)
    body = parsed(answer)
    found = body.get("did")
    if not isinstance(found, str) or (did is not None and found != did):
        raise Rejected("The server opened a session for another account than the one asked for.")
    if did is None:
        # Not every server sends the document along: the reference server does not.
        told = body.get("didDoc")
        if not isinstance(told, Mapping) or told.get("id") != found:
            told = await _document(http, found)
        server = _server_of(told)
    return _tokens(answer, server)


def _refusal(answer: Response) -> PlatformError:
    said = ErrorBody.of(answer)
    if said.name == "AuthFactorTokenRequired":
        return Rejected("This password asks for a code by e-mail.", next_step=_APP_PASSWORD)
    error = error_for(answer, clock.now())
    if isinstance(error, ReconnectRequired) or said.name in {"AuthenticationRequired", "InvalidRequest"}:
        return Rejected(f"Bluesky does not take this name and password. {said}", next_step=_APP_PASSWORD)
    return error


async def _refreshed(http: NetworkClient, server: str, token: str) -> Response:
    url = f"{server}/xrpc/com.atproto.server.refreshSession"
    return await http.request("POST", url, headers=bearing(token))


def _tokens(answer: Response, server: str) -> Tokens:
    body = parsed(answer)
    access, fresh, did = (word(body.get(name)) for name in ("accessJwt", "refreshJwt", "did"))
    if not access or not fresh or not did:
        raise Unavailable("Bluesky opened a session without tokens.")
    claims = _claims(access)
    scope = word(claims.get("scope"))
    return Tokens(
        access_token=access,
        refresh_token=fresh,
        access_expires_at=epoch(claims.get("exp")),
        refresh_expires_at=epoch(_claims(fresh).get("exp")),
        scopes=(scope,) if scope else (),
        extra={"pds": server, "did": did},
    )


def _claims(token: str) -> Mapping[str, Any]:
    """What a token says of itself; nothing where it cannot be read, which it need not be."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        return object_in(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}


async def _profile(http: NetworkClient, did: str) -> Mapping[str, Any]:
    """The profile as the app shows it; empty where it cannot be had, for the account works without."""
    try:
        return await ask_app(http, "app.bsky.actor.getProfile", {"actor": did}) or {}
    except (PlatformError, NotSent, NoAnswer):
        return {}
