"""Who calls: consent, tokens (OAuth 2.0 with PKCE, rotation, revocation), and OAuth 1.0a signatures."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.twitter import errors, oauth1
from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.simkit import (
    Account,
    Asked,
    BadBody,
    CodeRefused,
    Gate,
    Network,
    Pages,
    Params,
    Refused,
    Token,
    consent,
    read_params,
)

ACCESS, REFRESH, APP_ONLY, OAUTH1 = "access", "refresh", "app_only", "oauth1"
HOSTS = ("api.twitter.com", "api.x.com", "upload.twitter.com", "upload.x.com")
PRIVILEGED_CLIENT = "sandbox-enterprise-app"
DEAD_TOKEN = "Value passed for the token was invalid."  # noqa: S105  # a sentence
BAD_CODE = {
    "redirect_uri": "Value passed for the redirect uri did not match the uri of the authorization code.",
    "verifier": "Value passed for the code verifier did not match the code challenge.",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call and the token it came with."""

    account: Account
    token: Token

    @property
    def premium(self) -> bool:
        """Whether the account's subscription lifts the limits of text and video."""
        return self.account.data.get("subscription_type") in {"Premium", "PremiumPlus"}

    @property
    def privileged(self) -> bool:
        """Whether the app is above the self-serve tiers, which lost quotes and replies to strangers in 2026."""
        return self.token.client_id == PRIVILEGED_CLIENT


class Auth:
    """The OAuth addresses, and the check that every other call begins with."""

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        self._pages = pages
        self._gate = gate
        self._net = net

    async def authorize(self, request: Request) -> Response:
        """The consent page."""
        query = request.query_params
        wrong = (
            query.get("response_type") != "code"
            or not query.get("client_id")
            or not query.get("redirect_uri")
            or not query.get("scope")
            or len(query.get("state", "")) > limit("state_characters")
            or not query.get("code_challenge")
            or query.get("code_challenge_method", "plain").lower() not in {"s256", "plain"}
        )
        if wrong:
            return self._pages.missing("You weren’t able to give access to the App.", status=400)
        asked = Asked(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            scopes=tuple(query["scope"].split()),
            state=query.get("state"),
            challenge=query["code_challenge"],
            method=query.get("code_challenge_method", "plain"),
        )
        life = timedelta(seconds=limit("code_life_seconds"))
        return await consent(request, self._net, self._pages, asked, lifetime=life)

    async def token(self, request: Request) -> Response:
        """Trade a code or a refresh token for a new pair."""
        params = await _params(request)
        client_id = self._client(request, params)
        kind = params.text("grant_type")
        if kind == "authorization_code":
            return self._from_code(params, client_id)
        if kind == "refresh_token":
            return self._from_refresh(request, params, client_id)
        raise errors.oauth_error(
            400, "unsupported_grant_type", "Value passed for the grant type was invalid."
        )

    def _from_code(self, params: Params, client_id: str) -> Response:
        try:
            code = self._net.codes.redeem(
                params.text("code"),
                client_id=client_id,
                redirect_uri=params.text("redirect_uri"),
                verifier=params.text("code_verifier"),
            )
        except CodeRefused as refused:
            said = BAD_CODE.get(refused.reason, "Value passed for the authorization code was invalid.")
            raise errors.oauth_error(400, "invalid_request", said) from refused
        account = self._net.accounts.get(code.account_id)
        if account is None:
            raise errors.oauth_error(
                400, "invalid_request", "Value passed for the authorization code was invalid."
            )
        return _pair(*self.issue(account.id, client_id, code.scopes))

    def _from_refresh(self, request: Request, params: Params, client_id: str) -> Response:
        old = self._net.tokens.find(params.text("refresh_token"))
        if old is None or old.kind != REFRESH or not old.live or old.client_id != client_id:
            raise errors.oauth_error(400, "invalid_request", DEAD_TOKEN)
        try:
            self._gate.admit(request, old)
        except Refused as refused:
            raise errors.oauth_error(400, "invalid_request", DEAD_TOKEN) from refused
        with self._net.store.transaction():
            if not self._net.tokens.use_up(old.value):
                raise errors.oauth_error(400, "invalid_request", DEAD_TOKEN)
            return _pair(*self.issue(old.account_id, client_id, old.scopes, old.family))

    def issue(
        self, account_id: str, client_id: str, scopes: tuple[str, ...], family: str | None = None
    ) -> tuple[Token, Token | None]:
        """A new access token, and a refresh token if `offline.access` was granted."""
        tokens = self._net.tokens
        access = tokens.issue(
            ACCESS,
            account_id=account_id,
            client_id=client_id,
            scopes=scopes,
            lifetime=timedelta(seconds=limit("access_life_seconds")),
            family=family,
        )
        if "offline.access" not in scopes:
            return access, None
        life = timedelta(days=limit("refresh_life_days"))
        refresh = tokens.issue(
            REFRESH,
            account_id=account_id,
            client_id=client_id,
            scopes=scopes,
            lifetime=life,
            family=access.family,
        )
        return access, refresh

    async def revoke(self, request: Request) -> Response:
        """End an authorisation; an unknown token is no error."""
        params = await _params(request)
        self._client(request, params)
        token = self._net.tokens.find(params.text("token"))
        if token is not None:
            self._net.tokens.revoke_family(token.family)
        return JSONResponse({"revoked": True})

    async def app_token(self, request: Request) -> Response:
        """The bearer token of an app without a user (v1.1 address), good for public reads only."""
        params = await _params(request)
        client_id = self._client(request, params)
        if params.text("grant_type") != "client_credentials":
            raise errors.oauth_error(403, "unsupported_grant_type", "Missing or invalid grant_type")
        token = self._net.tokens.issue(APP_ONLY, account_id="", client_id=client_id, prefix="AAAA")
        return JSONResponse({"token_type": "bearer", "access_token": token.value})

    def _client(self, request: Request, params: Params) -> str:
        """The client id of a token call. Our demo app must show its secret, strangers are taken as they come."""
        basic = _basic(request.headers.get("authorization", ""))
        client_id, secret = basic or (params.text("client_id"), params.text("client_secret"))
        if not client_id:
            raise errors.oauth_error(401, "unauthorized_client", "Missing valid authorization header")
        if client_id == self._gate.client_id and secret != self._gate.client_secret:
            raise errors.oauth_error(401, "unauthorized_client", "Missing valid authorization header")
        return client_id

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


def _pair(access: Token, refresh: Token | None) -> Response:
    body = {
        "token_type": "bearer",
        "expires_in": access.expires_in,
        "access_token": access.value,
        "scope": " ".join(access.scopes),
    }
    if refresh is not None:
        body["refresh_token"] = refresh.value
    return JSONResponse(body, headers={"cache-control": "no-store"})


async def _params(request: Request) -> Params:
    try:
        return await read_params(request)
    except BadBody as error:
        raise errors.oauth_error(400, "invalid_request", "The request body could not be read.") from error


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote(name), unquote(secret)
