"""Who calls: the login dialog, user and Page tokens, and the check that every call of the Graph API begins with."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.simkit import (
    Account,
    Asked,
    Code,
    Consent,
    Params,
    Refused,
    Token,
    app_of,
    exchange,
    meta,
)
from polypost.sandbox.simkit.meta import PERMISSIONS, MetaLogin, bearing, given_token, graph_params

VERSION = 26.0
SHORT, LONG, PAGE = "user_short", "user_long", "page"
USER = frozenset({SHORT, LONG})
REMOVED, LOGIN = "removed_app", "login"
# The one person of this sandbox, who has a role on every demo Page.
PERSON_ID, PERSON = "122000000000001", "Demo Person"
LIST_PAGES, READ, PUBLISH = "pages_show_list", "pages_read_engagement", "pages_manage_posts"
ENGAGE, INSIGHTS = "pages_manage_engagement", "read_insights"
OTHERS = "pages_read_user_content"
SCOPES = (LIST_PAGES, READ, PUBLISH, ENGAGE, OTHERS, INSIGHTS, "business_management")
# As the manual flow of Facebook Login shows it; the Instagram login has no code and another sentence.
DENIED = {
    "error": "access_denied",
    "error_code": "200",
    "error_reason": "user_denied",
    "error_description": "Permissions error",
}
BAD_CODE = {
    "unknown": ("Invalid verification code format.", None),
    "expired": ("This authorization code has expired.", 36007),
    "used": ("This authorization code has been used.", 36009),
    "client": ("Error validating verification code. It belongs to another app.", None),
    "redirect_uri": ("Error validating verification code. The redirect_uri is not that of the dialog.", 36008,
        ),
}  # fmt: skip
DEAD = ("checkpoint", "unconfirmed", "page_role_lost")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls: a token, the Page behind it (None for a person's token), and the call's parameters."""

    token: Token
    page: Account | None
    params: Params

    @property
    def acting(self) -> Account:
        """The Page. Raises Refused (200) when a person's token does what only a Page can do."""
        if self.page is None:
            raise errors.refused("permission")
        return self.page

    def require(self, *permissions: str) -> None:
        """Raises Refused (200) for a permission that was not granted."""
        for permission in permissions:
            if permission not in self.token.scopes:
                raise errors.lacking(permission)


