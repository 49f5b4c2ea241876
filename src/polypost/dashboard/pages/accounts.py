"""Accounts: what each network needs before one can be connected, connecting, and what became of those that are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.access import people
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.saying import sentences
from polypost.dashboard.web import Page, Visit, is_safe
from polypost.entrance.accounts import AppBody, ProfileBody, require_usable
from polypost.errors import ApiError, Conflict, InvalidRequest, NotFound, PolypostError
from polypost.intake import bodies
from polypost.integrations import apps, profiles
from polypost.integrations import service as integrations
from polypost.integrations.connect import BROWSER_COOKIE
from polypost.platforms.base import OnServers, SignsIn
from polypost.platforms.registry import connector, connectors

MOST = 500
# Of each network so many accounts stand on the page of all; the rest on the network's own.
FIRST = 5
PER_PAGE = 25
# Fewer accounts are seen at once, without a search.
SEARCHED_FROM = 15
# Where what is wrong with a profile is said.
PROFILES = "profiles"
# Why a consent came to nothing. The words are ours, as anybody can write an address that leads here.
_FAILED = phrase(
    "The network did not finish it. Try again; if that does not help, the server's log says more."
)
_FAILURES = {
    "no_account": phrase(
        "This login has no account that can publish. Make one at the network, or choose another login."
    ),
    "no_authorization": phrase("The network sent no authorization. Try again."),
    "app_changed": phrase("The app was removed in between. Set it up again."),
    "app_unknown": phrase("The server no longer knows our app. Try again: another is made there."),
    "wrong_issuer": phrase("The answer came from another server than the one asked. Try again."),
    "rejected": phrase("The network refused. Look whether the app's id and secret are those that it shows."),
    "platform_unavailable": phrase("The network has trouble. Try again later."),
    "rate_limited": phrase("The network asks to come back later."),
}


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


async def network(visit: Visit) -> Response:
    """One network: what it takes, and the apps by which accounts are connected there."""
    return await _network_page(visit)


async def add_app(visit: Visit) -> Response:
    """Keep an app of the project's own; its secret goes in and never comes out."""
    platform = visit.path("platform")
    given = {"name": visit.said("name"), "clientId": visit.said("client-id").strip()}
    try:
        body = bodies.read(
            AppBody, {**given, "platform": platform, "clientSecret": visit.said("client-secret").strip()}
        )
        require_usable(body.platform, None)
        await visit.services.store.write(lambda db: _kept(visit, db, body))
    except (InvalidRequest, Conflict) as error:
        return await _network_page(
            visit, error.status, wrong=" ".join(map(str, sentences(error, visit))), given=given
        )
    return visit.go(visit.url("accounts", platform))


async def remove_app(visit: Visit) -> Response:
    """Forget an app on which no account depends."""
    project_id, app_id = visit.here.id, visit.path("app")

    def write(db: Connection) -> None:
        apps.remove(db, project_id, app_id)
        people.note(db, "app_removed", person_id=visit.person.id, project_id=project_id, app=app_id)

    try:
        await visit.services.store.write(write)
    except Conflict as error:
        return await _network_page(visit, error.status, wrong=" ".join(map(str, sentences(error, visit))))
    return visit.go(visit.url("accounts", visit.path("platform")))


async def add_profile(visit: Visit) -> Response:
    """A new group of accounts."""
    try:
        body = bodies.read(ProfileBody, {"name": visit.said("name")})
    except InvalidRequest as error:
        return await _page(visit, error.status, wrong={PROFILES: " ".join(map(str, sentences(error, visit)))})
    await visit.services.store.write(lambda db: profiles.create(db, visit.here.id, name=body.name))
    return visit.go(f"{visit.url('accounts')}#profiles")


async def rename_profile(visit: Visit) -> Response:
    """Another name for a group."""
    profile_id = visit.path("profile")
    try:
        body = bodies.read(ProfileBody, {"name": visit.said("name")})
    except InvalidRequest as error:
        return await _page(visit, error.status, wrong={PROFILES: " ".join(map(str, sentences(error, visit)))})
    await visit.services.store.write(
        lambda db: profiles.change(db, visit.here.id, profile_id, name=body.name)
    )
    return visit.go(f"{visit.url('accounts')}#profiles")


async def remove_profile(visit: Visit) -> Response:
    """Show a group no more; its accounts stay."""
    profile_id = visit.path("profile")
    await visit.services.store.write(lambda db: profiles.remove(db, visit.here.id, profile_id))
    return visit.go(f"{visit.url('accounts')}#profiles")


async def move(visit: Visit) -> Response:
    """Put an account into a group, or into none."""
    account, profile_id = visit.path("account"), visit.said("profile") or None
    await visit.services.store.write(lambda db: integrations.move(db, visit.here.id, account, profile_id))
    return visit.go(visit.url("accounts"))


def _kept(visit: Visit, db: Connection, body: AppBody) -> None:
    made = apps.create(
        db,
        visit.services.vault,
        visit.here.id,
        platform=body.platform,
        name=body.name,
        client_id=body.clientId,
        client_secret=body.clientSecret,
    )
    people.note(db, "app_added", person_id=visit.person.id, project_id=visit.here.id, app=made.id)


