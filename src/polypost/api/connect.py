"""`/v1/connect`: consent, its callback, and the accounts that came of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from polypost import clock
from polypost.api import answers
from polypost.api.auth import principal
from polypost.api.compat import hidden_from
from polypost.api.filters import IntegrationsQuery, profile_of
from polypost.api.pages import connected_page
from polypost.api.services import services
from polypost.errors import NotFound
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.platforms.registry import connector

router = APIRouter(prefix="/v1/connect")
_QUIET = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_PAGE = {
    **_QUIET,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def integration_shape(found: Integration) -> dict[str, Any]:
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
        "appId": found.app_id,
        "app": None,
        "byok": found.app_id is not None,
        "authStatus": found.auth_status,
        "authFailureReason": found.auth_failure_reason,
        "createdAt": answers.stamp(found.created_at),
    }


def detailed_shape(found: Integration) -> dict[str, Any]:
    """The same with the state of its authorisation; tokens are never shown."""
    network = connector(found.platform)
    reconnect = found.auth_status == "reconnect_required"
    ended = found.access_expires_at is not None and found.access_expires_at <= clock.now()
    return integration_shape(found) | {
        "scopes": list(found.scopes),
        "accessTokenExpiresAt": answers.stamp(found.access_expires_at),
        "refreshTokenExpiresAt": answers.stamp(found.refresh_expires_at),
        "tokenStatus": {
            "valid": not reconnect and not ended,
            "autoRefreshes": network is not None and not reconnect,
            "reconnectRequired": reconnect,
            "reason": found.auth_failure_reason,
        },
        "updatedAt": answers.stamp(found.updated_at),
    }


@router.get("/integrations")
async def list_integrations(request: Request, query: Annotated[IntegrationsQuery, Query()]) -> Response:
    """Connected accounts, the newest first unless asked otherwise."""
    who = await principal(request, "read")
    rooms = services(request)
    hidden = hidden_from(request, rooms.settings)
    total, found = await rooms.store.read(
        lambda db: integrations.list_integrations(
            db,
            who.project.id,
            platforms=query.platform,
            hidden=hidden,
            profile_id=profile_of(query.profileId),
            q=query.q,
            limit=query.limit,
            offset=query.offset,
            sort=query.sort,
        )
    )
    return answers.ok(
        {"success": True, "total": total, "integrations": [integration_shape(each) for each in found]}
    )


@router.get("/integrations/{integration_id}")
async def get_integration(request: Request, integration_id: str) -> Response:
    """One account with the state of its authorisation."""
    who = await principal(request, "read")
    found = await services(request).store.read(
        lambda db: integrations.get(db, who.project.id, integration_id)
    )
    return answers.ok({"success": True, "integration": detailed_shape(found)})


@router.delete("/integrations/{integration_id}")
async def disconnect(request: Request, integration_id: str) -> Response:
    """Forget the account's tokens, and end the authorisation at the network where it has a call for that."""
    who = await principal(request, "connect")
    await services(request).disconnect(who.project.id, integration_id)
    return answers.ok({"success": True, "message": "Integration disconnected."})


@router.get("/{platform}")
async def begin(
    request: Request,
    platform: str,
    redirectUri: str | None = None,  # noqa: N803
    cancelRedirectUri: str | None = None,  # noqa: N803
    headless: bool = False,  # noqa: FBT001, FBT002
    profileId: str | None = None,  # noqa: N803
    appId: str | None = None,  # noqa: N803
) -> Response:
    """The address of the network's consent page."""
    who = await principal(request, "connect")
    if connector(platform) is None:
        raise NotFound(f"This server has no network called '{platform[:40]}'.", code="unknown_platform")
    if appId is not None:
        raise NotFound("There is no OAuth app with this id in this project.", code="app_not_found")
    if profileId is not None:
        raise NotFound("There is no profile with this id in this project.", code="profile_not_found")
    url = await services(request).connect.begin(
        who.project.id,
        platform,
        redirect_uri=redirectUri,
        cancel_redirect_uri=cancelRedirectUri,
        headless=headless,
    )
    return answers.ok({"url": url})


@router.get("/{platform}/callback")
async def callback(request: Request, platform: str) -> Response:
    """Where the network sends the browser back to; open, the state is the secret."""
    finished = await services(request).connect.finish(platform, dict(request.query_params))
    if finished.redirect_to is not None:
        return RedirectResponse(finished.redirect_to, 303, _QUIET)
    status = 200 if finished.error is None else 400
    return HTMLResponse(connected_page(platform, finished.integrations, finished.error), status, _PAGE)
