"""The person behind a login: their Pages, the permissions they granted, and what a token is good for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import LIST_PAGES, PAGE, PERSON_ID, USER, Auth
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.networks.facebook.listing import listed
from polypost.sandbox.networks.facebook.nodes import TASKS, Nodes
from polypost.sandbox.simkit import Account, Network, Token, exchange
from polypost.sandbox.simkit.fields import parse
from polypost.sandbox.simkit.meta import SUCCESS, given_token, graph_params

DEFAULT_PAGE = "id,name,access_token,category,category_list,tasks"
READERS = ("ANALYZE", "MODERATE")


class People:
    """The handlers."""

    def __init__(self, net: Network, nodes: Nodes, auth: Auth) -> None:
        self._nodes = nodes
        self._net = net
        self._auth = auth

    async def accounts(self, request: Request) -> Response:
        """`GET /me/accounts`: the person's Pages, each with its own token; a Page has no such edge."""
        caller = await self._auth.enter(request)
        if caller.page is not None:
            raise errors.invalid("Tried accessing nonexisting field (accounts) on node type (Page)")
        self._named(request)
        caller.require(LIST_PAGES)
        asked = parse(caller.params.text("fields") or DEFAULT_PAGE)
        tasks = READERS if exchange(request).fault("tasks_missing") else TASKS

        def shown(page: Account) -> dict[str, Any]:
            token = (
                self._auth.page_token(page, caller.token).value if "access_token" in asked.fields else None
            )
            return self._nodes.page(page, asked, token=token, tasks=tasks)

        return JSONResponse(
            listed(request, caller, self._net.accounts.all(), shown, key=lambda page: page.id)
        )

    async def permissions(self, request: Request) -> Response:
        """`GET /me/permissions`: what was granted, and what was asked for and declined."""
        caller = await self._auth.enter(request)
        if caller.page is not None:
            raise errors.invalid("Tried accessing nonexisting field (permissions) on node type (Page)")
        self._named(request)
        granted = [{"permission": each, "status": "granted"} for each in caller.token.scopes]
        declined = [{"permission": each, "status": "declined"} for each in caller.token.data["declined"]]
        return JSONResponse({"data": granted + declined})

    async def remove(self, request: Request) -> Response:
        """`DELETE /{user}/permissions`: the person, or the app for them, ends the login with all its Page tokens."""
        params = await graph_params(request)
        client_id = self._app_of(given_token(request, params))
        if client_id is not None:
            if request.path_params["id"] != PERSON_ID:
                raise errors.missing(str(request.path_params["id"]), "delete")
            for family in self._auth.logins_of(client_id):
                self._auth.remove(family)
            return JSONResponse(SUCCESS)
        caller = self._auth.caller(request, params)
        if caller.page is not None:
            raise errors.refused("permission")
        self._named(request)
        self._auth.remove(caller.token.family)
        return JSONResponse(SUCCESS)

    def _named(self, request: Request) -> None:
        named = str(request.path_params["id"])
        if named not in {"me", PERSON_ID}:
            raise errors.missing(named)

    def _app_of(self, value: str) -> str | None:
        """The app whose own token this is."""
        client_id, bar, secret = value.partition("|")
        return client_id if bar and self._auth.knows(client_id, secret) else None

    async def debug(self, request: Request) -> Response:
        """`GET /debug_token`: what a token is good for, told to its app."""
        params = await graph_params(request)
        value = given_token(request, params)
        client_id = self._app_of(value)
        if client_id is None:
            # The app's own token `id|secret` is what Meta documents; a user token of the same app does as well.
            client_id = self._auth.caller(request, params).token.client_id
        token = self._net.tokens.find(params.text("input_token"))
        if token is None:
            raise errors.invalid("The parameter input_token is not a token")
        if token.client_id != client_id:
            raise errors.invalid("The App_id in the input_token did not match the Viewing App")
        return JSONResponse({"data": self._told(token)})

    def _told(self, token: Token) -> dict[str, Any]:
        dead = self._auth.death(token)
        # Access to data ends about 90 days after the login, also where the token has no end (debug_token).
        ends = token.issued + timedelta(seconds=limit("data_access_seconds"))
        data: dict[str, Any] = {
            "app_id": token.client_id,
            "type": "USER" if token.kind in USER else "PAGE",
            "application": token.client_id,
            "data_access_expires_at": int(ends.timestamp()),
            # 0 stands for a token without end.
            "expires_at": int(token.expires.timestamp()) if token.expires else 0,
            "is_valid": dead is None and clock.now() < ends,
            "issued_at": int(token.issued.timestamp()),
            "scopes": list(token.scopes),
            "user_id": PERSON_ID,
        }
        if token.kind == PAGE:
            data["profile_id"] = token.account_id
        if dead is not None:
            found = errors.FAULTS[dead]
            data["error"] = {"code": found.code, "message": found.message, "subcode": found.subcode}
        return data
