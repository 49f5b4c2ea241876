"""The choice among a login's accounts: two endpoints for pages of your own, and a page of ours. The token is the key."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from polypost import access
from polypost.api.http import answers
from polypost.api.http.body import json_object
from polypost.api.http.pages import choice_page, connected_page
from polypost.api.openapi.documented import documented
from polypost.api.routes.connect import PAGE, QUIET, shapes
from polypost.api.routes.connect_shapes import ChoiceForm, ManyAccounts, Selected, Selection, SelectionBody
from polypost.entrance.raw import read
from polypost.entrance.services import services
from polypost.errors import InvalidRequest, NotFound
from polypost.intake import bodies
from polypost.platforms.base import Account
from polypost.platforms.registry import connector

router = APIRouter(prefix="/v1/connect")
# What a policy can name; an address in brackets it cannot.
_ORIGIN = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?", re.ASCII)
_OVER = "A page that says that the choice is over."


@router.get("/{platform}/selection/{token}")
@documented(Selection, open=True, errors=(404,))
async def offered(request: Request, platform: ManyAccounts, token: str) -> Response:
    """What there is to choose from; open."""
    offer = await services(request).connect.offered(platform, token)
    body = {
        "success": True,
        "platform": platform,
        "expiresInSeconds": offer.seconds_left,
        "accounts": [_choice(each) for each in offer.accounts],
    }
    return answers.ok(body, headers=QUIET)


@router.post("/{platform}/selection/{token}")
@documented(Selected, body=SelectionBody, open=True, errors=(404,))
async def select(request: Request, platform: ManyAccounts, token: str) -> Response:
    """Connect the chosen accounts; open. The token dies."""
    rooms = services(request)
    body = bodies.read(SelectionBody, await json_object(request))
    finished = await rooms.connect.choose(platform, token, body.selectedAccountIds)
    network = connector(platform)
    name = network.spec.name if network else platform
    answer: dict[str, Any] = {
        "success": True,
        "platform": platform,
        "message": f"{name} connected.",
        "integrations": await shapes(rooms, finished.integrations),
    }
    if finished.redirect_to is not None:
        answer["redirectUri"] = finished.redirect_to
    return answers.ok(answer, headers=QUIET)


@router.get("/{platform}/choose/{token}")
@documented(None, open=True, media_type="text/html", also={404: _OVER})
async def choose(request: Request, platform: ManyAccounts, token: str) -> Response:
    """The page of ours on which a person chooses; open."""
    return await _page(request, platform, token)


@router.post("/{platform}/choose/{token}")
@documented(
    None,
    body=ChoiceForm,
    body_type="application/x-www-form-urlencoded",
    open=True,
    media_type="text/html",
    also={303: "On to the redirect address.", 400: "The page again, with what is wrong.", 404: _OVER},
)
async def chosen(request: Request, platform: ManyAccounts, token: str) -> Response:
    """What was chosen on it."""
    try:
        form = parse_qs((await read(request)).decode(errors="replace"), max_num_fields=1000)
    except ValueError:
        return await _page(request, platform, token, "This is more than the page asks for.")
    wanted = form.get("account", [])
    if not wanted:
        return await _page(request, platform, token, "Choose at least one account.")
    try:
        finished = await services(request).connect.choose(platform, token, wanted)
    except NotFound as gone:
        return HTMLResponse(connected_page(platform, (), gone.message), 404, PAGE)
    except InvalidRequest as wrong:
        return await _page(request, platform, token, wrong.message)
    if finished.redirect_to is not None:
        return RedirectResponse(finished.redirect_to, 303, QUIET)
    return HTMLResponse(connected_page(platform, finished.integrations, None), headers=PAGE)


async def _page(request: Request, platform: str, token: str, error: str | None = None) -> Response:
    rooms = services(request)
    try:
        offer = await rooms.connect.offered(platform, token)
    except NotFound as gone:
        return HTMLResponse(connected_page(platform, (), gone.message), 404, PAGE)
    project = await rooms.store.read(lambda db: access.get_project(db, offer.project_id))
    page = choice_page(platform, offer.accounts, error, project=project.name)
    return HTMLResponse(page, 200 if error is None else 400, _with_form(offer.redirect_uri))


def _with_form(redirect_uri: str | None) -> dict[str, str]:
    """The page's headers: its form may come back here, and go on to where the person is sent then.

    Browsers differ in whether `form-action` holds for the redirect after a form too (Chrome: yes).
    """
    parts = urlsplit(redirect_uri or "")
    place = f"{parts.scheme}://{parts.netloc}" if _ORIGIN.fullmatch(parts.netloc) else f"{parts.scheme}:"
    targets = f"'self' {place}" if parts.scheme else "'self'"
    policy = PAGE["Content-Security-Policy"].replace("form-action 'none'", f"form-action {targets}")
    return PAGE | {"Content-Security-Policy": policy}


def _choice(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "type": account.kind,
        "platformUserId": account.id,
        "displayName": account.name,
        "username": account.username,
        "imageUrl": account.image_url,
    }
