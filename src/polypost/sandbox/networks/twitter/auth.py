"""Who calls: consent, tokens (OAuth 2.0 with PKCE, rotation, revocation), and OAuth 1.0a signatures."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox import simkit
from polypost.sandbox.networks.twitter import errors, oauth1
from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.simkit import Account, Asked, Consent, OAuthServer, Refused, Token
from polypost.sandbox.simkit.accounts import ACCESS, REFRESH

APP_ONLY, OAUTH1 = "app_only", "oauth1"
# X API v2, OpenAPI 2.167; the e-mail address of a person has a scope that it does not list.
SCOPES = frozenset({
    "block.read", "block.write", "bookmark.read", "bookmark.write", "broadcast.read", "broadcast.write", "dm.read",
    "dm.write", "follows.read", "follows.write", "like.read", "like.write", "list.read", "list.write",
    "media.write", "mute.read", "mute.write", "offline.access", "space.read", "timeline.read",
    "tweet.moderate.write", "tweet.read", "tweet.write", "users.email", "users.read",
})  # fmt: skip
HOSTS = ("api.twitter.com", "api.x.com", "upload.twitter.com", "upload.x.com")
PRIVILEGED_CLIENT = "sandbox-enterprise-app"
WORDS = {
    # A dead token is told as `invalid_request`, not `invalid_grant` (public reports).
    "body": (400, "invalid_request", "The request body could not be read."),
    "client": (401, "unauthorized_client", "Missing valid authorization header"),
    "grant_type": (400, "unsupported_grant_type", "Value passed for the grant type was invalid."),
    "code": (400, "invalid_request", "Value passed for the authorization code was invalid."),
    "code:redirect_uri": (400, "invalid_request",
        "Value passed for the redirect uri did not match the uri of the authorization code."),
    "code:verifier": (400, "invalid_request",
        "Value passed for the code verifier did not match the code challenge."),
    "refresh": (400, "invalid_request", "Value passed for the token was invalid."),
}  # fmt: skip
HEADERS = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Caller(simkit.Caller):
    """Who calls, and what X lets them do."""

    @property
    def premium(self) -> bool:
        """Whether the account's subscription lifts the limits of text and video."""
        return self.account.data.get("subscription_type") in {"Premium", "PremiumPlus"}

    @property
    def privileged(self) -> bool:
        """Whether the app is above the self-serve tiers, which lost quotes and replies to strangers in 2026."""
        return self.token.client_id == PRIVILEGED_CLIENT


class Auth(OAuthServer):
    """The OAuth addresses, and the check that every other call begins with."""

    blocked = "You weren’t able to give access to the App."
    all_scopes = SCOPES
    code_life = timedelta(seconds=limit("code_life_seconds"))
    words = WORDS
    headers = HEADERS

    def asked(self, request: Request) -> Asked:
        """With a challenge, and a state that is not too long."""
        asked = super().asked(request)
        # A common client writes `s256`; a challenge of some kind is demanded (docs.x.com, OAuth 2.0).
        known = (asked.method or "").lower() in {"s256", "plain"}
        if not asked.challenge or not known or len(asked.state or "") > limit("state_characters"):
            raise self.refused_page()
        return asked

    def issue(self, consent: Consent) -> tuple[Token, Token | None]:
        """A new access token, and a refresh token if `offline.access` was granted."""
        access = self.made(ACCESS, consent, timedelta(seconds=limit("access_life_seconds")))
        if "offline.access" not in access.scopes:
            return access, None
        return access, self.made(REFRESH, access, timedelta(days=limit("refresh_life_days")))

    async def revoke(self, request: Request) -> Response:
        """End an authorisation; an unknown token is no error."""
        params = await self.read(request)
        self.client(request, params)
        token = self._net.tokens.find(params.text("token"))
        if token is not None:
            self._net.tokens.revoke_family(token.family)
        return JSONResponse({"revoked": True})

    async def app_token(self, request: Request) -> Response:
        """The bearer token of an app without a user (v1.1 address), good for public reads only."""
        params = await self.read(request)
        client_id = self.client(request, params)
        if params.text("grant_type") != "client_credentials":
            raise errors.oauth_error(403, "unsupported_grant_type", "Missing or invalid grant_type")
        token = self._net.tokens.issue(APP_ONLY, account_id="", client_id=client_id, prefix="AAAA")
        return JSONResponse({"token_type": "bearer", "access_token": token.value})

    async def user(self, request: Request, *scopes: str) -> Caller:
        """The caller of a user endpoint. Raises Refused: 401, or 403 for an app-only token or a missing scope."""
        token = await self._token_of(request)
        if token.kind == APP_ONLY:
            detail = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."
            raise Refused(
                errors.problem(403, "Unsupported Authentication", detail, "unsupported-authentication")
            )
        account = self._net.accounts.get(token.account_id)
        if account is None:
            raise Refused(errors.unauthorized())
        self._gate.admit(request, token)
        # Tokens of OAuth 1.0a have no scopes.
        if token.kind == ACCESS and not set(scopes) <= set(token.scopes):
            raise errors.forbidden()
        return Caller(account, token)

    async def reader(self, request: Request) -> Caller | None:
        """The caller of a public read; None when an app reads without a user."""
        token = await self._token_of(request)
        return None if token.kind == APP_ONLY else await self.user(request, "tweet.read", "users.read")

    async def _token_of(self, request: Request) -> Token:
        header = request.headers.get("authorization", "")
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            token = self._net.tokens.find(value.strip())
            if token is None or not token.live or token.kind not in {ACCESS, APP_ONLY}:
                raise Refused(errors.unauthorized())
            return token
        if scheme.lower() == "oauth":
            return await self._signed(request, oauth1.parse_header(header))
        raise Refused(errors.unauthorized())

    async def _signed(self, request: Request, given: dict[str, str]) -> Token:
        token = self._net.tokens.find(given.get("oauth_token", ""))
        if (
            token is None
            or token.kind != OAUTH1
            or not token.live
            or given.get("oauth_consumer_key") != token.client_id
        ):
            raise Refused(errors.unauthorized())
        pairs = list(request.query_params.multi_items())
        # Of bodies only forms are signed (RFC 5849, 3.4.1.3.1).
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl((await request.body()).decode("latin-1"), keep_blank_values=True)
        path = request.url.path
        urls = [f"{scheme}://{request.url.netloc}{path}" for scheme in ("http", "https")]
        urls += [f"https://{host}{path}" for host in HOSTS]
        good = oauth1.fits(
            given,
            request.method,
            urls,
            pairs,
            consumer_secret=str(token.data["consumer_secret"]),
            token_secret=token.secret or "",
        )
        if not good:
            raise Refused(errors.unauthorized())
        return token

    def oauth1_token(self, account: Account) -> Token:
        """The account's OAuth 1.0a token for the demo app; it never expires."""
        kept = self._net.tokens.newest(OAUTH1, account_id=account.id, client_id=self._gate.client_id)
        return kept or self._net.tokens.issue(
            OAUTH1,
            account_id=account.id,
            client_id=self._gate.client_id,
            prefix=f"{account.id}-",
            secret=secrets.token_urlsafe(32),
            data={"consumer_secret": self._gate.client_secret},
        )
