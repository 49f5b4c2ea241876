"""`/v1/connect`: consent, its callback, and the accounts that came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from polypost import clock
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.http.filters import IntegrationsQuery, profile_of
from polypost.api.http.pages import connected_page
from polypost.api.openapi.compat import hidden_from
from polypost.api.openapi.documented import documented, named
from polypost.api.routes.connect_shapes import (
    Address,
    AnyNetwork,
    CallbackQuery,
    Connected,
    Consent,
    IntegrationList,
    OneIntegration,
    SignInBody,
    SignInQuery,
    TokenBody,
)
from polypost.api.routes.posts_shapes import MessageAnswer
from polypost.api.routes.profiles import MoveAnswer, MoveBody
from polypost.entrance.services import Services, services
from polypost.errors import NotFound
from polypost.intake import bodies
from polypost.integrations import Integration, OAuthApp, apps
from polypost.integrations import service as integrations
from polypost.integrations.connect import BROWSER_COOKIE
from polypost.platforms.registry import connector, meant

router = APIRouter(prefix="/v1/connect")
ByPassword = Annotated[str, named("bluesky")]
ByToken = Annotated[str, named("mastodon")]
QUIET = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
PAGE = {
    **QUIET,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'",
}


async def shapes(rooms: Services, found: Sequence[Integration]) -> list[dict[str, Any]]:
    """Accounts of one project as the contract shows them, each with the app of the project's own it came by."""
    if not any(each.app_id for each in found):
        return [integration_shape(each) for each in found]
    project_id = found[0].project_id
    known = await rooms.store.read(lambda db: apps.named(db, project_id, [each.app_id for each in found]))
    return [integration_shape(each, known.get(each.app_id or "")) for each in found]


def integration_shape(found: Integration, app: OAuthApp | None = None) -> dict[str, Any]:
    """An account as the contract shows it."""
    return {
        "id": found.id,
        "platform": found.platform,
        "platformUserId": found.platform_user_id,
        "username": found.username,
        "displayName": found.display_name,
        "profileUrl": found.profile_url,
        "imageUrl": found.image_url,
        "platformMetadata": found.platform_metadata,
        "profileId": found.profile_id,
        "appId": app.id if app else None,
        "app": {"id": app.id, "name": app.name, "imageUrl": app.image_url} if app else None,
        "byok": app is not None,
        "authStatus": found.auth_status,
        "authFailureReason": found.auth_failure_reason,
        "createdAt": answers.stamp(found.created_at),
    }


def detailed_shape(found: Integration, shown: dict[str, Any]) -> dict[str, Any]:
    """The same with the state of its authorisation; tokens are never shown."""
    network = connector(found.platform)
    reconnect = found.auth_status == "reconnect_required"
    stays = found.refreshable or found.access_expires_at is None
    renews = stays or (network is not None and network.spec.renews_access_tokens)
    ended = found.access_expires_at is not None and found.access_expires_at <= clock.now()
    return shown | {
        "scopes": list(found.scopes),
        "accessTokenExpiresAt": answers.stamp(found.access_expires_at),
        "refreshTokenExpiresAt": answers.stamp(found.refresh_expires_at),
        "tokenStatus": {
            "valid": not reconnect and not ended,
            "autoRefreshes": renews and network is not None and not reconnect,
            "reconnectRequired": reconnect,
            "reason": found.auth_failure_reason,
        },
        "updatedAt": answers.stamp(found.updated_at),
    }


@router.get("/integrations")
@documented(IntegrationList)
async def list_integrations(request: Request, query: Annotated[IntegrationsQuery, Query()]) -> Response:
    """Connected accounts, the newest first unless asked otherwise."""
    who = await principal(request, "read", by_profile=True)
    rooms = services(request)
    hidden = hidden_from(request, rooms.settings)
    total, found = await rooms.store.browse(
        who.project.id,
        lambda db: integrations.list_integrations(
            db,
            who.project.id,
            platforms=query.platform,
            hidden=hidden,
            profile_id=profile_of(query.profileId),
            profile_ids=who.profiles,
            q=query.q,
            limit=query.limit,
            offset=query.offset,
            sort=query.sort,
        ),
    )
    return answers.ok({"success": True, "total": total, "integrations": await shapes(rooms, found)})


@router.get("/integrations/{integration_id}")
@documented(OneIntegration, errors=(404,))
async def get_integration(request: Request, integration_id: str) -> Response:
    """One account with the state of its authorisation."""
    who = await principal(request, "read", by_profile=True)
    found = await services(request).store.read(
        lambda db: integrations.get(db, who.project.id, integration_id, who.profiles)
    )
    (shown,) = await shapes(services(request), [found])
    return answers.ok({"success": True, "integration": detailed_shape(found, shown)})


