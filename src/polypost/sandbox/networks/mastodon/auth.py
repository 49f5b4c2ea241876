"""Who calls: registered apps, consent, tokens without an end, scopes."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.mastodon.answers import Answers
from polypost.sandbox.networks.mastodon.errors import (
    front_end,
    invalid,
    invalid_client,
    invalid_grant,
    not_found,
    refused,
)
from polypost.sandbox.networks.mastodon.intake import read
from polypost.sandbox.networks.mastodon.limits import limit
from polypost.sandbox.networks.mastodon.rates import Rates
from polypost.sandbox.networks.mastodon.rules import Rules
from polypost.sandbox.networks.mastodon.server import SCOPES
from polypost.sandbox.simkit import (
    Account,
    Asked,
    Caller,
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
)
from polypost.sandbox.simkit.accounts import ACCESS
from polypost.sandbox.simkit.oauth import lead_back

APP, OF_APP = "app", "client_credentials"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
DEMO_APP = "Sandbox app"
SINCE_4_3 = frozenset({"profile"})
INVALID_TOKEN = "The access token is invalid"  # noqa: S105  # a sentence
REVOKED_TOKEN = "The access token was revoked"  # noqa: S105  # a sentence
EXPIRED_TOKEN = "The access token expired"  # noqa: S105  # a sentence
OUTSIDE = "This action is outside the authorized scopes"
DISABLED = "Your login is currently disabled"
HEADERS = {"cache-control": "no-store"}
WORDS = {
    "grant_type": (400, "unsupported_grant_type",
        "The authorization grant type is not supported by the authorization server."),
}  # fmt: skip


class Auth(OAuthServer):
    """The OAuth addresses, and the check that every other call begins with."""

    code_life = timedelta(seconds=limit("code_life_seconds"))
    words = WORDS
    headers = HEADERS

    def __init__(
        self, net: Network, pages: Pages, gate: Gate, rates: Rates, answers: Answers, rules: Rules
    ) -> None:
        super().__init__(net, pages, gate)
        self._rates = rates
        self._answers = answers
        self._rules = rules

    def app_of(self, client_id: str) -> dict[str, Any] | None:
        """A registered app, the sandbox's own among them."""
        if client_id == self._gate.client_id:
            return {
                "id": "1",
                "name": DEMO_APP,
                "website": None,
                "redirect_uris": None,
                "scopes": list(SCOPES),
                "secret": self._gate.client_secret,
            }
        found = self._net.documents.get(APP, client_id)
        return None if found is None else found.body

    async def register(self, request: Request) -> Response:
        """`POST /api/v1/apps`."""
        self._rates.take(request, None)
        sent = await read(request)
        older = self._rules.older(request)
        name, uris = sent.text("client_name"), sent.values.get("redirect_uris") or ""
        redirects = [str(each) for each in uris] if isinstance(uris, list) else str(uris).split()
        scopes = (sent.text("scopes") or "read").split()
        if not name.strip():
            raise invalid("Name can't be blank")
        # Several addresses, and so a list of them, came with 4.3.
        if not redirects or (older and isinstance(uris, list)):
            raise invalid("Redirect URI can't be blank")
        if any(each != OUT_OF_BAND and not urlsplit(each).scheme for each in redirects):
            raise invalid("Redirect URI must be an absolute URI.")
        if not self._known(scopes, older=older):
            raise invalid("Scopes doesn't match configured on the server.")
        client_id, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        body = {
            "id": self._net.snowflake(epoch_ms=0, random_bits=16),
            "name": name,
            "website": sent.text("website") or None,
            "redirect_uris": redirects,
            "scopes": scopes,
            "secret": secret,
        }
        self._net.documents.put(APP, client_id, body)
        keys = {"client_id": client_id, "client_secret": secret, "client_secret_expires_at": 0}
        return JSONResponse(described(body) | keys)

    def _known(self, scopes: list[str], *, older: bool) -> bool:
        known = set(SCOPES) - (SINCE_4_3 if older else set())
        return bool(scopes) and set(scopes) <= known

    async def verify_app(self, request: Request) -> Response:
        """`GET /api/v1/apps/verify_credentials`."""
        token = self._token(request)
        app = self.app_of(token.client_id)
        if app is None:
            raise refused(401, INVALID_TOKEN)
        shown = described(app)
        if self._rules.older(request):
            # Since 4.3 an app is told its scopes.
            shown = {name: shown[name] for name in ("name", "website", "vapid_key")}
        return JSONResponse(shown)

    def asked(self, request: Request) -> Asked:
        """What a registered app asks for, by the name and the address that the page shows."""
        query = request.query_params
        client_id, redirect = query.get("client_id", ""), query.get("redirect_uri", "")
        app = self.app_of(client_id)
        if app is None or exchange(request).fault("app_forgotten"):
            raise self.refused_page("Client authentication failed due to unknown client.", status=401)
        if not redirect or (app["redirect_uris"] is not None and redirect not in app["redirect_uris"]):
            raise self.refused_page("The redirect uri included is not valid.")
        older = self._rules.older(request)
        scopes = (query.get("scope") or "read").split()
        # PKCE came with 4.3.
        challenge = None if older else query.get("code_challenge")
        wrong = None
        if query.get("response_type") != "code":
            wrong = "unsupported_response_type"
        elif not self._known(scopes, older=older) or not set(scopes) <= set(app["scopes"]):
            wrong = "invalid_scope"
        elif challenge and query.get("code_challenge_method") != "S256":
            wrong = "invalid_request"
        state = query.get("state")
        if wrong is not None:
            back = {"error": wrong, "error_description": "The request cannot be carried out."}
            raise Refused(lead_back(redirect, back | ({"state": state} if state else {})))
        native = f"{str(request.base_url).rstrip('/')}/oauth/authorize/native"
        shown = native if redirect == OUT_OF_BAND else redirect
        return Asked(app["name"], shown, tuple(scopes), state, challenge, "S256")

    def code_for(self, request: Request, asked: Asked, account: Account) -> str:
        """A code for the app's id and the address that it named."""
        query = request.query_params
        named = replace(asked, client_id=query["client_id"], redirect_uri=query["redirect_uri"])
        return super().code_for(request, named, account)

    async def native(self, request: Request) -> Response:
        """`/oauth/authorize/native`: the code as a page shows it to people whose app has no address."""
        code = request.query_params.get("code", "")
        return self._pages.missing(f"Copy this code: {code}", status=200)

    async def read(self, request: Request) -> Params:
        """Parameters as Rails reads them."""
        sent = await read(request)
        return Params({name: sent.text(name) for name in sent.values})

    def client(self, request: Request, params: Params) -> str:
        """A registered app with its secret."""
        client_id, secret = basic(request) or (params.text("client_id"), params.text("client_secret"))
        app = self.app_of(client_id)
        if app is None or secret != app["secret"] or exchange(request).fault("app_forgotten"):
            raise invalid_client()
        return client_id

    def redeemed(self, request: Request, params: Params, client_id: str) -> Code:
        """What a code stands for, whose scopes the app still has."""
        code, app = super().redeemed(request, params, client_id), self.app_of(client_id)
        if app is None or not set(code.scopes) <= set(app["scopes"]):
            raise refused(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        return code

    def by_refresh(self, request: Request, params: Params, client_id: str) -> Response:
        """There are no refresh tokens."""
        return self.otherwise(request, params, client_id)

    def otherwise(self, request: Request, params: Params, client_id: str) -> Response:
        """A token in the app's own name."""
        if params.text("grant_type") != "client_credentials":
            raise self.refused(request, "grant_type")
        scopes = tuple((params.text("scope") or "read").split())
        return self.given(self.made(OF_APP, Code("", client_id, "", scopes), None), None)

    def issue(self, consent: Consent) -> tuple[Token, None]:
        """A token of an account; it has no end."""
        return self.made(ACCESS, consent, None), None

    def body(self, access: Token, refresh: Token | None) -> dict[str, Any]:
        """When the token was made, as it has no end."""
        return {
            "access_token": access.value,
            "token_type": "Bearer",
            "scope": " ".join(access.scopes),
            "created_at": int(access.issued.timestamp()),
        }

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """One sentence for whatever is wrong with a code."""
        return invalid_grant() if what == "code" else super().refused(request, what, why)

    async def revoke(self, request: Request) -> Response:
        """`POST /oauth/revoke`; a token that is gone already is a success."""
        params = await self.read(request)
        client_id = self.client(request, params)
        token = self._net.tokens.find(params.text("token"))
        if token is not None and token.client_id != client_id:
            raise refused(403, "unauthorized_client", "You are not authorized to revoke this token")
        if token is not None:
            self._net.tokens.revoke(token.value)
        return JSONResponse({})

    async def userinfo(self, request: Request) -> Response:
        """`/oauth/userinfo`, since 4.3."""
        if self._rules.older(request):
            raise not_found()
        caller = self._admitted(request, "profile", "read", "read:accounts")
        shown = self._answers.account(caller.account)
        return JSONResponse(
            {
                "iss": f"{str(request.base_url).rstrip('/')}/",
                "sub": shown["uri"],
                "name": shown["display_name"],
                "preferred_username": shown["username"],
                "profile": shown["url"],
                "picture": shown["avatar"],
            }
        )

    def user(self, request: Request, *scopes: str, what: str | None = None) -> Caller:
        """The account that calls, whose token has one of the scopes. Raises Refused: 401, 403, 422, 429 (`what`)."""
        caller = self._admitted(request, *scopes)
        self._rates.take(request, caller.token, what)
        return caller

    def _admitted(self, request: Request, *scopes: str) -> Caller:
        token = self._token(request)
        account = self._net.accounts.get(token.account_id)
        if account is None:
            raise refused(422, "This method requires an authenticated user")
        self._gate.admit(request, token)
        if exchange(request).fault("login_disabled"):
            raise refused(403, DISABLED)
        if not allows(token, scopes):
            raise refused(403, OUTSIDE)
        return Caller(account, token)

    def reader(self, request: Request) -> str | None:
        """The id of the account that reads, None for a reader without a token."""
        if request.headers.get("authorization") or request.query_params.get("access_token"):
            return self.user(request, "read", "read:statuses", "read:accounts").account.id
        self._rates.take(request, None)
        return None

    def _token(self, request: Request) -> Token:
        if exchange(request).fault("html_errors"):
            raise Refused(front_end())
        value = bearer(request) or request.query_params.get("access_token", "")
        token = self._net.tokens.find(value.strip())
        if token is None or token.kind not in {ACCESS, OF_APP}:
            raise refused(401, INVALID_TOKEN)
        if not token.live:
            raise refused(401, REVOKED_TOKEN)
        return token


def allows(token: Token, scopes: tuple[str, ...]) -> bool:
    """Whether a token has one of the scopes, or the wider one that holds it."""
    wide = {scope.partition(":")[0] for scope in scopes}
    return bool((set(scopes) | wide) & set(token.scopes))


def described(app: dict[str, Any]) -> dict[str, Any]:
    """An app without its secret."""
    redirects = app["redirect_uris"] or [OUT_OF_BAND]
    return {
        "id": app["id"],
        "name": app["name"],
        "website": app["website"],
        "scopes": app["scopes"],
        "redirect_uris": redirects,
        "redirect_uri": "\n".join(redirects),
        "vapid_key": "sandbox",
    }
