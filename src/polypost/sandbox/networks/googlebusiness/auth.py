"""Who calls: Google's consent page, tokens, revocation, and the check that every call of an API begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request

from polypost.sandbox.networks.googlebusiness import errors
from polypost.sandbox.networks.googlebusiness.limits import limit
from polypost.sandbox.networks.googlebusiness.rates import Rates
from polypost.sandbox.simkit import Account, Gate, Network, Pages, Refused, Token, exchange
from polypost.sandbox.simkit.accounts import ACCESS
from polypost.sandbox.simkit.google import GoogleLogin, shown_token

MANAGE = "https://www.googleapis.com/auth/business.manage"
# The older spelling still stands on the pages of the v4 API.
MAY_MANAGE = frozenset({MANAGE, "https://www.googleapis.com/auth/plus.business.manage"})
# What every Google interface takes in a query besides its own parameters.
COMMON = frozenset({
    "$.xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser",
    "upload_protocol", "uploadType",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """The login behind a call, and the project whose allowance the call counts against."""

    account: Account
    project: str


class Auth(GoogleLogin):
    """accounts.google.com and oauth2.googleapis.com, and `enter`."""

    code_life = timedelta(seconds=limit("code_life_seconds"))

    def __init__(self, net: Network, pages: Pages, gate: Gate, rates: Rates) -> None:
        super().__init__(net, pages, gate, limit)
        self._rates = rates

    def consent_of(self, client_id: str, account_id: str) -> str:
        """All demo locations are one person's, so there is one consent for each app."""
        return client_id

    def is_offline(self, request: Request, code: str) -> bool:
        """Not where a fault says so."""
        offline = super().is_offline(request, code)
        return offline and exchange(request).fault("no_refresh_token") is None

    def life(self, token: Token) -> int | None:
        """From its beginning to its end."""
        return round((token.expires - token.issued).total_seconds()) if token.expires else 0

    def enter(self, request: Request, service: str, *parameters: str) -> Caller:
        """The caller of an API, which knows these parameters besides those of every Google interface.

        Raises Refused: 401 without a live token, 403 without the scope or where the API is switched off, 429, 400.
        """
        text = shown_token(request)
        if not text:
            raise Refused(errors.unauthenticated(missing=True))
        token = self._net.tokens.find(text)
        account = self._net.accounts.get(token.account_id) if token else None
        if token is None or account is None or token.kind != ACCESS or not token.live:
            raise Refused(errors.unauthenticated())
        self._gate.admit(request, token)
        call = exchange(request)
        if not MAY_MANAGE & set(token.scopes) or call.fault("scope_missing"):
            raise errors.scope_missing(service)
        if call.fault("api_disabled"):
            raise errors.api_disabled(service)
        # The mark of a project that Google has not approved for these APIs.
        if call.fault("quota_zero"):
            raise Refused(errors.quota(service, 0))
        self._rates.project(token.client_id, service)
        # Google refuses parameters that it does not know instead of reading over them.
        unknown = [name for name in request.query_params if name not in parameters and name not in COMMON]
        if unknown:
            said = f'Invalid JSON payload received. Unknown name "{unknown[0][:80]}": Cannot bind query parameter.'
            raise errors.unreadable(unknown[0][:80], said)
        return Caller(account, token.client_id)
