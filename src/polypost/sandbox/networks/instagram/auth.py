"""Who calls: consent and tokens of the Instagram login, and the check that every call of the Graph API begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.simkit import Account, Code, Consent, Params, Refused, Token, app_of, exchange, meta
from polypost.sandbox.simkit.meta import PERMISSIONS, MetaLogin, bearing, given_token, graph_params

SHORT, LONG = "instagram_short", "instagram_long"
EXCHANGE = "ig_exchange_token"
FACEBOOK_SHORT, FACEBOOK_LONG, PAGE = "facebook_short", "facebook_long", "facebook_page"
REMOVED = "removed_app"
# The same right has another name in each login.
BASIC = frozenset({"instagram_business_basic", "instagram_basic"})
PUBLISH = frozenset({"instagram_business_content_publish", "instagram_content_publish"})
COMMENT = frozenset({"instagram_business_manage_comments", "instagram_manage_comments"})
INSIGHTS = frozenset({"instagram_business_manage_insights", "instagram_manage_insights"})
MESSAGES = frozenset({"instagram_business_manage_messages"})
OF_BUSINESS = ("basic", "content_publish", "manage_comments", "manage_insights", "manage_messages")
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


class Auth(MetaLogin):
    """The addresses of the Instagram login, and `enter`."""

    # Both logins lead here; the names of the Instagram login's rights begin otherwise.
    all_scopes = PERMISSIONS | {f"instagram_business_{name}" for name in OF_BUSINESS}
    response_type = "code"
    # Instagram puts `#_` behind every way back; clients have to cut it off the code.
    fragment = "_"
    code_life = timedelta(seconds=limit("code_seconds"))

    def code_token(self, request: Request, params: Params) -> Response:
        """`POST api.instagram.com/oauth/access_token`: a code for a token of one hour."""
        client_id, secret = app_of(request, params)
        if not self.knows(client_id, secret):
            raise errors.login_error("Invalid client_id or client_secret")
        if params.text("grant_type") != "authorization_code":
            raise errors.login_error("Invalid grant_type")
        code = self.redeemed(request, params, client_id)
        account = self._net.accounts.get(code.account_id)
        if account is None:
            raise self.refused(request, "code", "unknown")
        if FACEBOOK_ONLY & set(code.scopes):
            # Some clients of the Facebook login redeem its codes without a version and with a grant type.
            return self.facebook_token(code)
        token = self.lasting(SHORT, code, limit("short_token_seconds"))
        # The user_id of this answer is scoped to the app, not the id to publish with (Business Login).
        scoped = str(account.data["scoped_id"])
        # Meta documents one shape of the answer, and connectors report another.
        if exchange(request).fault("token_in_data"):
            entry = {"access_token": token.value, "user_id": scoped, "permissions": ",".join(code.scopes)}
            return JSONResponse({"data": [entry]})
        return JSONResponse(
            {"access_token": token.value, "user_id": int(scoped), "permissions": list(code.scopes)}
        )

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """A code that buys nothing, in the words of api.instagram.com."""
        return errors.login_error(BAD_CODE.get(why, BAD_CODE["unknown"]))

    def facebook_token(self, code: Code) -> Response:
        """A person's token of the Facebook login, of an hour or two."""
        seconds = limit("facebook_short_token_seconds")
        return JSONResponse(bearing(self.lasting(FACEBOOK_SHORT, code, seconds)))

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
            raise Refused(meta.answer(meta.Fault(101, None, "Error validating client secret.")))
        if token.kind == LONG:
            message = "Session key invalid. The access token is long-lived already."
            raise Refused(meta.answer(meta.Fault(452, None, message)))
        return JSONResponse(bearing(self.lasting(LONG, token, limit("long_token_seconds"))))

    async def refresh(self, request: Request) -> Response:
        """`GET /refresh_access_token`: sixty more days for a token that is a day old; the old one stays valid."""
        params = await graph_params(request)
        if params.text("grant_type") != "ig_refresh_token":
            raise errors.invalid("The parameter grant_type must be ig_refresh_token")
        token = self._live(request, params.text("access_token"), {LONG})
        if (clock.now() - token.issued).total_seconds() < limit("refresh_age_seconds"):
            # An expired one is dead, so a client has to come between the first day and the sixtieth.
            raise errors.invalid("The access token must be at least 24 hours old to be refreshed")
        return JSONResponse(
            {
                **bearing(self.lasting(LONG, token, limit("long_token_seconds"))),
                "permissions": ",".join(token.scopes),
            }
        )

    def lasting(self, kind: str, consent: Consent, seconds: int | None) -> Token:
        """A new token of a kind; without `seconds` it has no end."""
        life = None if seconds is None else timedelta(seconds=seconds)
        return self.made(kind, consent, life, prefix="IGAA" if kind in {SHORT, LONG} else "EAAG")

    def issue(self, consent: Consent) -> tuple[Token, None]:
        """A token of sixty days; there are no refresh tokens."""
        return self.lasting(LONG, consent, limit("long_token_seconds")), None

    async def enter(self, request: Request, rights: frozenset[str] = BASIC) -> Caller:
        """The caller of a Graph call. Raises Refused: 104, 190, 10, or 80002 when the account's calls are used up."""
        params = await graph_params(request)
        return self.caller(request, params, rights)

    async def own(self, request: Request, rights: frozenset[str] = BASIC) -> Caller:
        """As `enter`, for an edge of the caller's account. Raises Refused (100/33) where the path names another."""
        caller = await self.enter(request, rights)
        named = str(request.path_params["id"])
        if not caller.means(named):
            raise meta.missing(named, request.method.lower())
        return caller

    def caller(self, request: Request, params: Params, rights: frozenset[str]) -> Caller:
        """As `enter`, for a call whose body is not parameters."""
        text = given_token(request, params)
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
        return token

    def remove(self, token: Token) -> None:
        """End everything that one consent gave, as when a person removes the app."""
        with self._net.store.transaction():
            self._net.tokens.revoke_family(token.family)
            self._net.documents.put(REMOVED, token.family, {}, account_id=token.account_id)

    def _count(self, request: Request, caller: Caller) -> None:
        # 4800 calls a day for each impression of the account (Graph API: Rate Limiting).
        most = limit("impressions") * limit("calls_per_impression")
        percent, wait = self.count(caller.account.id, most)
        exchange(request).headers.update(errors.usage(caller.account.id, percent, wait))
        if wait:
            raise errors.refused("account_rate")
