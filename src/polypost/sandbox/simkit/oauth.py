"""The OAuth 2.0 server of every network (RFC 6749, 7009, 7636): a network states what differs, and its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from polypost.sandbox.simkit.accounts import REFRESH, Account, Code, CodeRefused, Token
from polypost.sandbox.simkit.bodies import BadBody, Params, basic, read_params
from polypost.sandbox.simkit.gate import Gate
from polypost.sandbox.simkit.network import Network
from polypost.sandbox.simkit.pages import Pages
from polypost.sandbox.simkit.traffic import Refused

ACCOUNT = "sandbox_account"
DECISION = "sandbox_decision"
SHOWN_ACCOUNTS = 100
# A refusal at the token addresses: status, error, description.
Words = tuple[int, str, str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app asks for at the authorize address."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None = None
    challenge: str | None = None
    method: str | None = None


class Consent(Protocol):
    """What a token is given for: a code, or an earlier token of the same consent."""

    @property
    def account_id(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def scopes(self) -> tuple[str, ...]: ...


class OAuthServer(ABC):
    """The addresses for consent, tokens and revocation.

    Of the authorize address: `client_name` is what the network calls the app's id; `needed` are the other parameters
    without which it shows a page that says `blocked`, `response_type` what is taken when none is named; `no_app`,
    `no_redirect` and `no_scope` are what it says instead of an app, an address or a scope that it does not know, which
    they may name as {}; scopes are separated by blanks and with `commas` by these too, and are checked here against
    `all_scopes` where there are some; `pkce` is the method of challenges that name none, None where
    they are ignored. The way back has `denied` when the person says no, and `fragment` behind a code, which lives for
    `code_life`. `words` are the refusals by what is wrong: body, client, grant_type, code, refresh, where an entry like
    `code:verifier` stands before `code`.
    """

    client_name: ClassVar[str] = "client_id"
    needed: ClassVar[tuple[str, ...]] = ("scope",)
    response_type: ClassVar[str | None] = None
    commas: ClassVar[bool] = False
    pkce: ClassVar[str | None] = "plain"
    blocked: ClassVar[str] = "This app’s request for access is not valid."
    no_app: ClassVar[str] = ""
    no_redirect: ClassVar[str] = ""
    no_scope: ClassVar[str] = ""
    all_scopes: ClassVar[frozenset[str]] = frozenset()
    denied: ClassVar[Mapping[str, str]] = {"error": "access_denied"}
    fragment: ClassVar[str] = ""
    code_life: ClassVar[timedelta]
    words: ClassVar[Mapping[str, Words]] = {}
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        self._net = net
        self._pages = pages
        self._gate = gate

    async def authorize(self, request: Request) -> Response:
        """The consent page (GET), or the way back to the app after the choice made there (POST).

        Without a browser: add `sandbox_decision=approve` (or `deny`) to the query, and `sandbox_account=<id or username>`
        to choose another account than the first. The form posts to the same address, so the network's own parameters stay.
        """
        return await self.consent(request, self.asked(request))

    async def consent(
        self, request: Request, asked: Asked, *, denied: Mapping[str, str] | None = None, fragment: str = ""
    ) -> Response:
        """As `authorize`, for a dialog of its own."""
        if unsafe_redirect(asked.redirect_uri):
            return self._pages.missing("The redirect address of this app cannot be used.")
        answers = dict(request.query_params)
        if request.method == "POST":
            answers.update({k: v for k, v in (await request.form()).items() if isinstance(v, str)})
        decision = answers.get(DECISION)
        accounts = self._net.accounts.all(SHOWN_ACCOUNTS)
        if decision is None:
            title = f"Allow access — {self._pages.look.name}"
            return self._pages.render("consent.html", asked=asked, accounts=accounts, title=title)
        # Only a state that was given comes back (RFC 6749, 4.1.2).
        back = {} if asked.state is None else {"state": asked.state}
        if decision != "approve":
            return lead_back(asked.redirect_uri, {**(denied or self.denied), **back})
        wanted = answers.get(ACCOUNT) or accounts[0].id
        chosen = self._net.accounts.get(wanted) or self._net.accounts.by_username(wanted)
        if chosen is None:
            return self._pages.missing("There is no such account in the sandbox.")
        code = self.code_for(request, asked, chosen)
        told = self.told(asked, {**back, "code": code})
        return lead_back(asked.redirect_uri, told, fragment or self.fragment)

    def asked(self, request: Request) -> Asked:
        """What an app asks for. Raises Refused for a request that the network shows a page for."""
        query = request.query_params
        needed = (self.client_name, "redirect_uri", *self.needed)
        kind = query.get("response_type", self.response_type)
        # Without an app or an address nobody is led back (RFC 6749, 4.1.2.1).
        if kind != "code" or not all(query.get(name) for name in needed):
            raise self.refused_page()
        asked = Asked(
            client_id=query[self.client_name],
            redirect_uri=query["redirect_uri"],
            scopes=self.split(query.get("scope", "")),
            state=query.get("state"),
            challenge=query.get("code_challenge") if self.pkce else None,
            method=query.get("code_challenge_method", self.pkce),
        )
        # What would run in the browser is refused where the page would lead there.
        if not unsafe_redirect(asked.redirect_uri):
            self.check(asked)
        return asked

    def check(self, asked: Asked) -> None:
        """Raises Refused for an app that nobody registered, one that would lead people elsewhere, and an unknown scope."""
        app = self._gate.app(asked.client_id)
        if app is None:
            raise self.refused_page(self.no_app.format(asked.client_id))
        if not app.leads_to(asked.redirect_uri):
            raise self.refused_page(self.no_redirect.format(asked.redirect_uri))
        unknown = [name for name in asked.scopes if self.all_scopes and name not in self.all_scopes]
        if unknown:
            raise self.unknown_scope(asked, unknown[0])

    def unknown_scope(self, asked: Asked, scope: str) -> Refused:
        """The refusal of a scope that the network does not have."""
        return self.refused_page(self.no_scope.format(scope))

    def split(self, scopes: str) -> tuple[str, ...]:
        """Scopes as a parameter names them."""
        return tuple((scopes.replace(",", " ") if self.commas else scopes).split())

    def refused_page(self, said: str | None = None, *, status: int = 400) -> Refused:
        """The page for a request that does not lead back to the app."""
        return Refused(self._pages.missing(said or self.blocked, status=status))

    def code_for(self, request: Request, asked: Asked, account: Account) -> str:
        """The code that a consent gives."""
        return self._net.codes.issue(
            account_id=account.id,
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            scopes=asked.scopes,
            challenge=asked.challenge,
            method=asked.method,
            lifetime=self.code_life,
        )

    def told(self, asked: Asked, back: dict[str, str]) -> Mapping[str, str]:
        """What the way back says besides the code."""
        return back

    async def token(self, request: Request) -> Response:
        """A code, a refresh token or what else the network takes, for tokens."""
        params = await self.read(request)
        client_id = self.client(request, params)
        match params.text("grant_type"):
            case "authorization_code":
                return self.by_code(request, params, client_id)
            case "refresh_token":
                return self.by_refresh(request, params, client_id)
        return self.otherwise(request, params, client_id)

    async def read(self, request: Request) -> Params:
        """The parameters of a call in an app's name. Raises Refused."""
        try:
            return await read_params(request)
        except BadBody as error:
            raise self.refused(request, "body", str(error)) from error

    def client(self, request: Request, params: Params) -> str:
        """The app that calls. Raises Refused where none is named, or ours without its secret."""
        # Servers have to take Basic and may take the body (RFC 6749, 2.3.1).
        client_id, secret = basic(request) or (params.text(self.client_name), params.text("client_secret"))
        if not client_id:
            raise self.refused(request, "client", "missing")
        if not self._gate.knows(client_id, secret):
            raise self.refused(request, "client", "" if self._gate.app(client_id) else "unknown")
        return client_id

    def by_code(self, request: Request, params: Params, client_id: str) -> Response:
        """The tokens for a code."""
        return self.given(*self.issue(self.redeemed(request, params, client_id)))

    def redeemed(self, request: Request, params: Params, client_id: str) -> Code:
        """What a code stands for. Raises Refused."""
        try:
            return self._net.codes.redeem(
                params.text("code"),
                client_id=client_id,
                redirect_uri=params.text("redirect_uri"),
                verifier=params.text("code_verifier") or None,
            )
        except CodeRefused as wrong:
            raise self.refused(request, "code", wrong.reason) from wrong

    def by_refresh(self, request: Request, params: Params, client_id: str) -> Response:
        """The tokens for a refresh token, which is used up by it."""
        return self.rotated(request, self.renewable(request, params, client_id))

    def rotated(self, request: Request, old: Token) -> Response:
        """New tokens for a refresh token that ends by it. Raises Refused when another call was faster."""
        with self._net.store.transaction():
            if not self._net.tokens.use_up(old.value):
                raise self.refused(request, "refresh")
            return self.given(*self.issue(old))

    def renewable(self, request: Request, params: Params, client_id: str) -> Token:
        """The live refresh token of a call. Raises Refused."""
        token = self._net.tokens.find(params.text("refresh_token"))
        if token is None or token.kind != REFRESH or token.client_id != client_id or not token.live:
            raise self.refused(request, "refresh", "" if token else "unknown")
        self.admit(request, token)
        return token

    def admit(self, request: Request, refresh: Token) -> None:
        """Let a refresh token in. Raises Refused, in the words of the token address, when a fault ends it."""
        try:
            self._gate.admit(request, refresh)
        except Refused as dead:
            raise self.refused(request, "refresh") from dead

    def otherwise(self, request: Request, params: Params, client_id: str) -> Response:
        """What another grant type brings. Raises Refused."""
        raise self.refused(request, "grant_type", "" if params.text("grant_type") else "missing")

    @abstractmethod
    def issue(self, consent: Consent) -> tuple[Token, Token | None]:
        """An access token, and a refresh token where the network gives one."""

    def made(
        self,
        kind: str,
        consent: Consent,
        lifetime: timedelta | None,
        *,
        prefix: str = "",
        scopes: tuple[str, ...] | None = None,
        data: dict[str, Any] | None = None,
    ) -> Token:
        """A new token of a kind, in the family of the one that it is given for; without `lifetime` it has no end."""
        return self._net.tokens.issue(
            kind,
            account_id=consent.account_id,
            client_id=consent.client_id,
            scopes=consent.scopes if scopes is None else scopes,
            lifetime=lifetime,
            family=consent.family if isinstance(consent, Token) else None,
            prefix=prefix,
            data=data,
        )

    def given(self, access: Token, refresh: Token | None) -> Response:
        """The answer that brings tokens."""
        return JSONResponse(self.body(access, refresh), headers=self.headers)

    def body(self, access: Token, refresh: Token | None) -> dict[str, Any]:
        """The members of that answer."""
        body: dict[str, Any] = {
            "access_token": access.value,
            "token_type": "bearer",
            "expires_in": access.expires_in,
            "scope": " ".join(access.scopes),
        }
        return body if refresh is None else body | {"refresh_token": refresh.value}

    async def revoke(self, request: Request) -> Response:
        """End everything that one consent gave; an unknown token is no error."""
        params = await self.read(request)
        client_id = self.client(request, params)
        token = self._net.tokens.find(params.text("token"))
        if token is not None and token.client_id == client_id:
            self._net.tokens.revoke_family(token.family)
        return self.revoked()

    def revoked(self) -> Response:
        """The answer to a revocation."""
        return JSONResponse({})

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """A refusal at the token addresses in the network's words."""
        status, error, description = self.words.get(f"{what}:{why}") or self.words[what]
        return self.oauth_error(request, status, error, description)

    def oauth_error(self, request: Request, status: int, error: str, description: str | None) -> Refused:
        """The form of such a refusal, by RFC 6749."""
        body = {"error": error} | ({"error_description": description} if description else {})
        return Refused(JSONResponse(body, status))


def unsafe_redirect(uri: str) -> bool:
    """Whether a redirect address is none, or one that would run code in the browser."""
    return urlsplit(uri).scheme.lower() in {"", "javascript", "data", "vbscript"}


def lead_back(uri: str, values: Mapping[str, str], fragment: str = "") -> Response:
    """The way back to an app, with values in the query."""
    parts = urlsplit(uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()])
    return RedirectResponse(parts._replace(query=query, fragment=fragment).geturl(), 302)