async def _network_page(
    visit: Visit, status: int = 200, *, wrong: str = "", given: Mapping[str, str] | None = None
) -> Response:
    platform, project_id, sought = visit.path("platform"), visit.here.id, visit.asked("q").strip()
    page = visit.page_asked
    found = connector(platform)
    if found is None:
        raise NotFound(phrase("There is no such network here."), code="unknown_platform")

    def read(db: Connection) -> tuple[bool, list[apps.OAuthApp], int, list[Any], list[profiles.Profile]]:
        ready = visit.services.connect.is_ready(db, project_id, platform)
        own = apps.list_apps(db, project_id, platforms=[platform], limit=MOST, offset=0)[1]
        place: dict[str, Any] = {"limit": PER_PAGE, "offset": page * PER_PAGE, "sort": "asc"}
        total, mine = integrations.list_integrations(
            db, project_id, platforms=[platform], q=sought or None, **place
        )
        return ready, own, total, mine, _groups(db, project_id)

    ready, own, total, mine, groups = await visit.services.store.browse(project_id, read)
    return visit.page(
        "network.html",
        status,
        network_here=found.spec,
        way=_way(found),
        ways={platform: _way(found)},
        ready={platform} if ready else set(),
        mine=mine,
        total=total,
        page=page,
        pages=-(-total // PER_PAGE),
        sought=sought,
        searched=bool(sought) or total > SEARCHED_FROM,
        groups=groups,
        renews=_renews,
        own=own,
        callback=visit.services.connect.callback_url(platform),
        wrong={} if not wrong else {platform: wrong},
        given=given or {},
        place="accounts",
    )


async def _page(visit: Visit, status: int = 200, *, wrong: dict[str, str] | None = None) -> Response:
    project_id, sought = visit.here.id, visit.asked("q").strip()
    by_network = await visit.services.store.browse(
        project_id, lambda db: integrations.by_network(db, project_id, most=FIRST, q=sought)
    )

    def read(db: Connection) -> tuple[set[str], list[profiles.Profile], dict[str, integrations.Integration]]:
        came = integrations.find(db, project_id, [visit.asked("integrationId")])
        return _ready(visit, db), _groups(db, project_id), came

    ready, groups, came = await visit.services.store.read(read)
    total = sum(each.total for each in by_network.values())
    return visit.page(
        "accounts.html",
        status,
        networks=[each for each in connectors() if not sought or each.spec.id in by_network],
        by_network=by_network,
        total=total,
        sought=sought,
        searched=bool(sought) or total > SEARCHED_FROM,
        ready=ready,
        ways={each.spec.id: _way(each) for each in connectors()},
        wrong=wrong or {},
        groups=groups,
        renews=_renews,
        came=_came(visit, came),
        place="accounts",
    )


def _groups(db: Connection, project_id: str) -> list[profiles.Profile]:
    found = profiles.list_profiles(db, project_id, limit=MOST, offset=0)[1]
    return sorted(found, key=lambda each: each.name.casefold())


def network_name(platform: str) -> str:
    """What a network is called."""
    found = connector(platform)
    return found.spec.name if found else platform


def _way(there: Any) -> str:
    """How an account comes: by consent, by consent on a server that people name, or by name and password."""
    if isinstance(there, OnServers):
        return "server"
    if there.spec.oauth is None and isinstance(there, SignsIn):
        return "password"
    return "consent"


def _renews(account: integrations.Integration) -> bool:
    """Whether the authorisation is kept alive without anybody."""
    found = connector(account.platform)
    return account.refreshable or (found is not None and found.spec.renews_access_tokens)


def _ready(visit: Visit, db: Any) -> set[str]:
    connect = visit.services.connect
    return {each.spec.id for each in connectors() if connect.is_ready(db, visit.here.id, each.spec.id)}


def _came(visit: Visit, found: Mapping[str, integrations.Integration]) -> tuple[bool, str]:
    """What a consent that was just given came to, in words; empty where there was none."""
    status, name = visit.asked("status"), network_name(visit.asked("platform"))[:40]
    if not status or not name:
        return True, ""
    if status in {"connected", "success"}:
        account = found.get(visit.asked("integrationId"))
        said = account and (account.display_name or account.username)
        return True, f"{name}: " + visit.words("connected.") + (f" {said}" if said else "")
    if status == "cancelled":
        return False, f"{name}: " + visit.words("nothing was connected, access was denied.")
    why = visit.words(_FAILURES.get(visit.asked("error"), _FAILED))
    return False, f"{name}: " + visit.words("nothing was connected.") + f" {why}"


def _back(visit: Visit) -> str:
    return visit.base + visit.url("accounts")


def _status(error: PolypostError) -> int:
    return error.status if isinstance(error, ApiError) and error.status < 500 else 400


PAGES = (
    Page("GET", "/{project}/accounts", accounts, "viewer"),
    Page("GET", "/{project}/accounts/{platform}", network, "viewer"),
    Page("POST", "/{project}/accounts/{account}/profile", move, "editor"),
    Page("POST", "/{project}/accounts/{account}/disconnect", disconnect, "editor", sure=True),
    Page("POST", "/{project}/connect/{platform}", connect, "editor"),
    Page("POST", "/{project}/connect/{platform}/password", sign_in, "editor"),
    Page("POST", "/{project}/apps/{platform}", add_app, "owner"),
    Page("POST", "/{project}/apps/{platform}/{app}/remove", remove_app, "owner", sure=True),
    Page("POST", "/{project}/profiles", add_profile, "editor"),
    Page("POST", "/{project}/profiles/{profile}", rename_profile, "editor"),
    Page("POST", "/{project}/profiles/{profile}/remove", remove_profile, "editor"),
)
