"""Connecting an account through the Threads login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polypost.errors import NoAnswer, NotSent, PlatformError, Rejected
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Session
from polypost.platforms.families.meta.graph import identity
from polypost.platforms.families.meta.login import LongLivedLogin, access_token
from polypost.platforms.kit.answers import member
from polypost.platforms.kit.calls import bearing
from polypost.platforms.threads.graph import API, Graph
from polypost.platforms.threads.graph_errors import AlreadyLong
from polypost.platforms.threads.spec import GRAPH, OAUTH, SITE

_NEEDED = "threads_content_publish"


class _Login(LongLivedLogin):
    """Threads may give a long token at once, and tells the permissions only when asked."""

    async def lengthened(self, http: NetworkClient, app: App, short: str) -> dict[str, Any]:
        """The token itself where it lives long already."""
        try:
            return await super().lengthened(http, app, short)
        except AlreadyLong:
            return {"access_token": short}

    async def granted(
        self, http: NetworkClient, short: Mapping[str, Any], long: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """As far as Threads tells. Raises Rejected without the one that publishing needs."""
        scopes = await _switched_on(http, access_token(self.api.name, long))
        if scopes and _NEEDED not in scopes:
            raise Rejected(
                "The login does not allow publishing.",
                next_step=f"Connect the account again and leave {_NEEDED} switched on.",
            )
        return scopes


LOGIN = _Login(API, OAUTH, prefix="th")


async def identify(session: Session) -> list[Account]:
    """The profile behind the token."""
    body = await Graph(session).get("me", fields="id,username,name,threads_profile_picture_url,is_verified")
    number, username = identity(body), body.get("username")
    if number is None:
        raise Rejected("Threads did not say which profile this is.", next_step="Connect the account again.")
    return [
        Account(
            id=number,
            username=username,
            name=body.get("name") or username,
            profile_url=f"{SITE}/@{username}" if username else None,
            image_url=body.get("threads_profile_picture_url"),
            metadata={"is_verified": body.get("is_verified") is True},
        )
    ]


async def _switched_on(http: NetworkClient, token: str) -> tuple[str, ...]:
    """Only a courtesy, so no trouble counts."""
    try:
        answer = await http.request(
            "GET", f"{GRAPH}/debug_token", params={"input_token": token}, headers=bearing(token)
        )
        body = API.judge(answer)
    except (PlatformError, NotSent, NoAnswer):
        return ()
    names = member(body, "data").get("scopes")
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
