"""Connecting the Pages of a person through Facebook Login.

Flow: Meta for Developers, Facebook Login: manual flow and long-lived tokens, read 2026-11-24. A Page's token that
comes with a long-lived user token has no end, and nothing renews a dead one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Grant, Session, Tokens
from polypost.platforms.facebook.graph import API, Graph
from polypost.platforms.facebook.spec import NEEDED, OAUTH, WEB
from polypost.platforms.families.meta.errors import ParameterRefused
from polypost.platforms.families.meta.graph import listed, next_cursor
from polypost.platforms.families.meta.login import access_token
from polypost.platforms.kit.calls import bearing

_PAGE_FIELDS = "id,name,username,link,category,picture{url}"
_PER_PAGE = 100
_MOST_PAGES_OF_A_LIST = 100
# Either lets a person publish for the Page.
_WORKING_TASKS = frozenset({"CREATE_CONTENT", "MANAGE"})


class _Login:
    """Facebook's login, which stands for several Pages."""

    async def exchange(self, http: NetworkClient, app: App, grant: Grant) -> Tokens:
        """Redeem the code for a token of hours, and that at once for one of sixty days."""
        mine = {"client_id": app.client_id, "client_secret": app.client_secret}
        code = {
            "redirect_uri": grant.redirect_uri,
            # Facebook ends its callback in "#_=_", which some browsers and proxies hand on as part of the code.
            "code": grant.code.removesuffix("#_=_"),
        }
        try:
            answer = await http.request("POST", OAUTH.token_url, data=mine | code)
            short = access_token("Facebook", API.judge(answer))
            renewal = mine | {"grant_type": "fb_exchange_token", "fb_exchange_token": short}
            answer = await http.request("GET", OAUTH.token_url, params=renewal)
            body = API.judge(answer)
            token = access_token("Facebook", body)
            granted = await _granted(http, token)
        except ReconnectRequired as refused:
            raise Rejected(f"Facebook refused the login: {refused}") from refused
        if lacking := [each for each in NEEDED if each not in granted]:
            raise Rejected(
                f"The login did not grant {', '.join(lacking)}.",
                next_step="Connect again and leave all permissions switched on.",
            )
        life = body.get("expires_in")
        # A token without an end is told as 0 or not at all.
        expires = (
            clock.now() + timedelta(seconds=life) if isinstance(life, int | float) and life > 0 else None
        )
        extra = {"scopes": list(granted), "app": app.client_id, **await _told_of(http, app, token)}
        return Tokens(token, access_expires_at=expires, scopes=granted, extra=extra)

    async def refresh(self, http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
        """Raises ReconnectRequired: Facebook has nothing to renew a Page's token with."""
        raise ReconnectRequired(
            "Facebook renews no authorisation of a Page: it has no end, or it was ended by a changed password, a lost"
            " role or the removal of the app."
        )

    async def revoke(self, http: NetworkClient, app: App, tokens: Tokens) -> None:
        """Nothing: the person removes the app in the settings."""


LOGIN = _Login()


async def identify(session: Session) -> list[Account]:
    """The Pages that a person's token may post for, each with its own token; for a Page's token that Page."""
    graph = Graph(session)
    if session.account.id:
        return [_account(await graph.get(session.account.id, fields=_PAGE_FIELDS), session, own=True)]
    try:
        return [page async for page in _pages(session, graph)]
    except ParameterRefused:
        # Only people have Pages, so the token is that of a Page already.
        return [_account(await graph.get("me", fields=_PAGE_FIELDS), session, own=True)]


async def _pages(session: Session, graph: Graph) -> AsyncIterator[Account]:
    after: dict[str, str] = {}
    for _ in range(_MOST_PAGES_OF_A_LIST):
        fields = f"{_PAGE_FIELDS},access_token,tasks"
        body = await graph.get("me/accounts", fields=fields, limit=str(_PER_PAGE), **after)
        for row in listed(body):
            if _WORKING_TASKS & set(row.get("tasks") or ()) and row.get("access_token"):
                yield _account(row, session)
        if (cursor := next_cursor(body)) is None:
            return
        after = {"after": cursor}


def _account(row: Mapping[str, Any], session: Session, *, own: bool = False) -> Account:
    page = row.get("id")
    if not isinstance(page, str | int) or not str(page):
        raise Unavailable("Facebook did not say which Page this is.")
    tokens = None
    if not own:
        extra = dict(session.extra)
        tokens = Tokens(str(row["access_token"]), scopes=tuple(extra.get("scopes") or ()), extra=extra)
    image = (row.get("picture") or {}).get("data") or {}
    known = {"category": row.get("category"), "dataAccessUntil": session.extra.get("data_access_until")}
    return Account(
        id=str(page),
        username=row.get("username"),
        name=row.get("name"),
        profile_url=row.get("link") or f"{WEB}/{page}",
        image_url=image.get("url"),
        metadata={name: value for name, value in known.items() if value},
        kind="page",
        tokens=tokens,
    )


async def _granted(http: NetworkClient, token: str) -> tuple[str, ...]:
    answer = await http.request("GET", API.url("me/permissions"), headers=bearing(token))
    rows = API.judge(answer).get("data") or []
    return tuple(str(row["permission"]) for row in rows if row.get("status") == "granted")


async def _told_of(http: NetworkClient, app: App, token: str) -> dict[str, str]:
    """Whose token this is and until when the app may read data with it; nothing where Facebook does not say."""
    # The app speaks for itself here, by a token that is its two credentials.
    params = {"input_token": token, "access_token": f"{app.client_id}|{app.client_secret}"}
    try:
        answer = await http.request("GET", API.url("debug_token"), params=params)
        data = API.judge(answer).get("data") or {}
    except PlatformError:
        # Only told to people; the connection stands without it.
        return {}
    told = {"user_id": str(data["user_id"])} if data.get("user_id") else {}
    until = data.get("data_access_expires_at")
    if isinstance(until, int) and until > 0:
        told["data_access_until"] = datetime.fromtimestamp(until, UTC).isoformat()
    return told
