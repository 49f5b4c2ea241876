"""Who calls: consent, tokens in every grant that Reddit's clients use, revocation, and what every API call begins with."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from polypost.sandbox.networks.reddit import errors
from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.networks.reddit.rates import Rates
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

ACCESS, REFRESH = "access", "refresh"
NOBODY = ""
TEMPORARY = "temporary_code"
INSTALLED = "https://oauth.reddit.com/grants/installed_client"
SCOPES = frozenset(
    {
        *(
            "identity",
            "edit",
            "flair",
            "history",
            "mysubreddits",
            "privatemessages",
            "read",
            "report",
            "save",
            "submit",
        ),
        *(
            "subscribe",
            "vote",
            "wikiedit",
            "wikiread",
            "account",
            "creddits",
            "livemanage",
            "structuredstyles",
        ),
        *(
            "modconfig",
            "modflair",
            "modlog",
            "modposts",
            "modwiki",
            "modcontributors",
            "modmail",
            "modothers",
            "modself",
        ),
    }
)
# The libraries' own names say nothing about who calls; Reddit's rules ask for a name, a version and a contact.
GENERIC = (
    "python-requests/",
    "python-urllib",
    "python-httpx",
    "httpx/",
    "aiohttp/",
    "python/",
    "java/",
    "okhttp/",
    "go-http-client/",
    "axios/",
    "node-fetch/",
    "curl/",
    "wget/",
    "libwww-perl/",
)


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


class Auth:
    """The OAuth addresses, and `enter`."""

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        self._pages = pages
        self._gate = gate
        self._net = net
        self._rates = Rates(net)

    async def authorize(self, request: Request) -> Response:
        """The consent page of www.reddit.com."""
        query = request.query_params
        needed = ("client_id", "redirect_uri", "state", "scope")
        wrong = query.get("response_type") != "code" or not all(query.get(name) for name in needed)
        if wrong:
            return self._pages.missing("bad request (reddit.com): invalid request", status=400)
        scopes = tuple(query["scope"].replace(",", " ").split())
        if not set(scopes) <= SCOPES | {"*"}:
            return _back(query["redirect_uri"], {"state": query["state"], "error": "invalid_scope"})
        asked = Asked(query["client_id"], query["redirect_uri"], scopes, query["state"])
        life = timedelta(seconds=limit("code_seconds"))

        def code_for(account: Account) -> str:
            code = self._net.codes.issue(
                account_id=account.id,
                client_id=asked.client_id,
                redirect_uri=asked.redirect_uri,
                scopes=asked.scopes,
                lifetime=life,
            )
            if query.get("duration") != "permanent":
                self._net.documents.put(TEMPORARY, code, {}, account_id=account.id)
            return code

        return await consent(request, self._net, self._pages, asked, lifetime=life, code_for=code_for)

    async def token(self, request: Request) -> Response:
        """`POST /api/v1/access_token`: a code, a refresh token, a password, or the app's own name for a token."""
        # snoowrap names itself in API calls only.
        check_user_agent(request, silence=True)
        client_id = self._client(request)
        params = await read(request)
        kind = params.text("grant_type")
        if kind == "authorization_code":
            return self._from_code(params, client_id)
        if kind == "refresh_token":
            return self._from_refresh(request, params, client_id)
        if kind == "password":
            return self._from_password(params, client_id)
        if kind in {"client_credentials", INSTALLED}:
            return self._answer(self._access(NOBODY, client_id, _scopes(params)), None)
        return errors.grant_error("unsupported_grant_type")

    def _from_code(self, params: Params, client_id: str) -> Response:
        try:
            code = self._net.codes.redeem(
                params.text("code"), client_id=client_id, redirect_uri=params.text("redirect_uri")
            )
        except CodeRefused:
            # Bad, used or somebody else's: Reddit does not tell, and does not call it an error in the status.
            return errors.grant_error("invalid_grant")
        if self._net.documents.get(TEMPORARY, params.text("code")) is not None:
            return self._answer(self._access(code.account_id, client_id, code.scopes), None)
        return self._answer(*self.issue(code.account_id, client_id, code.scopes))

    def _from_refresh(self, request: Request, params: Params, client_id: str) -> Response:
        old = self._net.tokens.find(params.text("refresh_token"))
        if old is None or old.kind != REFRESH or old.client_id != client_id or not old.live:
            raise Refused(errors.plain(400))
        self._gate.admit(request, old)
        access = self._access(old.account_id, client_id, old.scopes, family=old.family)
        return self._answer(access, old)

    def _from_password(self, params: Params, client_id: str) -> Response:
        account = self._net.accounts.by_username(params.text("username"))
        if account is None or not params.text("password"):
            return errors.grant_error("invalid_grant")
        return self._answer(self._access(account.id, client_id, _scopes(params)), None)

    async def revoke(self, request: Request) -> Response:
        """`POST /api/v1/revoke_token`: a refresh token takes its access tokens with it; unknown ones are fine too."""
        # snoowrap names itself in API calls only.
        check_user_agent(request, silence=True)
        client_id = self._client(request)
        params = await read(request)
        token = self._net.tokens.find(params.text("token"))
        if token is not None and token.client_id == client_id:
            if token.kind == REFRESH:
                self._net.tokens.revoke_family(token.family)
            else:
                self._net.tokens.revoke(token.value)
        return Response(status_code=200)

    def issue(self, account_id: str, client_id: str, scopes: tuple[str, ...]) -> tuple[Token, Token]:
        """An access token of a day and a refresh token without an end."""
        refresh = self._net.tokens.issue(REFRESH, account_id=account_id, client_id=client_id, scopes=scopes)
        return self._access(account_id, client_id, scopes, family=refresh.family), refresh

    def _access(
        self, account_id: str, client_id: str, scopes: tuple[str, ...], *, family: str | None = None
    ) -> Token:
        return self._net.tokens.issue(
            ACCESS,
            account_id=account_id,
            client_id=client_id,
            scopes=scopes,
            lifetime=timedelta(seconds=limit("access_token_seconds")),
            family=family,
        )

    def _answer(self, access: Token, refresh: Token | None) -> Response:
        body: dict[str, object] = {
            "access_token": access.value,
            "token_type": "bearer",
            "expires_in": access.expires_in,
            "scope": " ".join(access.scopes),
        }
        if refresh is not None:
            body["refresh_token"] = refresh.value
        return JSONResponse(body)

    def _client(self, request: Request) -> str:
        """The app by its Basic header. Raises Refused (401). Installed apps have an empty secret."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        client_id, colon, secret = text.partition(":")
        known = (unquote(client_id), unquote(secret))
        ours = self._gate.client_id
        if (
            scheme.lower() != "basic"
            or not colon
            or not client_id
            or (known[0] == ours and known[1] != self._gate.client_secret)
        ):
            raise Refused(errors.plain(401))
        return known[0]

    async def enter(self, request: Request, scope: str) -> Caller:
        """The caller of an API call. Raises Refused: 429, 401, 403."""
        check_user_agent(request)
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._net.tokens.find(value.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.kind != ACCESS or not token.live:
            raise Refused(errors.unauthorized())
        self._gate.admit(request, token)
        if not {scope, "*"} & set(token.scopes):
            raise errors.insufficient_scope()
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
        params = await read_params(request)
        # JSON can carry halves of surrogate pairs, which are no text.
        json.dumps(params.values, ensure_ascii=False).encode()
    except (BadBody, UnicodeEncodeError) as error:
        raise errors.bad_request("JSON_PARSE_ERROR", "unable to parse JSON data") from error
    return params


def _scopes(params: Params) -> tuple[str, ...]:
    wanted = params.text("scope").replace(",", " ").split()
    return tuple(wanted) or ("*",)


def _back(redirect_uri: str, values: dict[str, str]) -> Response:
    parts = urlsplit(redirect_uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()])
    return RedirectResponse(parts._replace(query=query).geturl(), 302)