class Auth(MetaLogin):
    """The addresses of the login, and `enter`."""

    needed = ()
    all_scopes = PERMISSIONS
    response_type = "code"
    pkce = "plain"
    denied = DENIED
    # Facebook may put this behind the way back; clients have to cut it off.
    fragment = "_=_"
    code_life = timedelta(seconds=limit("code_seconds"))

    def asked(self, request: Request) -> Asked:
        """A configuration of Login for Business names the permissions in the app's settings, which are not here."""
        asked = super().asked(request)
        if asked.scopes:
            return asked
        configured = request.query_params.get("config_id")
        return replace(asked, scopes=SCOPES if configured else ("public_profile",))

    async def token(self, request: Request) -> Response:
        """`/oauth/access_token`: a code, or a user token for one that lives sixty days, or an app's own token."""
        params = await graph_params(request)
        client_id, secret = app_of(request, params)
        if not self.knows(client_id, secret):
            raise Refused(meta.answer(meta.Fault(101, None, "Error validating application.")))
        kind = params.text("grant_type")
        if kind == "client_credentials":
            return JSONResponse({"access_token": f"{client_id}|{secret}", "token_type": "bearer"})
        if kind == "fb_exchange_token":
            return JSONResponse(self._exchanged(request, params.text("fb_exchange_token"), client_id))
        return JSONResponse(self._redeemed(request, params, client_id))

    def _redeemed(self, request: Request, params: Params, client_id: str) -> dict[str, Any]:
        code = self.redeemed(request, params, client_id)
        scopes = {*code.scopes, "public_profile"}
        # People may untick permissions in the dialog, and the code is good all the same.
        declined = {PUBLISH} & scopes if exchange(request).fault("permission_declined") else set()
        given = Code(PERSON_ID, client_id, "", tuple(sorted(scopes - declined)))
        return bearing(self.lasting(SHORT, given, limit("short_token_seconds"), declined=sorted(declined)))

    def refused(self, request: Request, what: str, why: str = "") -> Refused:
        """A code that buys nothing."""
        return errors.login_error(*BAD_CODE.get(why, BAD_CODE["unknown"]))

    def _exchanged(self, request: Request, value: str, client_id: str) -> dict[str, Any]:
        old = self._net.tokens.find(value)
        if old is None or old.kind not in USER or old.client_id != client_id:
            raise errors.refused("unparsable")
        if not old.live:
            raise errors.refused("expired" if old.expired else "invalidated")
        declined = old.data.get("declined", ())
        made = bearing(self.lasting(LONG, old, limit("long_token_seconds"), declined=declined))
        if exchange(request).fault("no_expires_in"):
            # Answers of the exchange without it have been seen.
            del made["expires_in"]
        return made

    def lasting(
        self, kind: str, consent: Consent, seconds: int | None, *, declined: Iterable[str] = ()
    ) -> Token:
        """A new token of a kind; without `seconds` it has no end."""
        life = None if seconds is None else timedelta(seconds=seconds)
        token = self.made(kind, consent, life, prefix="EAA", data={"declined": list(declined)})
        login = {"client": token.client_id}
        self._net.documents.put(LOGIN, token.family, login, account_id=PERSON_ID)
        return token

    def issue(self, consent: Consent) -> tuple[Token, None]:
        """A Page token, which has no end; there are no refresh tokens."""
        return self.lasting(PAGE, consent, None), None

    def page_token(self, page: Account, user: Token) -> Token:
        """The Page's token that goes with a user token: without end for one that lives sixty days."""
        kept = self._net.tokens.newest(PAGE, account_id=page.id, client_id=user.client_id)
        # Page tokens got with a long-lived user token have no end (Facebook Login: Long-Lived Tokens).
        endless = user.kind == LONG
        if kept is not None and kept.family == user.family and (kept.expires is None) == endless:
            return kept
        seconds = None if endless else user.expires_in
        return self.lasting(PAGE, replace(user, account_id=page.id), seconds)

    async def enter(self, request: Request, *permissions: str) -> Caller:
        """The caller of a Graph call. Raises Refused: 104, 190, 200, or a rate limit."""
        return self.caller(request, await graph_params(request), *permissions)

    def caller(self, request: Request, params: Params, *permissions: str) -> Caller:
        """As `enter`, for a call whose body is not parameters."""
        text = given_token(request, params)
        if not text:
            raise errors.refused("no_token")
        token = self._live(request, text)
        self._check_proof(params, token)
        page = self._net.accounts.get(token.account_id) if token.kind == PAGE else None
        if token.kind == PAGE and page is None:
            raise errors.refused("unparsable")
        caller = Caller(token, page, params)
        self._count(request, caller)
        caller.require(*permissions)
        return caller

    def _live(self, request: Request, value: str) -> Token:
        token = self._net.tokens.find(value)
        if token is None:
            raise errors.refused("unparsable")
        if (dead := self.death(token)) is not None:
            raise errors.refused(dead)
        self._gate.admit(request, token)
        for name in DEAD:
            if exchange(request).fault(name):
                raise errors.refused(name)
        return token

    def death(self, token: Token) -> str | None:
        """The name of the error for a token that is dead, None for one that lives."""
        if token.revoked:
            removed = self._net.documents.get(REMOVED, token.family) is not None
            return "app_removed" if removed else "invalidated"
        return "expired" if token.expired else None

    def _check_proof(self, params: Params, token: Token) -> None:
        proof = params.text("appsecret_proof")
        # The secrets of strangers' apps are not known here, so only the demo app's proofs can be judged.
        if not proof or token.client_id != self._gate.client_id:
            return
        right = hmac.new(self._gate.client_secret.encode(), token.value.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, proof):
            raise errors.invalid("Invalid appsecret_proof provided in the API argument")

    def remove(self, family: str) -> None:
        """End everything that one login gave, as when the person removes the app."""
        with self._net.store.transaction():
            self._net.tokens.revoke_family(family)
            self._net.documents.put(REMOVED, family, {})

    def logins_of(self, client_id: str) -> list[str]:
        """The families of everything that the person ever gave to an app."""
        logins = self._net.documents.of_account(LOGIN, PERSON_ID)
        return [each.id for each in logins if each.body["client"] == client_id]

    def _count(self, request: Request, caller: Caller) -> None:
        buckets, owner = self._net.buckets, caller.token.account_id
        # 200 calls an hour for each user of the app, 4800 a day for each engaged user of the Page (Rate Limiting).
        app_most = limit("app_users") * limit("calls_per_app_user")
        page_most = limit("engaged_users") * limit("calls_per_engaged_user")
        app = buckets.take("app", caller.token.client_id, limit=app_most, window=timedelta(hours=1))
        page = buckets.take("page", owner, limit=page_most, window=timedelta(hours=24))
        ok = app.ok and page.ok
        # What is used up decides when calls are welcome again; with room in both, either will do.
        reset = max(bucket.reset for bucket in (app, page) if bucket.ok is ok)
        minutes = 0 if ok else int((reset - clock.now()).total_seconds() / 60) + 1
        shares = [meta.share(each) for each in (app, page)]
        if rule := exchange(request).fault("usage_high"):
            shares, minutes = [97, 97], max(1, int(rule.length / 60))
        version = request.path_params.get("version", VERSION)
        exchange(request).headers["facebook-api-version"] = f"v{version:.1f}"
        exchange(request).headers.update(errors.usage(owner, shares[0], shares[1], minutes))
        if not ok:
            raise errors.refused("page_rate" if app.ok else "app_rate")
