"""Who calls: consent, tokens that rotate (or do not), revocation, and the check that every API call begins with."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.sandbox.networks.tiktok import errors
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.simkit import (
    Account,
    Asked,
    Caller,
    Consent,
    OAuthServer,
    Params,
    Refused,
    Token,
    bearer,
    exchange,
)
from polypost.sandbox.simkit.accounts import ACCESS, REFRESH

FIXED, FLAT_200 = "fixed_refresh_token", "token_error_with_200"
FORM = "application/x-www-form-urlencoded"
MINUTE = timedelta(minutes=1)
# Codes end in such a tail, whose signs arrive percent-encoded and have to be decoded once.
TAIL = "*3!4567.u1"
_HEX = re.compile(r"[0-9a-fA-F]{64}")
SCOPES = frozenset({
    "artist.certification.read", "artist.certification.update", "user.info.basic", "user.info.profile",
    "user.info.stats", "video.list", "video.publish", "video.upload",
})  # fmt: skip
_APP_SETTINGS = (
    "We couldn’t log in with TikTok. This may be due to specific app settings. If you’re a developer, correct the "
    "following and try again:"
)
DENIED = {"error": "access_denied", "error_description": "The user cancelled the authorization."}
WORDS = {
    "body": (400, "invalid_request", "The request body could not be read."),
    "client": (401, "invalid_client", "Client key or secret is incorrect."),
    "grant_type": (400, "unsupported_grant_type", "Grant type is not supported."),
    "code": (400, "invalid_grant", "Authorization code is expired or invalid."),
    "code:redirect_uri": (400, "invalid_request",
        "Redirect_uri is not matched with the uri when requesting code."),
    "code:verifier": (400, "invalid_request", "Code verifier or code challenge is invalid."),
    "refresh": (400, "invalid_grant", "Refresh token is invalid or expired."),
}  # fmt: skip
HEADERS = {"cache-control": "no-store"}


class Auth(OAuthServer):
    """The OAuth addresses, and `enter`."""

    client_name = "client_key"
    # The documents separate with commas, some clients with spaces.
    commas = True
    pkce = "S256"
    blocked = "We couldn’t log in with TikTok. The request is not valid."
    no_app = f"{_APP_SETTINGS} client_key"
    no_redirect = f"{_APP_SETTINGS} redirect_uri"
    no_scope = f"{_APP_SETTINGS} scope"
    all_scopes = SCOPES
    denied = DENIED
    code_life = timedelta(seconds=limit("code_seconds"))
    words = WORDS
    headers = HEADERS

    def asked(self, request: Request) -> Asked:
        """With a challenge by S256, where there is one."""
        asked = super().asked(request)
        if "#" in asked.redirect_uri or asked.method != "S256":
            raise self.refused_page()
        return replace(asked, challenge=_challenge(asked.challenge))

    def code_for(self, request: Request, asked: Asked, account: Account) -> str:
        """A code with a tail."""
        return super().code_for(request, asked, account) + TAIL

    def told(self, asked: Asked, back: dict[str, str]) -> Mapping[str, str]:
        """The granted scopes stand beside the code."""
        return back | {"scopes": ",".join(asked.scopes)}

    async def read(self, request: Request) -> Params:
        """The form of a call in an app's name."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            said = f"Only `{FORM}` is accepted as Content-Type."
            raise self.oauth_error(request, 400, "invalid_request", said)
        params = await super().read(request)
        return Params({**params.values, "code": params.text("code").removesuffix(TAIL)})

    def client(self, request: Request, params: Params) -> str:
        """The app, whose credentials stand in the form."""
        client_key, secret = params.text("client_key"), params.text("client_secret")
        if not client_key or not secret or not self._gate.knows(client_key, secret):
            raise self.refused(request, "client")
        return client_key

    def by_code(self, request: Request, params: Params, client_id: str) -> Response:
        """The tokens for a code."""
        code = self.redeemed(request, params, client_id)
        return self.given(*self.issue(code, old=exchange(request).fault(FIXED) is not None))

    def by_refresh(self, request: Request, params: Params, client_id: str) -> Response:
        """A new pair, or where refresh tokens are fixed an access token alone."""
        token = self.renewable(request, params, client_id)
        if not exchange(request).fault(FIXED):
            return self.rotated(request, token)
        return self.given(self._access(token, "old_"), token)

    def issue(self, consent: Consent, *, old: bool = False) -> tuple[Token, Token]:
        """A pair; `old` gives it the lives of the page's earlier version."""
        version = "old_" if old else ""
        access = self._access(consent, version)
        life = timedelta(seconds=limit(f"{version}refresh_seconds"))
        return access, self.made(REFRESH, access, life, prefix="rft.")

    def _access(self, consent: Consent, version: str) -> Token:
        life = timedelta(seconds=limit(f"{version}access_seconds"))
        return self.made(ACCESS, consent, life, prefix="act.")

    def body(self, access: Token, refresh: Token | None) -> dict[str, Any]:
        """With the person's id, and lives in full."""
        assert refresh is not None
        return {
            "access_token": access.value,
            "expires_in": _left(access),
            "open_id": access.account_id,
            "refresh_expires_in": _left(refresh),
            "refresh_token": refresh.value,
            "scope": ",".join(access.scopes),
            "token_type": "Bearer",
        }

    def oauth_error(self, request: Request, status: int, error: str, description: str | None) -> Refused:
        """With the number under which TikTok's support finds the call."""
        # Connectors have met such errors in a 200.
        return errors.login(error, description or "", 200 if exchange(request).fault(FLAT_200) else status)

    def enter(self, request: Request, *scopes: str, rate: str, bucket: str | None = None) -> Caller:
        """The caller of an API call, who needs one of `scopes`.

        Raises Refused: 401 for the token or the scope, 429 when the minute's calls of `bucket` are used up.
        """
        token = self._net.tokens.find(bearer(request))
        account = None if token is None else self._net.accounts.get(token.account_id)
        if token is None or account is None or token.kind != ACCESS or not token.live:
            raise errors.refused("access_token_invalid")
        self._gate.admit(request, token)
        if not set(scopes) & set(token.scopes):
            raise errors.refused("scope_not_authorized")
        name = bucket or request.url.path.strip("/")
        # Counted by token, through its renewals.
        if not self._net.buckets.take(name, token.family, limit=limit(rate), window=MINUTE).ok:
            raise errors.refused("rate_limit_exceeded")
        return Caller(account, token)


def _left(token: Token) -> int:
    """Seconds until a token's end, counted up: a new one has its whole life before it."""
    assert token.expires is not None
    return math.ceil((token.expires - clock.now()).total_seconds())


def _challenge(given: str | None) -> str | None:
    """The challenge as RFC 7636 writes it; TikTok's own documents write the digest in hexadecimal."""
    if given and _HEX.fullmatch(given):
        return base64.urlsafe_b64encode(bytes.fromhex(given)).rstrip(b"=").decode()
    return given
