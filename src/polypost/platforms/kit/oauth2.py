"""Signing in by the authorization-code flow, as a network's `OAuth2` describes it (RFC 6749, 7009 and 7636)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, RateLimited, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import App, Grant, OAuth2, Tokens
from polypost.platforms.kit.answers import epoch, parsed, seconds_from, word

AGAIN = "Start the connection again."
SETUP = "Whoever runs this server has to check the app's client id, secret and redirect address."
_SEPARATORS = re.compile(r"[\s,]+")


class OAuth2Login:
    """The flow of one network: redeem a code, renew a pair of tokens, end an authorisation.

    `error_for` is the network's table for any other call, `said` its sentence in an answer. A network that departs
    from the standard says so by a method: where an answer names its error (`error_in`), which answers end an
    authorisation (`ends`) or refuse the app (`app_refused`), what a login has to grant (`require`).
    """

    def __init__(
        self,
        name: str,
        oauth: OAuth2,
        *,
        error_for: Callable[[Response, datetime], PlatformError],
        said: Callable[[Response], object],
    ) -> None:
        self.name = name
        self.oauth = oauth
        self.error_for = error_for
        self.said = said

    async def exchange(self, http: NetworkClient, app: App, grant: Grant) -> Tokens:
        """Redeem an authorization code. Raises Rejected when the network refuses it, or too little was granted."""
        form = {
            "grant_type": "authorization_code",
            "code": grant.code,
            "redirect_uri": grant.redirect_uri,
            **({"code_verifier": grant.verifier} if grant.verifier else {}),
            **self.oauth.exchange_extra,
        }
        answer = await self.ask(http, app, self.oauth.token_url, form)
        if not self._good(answer):
            raise await self.not_redeemed(http, app, answer)
        tokens = self.tokens(answer)
        self.require(tokens)
        return tokens

    async def refresh(self, http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
        """A new pair from the old; what the answer leaves out stays as it was.

        Raises ReconnectRequired when the network refuses the refresh token for good, Rejected when it refuses the app.
        """
        if not tokens.refresh_token:
            raise ReconnectRequired(
                self.oauth.no_renewal or f"{self.name} gave no refresh token for this account."
            )
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        answer = await self.ask(http, app, self.oauth.token_url, form)
        if self._good(answer):
            return self.tokens(answer, tokens)
        error = self.error_for(answer, clock.now())
        # A limit says nothing of the token, whatever word comes along.
        if isinstance(error, RateLimited):
            raise error
        if refused := await self.app_refused(http, app, answer):
            raise refused
        if self.ends(answer):
            raise ReconnectRequired(f"{self.name} did not renew the authorisation. {self.said(answer)}")
        raise unnamed(error, self.said(answer))

    async def revoke(self, http: NetworkClient, app: App, tokens: Tokens) -> None:
        """End the authorisation, where the network has a call for it; one that is dead already is no error."""
        for kind in self.oauth.revokes:
            token = tokens.refresh_token if kind == "refresh_token" else tokens.access_token
            if not token:
                continue
            form = {"token": token} | ({"token_type_hint": kind} if self.oauth.token_type_hint else {})
            answer = await self.ask(http, app, self.oauth.revoke_url, form)
            if not self._good(answer) and answer.status_code not in self.oauth.revoked:
                raise await self.app_refused(http, app, answer) or self.error_for(answer, clock.now())

    async def ask(self, http: NetworkClient, app: App, url: str, form: Mapping[str, str]) -> Response:
        """A call in the app's name: with its secret in the header or in the form, or with its id alone."""
        sent, headers = dict(form), dict(self.headers())
        if self.oauth.client_auth == "basic" and app.client_secret:
            pair = f"{app.client_id}:{app.client_secret}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        else:
            sent[self.oauth.client_id_name] = app.client_id
            if app.client_secret:
                sent["client_secret"] = app.client_secret
        return await http.request("POST", url, data=sent, headers=headers)

    def headers(self) -> Mapping[str, str]:
        """What each of these calls carries besides the app's credentials."""
        return {}

    def error_in(self, answer: Response) -> str:
        """The word by which an answer names its error; empty where it names none."""
        return word(parsed(answer).get("error")) or ""

    def ends(self, answer: Response) -> bool:
        """Whether the answer to a renewal ends the authorisation: under these statuses, and by a known word."""
        return answer.status_code in self.oauth.refusing and self.error_in(answer) in self.oauth.refusals

    async def app_refused(self, http: NetworkClient, app: App, answer: Response) -> PlatformError | None:
        """The error for an app that the network does not know; the account is not to blame for that."""
        return self.unknown_app(answer) if self.error_in(answer) in self.oauth.app_refusals else None

    def unknown_app(self, answer: Response) -> PlatformError:
        """The error itself."""
        said = f"{self.name} does not accept the app's credentials. {self.said(answer)}"
        return Rejected(said, code="platform_setup", next_step=SETUP)

    async def not_redeemed(self, http: NetworkClient, app: App, answer: Response) -> PlatformError:
        """The error for a code that was not taken."""
        if refused := await self.app_refused(http, app, answer):
            return refused
        error = self.error_for(answer, clock.now())
        if self.ends(answer) or isinstance(error, Rejected | ReconnectRequired):
            said = f"{self.name} refused the login. {self.said(answer)}"
            return Rejected(said, next_step=f"{AGAIN} {self.oauth.code_note}".rstrip())
        return error

    def require(self, tokens: Tokens) -> None:
        """Raise Rejected when the login granted too little."""

    def tokens(self, answer: Response, old: Tokens | None = None) -> Tokens:
        """The pair in an answer, completed by the old one. Raises Unavailable when it holds no token."""
        body, now = parsed(answer), clock.now()
        access = word(body.get("access_token"))
        if access is None:
            raise Unavailable(f"{self.name} answered without a token.")
        old = old or Tokens("")
        given, scope = word(body.get("refresh_token")), body.get("scope")
        # The old end holds for the old refresh token alone.
        same = given in {None, old.refresh_token}
        return Tokens(
            access_token=access,
            refresh_token=given or old.refresh_token,
            access_expires_at=seconds_from(now, body.get("expires_in")),
            refresh_expires_at=_end_of_refresh(body, now) or (old.refresh_expires_at if same else None),
            scopes=scopes_in(scope) if isinstance(scope, str) else old.scopes,
            extra=old.extra,
        )

    def _good(self, answer: Response) -> bool:
        # Some networks refuse under a 200.
        return answer.is_success and not self.error_in(answer)


def unnamed(error: PlatformError, said: object) -> PlatformError:
    """Our error for an answer to a renewal that names no refusal: a proxy's 404 or an empty 400 ends no account.

    `error` itself where it asks to come back later; `said` is the network's sentence, or its status.
    """
    later = isinstance(error, RateLimited | Unavailable)
    return (
        error if later else Unavailable(f"The login server's answer names no refusal that is known. {said}")
    )


def scopes_in(text: str) -> tuple[str, ...]:
    """The scopes in an answer, which networks separate by spaces, commas, or both."""
    return tuple(name for name in _SEPARATORS.split(text) if name)


def _end_of_refresh(body: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the refresh token ends, which networks tell under three names."""
    # In seconds by LinkedIn and Pinterest, then by TikTok; as an instant by Pinterest.
    seconds = body.get("refresh_token_expires_in") or body.get("refresh_expires_in")
    return seconds_from(now, seconds) or epoch(body.get("refresh_token_expires_at"))
