"""Who calls: consent, tokens in every grant that Reddit's clients use, revocation, and what every API call begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.reddit import errors
from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.networks.reddit.rates import Rates
from polypost.sandbox.simkit import (
    Account,
    Asked,
    BadBody,
    Code,
    Consent,
    Gate,
    Network,
    OAuthServer,
    Pages,
    Params,
    Refused,
    Token,
    basic,
    bearer,
    exchange,
    read_text_params,
)
from polypost.sandbox.simkit.accounts import ACCESS, REFRESH
from polypost.sandbox.simkit.oauth import lead_back

NOBODY = ""
TEMPORARY = "temporary_code"
MISSING_SCOPE, WINDOW_USED = "missing_scope", "window_used"
INSTALLED = "https://oauth.reddit.com/grants/installed_client"
SCOPES = frozenset({
    "identity", "edit", "flair", "history", "mysubreddits", "privatemessages", "read", "report", "save",
    "submit", "subscribe", "vote", "wikiedit", "wikiread", "account", "creddits", "livemanage",
    "structuredstyles", "modconfig", "modflair", "modlog", "modposts", "modwiki", "modcontributors",
    "modmail", "modothers", "modself",
})  # fmt: skip
# The libraries' own names say nothing about who calls; Reddit's rules ask for a name, a version and a contact.
GENERIC = (
    "python-requests/", "python-urllib", "python-httpx", "httpx/", "aiohttp/", "python/", "java/", "okhttp/",
    "go-http-client/", "axios/", "node-fetch/", "curl/", "wget/", "libwww-perl/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call, None for an app that reads in its own name, with the call's parameters."""

    account: Account | None
    token: Token
    params: Params

    @property
    def person(self) -> Account:
        """The account. Raises Refused where there is none."""
        if self.account is None:
            raise errors.says("USER_REQUIRED", None)
        return self.account


class Auth(OAuthServer):
    """The OAuth addresses, and `enter`."""

    needed = ("state", "scope")
    commas = True
    pkce = None
    blocked = "bad request (reddit.com): invalid request"
    no_app = "bad request (reddit.com): you sent an invalid request — invalid client id."
    no_redirect = "bad request (reddit.com): you sent an invalid request — invalid redirect_uri parameter."
    code_life = timedelta(seconds=limit("code_seconds"))

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        super().__init__(net, pages, gate)
        self._rates = Rates(net)

    def asked(self, request: Request) -> Asked:
        """Scopes that Reddit does not know lead back to the app."""
        asked = super().asked(request)
        if not set(asked.scopes) <= SCOPES | {"*"}:
            back = {"state": asked.state or "", "error": "invalid_scope"}
            raise Refused(lead_back(asked.redirect_uri, back))
        return asked

    def code_for(self, request: Request, asked: Asked, account: Account) -> str:
        """Remember whether the code will bring a refresh token."""
        code = super().code_for(request, asked, account)
        if request.query_params.get("duration") != "permanent":
            self._net.documents.put(TEMPORARY, code, {}, account_id=account.id)
        return code

    async def read(self, request: Request) -> Params:
        """The form of an app that says who it is."""
        # snoowrap names itself in API calls only.
        check_user_agent(request, silence=True)
        return await read(request)

    def client(self, request: Request, params: Params) -> str:
        """The app by its Basic header. Raises Refused (401). Installed apps have an empty secret."""
        client_id, secret = basic(request) or ("", "")
        if not client_id or not self._gate.knows(client_id, secret):
            raise self.refused(request, "client")
        return client_id

    def by_code(self, request: Request, params: Params, client_id: str) -> Response:
        """A pair, or an access token alone where the person let the app in for an hour."""
        code = self.redeemed(request, params, client_id)
        if self._net.documents.get(TEMPORARY, params.text("code")) is not None:
            return self.given(self._access(code), None)
        return self.given(*self.issue(code))

    def rotated(self, request: Request, old: Token) -> Response:
        """An access token; the refresh token stays."""
        # Since about 2021 answers name the refresh token again.
        return self.given(self._access(old), old)

    def admit(self, request: Request, refresh: Token) -> None:
        """In the words of the API."""
        self._gate.admit(request, refresh)

    def otherwise(self, request: Request, params: Params, client_id: str) -> Response:
        """A password, or the app's own name, for an access token."""
        kind = params.text("grant_type")
        owner = NOBODY
        if kind == "password":
            account = self._net.accounts.by_username(params.text("username"))
            if account is None or not params.text("password"):
                raise self.refused(request, "code")
            owner = account.id
        elif kind not in {"client_credentials", INSTALLED}:
            raise self.refused(request, "grant_type")
        return self.given(self._access(Code(owner, client_id, "", _scopes(params))), None)

    async def revoke(self, request: Request) -> Response:
        """`POST /api/v1/revoke_token`: a refresh token takes its access tokens with it; unknown ones are fine too."""
        params = await self.read(request)
        client_id = self.client(request, params)
        token = self._net.tokens.find(params.text("token"))
        if token is not None and token.client_id == client_id:
            if token.kind == REFRESH:
                self._net.tokens.revoke_family(token.family)
            else:
                self._net.tokens.revoke(token.value)
        return Response(status_code=200)

    def issue(self, consent: Consent) -> tuple[Token, Token]:
        """An access token of a day and a refresh token without an end."""
        refresh = self.made(REFRESH, consent, None)
        return self._access(refresh), refresh

    def _access(self, consent: Consent) -> Token:
        return self.made(ACCESS, consent, timedelta(seconds=limit("access_token_seconds")))

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """Reddit does not tell what is wrong with a code, and does not call it an error in the status."""
        # Recorded: a bad code is refused in a 200, a dead refresh token with 400.
        if what in {"client", "refresh"}:
            return Refused(errors.plain(401 if what == "client" else 400))
        return Refused(errors.grant_error("invalid_grant" if what == "code" else "unsupported_grant_type"))

    async def enter(self, request: Request, scope: str) -> Caller:
        """The caller of an API call. Raises Refused: 429, 401, 403."""
        check_user_agent(request)
        token = self._net.tokens.find(bearer(request))
        if token is None or token.kind != ACCESS or not token.live:
            raise Refused(errors.unauthorized())
        self._gate.admit(request, token)
        call = exchange(request)
        if not {scope, "*"} & set(token.scopes) or call.fault(MISSING_SCOPE):
            raise errors.insufficient_scope()
        if left := call.lasting(WINDOW_USED):
            raise Refused(errors.too_many_until(left))
        self._rates.take(request, token)
        params = await read(request)
        return Caller(self._net.accounts.get(token.account_id), token, params)


def check_user_agent(request: Request, *, silence: bool = False) -> None:
    """Raises Refused (429) for a client that does not say who it is; `silence` lets those through that say nothing."""
    if silence and "user-agent" not in request.headers:
        return
    agent = request.headers.get("user-agent", "").strip().lower()
    if not agent or agent.startswith(GENERIC):
        raise errors.blocked()


async def read(request: Request) -> Params:
    """A call's parameters from query and body. Raises Refused (400) for a body that cannot be read."""
    try:
        return await read_text_params(request)
    except BadBody as error:
        raise errors.bad_request("JSON_PARSE_ERROR", "unable to parse JSON data") from error


def _scopes(params: Params) -> tuple[str, ...]:
    wanted = params.text("scope").replace(",", " ").split()
    return tuple(wanted) or ("*",)
