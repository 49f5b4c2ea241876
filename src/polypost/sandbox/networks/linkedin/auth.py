"""Who calls: consent and tokens, and the check that every call of the API begins with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, urns
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.networks.linkedin.oidc import Identity
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
    bearer,
    exchange,
)
from polypost.sandbox.simkit.accounts import ACCESS, REFRESH
from polypost.sandbox.simkit.oauth import lead_back, unsafe_redirect

# What any app may ask for; everything else LinkedIn grants to apps that it has vetted.
SELF_SERVE = frozenset({"openid", "profile", "email", "w_member_social"})
VETTED = frozenset({
    "r_1st_connections_size", "r_ads", "r_ads_reporting", "r_basicprofile", "r_compliance", "r_emailaddress",
    "r_events", "r_liteprofile", "r_marketing_leadgen_automation", "r_member_postAnalytics",
    "r_member_profileAnalytics", "r_member_social", "r_member_social_feed", "r_organization_admin",
    "r_organization_followers", "r_organization_social", "r_organization_social_feed", "rw_ads",
    "rw_conversions", "rw_dmp_segments", "rw_events", "rw_organization_admin", "w_compliance",
    "w_member_social_feed", "w_organization_social", "w_organization_social_feed",
})  # fmt: skip
SELF_SERVE_APP = "sandbox-self-serve-app"
# Of the two words for it, user_cancelled_login and this, the one for a person who is logged in.
DENIED = {"error": "user_cancelled_authorize", "error_description": "The user cancelled the authorization"}
NO_MATCH = (
    "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. "
    "Or authorization code expired. Or external member binding exists"
)
UNKNOWN_CODE = (401, "invalid_request", "Unable to retrieve access token: authorization code not found")
WORDS = {
    "client": (401, "invalid_client", "Client authentication failed"),
    "grant_type": (400, "unsupported_grant_type", "The grant type is not supported"),
    "code": (400, "invalid_request", NO_MATCH),
    "code:unknown": UNKNOWN_CODE,
    "code:used": UNKNOWN_CODE,
    "refresh": (400, "invalid_grant",
        "The provided authorization grant or refresh token is invalid, expired or revoked"),
}  # fmt: skip
TOKEN_PATH = "/oauth/v2/accessToken"  # noqa: S105  # a path
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


class Auth(OAuthServer):
    """The addresses of www.linkedin.com/oauth, and `enter`."""

    commas = True
    no_app = "The passed in client_id is invalid “{}”."
    no_redirect = "The redirect_uri does not match the registered value."
    all_scopes = SELF_SERVE | VETTED
    denied = DENIED
    code_life = timedelta(seconds=limit("code_seconds"))
    words = WORDS

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        super().__init__(net, pages, gate)
        self._identity = Identity(net)

    def asked(self, request: Request) -> Asked:
        """Scopes for which the app was not vetted lead back to it."""
        for name in ("response_type", "client_id", "redirect_uri", "scope"):
            if not request.query_params.get(name):
                raise self.refused_page(f"You need to pass the “{name}” parameter.")
        asked = super().asked(request)
        vetted = set(asked.scopes) - SELF_SERVE
        if asked.client_id == SELF_SERVE_APP and vetted and not unsafe_redirect(asked.redirect_uri):
            raise self.unknown_scope(asked, sorted(vetted)[0])
        return asked

    def unknown_scope(self, asked: Asked, scope: str) -> Refused:
        """The way back to the app: a scope that nobody has is one for which it was not vetted."""
        back = {
            "error": "unauthorized_scope_error",
            "error_description": f"Scope {scope} is not authorized for your application",
            **({"state": asked.state} if asked.state else {}),
        }
        return Refused(lead_back(asked.redirect_uri, back))

    async def read(self, request: Request) -> Params:
        """The parameters of a call in an app's name."""
        params = await super().read(request)
        self._need(request, params, "grant_type" if request.url.path == TOKEN_PATH else "token")
        return params

    def client(self, request: Request, params: Params) -> str:
        """The app: its credentials stand in the body, HTTP Basic is not taken."""
        self._need(request, params, "client_id")
        client_id = params.text("client_id")
        # Native apps have no secret: they show the verifier of their challenge.
        native = bool(params.text("code_verifier"))
        if not native:
            self._need(request, params, "client_secret")
        app = self._gate.app(client_id)
        if app is None or not (native or app.shows(params.text("client_secret"))):
            raise self.refused(request, "client")
        return client_id

    def _need(self, request: Request, params: Params, *names: str) -> None:
        for name in names:
            if not params.text(name):
                said = f'A required parameter "{name}" is missing'
                raise self.oauth_error(request, 400, "invalid_request", said)

    def by_code(self, request: Request, params: Params, client_id: str) -> Response:
        """The tokens for a code, and an ID token where `openid` was granted."""
        self._need(request, params, "code", "redirect_uri")
        code = self.redeemed(request, params, client_id)
        account = self._net.accounts.get(code.account_id)
        if account is None:
            raise self.refused(request, "code", "unknown")
        self._void_others(code)
        answer = self.body(*self.issue(code))
        if "openid" in code.scopes:
            answer["id_token"] = self._identity.token(account, client_id, code.scopes)
        return JSONResponse(answer, headers=errors.traced())

    def _void_others(self, code: Code) -> None:
        """A consent to other scopes ends what the member gave the app before; demo tokens are nobody's consent."""
        earlier = self._net.tokens.newest(ACCESS, account_id=code.account_id, client_id=code.client_id)
        if earlier is not None and not earlier.data.get("demo") and set(earlier.scopes) != set(code.scopes):
            self._net.tokens.revoke_family(earlier.family)

    def admit(self, request: Request, refresh: Token) -> None:
        """No fault strikes here."""

    def rotated(self, request: Request, old: Token) -> Response:
        """An access token; it does not outlive the refresh token, whose own end never moves."""
        # Its own 365 days do not begin anew with a refresh (Programmatic Refresh Tokens).
        life = min(timedelta(days=limit("access_token_days")), _left(old))
        access = self.made(ACCESS, old, life, prefix="AQ", data=old.data)
        return JSONResponse(self.body(access, old), headers=errors.traced())

    def otherwise(self, request: Request, params: Params, client_id: str) -> Response:
        """No app may create tokens of its own."""
        if params.text("grant_type") != "client_credentials":
            raise self.refused(request, "grant_type")
        said = "This application is not allowed to create application tokens"
        raise self.oauth_error(request, 401, "access_denied", said)

    def issue(self, consent: Consent, *, demo: bool = False) -> tuple[Token, Token | None]:
        """An access token of sixty days; apps with more than the self-serve scopes get a refresh token as well."""
        data = {"demo": True} if demo else {}
        life = timedelta(days=limit("access_token_days"))
        access = self.made(ACCESS, consent, life, prefix="AQ", data=data)
        # Ordinary apps get no refresh token: their people connect anew within 60 days.
        if not set(consent.scopes) - SELF_SERVE:
            return access, None
        life = timedelta(days=limit("refresh_token_days"))
        return access, self.made(REFRESH, access, life, prefix="AQ", data=data)

    def body(self, access: Token, refresh: Token | None) -> dict[str, Any]:
        """With the life of the refresh token."""
        answer: dict[str, Any] = {
            "access_token": access.value,
            "expires_in": math.ceil(_left(access).total_seconds()),
            # Microsoft Learn shows blanks between scopes, LinkedIn's own JS client commas.
            "scope": ",".join(access.scopes),
            "token_type": "Bearer",
        }
        if refresh is not None:
            answer |= {
                "refresh_token": refresh.value,
                "refresh_token_expires_in": math.ceil(_left(refresh).total_seconds()),
            }
        return answer

    def revoked(self) -> Response:
        """Nothing but a number for LinkedIn's support."""
        return Response(status_code=200, headers=errors.traced())

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """A body that cannot be read is named as it is."""
        if what == "body":
            said = f"The body cannot be read: {why}"
            return self.oauth_error(request, 400, "invalid_request", said)
        return super().refused(request, what, why)

    def oauth_error(self, request: Request, status: int, error: str, description: str | None) -> Refused:
        """With a number for LinkedIn's support."""
        return errors.oauth_error(status, error, description or "")

    async def introspect(self, request: Request) -> Response:
        """`POST /oauth/v2/introspectToken`."""
        params = await self.read(request)
        client_id = self.client(request, params)
        token = self._net.tokens.find(params.text("token"))
        if token is None or token.client_id != client_id:
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

    def enter(self, request: Request) -> Caller:
        """The caller of an API call. Raises Refused: 401, or 400 and 426 for the version of a `/rest` call."""
        value = bearer(request) or request.query_params.get("oauth2_access_token", "")
        if not value:
            raise errors.refused("empty_token")
        caller = self.caller(request, value)
        # The old addresses under /v2 have no versions.
        if request.url.path.startswith("/rest/"):
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
        if call.fault("restricted_member"):
            raise errors.refused("restricted_member")
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
        # Versions are months, so one of the future is as unknown as one that is over.
        newest = int(f"{clock.now():%Y%m}")
        if not limit("oldest_version") <= month <= newest or exchange(request).fault("version_ended"):
            raise errors.unknown_version(version)


def _left(token: Token) -> timedelta:
    assert token.expires is not None
    return token.expires - clock.now()
