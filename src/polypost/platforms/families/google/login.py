"""Google's login.

Flow: Google Identity, Using OAuth 2.0 for Web Server Applications, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from httpx2 import Response

from polypost import clock
from polypost.errors import PlatformError, Rejected
from polypost.outbound import NetworkClient
from polypost.platforms.base import App, OAuth2, Tokens
from polypost.platforms.kit.oauth2 import OAuth2Login, unnamed


class GoogleLogin(OAuth2Login):
    """The login of one network; `needed` says for what which scopes are needed, of which one is enough.

    With `lasting` a login without a refresh token is refused.
    """

    def __init__(
        self,
        oauth: OAuth2,
        *,
        error_for: Callable[[Response, datetime], PlatformError],
        said: Callable[[Response], object],
        needed: Mapping[str, frozenset[str]],
        lasting: bool = False,
    ) -> None:
        super().__init__("Google", oauth, error_for=error_for, said=said)
        self._needed = needed
        self._lasting = lasting

    async def revoke(self, http: NetworkClient, app: App, tokens: Tokens) -> None:
        """End the whole authorisation, in nobody's name; one that is dead already is no error."""
        form = {"token": tokens.refresh_token or tokens.access_token}
        answer = await http.request("POST", self.oauth.revoke_url, data=form)
        if not answer.is_success and answer.status_code not in self.oauth.revoked:
            raise self.error_for(answer, clock.now())

    async def not_redeemed(self, http: NetworkClient, app: App, answer: Response) -> PlatformError:
        """A refusal only where Google names one."""
        refused = await self.app_refused(http, app, answer)
        if refused is None and not self.ends(answer):
            return unnamed(self.error_for(answer, clock.now()), self.said(answer))
        return await super().not_redeemed(http, app, answer)

    def require(self, tokens: Tokens) -> None:
        """What was left unticked on Google's page."""
        for what, scopes in self._needed.items():
            # An answer that names no scopes grants what was asked for (RFC 6749, 5.1).
            if tokens.scopes and not scopes & set(tokens.scopes):
                raise Rejected(
                    f"The permission to {what} was not given.",
                    next_step="Connect again and leave all boxes ticked on Google's page.",
                )
        if self._lasting and not tokens.refresh_token:
            raise Rejected(
                "Google gave no refresh token, so the connection would end within the hour.",
                next_step="Remove the app at myaccount.google.com/connections and connect again.",
            )
