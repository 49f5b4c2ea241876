"""Who calls: passwords for apps, sessions that are renewed, tokens for other services."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.bluesky import errors, rates
from polypost.sandbox.networks.bluesky.bodies import needed, read_body
from polypost.sandbox.networks.bluesky.errors import bad_token, refused
from polypost.sandbox.networks.bluesky.identity import Identity
from polypost.sandbox.networks.bluesky.jwts import BadJwt, Jwts
from polypost.sandbox.networks.bluesky.limits import limit, span
from polypost.sandbox.simkit import Account, Caller, Gate, Network, Refused, Token, exchange

ACCOUNT_FAULTS = {
    "account_takedown": (401, "AccountTakedown", "Account has been taken down"),
    "account_deactivated": (401, "AccountDeactivated", "Account is deactivated"),
}
ACCESS, REFRESH = "access", "refresh"
APP_PASSWORD, MAIN_PASSWORD, REFRESHING = "com.atproto.appPass", "com.atproto.access", "com.atproto.refresh"
ROTATION = "rotation"
MINUTE = 60


class Sessions:
    """The handlers of `com.atproto.server`, and the check that every authorised call begins with."""

    def __init__(self, net: Network, gate: Gate, rates: rates.Rates, identity: Identity, jwts: Jwts) -> None:
        self._gate = gate
        self._rates = rates
        self._identity = identity
        self._jwts = jwts
        self._net = net

    async def create(self, request: Request) -> Response:
        """`createSession`: by handle, DID or e-mail address, with an app password or the main one."""
        body = await read_body(request, identifier=str, password=str)
        identifier = body["identifier"].strip().removeprefix("@").lower()
        account = self._identity.find(identifier) or self._by_email(identifier)
        owner = account.id if account else identifier.encode("ascii", "replace").decode()
        self._rates.take(request, rates.LOGINS, owner)
        if account is None or body["password"] not in {
            account.data["app_password"],
            account.data["password"],
        }:
            raise refused(401, "AuthenticationRequired", "Invalid identifier or password")
        exchange(request).identify(account.id)
        _refuse_account(request)
        # Passwords for apps pass without the code by e-mail.
        main = body["password"] == account.data["password"]
        if main and account.data["two_factor"] and not body.get("authFactorToken"):
            raise refused(
                401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address"
            )
        access, refresh = self.issue(account, MAIN_PASSWORD if main else APP_PASSWORD)
        return JSONResponse(
            {"accessJwt": access.value, "refreshJwt": refresh.value} | self._about(request, account)
        )

    async def refresh(self, request: Request) -> Response:
        """`refreshSession`: a new pair; the old refresh token gives the same next one for two more hours."""
        token = self._refresh_token(request)
        account = self._account(token)
        _refuse_account(request)
        following = self._next(token)
        access = self._access(account, token.data["scope"], token.family)
        return JSONResponse(
            {"accessJwt": access.value, "refreshJwt": following.value} | self._about(request, account)
        )

    async def delete(self, request: Request) -> Response:
        """`deleteSession`: the refresh token dies, the access token lives on to its end."""
        token = self._refresh_token(request)
        self._net.tokens.revoke(token.value)
        return Response(status_code=200)

    async def get(self, request: Request) -> Response:
        """`getSession`."""
        caller = self.user(request)
        return JSONResponse(self._about(request, caller.account))

    async def service_auth(self, request: Request) -> Response:
        """`getServiceAuth`: a token for another service, for one method, for an hour at most."""
        caller = self.user(request)
        audience, method = needed(request, "aud"), request.query_params.get("lxm")
        now = int(clock.now().timestamp())
        asked = request.query_params.get("exp", str(now + MINUTE))
        if not asked.isdecimal() or len(asked) > 12:
            raise errors.invalid("Params/exp must be an integer")
        left = int(asked) - now
        if left < 0:
            raise refused(400, "BadExpiration", "expiration is in past")
        if left > limit("service_auth_seconds"):
            raise refused(
                400,
                "BadExpiration",
                "cannot request a token with an expiration more than an hour in the future",
            )
        if method is None and left > MINUTE:
            raise refused(
                400,
                "BadExpiration",
                "cannot request a method-less token with an expiration more than a minute in the future",
            )
        claims = {"iat": now, "iss": caller.account.id, "aud": audience, "exp": int(asked)}
        claims |= {"lxm": method} if method else {}
        return JSONResponse({"token": self._jwts.sign("JWT", claims | {"jti": secrets.token_hex(16)})})

    def user(self, request: Request) -> Caller:
        """The account that makes a call. Raises Refused without a token that works."""
        token = self._bearer(request)
        if token.kind != ACCESS:
            raise bad_token("Bad token scope")
        account = self._account(token)
        self._gate.admit(request, token)
        if token.revoked:
            raise Refused(errors.expired("Token has been revoked"))
        if token.expired:
            raise Refused(errors.expired())
        _refuse_account(request)
        return Caller(account, token)

    def reader(self, request: Request) -> Caller | None:
        """The account that reads, None for a stranger; a token that is shown must work."""
        return self.user(request) if "authorization" in request.headers else None

    def service(self, request: Request, method: str) -> Account:
        """The account that a token for another service speaks for. Raises Refused."""
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not value:
            raise refused(401, "AuthMissing", "Authentication Required")
        try:
            claims = self._jwts.read(value.strip())
        except BadJwt as error:
            raise refused(401, "BadJwtSignature", "jwt signature does not match jwt issuer") from error
        account = self._net.accounts.get(str(claims.get("iss", "")))
        if account is None or not str(claims.get("aud", "")).startswith("did:web:"):
            raise refused(401, "BadJwtAudience", "jwt audience does not match service did")
        if claims["exp"] <= clock.now().timestamp():
            raise refused(401, "JwtExpired", "jwt expired")
        if claims.get("lxm") != method:
            said = f'bad jwt lexicon method ("lxm"). must match: {method}'
            raise refused(401, "BadJwtLexiconMethod", said)
        exchange(request).identify(account.id)
        return account

    def issue(self, account: Account, scope: str) -> tuple[Token, Token]:
        """The two tokens of a new session."""
        refresh = self._refresh(account, scope, None)
        return self._access(account, scope, refresh.family), refresh

    def _refresh_token(self, request: Request) -> Token:
        token = self._bearer(request)
        if token.kind != REFRESH:
            raise bad_token("Bad token scope")
        self._gate.admit(request, token)
        if token.revoked:
            raise Refused(errors.expired("Token has been revoked"))
        if token.expired:
            raise Refused(errors.expired())
        return token

    def _next(self, token: Token) -> Token:
        """The refresh token that follows one: made once, given again within the time of grace."""
        kept = self._net.documents.get(ROTATION, token.data["jti"])
        if kept is None and token.used:
            raise Refused(errors.expired("Token has been revoked"))
        if kept is None:
            with self._net.store.transaction():
                following = self._refresh(self._account(token), token.data["scope"], token.family)
                self._net.tokens.use_up(token.value)
                self._net.documents.put(
                    ROTATION,
                    token.data["jti"],
                    {"next": following.value},
                    expires=clock.now() + span("refresh_grace_seconds"),
                )
            return following
        found = self._net.tokens.find(kept.body["next"])
        if kept.expired or found is None or found.revoked:
            raise Refused(errors.expired("Token has been revoked"))
        return found

    def _bearer(self, request: Request) -> Token:
        header = request.headers.get("authorization", "")
        kind, _, value = header.partition(" ")
        if not header:
            raise refused(401, "AuthMissing", "Authentication Required")
        if kind.lower() == "dpop":
            said = errors.answer(401, "invalid_token", "Token could not be verified")
            said.headers["www-authenticate"] = 'DPoP error="invalid_token"'
            raise Refused(said)
        if kind.lower() != "bearer":
            raise bad_token("Unexpected authorization type")
        token = self._net.tokens.find(value.strip())
        if token is None:
            raise bad_token()
        return token

    def _account(self, token: Token) -> Account:
        account = self._net.accounts.get(token.account_id)
        if account is None:
            raise bad_token()
        return account

    def _by_email(self, address: str) -> Account | None:
        return next((each for each in self._net.accounts.all() if each.data["email"] == address), None)

    def _access(self, account: Account, scope: str, family: str) -> Token:
        return self._issue(ACCESS, account, scope, scope, span("access_seconds"), family)

    def _refresh(self, account: Account, scope: str, family: str | None) -> Token:
        return self._issue(REFRESH, account, scope, REFRESHING, span("refresh_seconds"), family)

    def _issue(
        self, kind: str, account: Account, session: str, scope: str, life: timedelta, family: str | None
    ) -> Token:
        now, jti = int(clock.now().timestamp()), secrets.token_urlsafe(24)
        claims = {
            "scope": scope,
            "sub": account.id,
            "iat": now,
            "exp": now + int(life.total_seconds()),
            "aud": self._identity.service_did(),
            "jti": jti,
        }
        return self._net.tokens.issue(
            kind,
            account_id=account.id,
            client_id=self._gate.client_id,
            scopes=(session,),
            lifetime=life,
            family=family,
            data={"jti": jti, "scope": session},
            value=self._jwts.sign(f"{kind if kind == REFRESH else 'at'}+jwt", claims),
        )

    def _about(self, request: Request, account: Account) -> dict[str, Any]:
        about = {
            "handle": account.username,
            "did": account.id,
            "email": account.data["email"],
            "emailConfirmed": account.data["email_confirmed"],
            "emailAuthFactor": account.data["two_factor"],
            "active": True,
        }
        # A single server of its own leaves the document out; bsky.social sends it.
        if not exchange(request).fault("no_did_doc"):
            about["didDoc"] = self._identity.document(request, account)
        return about


def _refuse_account(request: Request) -> None:
    """Raises Refused where a fault says that something is wrong with the account."""
    call = exchange(request)
    for name, (status, error, message) in ACCOUNT_FAULTS.items():
        if call.fault(name):
            raise errors.refused(status, error, message)
