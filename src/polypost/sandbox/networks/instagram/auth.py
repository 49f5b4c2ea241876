"""Who calls: consent and tokens of the Instagram login, and the check that every call of the Graph API begins with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.limits import limit
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
    app_of,
    consent,
    exchange,
    read_params,
)

SHORT, LONG = "instagram_short", "instagram_long"
EXCHANGE = "ig_exchange_token"
FACEBOOK_SHORT, FACEBOOK_LONG, PAGE = "facebook_short", "facebook_long", "facebook_page"
REMOVED = "removed_app"
DENIED = {
    "error": "access_denied",
    "error_reason": "user_denied",
    "error_description": "The user denied your request.",
}
# The same right has another name in each login.
BASIC = frozenset({"instagram_business_basic", "instagram_basic"})
PUBLISH = frozenset({"instagram_business_content_publish", "instagram_content_publish"})
COMMENT = frozenset({"instagram_business_manage_comments", "instagram_manage_comments"})
INSIGHTS = frozenset({"instagram_business_manage_insights", "instagram_manage_insights"})
MESSAGES = frozenset({"instagram_business_manage_messages"})
FACEBOOK_ONLY = frozenset({"instagram_basic", "pages_show_list"})
BAD_CODE = {
    "unknown": "Invalid authorization code",
    "expired": "This authorization code has expired",
    "used": "This authorization code has been used",
    "client": "Matching code was not found or was already used",
    "redirect_uri": "Error validating verification code. The redirect_uri must be the one of the login dialog",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call, its token, and the call's parameters from query and body."""

    account: Account
    token: Token
    params: Params

    @property
    def facebook(self) -> bool:
        """Whether the token comes from the Facebook login."""
        return self.token.kind not in {SHORT, LONG}

    def means(self, user_id: str) -> bool:
        """Whether an id in a path is the caller's account; each login knows it by several."""
        own = {self.account.id, self.account.data["scoped_id"]}
        return user_id in own or (user_id == "me" and self.token.kind in {SHORT, LONG})

    def require(self, rights: frozenset[str]) -> None:
        """Raises Refused (10) when none of these names of one right was granted."""
        if not rights & set(self.token.scopes):
            raise errors.refused("permission")


