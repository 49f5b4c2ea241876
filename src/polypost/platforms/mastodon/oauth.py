"""Connecting a Mastodon account: an app of our own on its server, consent, or a token that its owner made.

Flow: Mastodon documentation, Obtaining client app access, and OAuth methods, read 2026-11-24.
"""

from __future__ import annotations

import re
from dataclasses import replace

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Grant, OAuth2, Session, Tokens
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearing, owner
from polypost.platforms.kit.oauth2 import OAuth2Login
from polypost.platforms.mastodon import server as servers
from polypost.platforms.mastodon.api import address, call, look, server_of, web_address
from polypost.platforms.mastodon.errors import error_for, said
from polypost.platforms.mastodon.spec import CLIENT_NAME, OLD_SCOPES, SCOPES

_TOKEN = re.compile(r"[!-~]{1,4096}")
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


class _AtServer(OAuth2Login):
    """The login at one server; an app that it forgot is registered anew."""

    def __init__(self, server: str) -> None:
        oauth = OAuth2(
            authorize_url=address(server, "/oauth/authorize"),
            token_url=address(server, "/oauth/token"),
            scopes=SCOPES,
            # A server that forgot the app renews nothing any more; a new connection registers another.
            refusals=frozenset({"invalid_grant", "invalid_client", "unauthorized_client"}),
            app_refusals=frozenset(),
            revoke_url=address(server, "/oauth/revoke"),
            revokes=("access_token",),
            token_type_hint=False,
            # Taking back twice is no error there, so every refusal is one.
            revoked=frozenset(),
            no_renewal="The server gave no refresh token for this account.",
        )
        super().__init__("The server", oauth, error_for=error_for, said=said)

    async def not_redeemed(self, http: NetworkClient, app: App, answer: Response) -> PlatformError:
        """With `app_unknown` where the server forgot the app."""
        if answer.status_code == 401 or self.error_in(answer) == "invalid_client":
            return Rejected(
                f"The server no longer knows the app that Polypost registered there. {said(answer)}",
                code="app_unknown",
                next_step="Start the connection again; a new app is registered then.",
            )
        return await super().not_redeemed(http, app, answer)

    def tokens(self, answer: Response, old: Tokens | None = None) -> Tokens:
        """The pair, whose token has to fit into a header."""
        found = super().tokens(answer, old)
        if not _TOKEN.fullmatch(found.access_token):
            raise Unavailable("The server answered without a token.")
        return found


class _Login:
    """The login at the server that the account lives on."""

    async def exchange(self, http: NetworkClient, app: App, grant: Grant) -> Tokens:
        """Redeem the code for a token without an end. Raises Rejected; `app_unknown` when the server forgot the app."""
        if grant.server is None:
            raise Rejected("It is not known on which server this login was.", code="no_server")
        tokens = await _AtServer(grant.server).exchange(http, app, grant)
        return replace(tokens, extra={"server": grant.server, "application": CLIENT_NAME})

    async def refresh(self, http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
        """A new pair from other software that lets tokens end; Mastodon itself gives no refresh token."""
        server = tokens.extra.get("server")
        if not isinstance(server, str):
            raise ReconnectRequired("The server of this account is not known.")
        return await _AtServer(server).refresh(http, app, tokens)

    async def revoke(self, http: NetworkClient, app: App, tokens: Tokens) -> None:
        """End the authorisation; a token that is gone already is a success."""
        server = tokens.extra.get("server")
        if isinstance(server, str) and app.client_id:
            await _AtServer(server).revoke(http, app, tokens)


LOGIN = _Login()


async def adopt(http: NetworkClient, server: str, token: str) -> Tokens:
    """Tokens from an access token that the person made. Raises Rejected for one that cannot publish."""
    value = token.strip()
    if not _TOKEN.fullmatch(value):
        raise Rejected("This is not an access token.", code="token_refused")
    header = bearing(value)
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
    # A wide scope holds the narrow ones: with `write` there is `write:media`.
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


async def identify(session: Session) -> list[Account]:
    """The account of this authorisation; its id and name are told apart from other servers' by the server."""
    server = server_of(session)
    body = await call(session, "GET", "/api/v1/accounts/verify_credentials")
    number, username = owner(body, "The server", "id", "username")
    return [
        Account(
            id=f"{number}@{server}",
            username=f"{username}@{server}",
            name=body.get("display_name") or username,
            profile_url=web_address(body.get("url")),
            image_url=web_address(body.get("avatar")),
            metadata=await servers.facts(session.http, server, session.now()),
        )
    ]
