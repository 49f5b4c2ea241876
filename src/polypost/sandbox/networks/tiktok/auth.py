"""Who calls: consent, tokens that rotate (or do not), revocation, and the check that every API call begins with."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.tiktok import errors
from polypost.sandbox.networks.tiktok.limits import limit
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
FIXED, FLAT_200 = "fixed_refresh_token", "token_error_with_200"
FORM = "application/x-www-form-urlencoded"
MINUTE = timedelta(minutes=1)
DENIED = {"error": "access_denied", "error_description": "The user cancelled the authorization."}
# Codes end in such a tail, whose signs arrive percent-encoded and have to be decoded once.
TAIL = "*3!4567.u1"
_HEX = re.compile(r"[0-9a-fA-F]{64}")
BAD_CODE = {
    "redirect_uri": "Redirect_uri is not matched with the uri when requesting code.",
    "verifier": "Code verifier or code challenge is invalid.",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call and the token it came with."""

    account: Account
    token: Token


class Auth:
    """The OAuth addresses, and `enter`."""

    def __init__(self, net: Network, pages: Pages, gate: Gate) -> None:
        self._pages = pages
        self._gate = gate
        self._net = net

    async def authorize(self, request: Request) -> Response:
        """The consent page of www.tiktok.com; the way back names the granted scopes."""
        query = request.query_params
        wrong = (
            query.get("response_type") != "code"
            or not all(query.get(name) for name in ("client_key", "redirect_uri", "scope"))
            or "#" in query["redirect_uri"]
            or query.get("code_challenge_method", "S256") != "S256"
        )
        if wrong:
            return self._pages.missing(
                "We couldn’t log in with TikTok. The request is not valid.", status=400
            )
        asked = Asked(
            client_id=query["client_key"],
            redirect_uri=query["redirect_uri"],
            # The documents separate with commas, some clients with spaces.
            scopes=tuple(query["scope"].replace(",", " ").split()),
            state=query.get("state"),
            challenge=_challenge(query.get("code_challenge")),
            method="S256",
        )
        life = timedelta(seconds=limit("code_seconds"))

        def code_for(account: Account) -> str:
            code = self._net.codes.issue(
                account_id=account.id,
                client_id=asked.client_id,
                redirect_uri=asked.redirect_uri,
                scopes=asked.scopes,
                challenge=asked.challenge,
                method=asked.method,
                lifetime=life,
            )
            return code + TAIL

        answer = await consent(
            request, self._net, self._pages, asked, lifetime=life, denied=DENIED, code_for=code_for
        )
        return _naming_scopes(answer, asked.scopes)

    async def token(self, request: Request) -> Response:
        """`POST /v2/oauth/token/`: a code or a refresh token for a pair."""
        params = await self._form(request)
        kind = params.text("grant_type")
        if kind == "authorization_code":
            return self._from_code(request, params)
        if kind == "refresh_token":
            return self._from_refresh(request, params)
        raise self._flat(request, "unsupported_grant_type", "Grant type is not supported.")

    def _from_code(self, request: Request, params: Params) -> Response:
        client_key = params.text("client_key")
        try:
            code = self._net.codes.redeem(
                params.text("code").removesuffix(TAIL),
                client_id=client_key,
                redirect_uri=params.text("redirect_uri"),
                verifier=params.text("code_verifier") or None,
            )
        except CodeRefused as wrong:
            said = BAD_CODE.get(wrong.reason, "Authorization code is expired or invalid.")
            kind = "invalid_request" if wrong.reason in BAD_CODE else "invalid_grant"
            raise self._flat(request, kind, said) from wrong
        old = exchange(request).fault(FIXED) is not None
        return self._pair(*self.issue(code.account_id, client_key, code.scopes, old=old))

    def _from_refresh(self, request: Request, params: Params) -> Response:
        said = "Refresh token is invalid or expired."
        token = self._net.tokens.find(params.text("refresh_token"))
        client_key = params.text("client_key")
        if token is None or token.kind != REFRESH or not token.live or token.client_id != client_key:
            raise self._flat(request, "invalid_grant", said)
        try:
            self._gate.admit(request, token)
        except Refused as dead:
            raise self._flat(request, "invalid_grant", said) from dead
        if exchange(request).fault(FIXED):
            access = self._access(token, limit("old_access_seconds"))
            return self._pair(access, token)
        with self._net.store.transaction():
            if not self._net.tokens.use_up(token.value):
                raise self._flat(request, "invalid_grant", said)
            return self._pair(*self.issue(token.account_id, client_key, token.scopes, family=token.family))

    async def revoke(self, request: Request) -> Response:
        """`POST /v2/oauth/revoke/`: end everything that one consent gave; an unknown token is no error."""
        params = await self._form(request)
        token = self._net.tokens.find(params.text("token"))
        if token is not None and token.client_id == params.text("client_key"):
            self._net.tokens.revoke_family(token.family)
        return JSONResponse({})

    def issue(
        self,
        account_id: str,
        client_id: str,
        scopes: tuple[str, ...],
        *,
        family: str | None = None,
        old: bool = False,
    ) -> tuple[Token, Token]:
        """A pair; `old` gives it the lives of the page's earlier version."""
        prefix = "old_" if old else ""
        made = []
        for kind, name, start in ((ACCESS, "access", "act."), (REFRESH, "refresh", "rft.")):
            token = self._net.tokens.issue(
                kind,
                account_id=account_id,
                client_id=client_id,
                scopes=scopes,
                lifetime=timedelta(seconds=limit(f"{prefix}{name}_seconds")),
                family=family,
                prefix=start,
            )
            family = token.family
            made.append(token)
        return made[0], made[1]

    def _access(self, refresh: Token, seconds: int) -> Token:
        return self._net.tokens.issue(
            ACCESS,
            account_id=refresh.account_id,
            client_id=refresh.client_id,
            scopes=refresh.scopes,
            lifetime=timedelta(seconds=seconds),
            family=refresh.family,
            prefix="act.",
        )

    def _pair(self, access: Token, refresh: Token) -> Response:
        body = {
            "access_token": access.value,
            "expires_in": _left(access),
            "open_id": access.account_id,
            "refresh_expires_in": _left(refresh),
            "refresh_token": refresh.value,
            "scope": ",".join(access.scopes),
            "token_type": "Bearer",
        }
        return JSONResponse(body, headers={"cache-control": "no-store"})

    async def _form(self, request: Request) -> Params:
        """The form of a call in an app's name. Our demo app shows its secret, strangers show any."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            said = f"Only `{FORM}` is accepted as Content-Type."
            raise self._flat(request, "invalid_request", said)
        try:
            params = await read_params(request)
        except BadBody as error:
            raise self._flat(request, "invalid_request", "The request body could not be read.") from error
        client_key, secret = params.text("client_key"), params.text("client_secret")
        stranger = client_key != self._gate.client_id
        if not client_key or not secret or not (stranger or secret == self._gate.client_secret):
            raise self._flat(request, "invalid_client", "Client key or secret is incorrect.")
        return params

    def _flat(self, request: Request, code: str, description: str) -> Refused:
        return errors.login(code, description, status=200 if exchange(request).fault(FLAT_200) else None)

    def enter(self, request: Request, *scopes: str, rate: str, bucket: str | None = None) -> Caller:
        """The caller of an API call, who needs one of `scopes`.

        Raises Refused: 401 for the token or the scope, 429 when the minute's calls of `bucket` are used up.
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._net.tokens.find(value.strip()) if scheme.lower() == "bearer" else None
        account = None if token is None else self._net.accounts.get(token.account_id)
        if token is None or account is None or token.kind != ACCESS or not token.live:
            raise errors.refused("access_token_invalid")
        self._gate.admit(request, token)
        if not set(scopes) & set(token.scopes):
            raise errors.refused("scope_not_authorized")
        name = bucket or request.url.path.strip("/")
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


def _naming_scopes(answer: Response, scopes: tuple[str, ...]) -> Response:
    location = urlsplit(answer.headers.get("location", ""))
    query = parse_qsl(location.query, keep_blank_values=True)
    if "code" in dict(query):
        more = urlencode([*query, ("scopes", ",".join(scopes))])
        answer.headers["location"] = location._replace(query=more).geturl()
    return answer
