"""Who calls: consent, tokens and their ends, and the check that every call of the API begins with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.threads import errors
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.simkit import Account, Asked, Consent, Params, Refused, Token, app_of, exchange, meta
from polypost.sandbox.simkit.meta import MetaLogin, bearing, given_token

SHORT, LONG = "threads_short", "threads_long"
EXCHANGE = "th_exchange_token"
USER_KINDS = {SHORT, LONG}
BASIC, PUBLISH, DELETE = "threads_basic", "threads_content_publish", "threads_delete"
READ_REPLIES, MANAGE_REPLIES = "threads_read_replies", "threads_manage_replies"
INSIGHTS, MENTIONS, SEARCH = "threads_manage_insights", "threads_manage_mentions", "threads_keyword_search"
PLACES, PROFILES = "threads_location_tagging", "threads_profile_discovery"
SCOPES = (
    BASIC, PUBLISH, READ_REPLIES, MANAGE_REPLIES, INSIGHTS, DELETE, MENTIONS, SEARCH, PLACES, PROFILES,
)  # fmt: skip
BAD_CODE = {
    "expired": "This authorization code has expired",
    "used": "This authorization code has been used",
    "redirect_uri": "Error validating verification code. Use the same redirect_uri as for the authorization window",
}
_INDEXED = re.compile(r"([a-z_]+)\[(\d{1,2})\]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call, its token, and the call's parameters from query and body."""

    account: Account
    token: Token
    params: Params

    def means(self, user_id: str) -> bool:
        """Whether an id in a path is the caller."""
        return user_id in {"me", self.account.id}

    def may(self, *scopes: str) -> bool:
        """Whether one of these scopes was granted."""
        return any(scope in self.token.scopes for scope in scopes)

    def require(self, *scopes: str) -> None:
        """Raises Refused (10) when one of these scopes was not granted."""
        if not all(scope in self.token.scopes for scope in scopes):
            raise errors.refused("permission")


