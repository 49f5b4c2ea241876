"""Accounts: what each network needs before one can be connected, connecting, and what became of those that are."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.responses import Response

from polypost.access import people
from polypost.dashboard.web import Page, Visit, is_safe
from polypost.errors import ApiError, PolypostError
from polypost.integrations import service as integrations
from polypost.integrations.connect import BROWSER_COOKIE
from polypost.platforms.base import OnServers, SignsIn
from polypost.platforms.registry import connector, connectors

MOST = 500


async def accounts(visit: Visit) -> Response:
    """All networks, and the connected accounts of each."""
    return await _page(visit)


async def connect(visit: Visit) -> Response:
    """Lead to the network's consent page; it leads back here."""
    visit.who.require("connect")
    platform, browser = visit.path("platform"), secrets.token_urlsafe(24)
    try:
        url = await visit.services.connect.begin(
            visit.here.id,
            platform,
            redirect_uri=_back(visit),
            server=visit.said("server").strip() or None,
            browser=browser,
        )
    except PolypostError as error:
        return await _page(visit, wrong={platform: error.message}, status=_status(error))
    # A page in between: the policy lets forms lead nowhere but here, and a browser holds redirects to it.
    answer = visit.page("lead_on.html", url=url, name=network_name(platform))
    answer.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=600,
        path=f"/v1/connect/{platform}/callback",
        secure=is_safe(visit.services),
        httponly=True,
        samesite="lax",
    )
    return answer


async def sign_in(visit: Visit) -> Response:
    """Connect by name and app password, where a network has that way."""
    visit.who.require("connect")
    platform = visit.path("platform")
    try:
        await visit.services.sign_in.by_password(
            visit.here.id, platform, visit.said("identifier").strip(), visit.said("password")
        )
    except PolypostError as error:
        return await _page(visit, wrong={platform: error.message}, status=_status(error))
    return visit.go(visit.url("accounts", status="connected", platform=platform))


async def disconnect(visit: Visit) -> Response:
    """Forget an account and its tokens; posts that wait for it will fail, and say so."""
    visit.who.require("connect")
    account = visit.path("account")
    await visit.services.disconnect(visit.here.id, account)
    await visit.services.store.write(
        lambda db: people.note(
            db, "account_disconnected", person_id=visit.person.id, project_id=visit.here.id, account=account
        )
    )
    return visit.go(visit.url("accounts"))


async def _page(visit: Visit, status: int = 200, *, wrong: dict[str, str] | None = None) -> Response:
    project_id = visit.here.id
    _, found = await visit.services.store.browse(
        project_id, lambda db: integrations.list_integrations(db, project_id, limit=MOST, sort="asc")
    )
    ready = await visit.services.store.read(lambda db: _ready(visit, db))
    by_network: dict[str, list[Any]] = {}
    for each in found:
        by_network.setdefault(each.platform, []).append(each)
    return visit.page(
        "accounts.html",
        status,
        networks=connectors(),
        by_network=by_network,
        ready=ready,
        ways={each.spec.id: _way(each) for each in connectors()},
        callback=visit.services.connect.callback_url,
        wrong=wrong or {},
        came=_came(visit),
        place="accounts",
    )


def network_name(platform: str) -> str:
    """What a network is called."""
    found = connector(platform)
    return found.spec.name if found else platform


def _way(network: Any) -> str:
    """How an account comes: by consent, by consent on a server that people name, or by name and password."""
    if isinstance(network, OnServers):
        return "server"
    if network.spec.oauth is None and isinstance(network, SignsIn):
        return "password"
    return "consent"


def _ready(visit: Visit, db: Any) -> set[str]:
    connect = visit.services.connect
    return {each.spec.id for each in connectors() if connect.is_ready(db, visit.here.id, each.spec.id)}


def _came(visit: Visit) -> tuple[bool, str]:
    """What a consent that was just given came to, in words; empty where there was none."""
    status, name = visit.asked("status"), network_name(visit.asked("platform"))[:40]
    if not status or not name:
        return True, ""
    if status in {"connected", "success"}:
        return True, f"{name}: {visit.words('connected.')}"
    if status == "cancelled":
        return False, f"{name}: {visit.words('nothing was connected, access was denied.')}"
    return False, f"{name}: {visit.words('nothing was connected.')} {visit.asked('message')[:300]}"


def _back(visit: Visit) -> str:
    base = visit.services.settings.public_url or str(visit.request.base_url)
    return base.rstrip("/") + visit.url("accounts")


def _status(error: PolypostError) -> int:
    return error.status if isinstance(error, ApiError) and error.status < 500 else 400


PAGES = (
    Page("GET", "/{project}/accounts", accounts, "viewer"),
    Page("POST", "/{project}/accounts/{account}/disconnect", disconnect, "editor"),
    Page("POST", "/{project}/connect/{platform}", connect, "editor"),
    Page("POST", "/{project}/connect/{platform}/password", sign_in, "editor"),
)
