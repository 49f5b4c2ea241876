"""For apps of the Facebook login, as far as publishing to Instagram needs it: dialog, tokens, Pages, linked accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.auth import (
    EXCHANGE,
    FACEBOOK_LONG,
    FACEBOOK_SHORT,
    PAGE,
    Auth,
    Caller,
)
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.networks.instagram.nodes import Nodes
from polypost.sandbox.simkit import CodeRefused, Network, Params, Refused, Token, app_of, meta
from polypost.sandbox.simkit.fields import Asked, Values, parse, pick
from polypost.sandbox.simkit.meta import bearing, graph_params

DENIED = {
    "error": "access_denied",
    "error_code": "200",
    "error_reason": "user_denied",
    "error_description": "Permissions error",
}
LIST_PAGES = frozenset({"pages_show_list"})
DEFAULT_PAGE = "id,name,access_token,category,tasks"


class Facebook:
    """The handlers."""

    def __init__(self, net: Network, nodes: Nodes, auth: Auth) -> None:
        self._nodes = nodes
        self._net = net
        self._auth = auth

    async def dialog(self, request: Request) -> Response:
        """The consent page of www.facebook.com."""
        asked = self._auth.asked(request)
        return await self._auth.consent(request, asked, denied=DENIED, fragment="_=_")

    async def token(self, request: Request) -> Response:
        """`/oauth/access_token` of both logins: without a version, by POST and with a grant type it is Instagram's."""
        params = await graph_params(request)
        kind = params.text("grant_type")
        if kind == EXCHANGE:
            return self._auth.lengthened(request, params)
        instagram = request.method == "POST" and not request.path_params and kind != "fb_exchange_token"
        if instagram and kind:
            return self._auth.code_token(request, params)
        client_id, secret = app_of(request, params)
        if not self._auth.knows(client_id, secret):
            raise Refused(meta.answer(meta.Fault(101, None, "Error validating application.")))
        if kind == "fb_exchange_token":
            return JSONResponse(self._exchanged(params.text("fb_exchange_token"), client_id))
        return self._redeemed(params, client_id)

    def _exchanged(self, value: str, client_id: str) -> dict[str, Any]:
        old = self._net.tokens.find(value)
        if old is None or not old.live or old.kind not in {FACEBOOK_SHORT, FACEBOOK_LONG}:
            raise errors.refused("unparsable")
        return bearing(
            self._auth.lasting(FACEBOOK_LONG, replace(old, client_id=client_id), limit("long_token_seconds"))
        )

    def _redeemed(self, params: Params, client_id: str) -> Response:
        try:
            code = self._net.codes.redeem(
                params.text("code"), client_id=client_id, redirect_uri=params.text("redirect_uri")
            )
        except CodeRefused as refused:
            message = (
                "This authorization code has expired or was used, or belongs to another app or redirect_uri."
            )
            raise Refused(meta.answer(meta.Fault(100, 36007, message))) from refused
        return self._auth.facebook_token(code)

    async def accounts(self, request: Request) -> Response:
        """`GET /me/accounts`: the person's one Page with its token."""
        caller = await self._auth.enter(request, LIST_PAGES)
        if caller.token.kind not in {FACEBOOK_SHORT, FACEBOOK_LONG}:
            raise meta.missing("me")
        page = self.page(caller, parse(caller.params.text("fields") or DEFAULT_PAGE))
        cursor = page["id"]
        return JSONResponse({"data": [page], "paging": {"cursors": {"before": cursor, "after": cursor}}})

    def node(self, caller: Caller, object_id: str, asked: Asked) -> dict[str, Any] | None:
        """The person or the Page with this id; None when it is neither."""
        data = caller.account.data
        person = caller.token.kind != PAGE
        if object_id == data["page_id"] or (object_id == "me" and not person):
            return self.page(caller, asked)
        if object_id == data["person_id"] or object_id == "me":
            values: Values = {"id": lambda _: data["person_id"], "name": lambda _: caller.account.name}
            return pick(values, asked, "User", plain=("name",))
        return None

    def page(self, caller: Caller, asked: Asked) -> dict[str, Any]:
        """The Page that the account is linked to."""
        account = caller.account
        values: Values = {
            "id": lambda _: account.data["page_id"],
            "name": lambda _: account.name,
            "category": lambda _: "Media",
            "tasks": lambda _: ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"],
            "access_token": lambda _: self._page_token(caller).value,
            "picture": lambda _: {"data": {"url": self._net.avatar_url(account.id)}},
            "instagram_business_account": lambda inner: self._nodes.user(caller, inner, page=True),
        }
        return pick(values, asked, "Page", plain=("name",))

    def _page_token(self, caller: Caller) -> Token:
        token, account = caller.token, caller.account
        if token.kind == PAGE:
            return token
        kept = self._net.tokens.newest(PAGE, account_id=account.id, client_id=token.client_id)
        endless = token.kind == FACEBOOK_LONG
        if kept is not None and kept.family == token.family and (kept.expires is None) == endless:
            return kept
        # A Page token lives as long as the authorisation when it was asked for with a long-lived user token.
        seconds = None if endless else token.expires_in
        return self._auth.lasting(PAGE, token, seconds)