class Auth(MetaLogin):
    """The addresses of the login, and `enter`."""

    needed = ()
    fragment = "_"
    code_life = timedelta(seconds=limit("code_seconds"))

    def asked(self, request: Request) -> Asked:
        """Nothing works without `threads_basic`."""
        asked = super().asked(request)
        # `threads_basic` goes with every other permission (Get Access Tokens).
        if BASIC not in asked.scopes or not set(asked.scopes) <= set(SCOPES):
            raise self.refused_page()
        return asked

    async def token(self, request: Request) -> Response:
        """`/oauth/access_token`: a code for a token of an hour (POST), or an app's own token (GET)."""
        params = await graph_params(request)
        if params.text("grant_type") == EXCHANGE:
            return self._lengthened(request, params)
        client_id, secret = app_of(request, params)
        if not self.knows(client_id, secret):
            raise errors.refused("bad_secret")
        if params.text("grant_type") == "client_credentials":
            return JSONResponse({"access_token": f"TH|{client_id}|{secret}", "token_type": "bearer"})
        if params.text("grant_type") != "authorization_code" or request.method != "POST":
            raise errors.invalid("The parameter grant_type must be authorization_code")
        token = self.lasting(SHORT, self.redeemed(request, params, client_id), limit("short_token_seconds"))
        # A bare number beyond 2^53, which is what Threads sends and some JSON readers round.
        return JSONResponse({"access_token": token.value, "user_id": int(token.account_id)})

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """A code that buys nothing."""
        return Refused(meta.answer(meta.Fault(100, None, BAD_CODE.get(why, "Invalid authorization code"))))

    async def long_token(self, request: Request) -> Response:
        """`GET /access_token`: a token of one hour for one of sixty days."""
        params = await graph_params(request)
        if params.text("grant_type") != EXCHANGE:
            raise errors.invalid(f"The parameter grant_type must be {EXCHANGE}")
        return self._lengthened(request, params)

    def _lengthened(self, request: Request, params: Params) -> Response:
        token = self._live(request, given_token(request, params))
        if not self.knows(token.client_id, params.text("client_secret")):
            raise errors.refused("bad_secret")
        # 452/4279019, whose words speak of the format and mean a token that is long-lived already.
        if token.kind == LONG:
            raise errors.refused("already_long")
        return JSONResponse(bearing(self.lasting(LONG, token, limit("long_token_seconds"))))

    async def refresh(self, request: Request) -> Response:
        """`GET /refresh_access_token`: sixty more days for a token that is a day old; the old one stays valid."""
        params = await graph_params(request)
        if params.text("grant_type") != "th_refresh_token":
            raise errors.invalid("The parameter grant_type must be th_refresh_token")
        token = self._live(request, given_token(request, params))
        if token.kind != LONG:
            raise errors.invalid("Only a long-lived access token can be refreshed")
        if (clock.now() - token.issued).total_seconds() < limit("refresh_age_seconds"):
            raise errors.invalid("The access token must be at least 24 hours old to be refreshed")
        return JSONResponse(bearing(self.lasting(LONG, token, limit("long_token_seconds"))))

    async def debug(self, request: Request) -> Response:
        """`GET /debug_token`: what a token is; asked for with an app's token or a user's."""
        params = await graph_params(request)
        asking = given_token(request, params)
        if not self._is_app(asking):
            self._live(request, asking)
        found = self._net.tokens.find(params.text("input_token"))
        if found is None or found.kind not in USER_KINDS:
            error = {"code": 190, "message": "Invalid OAuth access token."}
            return JSONResponse({"data": {"error": error, "is_valid": False, "scopes": []}})
        data: dict[str, Any] = {
            "type": "USER",
            "application": found.client_id,
            "data_access_expires_at": int(found.issued.timestamp()) + limit("long_token_seconds"),
            "expires_at": int(found.expires.timestamp()) if found.expires else 0,
            "is_valid": found.live,
            "issued_at": int(found.issued.timestamp()),
            "scopes": list(found.scopes),
            "user_id": found.account_id,
        }
        return JSONResponse({"data": data})

    def lasting(self, kind: str, consent: Consent, seconds: int) -> Token:
        """A new token of a kind."""
        return self.made(kind, consent, timedelta(seconds=seconds), prefix="THQVJ")

    def _account(self, account_id: str) -> Account:
        account = self._net.accounts.get(account_id)
        if account is None:
            raise errors.refused("unparsable")
        return account

    def issue(self, consent: Consent) -> tuple[Token, None]:
        """A token of sixty days; there are no refresh tokens."""
        return self.lasting(LONG, consent, limit("long_token_seconds")), None

    async def enter(self, request: Request, *scopes: str) -> Caller:
        """The caller of an API call. Raises Refused: 104, 190, 10, or 17 when the account's calls are used up."""
        params = await graph_params(request)
        text = given_token(request, params)
        if not text:
            raise errors.refused("no_token")
        token = self._live(request, text)
        caller = Caller(self._account(token.account_id), token, params)
        self._count(request, caller)
        caller.require(BASIC, *scopes)
        return caller

    async def own(self, request: Request, *scopes: str) -> Caller:
        """As `enter`, for an edge of the caller's account. Raises Refused (100/33) where the path names another."""
        caller = await self.enter(request, *scopes)
        named = str(request.path_params["id"])
        if not caller.means(named):
            raise meta.missing(named, request.method.lower())
        return caller

    async def anyone(self, request: Request) -> Params:
        """The parameters of a call for which an app's own token is enough. Raises Refused."""
        params = await graph_params(request)
        text = given_token(request, params)
        if not text:
            raise errors.refused("no_token")
        if not self._is_app(text):
            self._live(request, text)
        return params

    def _is_app(self, text: str) -> bool:
        # An app's own token is `TH|id|secret`.
        name, _, rest = text.partition("|")
        client_id, _, secret = rest.partition("|")
        return name == "TH" and self.knows(client_id, secret)

    def _live(self, request: Request, value: str) -> Token:
        token = self._net.tokens.find(value)
        if token is None or token.kind not in USER_KINDS:
            raise errors.refused("unparsable")
        if token.revoked:
            raise errors.refused("invalidated")
        if token.expired:
            raise errors.refused("expired")
        self._gate.admit(request, token)
        return token

    def _count(self, request: Request, caller: Caller) -> None:
        most = limit("impressions") * limit("calls_per_impression")
        percent, wait = self.count(caller.account.id, most)
        exchange(request).headers.update(errors.usage(caller.account.id, percent, wait))
        if wait:
            raise errors.refused("user_rate")


async def graph_params(request: Request) -> Params:
    """The parameters of a call; `children[0]=…` makes a list. Raises Refused (100) for a body that cannot be read."""
    params = await meta.graph_params(request, errors.API)
    values: dict[str, Any] = {}
    lists: dict[str, list[tuple[int, Any]]] = {}
    for name, value in params.values.items():
        indexed = _INDEXED.fullmatch(name)
        if indexed:
            lists.setdefault(indexed[1], []).append((int(indexed[2]), value))
        elif value is not None:
            values[name] = value
    for name, numbered in lists.items():
        values[name] = [value for _, value in sorted(numbered, key=lambda pair: pair[0])]
    return Params(values, params.files)
