"""Who calls: consent and tokens, and the check that every call of the API begins with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, urns
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.networks.linkedin.oidc import Identity
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
from polypost.sandbox.simkit.consent import unsafe_redirect

ACCESS, REFRESH = "access", "refresh"
# What any app may ask for; everything else LinkedIn grants to apps that it has vetted.
SELF_SERVE = frozenset({"openid", "profile", "email", "w_member_social"})
SELF_SERVE_APP = "sandbox-self-serve-app"
DENIED = {
    "error": "user_cancelled_authorize",
    "error_description": "The user cancelled the authorization",
}
NO_MATCH = (
    "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. "
    "Or authorization code expired. Or external member binding exists"
)
UNKNOWN_CODE = "Unable to retrieve access token: authorization code not found"
_VERSION = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])(\.[0-9]{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """The member behind a call, and the token."""

    account: Account
    token: Token

    def may(self, *scopes: str) -> bool:
        """Whether one of these scopes was granted."""
        return bool(set(scopes) & set(self.token.scopes))

    def acts_for(self, author: Any) -> bool:
        """Whether a URN is the member's own, or that of an organization which the member administers."""
        return author == self.account.id or author in self.account.data["administers"]

    def writes(self, author: str) -> bool:
        """Whether the scopes let the member publish as `author`."""
        scope = "w_organization_social" if urns.kind_of(author) == "organization" else "w_member_social"
        return self.acts_for(author) and self.may(scope)

    def reads(self, author: str) -> bool:
        """Whether the scopes let the member read what `author` has published."""
        scope = "r_organization_social" if urns.kind_of(author) == "organization" else "r_member_social"
        return self.acts_for(author) and self.may(scope)


