"""Who calls: consent, tokens that renew each other, and the check that every call of the API begins with."""

from __future__ import annotations

import base64
import binascii
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
    BadBody,
    CodeRefused,
    Gate,
    Network,
    Pages,
    Params,
    Token,
    consent,
    exchange,
    read_params,
)

ACCESS, REFRESH = "access", "refresh"
SCOPES = (
    "ads:read",
    "ads:write",
    "boards:read",
    "boards:read_secret",
    "boards:write",
    "boards:write_secret",
    "catalogs:read",
    "catalogs:write",
    "pins:read",
    "pins:read_secret",
    "pins:write",
    "pins:write_secret",
    "user_accounts:read",
    "user_accounts:write",
)
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


class Auth:
    """The addresses of OAuth, and `enter`."""

    def __init__(self, net: Network, pages: Pages, gate: Gate, rates: Rates) -> None:
        self._pages = pages
        self._gate = gate
        self._rates = rates
        self._net = net

    async def authorize(self, request: Request) -> Response:
        """The consent page of www.pinterest.com; scopes are separated by commas."""
        query = request.query_params
        scopes = tuple(part.strip() for part in query.get("scope", "").split(",") if part.strip())
        # Pinterest's own quickstart calls the app's id by its older name.
        client_id, back = query.get("client_id") or query.get("consumer_id"), query.get("redirect_uri")
        if (
            not client_id
            or not back
            or query.get("response_type") != "code"
            or not scopes
            or not set(scopes) <= set(SCOPES)
        ):
            return self._pages.missing("This app’s request for access is not valid.", status=400)
        asked = Asked(
            client_id=client_id,
            redirect_uri=back,
            scopes=scopes,
            state=query.get("state"),
        )
        life = timedelta(seconds=limit("code_seconds"))
        return await consent(request, self._net, self._pages, asked, lifetime=life)

    async def token(self, request: Request) -> Response:
        """`POST /v5/oauth/token` for a code, a refresh token, or the app owner's own account."""
        tag(request)
        params = await _form(request)
        client_id = self._client(request)
        match params.text("grant_type"):
            case "authorization_code":
                return JSONResponse(self._redeem(client_id, params))
            case "refresh_token":
                keep = exchange(request).fault("refresh_token_kept") is not None
                return JSONResponse(self._renew(request, client_id, params, keep=keep))
            case "client_credentials":
                return JSONResponse(self._owner(client_id, params))
        raise errors.invalid(f"{errors.shown(params.text('grant_type'))} is not a grant_type")

    async def revoke(self, request: Request) -> Response:
        """`POST /v5/oauth/token/revoke`, which is for the tokens of system users only."""
        tag(request)
        params = await _form(request)
        client_id = self._client(request)
        if not params.text("token"):
            raise errors.invalid("'token' is a required property")
        token = self._net.tokens.find(params.text("token"))
        if token is None or token.client_id != client_id or not token.data.get("system_user"):
            raise errors.refused("permission")
        self._net.tokens.revoke(token.value)
        return Response(status_code=200)

    def _client(self, request: Request) -> str:
        """The app's id out of the Basic header. Raises Refused (401)."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise errors.refused("authentication") from None
        ours = client_id == self._gate.client_id
        if scheme.lower() != "basic" or not client_id or not secret:
            raise errors.refused("authentication")
        if ours and not secrets.compare_digest(secret.encode(), self._gate.client_secret.encode()):
            raise errors.refused("authentication")
        return client_id

    def _redeem(self, client_id: str, params: Params) -> dict[str, Any]:
        try:
            code = self._net.codes.redeem(
                params.text("code"), client_id=client_id, redirect_uri=params.text("redirect_uri")
            )
        except CodeRefused as refused:
            raise errors.refused("grant") from refused
        account = self._net.accounts.get(code.account_id)
        if account is None:
            raise errors.refused("grant")
        return _answer("authorization_code", *self.issue(account, client_id, code.scopes))

    def _renew(self, request: Request, client_id: str, params: Params, *, keep: bool) -> dict[str, Any]:
        old = self._net.tokens.find(params.text("refresh_token"))
        if old is None or old.kind != REFRESH or old.client_id != client_id or not old.live:
            raise errors.refused("refresh")
        self._gate.admit(request, old)
        account = self._net.accounts.get(old.account_id)
        scopes = tuple(params.text("scope").replace(",", " ").split()) or old.scopes
        if account is None or not set(scopes) <= set(old.scopes):
            raise errors.refused("refresh")
        with self._net.store.transaction():
            access, fresh = self.issue(account, client_id, scopes, family=old.family, access_only=keep)
            if not keep:
                self._net.tokens.use_up(old.value)
        return _answer("refresh_token", access, fresh)

    def _owner(self, client_id: str, params: Params) -> dict[str, Any]:
        scopes = tuple(params.text("scope").replace(",", " ").split())
        if not scopes or not set(scopes) <= set(SCOPES):
            raise errors.invalid("'scope' is a required property")
        access, _ = self.issue(self._net.accounts.all(1)[0], client_id, scopes, access_only=True)
        return _answer("client_credentials", access, None)

    def issue(
        self,
        account: Account,
        client_id: str,
        scopes: tuple[str, ...],
        *,
        family: str | None = None,
        access_only: bool = False,
    ) -> tuple[Token, Token | None]:
        """An access token of thirty days, and a refresh token of sixty."""
        access = self._net.tokens.issue(
            ACCESS,
            account_id=account.id,
            client_id=client_id,
            scopes=scopes,
            lifetime=timedelta(seconds=limit("access_token_seconds")),
            family=family,
            prefix="pina_",
        )
        if access_only:
            return access, None
        return access, self._net.tokens.issue(
            REFRESH,
            account_id=account.id,
            client_id=client_id,
            scopes=scopes,
            lifetime=timedelta(seconds=limit("refresh_token_seconds")),
            family=access.family,
            prefix="pinr_",
        )

    def enter(self, request: Request, category: str, *scopes: str) -> Caller:
        """The caller of an API call. Raises Refused: 401 (2), 429 (8), or 401 (3) for a missing scope."""
        tag(request)
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._net.tokens.find(value.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.kind != ACCESS or not token.live:
            raise errors.refused("authentication")
        self._gate.admit(request, token)
        call = exchange(request)
        if call.fault("token_expired"):
            raise errors.refused("authentication")
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


async def _form(request: Request) -> Params:
    try:
        return await read_params(request)
    except BadBody as error:
        raise errors.invalid("the body cannot be read") from error


def _answer(response_type: str, access: Token, refresh: Token | None) -> dict[str, Any]:
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
    return body
