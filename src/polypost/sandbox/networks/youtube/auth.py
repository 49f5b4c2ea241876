"""Who calls: Google's consent page, tokens, revocation, and the check that every other call begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.identity import ISSUER, Identity
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.simkit import Account, Asked, Gate, Network, Pages, Params, Refused, Token
from polypost.sandbox.simkit.accounts import ACCESS
from polypost.sandbox.simkit.google import GoogleLogin, shown_token

UNAUDITED_CLIENT = "sandbox-unaudited-app"

SCOPE = "https://www.googleapis.com/auth/"
FULL, FORCE, UPLOAD, READONLY = (
    f"{SCOPE}{name}" for name in ("youtube", "youtube.force-ssl", "youtube.upload", "youtube.readonly")
)
ANALYTICS = f"{SCOPE}yt-analytics.readonly"
MAY_READ = frozenset({FULL, FORCE, READONLY})
MAY_UPLOAD = frozenset({FULL, FORCE, UPLOAD})
MAY_WRITE = frozenset({FULL, FORCE})
MAY_COMMENT = frozenset({FORCE})
MAY_ANALYSE = frozenset({ANALYTICS})


@dataclass(frozen=True, slots=True)
class Caller:
    """The channel behind a call, its scopes, and the project whose daily quota the call counts against."""

    account: Account
    project: str
    scopes: frozenset[str]


class Auth(GoogleLogin):
    """accounts.google.com and oauth2.googleapis.com, and `enter`."""

    code_life = timedelta(seconds=limit("code_life_seconds"))

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        super().__init__(net, pages, gate, limit)
        self.identity = Identity(net)

    def code_for(self, request: Request, asked: Asked, account: Account) -> str:
        """Keep the nonce as well."""
        code = super().code_for(request, asked, account)
        self.identity.remember(code, request.query_params.get("nonce"))
        return code

    def told(self, asked: Asked, back: dict[str, str]) -> Mapping[str, str]:
        """What Google adds to a code."""
        # Google says again which scopes were granted: people may untick some.
        more = {"scope": " ".join(asked.scopes), "authuser": "0", "prompt": "consent"}
        return {"iss": ISSUER, **back, **more}

    def by_code(self, request: Request, params: Params, client_id: str) -> Response:
        """With an ID token, where `openid` was asked for."""
        code, value = self.redeemed(request, params, client_id), params.text("code")
        access, refresh = self.issue(code, offline=self.is_offline(request, value))
        return self._with_id(self.body(access, refresh), self.identity.id_token(access, value))

    def given(self, access: Token, refresh: Token | None) -> Response:
        """With an ID token, where `openid` was asked for."""
        return self._with_id(self.body(access, refresh), self.identity.id_token(access))

    def _with_id(self, body: dict[str, Any], id_token: str | None) -> Response:
        return JSONResponse(body | ({"id_token": id_token} if id_token else {}), headers=self.headers)

    def enter(self, request: Request, scopes: frozenset[str], *, public: bool = False) -> Caller:
        """The caller; an app's key suffices for what is `public`.

        Raises Refused: 401 without a live token, 403 when none of `scopes` was granted.
        """
        caller = self.known(request)
        key = request.query_params.get("key") or request.headers.get("x-goog-api-key", "")
        if caller is None and public and key:
            # A key stands for a project and for nobody, so no video is its own.
            return Caller(Account("", "", "", {}, clock.now()), key, frozenset())
        if caller is None:
            raise errors.login_required()
        if not scopes & caller.scopes:
            raise errors.scope_missing()
        return caller

    def known(self, request: Request) -> Caller | None:
        """The caller of an address that asks for no token; None without one. Raises Refused (401) for a dead one."""
        text = shown_token(request)
        if not text:
            return None
        token = self._net.tokens.find(text)
        account = self._net.accounts.get(token.account_id) if token else None
        if token is None or account is None or token.kind != ACCESS or not token.live:
            raise Refused(errors.unauthenticated())
        self._gate.admit(request, token)
        return Caller(account, token.client_id, frozenset(token.scopes))
