"""`/v1/apps`: OAuth apps of the project's own; a secret goes in and never comes out."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.openapi.documented import documented
from polypost.api.routes.connect_shapes import AppChange, AppList, AppsQuery, OneApp
from polypost.api.routes.posts_shapes import MessageAnswer
from polypost.entrance.accounts import AppBody, require_usable
from polypost.entrance.services import services
from polypost.errors import InvalidRequest, Problem
from polypost.intake import bodies
from polypost.integrations import OAuthApp, apps

router = APIRouter(prefix="/v1/apps")
_ID = re.compile(r"app_[0-9a-z]{1,40}", re.ASCII)


def shape(found: OAuthApp) -> dict[str, Any]:
    """An app as the contract shows it."""
    return {
        "id": found.id,
        "platform": found.platform,
        "name": found.name,
        "imageUrl": found.image_url,
        "clientId": found.client_id,
        "integrationCount": found.integration_count,
        "createdAt": answers.stamp(found.created_at),
        "updatedAt": answers.stamp(found.updated_at),
    }


@router.post("")
@documented(OneApp, status=201, body=AppBody, errors=(409,))
async def create(request: Request) -> Response:
    """Keep an app's credentials; its id goes into `appId` when connecting."""
    who = await principal(request, "connect")
    rooms = services(request)
    body = bodies.read(AppBody, await json_object(request))
    require_usable(body.platform, body.imageUrl)
    made = await rooms.store.write(
        lambda db: apps.create(
            db,
            rooms.vault,
            who.project.id,
            platform=body.platform,
            name=body.name,
            client_id=body.clientId,
            client_secret=body.clientSecret,
            image_url=body.imageUrl,
        )
    )
    return answers.ok({"success": True, "app": shape(made)}, 201)


@router.get("")
@documented(AppList)
async def list_apps(request: Request, query: Annotated[AppsQuery, Query()]) -> Response:
    """The project's apps, the newest first."""
    who = await principal(request, "read")
    total, found = await services(request).store.browse(
        who.project.id,
        lambda db: apps.list_apps(
            db,
            who.project.id,
            platforms=query.platform,
            name=query.name,
            limit=query.limit,
            offset=(query.page - 1) * query.limit,
        ),
    )
    page = {"total": total, "page": query.page, "limit": query.limit}
    return answers.ok({"success": True, **page, "apps": [shape(each) for each in found]})


@router.get("/{app_id}")
@documented(OneApp, errors=(404,))
async def get_app(request: Request, app_id: str) -> Response:
    """One app."""
    who = await principal(request, "read")
    _well_formed(app_id)
    found = await services(request).store.read(lambda db: apps.get(db, who.project.id, app_id))
    return answers.ok({"success": True, "app": shape(found)})


@router.patch("/{app_id}")
@documented(OneApp, body=AppChange, errors=(404,))
async def change(request: Request, app_id: str) -> Response:
    """Another name, picture or secret; network and client id stay."""
    who = await principal(request, "connect")
    _well_formed(app_id)
    rooms = services(request)
    raw = await json_object(request)
    body = bodies.read(AppChange, raw)
    require_usable(None, body.imageUrl)
    changed = await rooms.store.write(
        lambda db: apps.change(
            db,
            rooms.vault,
            who.project.id,
            app_id,
            name=body.name,
            client_secret=body.clientSecret,
            image_url=body.imageUrl if "imageUrl" in raw else ...,
        )
    )
    return answers.ok({"success": True, "app": shape(changed)})


@router.delete("/{app_id}")
@documented(MessageAnswer, errors=(404, 409))
async def delete(request: Request, app_id: str) -> Response:
    """Forget an app on which no connected account depends."""
    who = await principal(request, "connect")
    _well_formed(app_id)
    await services(request).store.write(lambda db: apps.remove(db, who.project.id, app_id))
    return answers.ok({"success": True, "message": "App deleted."})


def _well_formed(app_id: str) -> None:
    if not _ID.fullmatch(app_id):
        raise InvalidRequest([Problem("id", "is not the id of an app", "Ids begin with app_.", "bad_id")])