class Auth:
    """The addresses of www.linkedin.com/oauth, and `enter`."""

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        self._pages = pages
        self._gate = gate
        self._net = net
        self._identity = Identity(net)

    async def authorize(self, request: Request) -> Response:
        """The consent page."""
        query = request.query_params
        for name in ("response_type", "client_id", "redirect_uri", "scope"):
            if not query.get(name):
                message = f"You need to pass the “{name}” parameter."
                return self._pages.missing(message, status=400)
        asked = Asked(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            scopes=tuple(query["scope"].replace(",", " ").split()),
            state=query.get("state"),
            challenge=query.get("code_challenge"),
            method=query.get("code_challenge_method"),
        )
        vetted = set(asked.scopes) - SELF_SERVE
        if asked.client_id == SELF_SERVE_APP and vetted and not unsafe_redirect(asked.redirect_uri):
            back = {
                "error": "unauthorized_scope_error",
                "error_description": f"Scope {sorted(vetted)[0]} is not authorized for your application",
                **({"state": asked.state} if asked.state else {}),
            }
            separator = "&" if "?" in asked.redirect_uri else "?"
            return RedirectResponse(f"{asked.redirect_uri}{separator}{urlencode(back)}", 302)
        life = timedelta(seconds=limit("code_seconds"))
        return await consent(request, self._net, self._pages, asked, lifetime=life, denied=DENIED)

    async def token(self, request: Request) -> Response:
        """`POST /oauth/v2/accessToken`."""
        params = await self._app(request, "grant_type")
        match params.text("grant_type"):
            case "authorization_code":
                return self._by_code(params)
            case "refresh_token":
                return self._by_refresh_token(params)
            case "client_credentials":
                raise errors.oauth_error(
                    401, "access_denied", "This application is not allowed to create application tokens"
                )
        raise errors.oauth_error(400, "unsupported_grant_type", "The grant type is not supported")

    async def revoke(self, request: Request) -> Response:
        """`POST /oauth/v2/revoke`: the whole authorisation ends with the token."""
        params = await self._app(request, "token")
        token = self._net.tokens.find(params.text("token"))
        if token is not None and token.client_id == params.text("client_id"):
            self._net.tokens.revoke_family(token.family)
        return Response(status_code=200, headers=errors.traced())

    async def introspect(self, request: Request) -> Response:
        """`POST /oauth/v2/introspectToken`."""
        params = await self._app(request, "token")
        token = self._net.tokens.find(params.text("token"))
        if token is None or token.client_id != params.text("client_id"):
            return JSONResponse({"active": False})
        issued = int(token.issued.timestamp())
        status = "revoked" if token.revoked else "expired" if token.expired else "active"
        return JSONResponse(
            {
                "active": token.live,
                "status": status,
                "scope": ",".join(token.scopes),
                "client_id": token.client_id,
                "created_at": issued,
                "authorized_at": issued,
                "expires_at": int(token.expires.timestamp()) if token.expires else None,
                "auth_type": "3L",
            }
        )

    async def keys(self, _request: Request) -> Response:
        """`GET /oauth/openid/jwks`."""
        return JSONResponse(self._identity.keys())

    async def discovery(self, _request: Request) -> Response:
        """`GET /oauth/.well-known/openid-configuration`."""
        return JSONResponse(self._identity.discovery())

    async def _app(self, request: Request, *required: str) -> Params:
        """The parameters of a call in an app's name: credentials in the body, HTTP Basic is not taken."""
        try:
            params = await read_params(request)
        except BadBody as error:
            raise errors.oauth_error(400, "invalid_request", f"The body cannot be read: {error}") from error
        # Native apps have no secret: they show the verifier of their challenge.
        credentials = ("client_id",) if params.text("code_verifier") else ("client_id", "client_secret")
        for name in (*required, *credentials):
            if not params.text(name):
                raise errors.oauth_error(400, "invalid_request", f'A required parameter "{name}" is missing')
        ours = params.text("client_id") == self._gate.client_id
        if (
            ours
            and "client_secret" in credentials
            and params.text("client_secret") != self._gate.client_secret
        ):
            raise errors.oauth_error(401, "invalid_client", "Client authentication failed")
        return params

    def _by_code(self, params: Params) -> Response:
        for name in ("code", "redirect_uri"):
            if not params.text(name):
                raise errors.oauth_error(400, "invalid_request", f'A required parameter "{name}" is missing')
        client_id = params.text("client_id")
        try:
            code = self._net.codes.redeem(
                params.text("code"),
                client_id=client_id,
                redirect_uri=params.text("redirect_uri"),
                verifier=params.text("code_verifier") or None,
            )
        except CodeRefused as refused:
            if refused.reason in {"unknown", "used"}:
                raise errors.oauth_error(401, "invalid_request", UNKNOWN_CODE) from refused
            raise errors.oauth_error(400, "invalid_request", NO_MATCH) from refused
        account = self._net.accounts.get(code.account_id)
        if account is None:
            raise errors.oauth_error(401, "invalid_request", UNKNOWN_CODE)
        self._void_others(account, client_id, code.scopes)
        access, refresh = self.issue(account, client_id, code.scopes)
        answer = _bearer(access, refresh)
        if "openid" in code.scopes:
            answer["id_token"] = self._identity.token(account, client_id, code.scopes)
        return JSONResponse(answer, headers=errors.traced())

    def _void_others(self, account: Account, client_id: str, scopes: tuple[str, ...]) -> None:
        """A consent to other scopes ends what the member gave the app before; demo tokens are nobody's consent."""
        earlier = self._net.tokens.newest(ACCESS, account_id=account.id, client_id=client_id)
        if earlier is not None and not earlier.data.get("demo") and set(earlier.scopes) != set(scopes):
            self._net.tokens.revoke_family(earlier.family)

    def _by_refresh_token(self, params: Params) -> Response:
        refresh = self._net.tokens.find(params.text("refresh_token"))
        client_id = params.text("client_id")
        if refresh is None or refresh.kind != REFRESH or refresh.client_id != client_id or not refresh.live:
            raise errors.oauth_error(
                400,
                "invalid_grant",
                "The provided authorization grant or refresh token is invalid, expired or revoked",
            )
        access = self._net.tokens.issue(
            ACCESS,
            account_id=refresh.account_id,
            client_id=client_id,
            scopes=refresh.scopes,
            # An access token does not outlive the refresh token, whose own end never moves.
            lifetime=min(timedelta(days=limit("access_token_days")), _left(refresh)),
            family=refresh.family,
            prefix="AQ",
            data=refresh.data,
        )
        return JSONResponse(_bearer(access, refresh), headers=errors.traced())

    def issue(
        self, account: Account, client_id: str, scopes: tuple[str, ...], *, demo: bool = False
    ) -> tuple[Token, Token | None]:
        """An access token of sixty days; apps with more than the self-serve scopes get a refresh token as well."""
        data = {"demo": True} if demo else {}
        access = self._net.tokens.issue(
            ACCESS,
            account_id=account.id,
            client_id=client_id,
            scopes=scopes,
            lifetime=timedelta(days=limit("access_token_days")),
            prefix="AQ",
            data=data,
        )
        if not set(scopes) - SELF_SERVE:
            return access, None
        refresh = self._net.tokens.issue(
            REFRESH,
            account_id=account.id,
            client_id=client_id,
            scopes=scopes,
            lifetime=timedelta(days=limit("refresh_token_days")),
            family=access.family,
            prefix="AQ",
            data=data,
        )
        return access, refresh

    def enter(self, request: Request, *, versioned: bool | None = None) -> Caller:
        """The caller of an API call. Raises Refused: 401, or 400 and 426 for the version of a `/rest` call."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        value = given.strip() if scheme.lower() == "bearer" else ""
        value = value or request.query_params.get("oauth2_access_token", "")
        if not value:
            raise errors.refused("empty_token")
        caller = self.caller(request, value)
        if request.url.path.startswith("/rest/") if versioned is None else versioned:
            self._version(request)
        return caller

    def caller(self, request: Request, value: str) -> Caller:
        """The member behind a token. Raises Refused (401)."""
        token = self._net.tokens.find(value)
        if token is None or token.kind != ACCESS:
            raise errors.refused("invalid_token")
        if token.revoked:
            raise errors.refused("revoked_token")
        if token.expired:
            raise errors.refused("expired_token")
        self._gate.admit(request, token)
        call = exchange(request)
        call.headers.update(errors.traced())
        for name in ("token_expired", "restricted_member"):
            if call.fault(name):
                raise errors.refused("expired_token" if name == "token_expired" else name)
        account = self._net.accounts.get(token.account_id)
        if account is None:
            raise errors.refused("invalid_token")
        return Caller(account, token)

    def _version(self, request: Request) -> None:
        version = request.headers.get("linkedin-version", "").strip()
        if not version:
            raise errors.refused("no_version")
        known = _VERSION.fullmatch(version)
        month = int(version[:6]) if known else 0
        newest = int(f"{clock.now():%Y%m}")
        if not limit("oldest_version") <= month <= newest or exchange(request).fault("version_ended"):
            raise errors.unknown_version(version)


def _bearer(access: Token, refresh: Token | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "access_token": access.value,
        "expires_in": math.ceil(_left(access).total_seconds()),
        "scope": ",".join(access.scopes),
        "token_type": "Bearer",
    }
    if refresh is not None:
        answer |= {
            "refresh_token": refresh.value,
            "refresh_token_expires_in": math.ceil(_left(refresh).total_seconds()),
        }
    return answer


def _left(token: Token) -> timedelta:
    assert token.expires is not None
    return token.expires - clock.now()
