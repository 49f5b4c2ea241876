"""Who calls: consent, tokens that renew each other, and the check that every call of the API begins with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.pinterest import errors
from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.networks.pinterest.rates import Rates
from polypost.sandbox.simkit import (
    Account,
    Asked,
    Code,
    Consent,
    Gate,
    Network,
    OAuthServer,
    Pages,
    Params,
    Refused,
    Token,
    basic,
    bearer,
    exchange,
)
from polypost.sandbox.simkit.accounts import ACCESS, REFRESH
from polypost.sandbox.simkit.oauth import unsafe_redirect

SCOPES = (
    "ads:read", "ads:write", "boards:read", "boards:read_secret", "boards:write", "boards:write_secret",
    "catalogs:read", "catalogs:write", "pins:read", "pins:read_secret", "pins:write", "pins:write_secret",
    "user_accounts:read", "user_accounts:write",
)  # fmt: skip
READ_PINS = ("boards:read", "pins:read")
WRITE_PINS = ("boards:read", "boards:write", "pins:read", "pins:write")
WRITE_BOARDS = ("boards:read", "boards:write")


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call and its token; `trial` says that its app has Trial access."""

    account: Account
    token: Token
    trial: bool

    def may(self, scope: str) -> bool:
        """Whether a scope was granted."""
        return scope in self.token.scopes


# Rows of the table of errors, by what is wrong.
WRONG = {"client": "authentication", "code": "grant", "refresh": "refresh"}


class Auth(OAuthServer):
    """The addresses of OAuth, and `enter`."""

    pkce = None
    blocked = "This app’s request for access is not valid."
    code_life = timedelta(seconds=limit("code_seconds"))

    def __init__(self, net: Network, pages: Pages, gate: Gate, rates: Rates) -> None:
        super().__init__(net, pages, gate)
        self._rates = rates

    def asked(self, request: Request) -> Asked:
        """Scopes are separated by commas; Pinterest's own quickstart calls the app's id by its older name."""
        query = request.query_params
        scopes = tuple(part.strip() for part in query.get("scope", "").split(",") if part.strip())
        client_id, back = query.get("client_id") or query.get("consumer_id"), query.get("redirect_uri")
        known = scopes and set(scopes) <= set(SCOPES)
        if not client_id or not back or query.get("response_type") != "code" or not known:
            raise self.refused_page()
        asked = Asked(client_id, back, scopes, query.get("state"))
        if not unsafe_redirect(back):
            self.check(asked)
        return asked

    async def read(self, request: Request) -> Params:
        """The form, whose answer has a number."""
        tag(request)
        return await super().read(request)

    def client(self, request: Request, params: Params) -> str:
        """The app's id out of the Basic header. Raises Refused (401)."""
        client_id, secret = basic(request) or ("", "")
        if not client_id or not secret or not self._gate.knows(client_id, secret):
            raise self.refused(request, "client")
        return client_id

    def by_code(self, request: Request, params: Params, client_id: str) -> Response:
        """The tokens for a code."""
        return _answer("authorization_code", *self.issue(self.redeemed(request, params, client_id)))

    def by_refresh(self, request: Request, params: Params, client_id: str) -> Response:
        """A new pair, with fewer scopes where these are asked for; the refresh token stays where a fault says so."""
        # An app that had not asked for continuous refresh kept its refresh token.
        keep = exchange(request).fault("refresh_token_kept") is not None
        old = self.renewable(request, params, client_id)
        scopes = _scopes(params) or old.scopes
        if not set(scopes) <= set(old.scopes):
            raise self.refused(request, "refresh")
        with self._net.store.transaction():
            access = self._access(old, scopes)
            fresh = None if keep else self._refresh(access)
            if not keep:
                self._net.tokens.use_up(old.value)
        return _answer("refresh_token", access, fresh)

    def admit(self, request: Request, refresh: Token) -> None:
        """In the words of the API."""
        self._gate.admit(request, refresh)

    def otherwise(self, request: Request, params: Params, client_id: str) -> Response:
        """A token for the app owner's own account."""
        kind = params.text("grant_type")
        if kind != "client_credentials":
            raise errors.invalid(f"{errors.shown(kind)} is not a grant_type")
        scopes = _scopes(params)
        if not scopes or not set(scopes) <= set(SCOPES):
            raise errors.invalid("'scope' is a required property")
        owner = Code(self._net.accounts.all(1)[0].id, client_id, "", scopes)
        return _answer(kind, self._access(owner, scopes), None)

    def issue(self, consent: Consent) -> tuple[Token, Token]:
        """An access token of thirty days, and a refresh token of sixty."""
        access = self._access(consent, consent.scopes)
        return access, self._refresh(access)

    def _access(self, consent: Consent, scopes: tuple[str, ...]) -> Token:
        life = timedelta(seconds=limit("access_token_seconds"))
        return self.made(ACCESS, consent, life, prefix="pina_", scopes=scopes)

    def _refresh(self, access: Token) -> Token:
        return self.made(REFRESH, access, timedelta(seconds=limit("refresh_token_seconds")), prefix="pinr_")

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """A row of Pinterest's table."""
        return errors.invalid("the body cannot be read") if what == "body" else errors.refused(WRONG[what])

    async def revoke(self, request: Request) -> Response:
        """`POST /v5/oauth/token/revoke`, which is for the tokens of system users only."""
        params = await self.read(request)
        client_id = self.client(request, params)
        if not params.text("token"):
            raise errors.invalid("'token' is a required property")
        token = self._net.tokens.find(params.text("token"))
        if token is None or token.client_id != client_id or not token.data.get("system_user"):
            raise errors.refused("permission")
        self._net.tokens.revoke(token.value)
        return Response(status_code=200)

    def enter(self, request: Request, category: str, *scopes: str) -> Caller:
        """The caller of an API call. Raises Refused: 401 (2), 429 (8), or 401 (3) for a missing scope."""
        tag(request)
        token = self._net.tokens.find(bearer(request))
        if token is None or token.kind != ACCESS or not token.live:
            raise errors.refused("authentication")
        self._gate.admit(request, token)
        call = exchange(request)
        account = self._net.accounts.get(token.account_id)
        if account is None:
            raise errors.refused("authentication")
        trial = call.fault("trial_access") is not None
        self._rates.take(request, token, category, trial=trial)
        if not set(scopes) <= set(token.scopes) or call.fault("missing_scope"):
            raise errors.refused("scope")
        return Caller(account, token, trial)


def tag(request: Request) -> None:
    """Give the call the number under which Pinterest's support would find it."""
    exchange(request).headers["x-pinterest-rid"] = str(secrets.randbelow(10**16))


def _scopes(params: Params) -> tuple[str, ...]:
    return tuple(params.text("scope").replace(",", " ").split())


def _answer(response_type: str, access: Token, refresh: Token | None) -> Response:
    body: dict[str, Any] = {
        "access_token": access.value,
        "response_type": response_type,
        "token_type": "bearer",
        "expires_in": access.expires_in,
        "scope": " ".join(access.scopes),
    }
    if refresh is not None and refresh.expires is not None:
        body |= {
            "refresh_token": refresh.value,
            "refresh_token_expires_in": refresh.expires_in,
            "refresh_token_expires_at": int(refresh.expires.timestamp()),
        }
    return JSONResponse(body)