class Auth:
    """The addresses of the Instagram login, and `enter`."""

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        self._pages = pages
        self._gate = gate
        self._net = net

    async def authorize(self, request: Request) -> Response:
        """The consent page of www.instagram.com."""
        return await self.dialog(request, fragment="_")

    async def dialog(self, request: Request, *, fragment: str, denied: dict[str, str] = DENIED) -> Response:
        """A consent page; the code comes back with a `fragment` that clients must cut off."""
        query = request.query_params
        wanted = ("client_id", "redirect_uri", "scope")
        if query.get("response_type", "code") != "code" or not all(query.get(name) for name in wanted):
            return self._pages.missing("This app’s request for access is not valid.", status=400)
        asked = Asked(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            scopes=tuple(query["scope"].replace(",", " ").split()),
            state=query.get("state"),
        )
        life = timedelta(seconds=limit("code_seconds"))
        return await consent(
            request, self._net, self._pages, asked, lifetime=life, denied=denied, fragment=fragment
        )

    def code_token(self, request: Request, params: Params) -> Response:
        """`POST api.instagram.com/oauth/access_token`: a code for a token of one hour."""
        client_id, secret = app_of(request, params)
        if not client_id or not self.knows(client_id, secret):
            raise errors.login_error("Invalid client_id or client_secret")
        if params.text("grant_type") != "authorization_code":
            raise errors.login_error("Invalid grant_type")
        try:
            code = self._net.codes.redeem(
                params.text("code"), client_id=client_id, redirect_uri=params.text("redirect_uri")
            )
        except CodeRefused as refused:
            raise errors.login_error(BAD_CODE.get(refused.reason, BAD_CODE["unknown"])) from refused
        account = self._net.accounts.get(code.account_id)
        if account is None:
            raise errors.login_error(BAD_CODE["unknown"])
        if FACEBOOK_ONLY & set(code.scopes):
            # Some clients of the Facebook login redeem its codes without a version and with a grant type.
            return self.facebook_token(account, client_id, code.scopes)
        token = self.issue(SHORT, account, client_id, code.scopes, seconds=limit("short_token_seconds"))
        scoped = str(account.data["scoped_id"])
        # Meta documents one shape of the answer, and connectors report another.
        if exchange(request).fault("token_in_data"):
            entry = {"access_token": token.value, "user_id": scoped, "permissions": ",".join(code.scopes)}
            return JSONResponse({"data": [entry]})
        return JSONResponse(
            {"access_token": token.value, "user_id": int(scoped), "permissions": list(code.scopes)}
        )

    def facebook_token(self, account: Account, client_id: str, scopes: tuple[str, ...]) -> Response:
        """A person's token of the Facebook login, of an hour or two."""
        seconds = limit("facebook_short_token_seconds")
        return JSONResponse(_bearer(self.issue(FACEBOOK_SHORT, account, client_id, scopes, seconds=seconds)))

    async def long_token(self, request: Request) -> Response:
        """`GET /access_token`: a token of one hour for one of sixty days."""
        params = await graph_params(request)
        if params.text("grant_type") != EXCHANGE:
            raise errors.invalid(f"The parameter grant_type must be {EXCHANGE}")
        return self.lengthened(request, params)

    def lengthened(self, request: Request, params: Params) -> Response:
        """The token of sixty days for one of an hour."""
        token = self._live(request, params.text("access_token"), {SHORT, LONG})
        if not self.knows(token.client_id, params.text("client_secret")):
            raise Refused(errors.answer(errors.Fault(101, None, "Error validating client secret.")))
        if token.kind == LONG:
            message = "Session key invalid. The access token is long-lived already."
            raise Refused(errors.answer(errors.Fault(452, None, message)))
        return JSONResponse(_bearer(self._renewed(token)))

    async def refresh(self, request: Request) -> Response:
        """`GET /refresh_access_token`: sixty more days for a token that is a day old; the old one stays valid."""
        params = await graph_params(request)
        if params.text("grant_type") != "ig_refresh_token":
            raise errors.invalid("The parameter grant_type must be ig_refresh_token")
        token = self._live(request, params.text("access_token"), {LONG})
        if (clock.now() - token.issued).total_seconds() < limit("refresh_age_seconds"):
            raise errors.invalid("The access token must be at least 24 hours old to be refreshed")
        return JSONResponse({**_bearer(self._renewed(token)), "permissions": ",".join(token.scopes)})

    def knows(self, client_id: str, secret: str) -> bool:
        """Whether an app may call: our demo app shows its secret, strangers show any."""
        return bool(secret) and (client_id != self._gate.client_id or secret == self._gate.client_secret)

    def issue(
        self,
        kind: str,
        account: Account,
        client_id: str,
        scopes: tuple[str, ...],
        *,
        seconds: int | None,
        family: str | None = None,
    ) -> Token:
        """A new token of a kind; without `seconds` it has no end."""
        return self._net.tokens.issue(
            kind,
            account_id=account.id,
            client_id=client_id,
            scopes=scopes,
            lifetime=None if seconds is None else timedelta(seconds=seconds),
            family=family,
            prefix="IGAA" if kind in {SHORT, LONG} else "EAAG",
        )

    def _renewed(self, token: Token) -> Token:
        account = self._net.accounts.get(token.account_id)
        assert account is not None
        seconds = limit("long_token_seconds")
        return self.issue(LONG, account, token.client_id, token.scopes, seconds=seconds, family=token.family)

    async def enter(self, request: Request, rights: frozenset[str] = BASIC) -> Caller:
        """The caller of a Graph call. Raises Refused: 104, 190, 10, or 80002 when the account's calls are used up."""
        params = await graph_params(request)
        return self.caller(request, params, rights)

    def caller(self, request: Request, params: Params, rights: frozenset[str]) -> Caller:
        """As `enter`, for a call whose body is not parameters."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        given = value.strip() if scheme.lower() in {"bearer", "oauth"} else ""
        text = params.text("access_token") or given
        if not text:
            raise errors.refused("no_token")
        token = self._live(request, text, {SHORT, LONG, FACEBOOK_SHORT, FACEBOOK_LONG, PAGE})
        account = self._net.accounts.get(token.account_id)
        if account is None:
            raise errors.refused("unparsable")
        caller = Caller(account, token, params)
        self._count(request, caller)
        caller.require(rights)
        return caller

    def _live(self, request: Request, value: str, kinds: set[str]) -> Token:
        token = self._net.tokens.find(value)
        if token is None or token.kind not in kinds:
            raise errors.refused("unparsable")
        if token.revoked:
            removed = self._net.documents.get(REMOVED, token.family) is not None
            raise errors.refused("app_removed" if removed else "invalidated")
        if token.expired:
            raise errors.refused("expired")
        self._gate.admit(request, token)
        if exchange(request).fault("token_expired"):
            raise errors.refused("expired")
        return token

    def remove(self, token: Token) -> None:
        """End everything that one consent gave, as when a person removes the app."""
        with self._net.store.transaction():
            self._net.tokens.revoke_family(token.family)
            self._net.documents.put(REMOVED, token.family, {}, account_id=token.account_id)

    def _count(self, request: Request, caller: Caller) -> None:
        most = limit("impressions") * limit("calls_per_impression")
        window = timedelta(hours=24)
        bucket = self._net.buckets.take("calls", caller.account.id, limit=most, window=window)
        percent = 100 - 100 * bucket.remaining // most if bucket.ok else 100
        used = {"call_count": percent, "total_cputime": percent, "total_time": percent}
        wait = 0 if bucket.ok else int((bucket.reset - clock.now()).total_seconds() / 60) + 1
        exchange(request).headers.update(errors.usage(caller.account.id, used, wait))
        if not bucket.ok:
            raise errors.refused("account_rate")


async def graph_params(request: Request) -> Params:
    """The parameters of a Graph call. Raises Refused (100) for a body that cannot be read."""
    try:
        params = await read_params(request)
        # JSON can carry halves of surrogate pairs, which are no text.
        json.dumps(params.values, ensure_ascii=False).encode()
    except (BadBody, UnicodeEncodeError) as error:
        raise errors.invalid(f"The request cannot be read: {error}") from error
    return params


def _bearer(token: Token) -> dict[str, object]:
    return {"access_token": token.value, "token_type": "bearer", "expires_in": token.expires_in}
