"""Who calls: Google's consent page, tokens, revocation, and the check that every other call begins with."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.identity import ISSUER, Identity
from polypost.sandbox.networks.youtube.limits import limit
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
    exchange,
    read_params,
)

ACCESS, REFRESH = "access", "refresh"
CONSENTED, OFFLINE, USED = "consented", "offline_code", "refresh_used"
TICKED = "sandbox_scopes"
TESTING_CLIENT, UNAUDITED_CLIENT = "sandbox-testing-app", "sandbox-unaudited-app"

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

BAD_CODE = {
    "redirect_uri": ("redirect_uri_mismatch", "Bad Request"),
    "verifier": ("invalid_grant", "Invalid code verifier."),
    "unknown": ("invalid_grant", "Malformed auth code."),
}
DEAD = "Token has been expired or revoked."


@dataclass(frozen=True, slots=True)
class Caller:
    """The channel behind a call, its scopes, and the project whose daily quota the call counts against."""

    account: Account
    project: str
    scopes: frozenset[str]

    @property
    def anonymous(self) -> bool:
        """Whether an app reads what is public, with nothing but its key."""
        return not self.account.id


class Auth:
    """accounts.google.com and oauth2.googleapis.com, and `enter`."""

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        self._pages = pages
        self._gate = gate
        self._net = net
        self.identity = Identity(net)

    async def authorize(self, request: Request) -> Response:
        """`GET /o/oauth2/v2/auth`: the consent page. `sandbox_scopes` in the query is what the person leaves ticked."""
        query = request.query_params
        wanted = ("client_id", "redirect_uri", "scope")
        if query.get("response_type") != "code" or not all(query.get(name) for name in wanted):
            return self._pages.missing(
                "Access blocked: Authorization Error. Error 400: invalid_request", status=400
            )
        asked = Asked(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            scopes=tuple(query.get(TICKED, query["scope"]).split()),
            state=query.get("state"),
            challenge=query.get("code_challenge"),
            method=query.get("code_challenge_method", "plain"),
        )
        life = timedelta(seconds=limit("code_life_seconds"))

        def issue(account: Account) -> str:
            code = self._net.codes.issue(
                account_id=account.id,
                client_id=asked.client_id,
                redirect_uri=asked.redirect_uri,
                scopes=asked.scopes,
                challenge=asked.challenge,
                method=asked.method,
                lifetime=life,
            )
            self._note(code, account, request)
            return code

        answer = await consent(request, self._net, self._pages, asked, lifetime=life, code_for=issue)
        return _back(answer, asked.scopes)

    def _note(self, code: str, account: Account, request: Request) -> None:
        """Remember whether the code will bring a refresh token: offline, and the first consent or one forced anew."""
        query = request.query_params
        name = f"{query['client_id']} {account.id}"
        first = self._net.documents.get(CONSENTED, name) is None
        self.identity.remember(code, query.get("nonce"))
        offline = query.get("access_type") == "offline"
        forced = "consent" in query.get("prompt", "").split() or query.get("approval_prompt") == "force"
        if offline and (first or forced):
            self._net.documents.put(OFFLINE, code, {})
        if offline:
            self._net.documents.put(CONSENTED, name, {})

    async def token(self, request: Request) -> Response:
        """`POST oauth2.googleapis.com/token`: a code or a refresh token for an access token."""
        params = await _params(request)
        client_id = self._client(request, params)
        kind = params.text("grant_type")
        if kind == "authorization_code":
            return self._from_code(params, client_id)
        if kind == "refresh_token":
            return self._from_refresh(request, params, client_id)
        if not kind:
            raise errors.oauth(400, "invalid_request", "Required parameter is missing: grant_type")
        raise errors.oauth(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _from_code(self, params: Params, client_id: str) -> Response:
        value = params.text("code")
        if not value:
            raise errors.oauth(400, "invalid_request", "Missing required parameter: code")
        try:
            code = self._net.codes.redeem(
                value,
                client_id=client_id,
                redirect_uri=params.text("redirect_uri"),
                verifier=params.text("code_verifier") or None,
            )
        except CodeRefused as refused:
            raise errors.oauth(
                400, *BAD_CODE.get(refused.reason, ("invalid_grant", "Bad Request"))
            ) from refused
        account = self._net.accounts.get(code.account_id)
        if account is None:
            raise errors.oauth(400, "invalid_grant", "Bad Request")
        offline = self._net.documents.get(OFFLINE, value) is not None
        access, refresh = self.issue(account, client_id, code.scopes, offline=offline)
        return _answer(access, refresh, self.identity.id_token(access, value))

    def _from_refresh(self, request: Request, params: Params, client_id: str) -> Response:
        token = self._net.tokens.find(params.text("refresh_token"))
        if token is None or token.kind != REFRESH or not token.live or token.client_id != client_id:
            raise errors.oauth(400, "invalid_grant", DEAD if token else "Bad Request")
        last = self._net.documents.get(USED, token.family)
        if clock.now() - (last.created if last else token.issued) > timedelta(
            days=limit("refresh_idle_days")
        ):
            raise errors.oauth(400, "invalid_grant", DEAD)
        try:
            self._gate.admit(request, token)
        except Refused as refused:
            raise errors.oauth(400, "invalid_grant", DEAD) from refused
        self._net.documents.put(USED, token.family, {})
        access = self._access(token.account_id, client_id, token.scopes, token.family)
        return _answer(access, None, self.identity.id_token(access))

    def issue(
        self, account: Account, client_id: str, scopes: tuple[str, ...], *, offline: bool
    ) -> tuple[Token, Token | None]:
        """What a consent gives: an access token, and a refresh token where it was offline."""
        access = self._access(account.id, client_id, scopes, None)
        if not offline:
            return access, None
        testing = timedelta(days=limit("testing_refresh_days")) if client_id == TESTING_CLIENT else None
        refresh = self._net.tokens.issue(
            REFRESH,
            account_id=account.id,
            client_id=client_id,
            scopes=scopes,
            lifetime=testing,
            family=access.family,
            prefix="1//0",
        )
        self._drop_oldest(account.id, client_id)
        return access, refresh

    def _access(self, account_id: str, client_id: str, scopes: tuple[str, ...], family: str | None) -> Token:
        return self._net.tokens.issue(
            ACCESS,
            account_id=account_id,
            client_id=client_id,
            scopes=scopes,
            lifetime=timedelta(seconds=limit("access_life_seconds")),
            family=family,
            prefix="ya29.",
        )

    def _drop_oldest(self, account_id: str, client_id: str) -> None:
        rows = self._net.store.all(
            "SELECT value FROM tokens WHERE platform = ? AND account_id = ? AND client_id = ? AND kind = ?"
            " AND revoked IS NULL ORDER BY issued DESC LIMIT -1 OFFSET ?",
            self._net.platform, account_id, client_id, REFRESH, limit("live_refresh_tokens"),
        )  # fmt: skip
        for row in rows:
            self._net.tokens.revoke(row["value"])

    async def revoke(self, request: Request) -> Response:
        """`POST oauth2.googleapis.com/revoke`: either token ends the whole authorisation."""
        token = self._net.tokens.find((await _params(request)).text("token"))
        if token is None or not token.live:
            raise errors.oauth(400, "invalid_token", "Token expired or revoked" if token else None)
        self._net.tokens.revoke_family(token.family)
        self._net.documents.delete(CONSENTED, f"{token.client_id} {token.account_id}")
        return JSONResponse({})

    async def tokeninfo(self, request: Request) -> Response:
        """`GET oauth2.googleapis.com/tokeninfo`: what an access token may do and for how long."""
        # Google's own Node client sends the token in the header, in a POST without a body.
        token = self._net.tokens.find((await _params(request)).text("access_token") or _bearer(request))
        if token is None or token.kind != ACCESS or not token.live:
            raise errors.oauth(400, "invalid_token", "Invalid Value")
        body = {
            "azp": token.client_id,
            "aud": token.client_id,
            "scope": " ".join(token.scopes),
            "exp": str(int(token.expires.timestamp())) if token.expires else "0",
            "expires_in": str(token.expires_in),
            "access_type": "offline",
        }
        return JSONResponse(body)

    def _client(self, request: Request, params: Params) -> str:
        """The client of a token call. Our demo app must show its secret, strangers are taken as they come."""
        basic = _basic(request.headers.get("authorization", ""))
        client_id, secret = basic or (params.text("client_id"), params.text("client_secret"))
        if not client_id:
            raise errors.oauth(400, "invalid_request", "Could not determine client ID from request.")
        if client_id == self._gate.client_id and secret != self._gate.client_secret:
            raise errors.oauth(401, "invalid_client", "Unauthorized")
        return client_id

    def enter(self, request: Request, scopes: frozenset[str], *, public: bool = False) -> Caller:
        """The caller; an app's key suffices for what is `public`.

        Raises Refused: 401 without a live token, 403 when none of `scopes` was granted.
        """
        caller = self.known(request)
        key = request.query_params.get("key") or request.headers.get("x-goog-api-key", "")
        if caller is None and public and key:
            return Caller(Account("", "", "", {}, clock.now()), key, frozenset())
        if caller is None:
            raise errors.login_required()
        if not scopes & caller.scopes:
            raise errors.scope_missing()
        return caller

    def known(self, request: Request) -> Caller | None:
        """The caller of an address that asks for no token; None without one. Raises Refused (401) for a dead one."""
        query = request.query_params
        text = _bearer(request) or query.get("access_token") or query.get("oauth_token") or ""
        if not text:
            return None
        token = self._net.tokens.find(text)
        account = self._net.accounts.get(token.account_id) if token else None
        if token is None or account is None or token.kind != ACCESS or not token.live:
            raise Refused(errors.unauthenticated())
        self._gate.admit(request, token)
        if exchange(request).fault("token_expired"):
            raise Refused(errors.unauthenticated())
        return Caller(account, token.client_id, frozenset(token.scopes))


def _back(answer: Response, scopes: tuple[str, ...]) -> Response:
    """The way back to the app with what Google adds to a code."""
    parts = urlsplit(answer.headers.get("location", ""))
    query = parse_qsl(parts.query, keep_blank_values=True)
    if any(name == "code" for name, _ in query):
        added = (("scope", " ".join(scopes)), ("authuser", "0"), ("prompt", "consent"))
        query = [("iss", ISSUER), *query, *added]
        answer.headers["location"] = parts._replace(query=urlencode(query)).geturl()
    return answer


def _bearer(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in {"bearer", "oauth"} else ""


def _answer(access: Token, refresh: Token | None, id_token: str | None) -> Response:
    body = {
        "access_token": access.value,
        "expires_in": access.expires_in,
        "scope": " ".join(access.scopes),
        "token_type": "Bearer",
    }
    if refresh is not None:
        body["refresh_token"] = refresh.value
        if refresh.expires_in is not None:
            body["refresh_token_expires_in"] = refresh.expires_in
    if id_token is not None:
        body["id_token"] = id_token
    return JSONResponse(body, headers={"cache-control": "no-cache, no-store, max-age=0, must-revalidate"})


async def _params(request: Request) -> Params:
    try:
        return await read_params(request)
    except BadBody as error:
        raise errors.oauth(400, "invalid_request", "The request body could not be read.") from error


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote(name), unquote(secret)
