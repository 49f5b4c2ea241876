"""For apps that ask Google who has consented: the userinfo addresses."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import Auth
from polypost.sandbox.networks.youtube.identity import EMAIL, OPENID, PROFILE, person
from polypost.sandbox.simkit import Network


class UserInfo:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth) -> None:
        self._net = net
        self._auth = auth

    async def claims(self, request: Request) -> Response:
        """`/v1/userinfo` of OpenID Connect and `/oauth2/v3/userinfo`: the claims of the ID token."""
        return JSONResponse(self._asked(request))

    async def older(self, request: Request) -> Response:
        """`/oauth2/v2/userinfo`, which calls some of it by other names."""
        person = self._asked(request)
        renamed = {"sub": "id", "email_verified": "verified_email"}
        return JSONResponse({renamed.get(name, name): value for name, value in person.items()})

    def _asked(self, request: Request) -> dict[str, Any]:
        caller = self._auth.known(request)
        if caller is None:
            raise errors.login_required()
        if not ({OPENID} | EMAIL | PROFILE) & caller.scopes:
            raise errors.scope_missing()
        return person(self._net, caller.account, caller.scopes)
