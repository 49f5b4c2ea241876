"""Google's login, which its networks share: consent that remembers, tokens, revocation, what a token may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from polypost import clock
from polypost.sandbox.simkit.accounts import ACCESS, REFRESH, Account, Code, Token
from polypost.sandbox.simkit.bodies import Params, bearer
from polypost.sandbox.simkit.gate import Gate
from polypost.sandbox.simkit.network import Network
from polypost.sandbox.simkit.oauth import Asked, Consent, OAuthServer
from polypost.sandbox.simkit.pages import Pages
from polypost.sandbox.simkit.stand_in import each_path

# A refresh token comes with the first consent only, or with `prompt=consent` (Google Identity, OAuth 2.0).
CONSENTED, OFFLINE, USED = "consented", "offline_code", "refresh_used"
TICKED = "sandbox_scopes"
AUTHORIZE = ("/o/oauth2/v2/auth", "/o/oauth2/auth", "/o/oauth2/v2/auth/oauthchooseaccount")
TOKEN = ("/token", "/oauth2/v4/token", "/oauth2/v3/token", "/o/oauth2/token")
REVOKE = ("/revoke", "/o/oauth2/revoke")
TOKENINFO = ("/tokeninfo", *(f"/oauth2/v{number}/tokeninfo" for number in (1, 2, 3)))
# Of the simulated networks and of signing in: discovery documents of YouTube (4 Nov 2026), the others as remembered.
_SCOPE = "https://www.googleapis.com/auth/"
SCOPES = frozenset({
    "openid", "email", "profile",
    *(f"{_SCOPE}{name}" for name in (
        "business.manage", "plus.business.manage", "userinfo.email", "userinfo.profile", "youtube",
        "youtube.channel-memberships.creator", "youtube.download", "youtube.force-ssl", "youtube.readonly",
        "youtube.third-party-link.creator", "youtube.upload", "youtubepartner",
        "youtubepartner-channel-audit", "yt-analytics.readonly", "yt-analytics-monetary.readonly",
    )),
})  # fmt: skip
TESTING_CLIENT = "sandbox-testing-app"
MALFORMED = (400, "invalid_grant", "Bad Request")
WORDS = {
    "body": (400, "invalid_request", "The request body could not be read."),
    "client": (401, "invalid_client", "Unauthorized"),
    "client:unknown": (401, "invalid_client", "The OAuth client was not found."),
    "client:missing": (400, "invalid_request", "Could not determine client ID from request."),
    "grant_type:missing": (400, "invalid_request", "Required parameter is missing: grant_type"),
    "code": MALFORMED,
    "code:missing": (400, "invalid_request", "Missing required parameter: code"),
    "code:redirect_uri": (400, "redirect_uri_mismatch", "Bad Request"),
    "code:verifier": (400, "invalid_grant", "Invalid code verifier."),
    "code:unknown": (400, "invalid_grant", "Malformed auth code."),
    "refresh": (400, "invalid_grant", "Token has been expired or revoked."),
    "refresh:unknown": MALFORMED,
    "token": (400, "invalid_token", "Token expired or revoked"),
    "token:unknown": (400, "invalid_token", None),
    "token:access": (400, "invalid_token", "Invalid Value"),
}


CREDENTIALS = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
    " authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class GoogleLogin(OAuthServer):
    """accounts.google.com and oauth2.googleapis.com; `limit` gives the network's numbers by name."""

    blocked = "Access blocked: Authorization Error. Error 400: invalid_request"
    no_app = "Access blocked: Authorization Error. The OAuth client was not found. Error 401: invalid_client"
    no_redirect = "Access blocked: This app’s request is invalid. Error 400: redirect_uri_mismatch"
    no_scope = "Access blocked: Authorization Error. Some requested scopes were invalid. {{invalid=[{}]}}. Error 400: invalid_scope"
    all_scopes = SCOPES
    words = WORDS
    headers: ClassVar[dict[str, str]] = {"cache-control": "no-cache, no-store, max-age=0, must-revalidate"}

    def __init__(self, net: Network, pages: Pages, gate: Gate, limit: Callable[[str], int]) -> None:
        super().__init__(net, pages, gate)
        self._limit = limit

    def routes(self) -> list[Route]:
        """Every path of the login."""
        return [
            *each_path(AUTHORIZE, self.authorize, "GET", "POST"),
            *each_path(TOKEN, self.token, "POST"),
            *each_path(REVOKE, self.revoke, "GET", "POST"),
            *each_path(TOKENINFO, self.tokeninfo, "GET", "POST"),
        ]

    def asked(self, request: Request) -> Asked:
        """`sandbox_scopes` in the query is what the person leaves ticked."""
        asked = super().asked(request)
        ticked = request.query_params.get(TICKED)
        return asked if ticked is None else replace(asked, scopes=self.split(ticked))

    def code_for(self, request: Request, asked: Asked, account: Account) -> str:
        """Remember whether the code will bring a refresh token: offline, and the first consent or one forced anew."""
        code = super().code_for(request, asked, account)
        query, documents = request.query_params, self._net.documents
        name = self.consent_of(asked.client_id, account.id)
        first = documents.get(CONSENTED, name) is None
        forced = "consent" in query.get("prompt", "").split() or query.get("approval_prompt") == "force"
        if query.get("access_type") == "offline":
            if first or forced:
                documents.put(OFFLINE, code, {})
            documents.put(CONSENTED, name, {})
        return code

    def consent_of(self, client_id: str, account_id: str) -> str:
        """The name under which a consent is remembered."""
        return f"{client_id} {account_id}"

    def redeemed(self, request: Request, params: Params, client_id: str) -> Code:
        """What a code stands for. Raises Refused."""
        if not params.text("code"):
            raise self.refused(request, "code", "missing")
        return super().redeemed(request, params, client_id)

    def by_code(self, request: Request, params: Params, client_id: str) -> Response:
        """An access token, with a refresh token for an offline consent."""
        code = self.redeemed(request, params, client_id)
        access, refresh = self.issue(code, offline=self.is_offline(request, params.text("code")))
        return self.given(access, refresh)

    def is_offline(self, request: Request, code: str) -> bool:
        """Whether a code brings a refresh token."""
        return self._net.documents.get(OFFLINE, code) is not None

    def admit(self, request: Request, refresh: Token) -> None:
        """A token that was not used for half a year is dead."""
        last = self._net.documents.get(USED, refresh.family)
        idle = clock.now() - (last.created if last else refresh.issued)
        if idle > timedelta(days=self._limit("refresh_idle_days")):
            raise self.refused(request, "refresh")
        super().admit(request, refresh)

    def rotated(self, request: Request, old: Token) -> Response:
        """An access token; the refresh token stays."""
        # Google does not rotate: only the day of the last use is new.
        self._net.documents.put(USED, old.family, {})
        return self.given(self._access(old), None)

    def otherwise(self, request: Request, params: Params, client_id: str) -> Response:
        """No other grant type is taken, and the answer names it."""
        kind = params.text("grant_type")
        if not kind:
            raise self.refused(request, "grant_type", "missing")
        raise self.oauth_error(request, 400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def issue(self, consent: Consent, *, offline: bool = True) -> tuple[Token, Token | None]:
        """What a consent gives: an access token, and a refresh token where it was offline."""
        access = self._access(consent)
        if not offline:
            return access, None
        # An app whose consent screen is in "Testing" gets refresh tokens of seven days (Google Identity, OAuth 2.0).
        days = self._limit("testing_refresh_days")
        life = timedelta(days=days) if consent.client_id == TESTING_CLIENT else None
        refresh = self.made(REFRESH, access, life, prefix="1//0")
        self._drop_oldest(access)
        return access, refresh

    def _access(self, consent: Consent) -> Token:
        life = timedelta(seconds=self._limit("access_life_seconds"))
        return self.made(ACCESS, consent, life, prefix="ya29.")

    def _drop_oldest(self, of: Token) -> None:
        # Beyond a hundred live ones for a client and a user the oldest ends without a word (Google Identity).
        rows = self._net.store.all(
            "SELECT value FROM tokens WHERE platform = ? AND account_id = ? AND client_id = ? AND kind = ?"
            " AND revoked IS NULL ORDER BY issued DESC LIMIT -1 OFFSET ?",
            self._net.platform, of.account_id, of.client_id, REFRESH, self._limit("live_refresh_tokens"),
        )  # fmt: skip
        for row in rows:
            self._net.tokens.revoke(row["value"])

    def body(self, access: Token, refresh: Token | None) -> dict[str, Any]:
        """With the life of a refresh token that has one."""
        body = super().body(access, refresh) | {"token_type": "Bearer", "expires_in": self.life(access)}
        if refresh is not None and refresh.expires is not None:
            body["refresh_token_expires_in"] = self.life(refresh)
        return body

    def life(self, token: Token) -> int | None:
        """The whole seconds that a token will live."""
        return token.expires_in

    async def revoke(self, request: Request) -> Response:
        """`POST oauth2.googleapis.com/revoke`: either token ends the whole authorisation."""
        token = self._net.tokens.find((await self.read(request)).text("token"))
        if token is None or not token.live:
            raise self.refused(request, "token", "" if token else "unknown")
        self._net.tokens.revoke_family(token.family)
        self._net.documents.delete(CONSENTED, self.consent_of(token.client_id, token.account_id))
        return JSONResponse({})

    async def tokeninfo(self, request: Request) -> Response:
        """`GET oauth2.googleapis.com/tokeninfo`: what an access token may do and for how long."""
        # Google's own Node client sends the token in the header, in a POST without a body.
        value = (await self.read(request)).text("access_token") or bearer(request, "oauth")
        token = self._net.tokens.find(value)
        if token is None or token.kind != ACCESS or not token.live:
            raise self.refused(request, "token", "access")
        body = {
            "azp": token.client_id,
            "aud": token.client_id,
            "scope": " ".join(token.scopes),
            "exp": str(int(token.expires.timestamp())) if token.expires else "0",
            "expires_in": str(token.expires_in),
            "access_type": "offline",
        }
        return JSONResponse(body)


def challenged(answer: Response, error: str = "") -> Response:
    """An answer that says which token is wanted, and what is wrong with the one that came."""
    told = f', error="{error}"' if error else ""
    answer.headers["www-authenticate"] = f'Bearer realm="https://accounts.google.com/"{told}'
    return answer


def shown_token(request: Request) -> str:
    """The token of a call to an API: in the header, or in the query by either of two names; empty without one."""
    query = request.query_params
    return bearer(request, "oauth") or query.get("access_token") or query.get("oauth_token") or ""
