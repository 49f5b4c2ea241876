"""The login of Instagram and Threads: a token of an hour, exchanged at once for one of sixty days that renews itself.

Flow: Meta for Developers, Instagram Platform: Business Login, and Threads API: Long-Lived Tokens, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.errors import ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import App, Grant, OAuth2, Tokens
from polypost.platforms.families.meta.errors import GraphError
from polypost.platforms.families.meta.graph import Api, parsed
from polypost.platforms.kit.answers import seconds_from, word
from polypost.platforms.kit.oauth2 import unnamed

# A younger token is not renewed.
MIN_AGE = timedelta(hours=24)


class LongLivedLogin:
    """The login of one network, whose grants are called after its `prefix` (`ig`, `th`).

    A network that tells more or less overrides a method.
    """

    def __init__(self, api: Api, oauth: OAuth2, *, prefix: str) -> None:
        self.api = api
        self.oauth = oauth
        self._prefix = prefix

    async def exchange(self, http: NetworkClient, app: App, grant: Grant) -> Tokens:
        """Redeem the code. Raises Rejected when the network refuses it, or too little was granted."""
        form = {
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "grant_type": "authorization_code",
            "redirect_uri": grant.redirect_uri,
            # The callback ends in "#_", which some browsers and proxies hand on as part of the code.
            "code": grant.code.removesuffix("#_"),
        }
        try:
            short = self.api.judge(await http.request("POST", self.oauth.token_url, data=form))
            long = await self.lengthened(http, app, access_token(self.api.name, self.unwrapped(short)))
        except ReconnectRequired as refused:
            raise Rejected(f"{self.api.name} refused the login: {refused}") from refused
        return self._tokens(long, await self.granted(http, self.unwrapped(short), long))

    async def refresh(self, http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
        """A new token of 60 days, or the same while it is too young; `extra["refresh_at"]` is its half-life."""
        issued = tokens.extra.get("issued_at")
        if issued and clock.now() - datetime.fromisoformat(issued) < MIN_AGE:
            return tokens
        # This call and the exchange stand at the host's root, without a version.
        params = {"grant_type": f"{self._prefix}_refresh_token", "access_token": tokens.access_token}
        answer = await http.request("GET", f"{self.api.host}/refresh_access_token", params=params)
        try:
            body = self.api.judge(answer)
        except (ReconnectRequired, Rejected) as refused:
            if (
                answer.status_code >= 500
                or not GraphError.of(answer.status_code, parsed(answer.content)).code
            ):
                raise unnamed(refused, refused) from refused
            said = f"{self.api.name} did not renew the authorisation: {refused}"
            raise ReconnectRequired(said) from refused
        return self._tokens(body, self.scopes(body) or tokens.scopes)

    async def revoke(self, http: NetworkClient, app: App, tokens: Tokens) -> None:
        """Nothing: there is no call that ends an authorisation."""

    async def lengthened(self, http: NetworkClient, app: App, short: str) -> dict[str, Any]:
        """The answer with the token of sixty days."""
        params = {
            "grant_type": f"{self._prefix}_exchange_token",
            "client_secret": app.client_secret,
            "access_token": short,
        }
        return self.api.judge(await http.request("GET", f"{self.api.host}/access_token", params=params))

    async def granted(
        self, http: NetworkClient, short: Mapping[str, Any], long: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """The permissions that were left switched on; none where the network does not tell. Raises Rejected."""
        return self.scopes(short)

    def unwrapped(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The object that an answer holds."""
        return body

    def scopes(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """The permissions that an answer names."""
        return ()

    def _tokens(self, body: Mapping[str, Any], scopes: tuple[str, ...]) -> Tokens:
        now, life = clock.now(), body.get("expires_in")
        extra: dict[str, Any] = {"issued_at": now.isoformat()}
        expires = seconds_from(now, life)
        if expires is not None:
            extra["refresh_at"] = (now + (expires - now) / 2).isoformat()
        return Tokens(
            access_token(self.api.name, body), access_expires_at=expires, scopes=scopes, extra=extra
        )


def access_token(name: str, body: Mapping[str, Any]) -> str:
    """The token in an answer of the network `name`. Raises Unavailable when there is none."""
    token = word(body.get("access_token"))
    if token is None:
        raise Unavailable(f"{name} answered without a token.")
    return token