@router.patch("/integrations/{integration_id}")
@documented(MoveAnswer, body=MoveBody, errors=(404,))
async def move(request: Request, integration_id: str) -> Response:
    """Put the account into another profile, or into none; its tokens and posts stay as they are."""
    who = await principal(request, "connect")
    rooms = services(request)
    body = bodies.read(MoveBody, await json_object(request))
    moved = await rooms.store.write(
        lambda db: integrations.move(db, who.project.id, integration_id, body.profileId)
    )
    (shown,) = await shapes(rooms, [moved])
    return answers.ok({"success": True, "integration": shown})


@router.delete("/integrations/{integration_id}")
@documented(MessageAnswer, errors=(404,))
async def disconnect(request: Request, integration_id: str) -> Response:
    """Forget the account's tokens, and end the authorisation at the network where it has a call for that."""
    who = await principal(request, "connect")
    await services(request).disconnect(who.project.id, integration_id)
    return answers.ok({"success": True, "message": "Integration disconnected."})


@router.get("/{platform}")
@documented(Consent, errors=(404, 500, 502))
async def begin(
    request: Request,
    platform: AnyNetwork,
    redirectUri: Address | None = None,  # noqa: N803  # the API's name
    cancelRedirectUri: Address | None = None,  # noqa: N803  # the API's name
    headless: bool = False,  # noqa: FBT001, FBT002  # a parameter of the query
    profileId: str | None = None,  # noqa: N803  # the API's name
    appId: str | None = None,  # noqa: N803  # the API's name
    server: str | None = None,
) -> Response:
    """The address of the network's consent page."""
    who = await principal(request, "connect")
    if connector(platform) is None:
        said = f"This server has no network called '{platform[:40]}'."
        raise NotFound(said, code="unknown_platform", next_step=meant(platform))
    url = await services(request).connect.begin(
        who.project.id,
        platform,
        redirect_uri=redirectUri,
        cancel_redirect_uri=cancelRedirectUri,
        headless=headless,
        profile_id=profileId,
        app_id=appId,
        server=server,
    )
    return answers.ok({"url": url})


@router.post("/{platform}/auth")
@documented(Connected, body=SignInBody, errors=(404, 502), query=SignInQuery)
async def sign_in(
    request: Request,
    platform: ByPassword,
    profileId: str | None = None,  # noqa: N803  # the API's name
) -> Response:
    """Connect by a name and an app password, where a network has that way (Bluesky)."""
    who = await principal(request, "connect")
    body = bodies.read(SignInBody, await json_object(request))
    found = await services(request).sign_in.by_password(
        who.project.id, platform, body.identifier, body.password, profile_id=profileId
    )
    return answers.ok(_connected(found))


@router.post("/{platform}/token")
@documented(Connected, body=TokenBody, errors=(404, 502))
async def take_token(
    request: Request,
    platform: ByToken,
    profileId: str | None = None,  # noqa: N803  # the API's name
) -> Response:
    """Connect by a token that the account's owner made on its server (Mastodon); beyond the contract."""
    who = await principal(request, "connect")
    body = bodies.read(TokenBody, await json_object(request))
    found = await services(request).sign_in.by_token(
        who.project.id, platform, body.server, body.accessToken, profile_id=profileId
    )
    return answers.ok(_connected(found))


def _connected(found: Integration) -> dict[str, Any]:
    network = connector(found.platform)
    name = network.spec.name if network else found.platform
    return {"success": True, "message": f"{name} connected.", "integration": integration_shape(found)}


@router.get("/{platform}/callback")
@documented(
    None,
    status=303,
    open=True,
    media_type="text/html",
    also={200: "A page that says which accounts are connected.", 400: "A page that says what went wrong."},
    query=CallbackQuery,
)
async def callback(request: Request, platform: AnyNetwork) -> Response:
    """Where the network sends the browser back to; open, the state is the secret."""
    if connector(platform) is None:
        said = "This server has no network of that name."
        return HTMLResponse(connected_page(platform, (), said), 400, PAGE)
    browser = request.cookies.get(BROWSER_COOKIE)
    finished = await services(request).connect.finish(platform, dict(request.query_params), browser=browser)
    if finished.redirect_to is not None:
        return RedirectResponse(finished.redirect_to, 303, QUIET)
    status = 200 if finished.error is None else 400
    return HTMLResponse(connected_page(platform, finished.integrations, finished.error), status, PAGE)
