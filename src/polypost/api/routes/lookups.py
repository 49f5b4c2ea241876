"""The small resources: networks, health."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.openapi.compat import hidden_from
from polypost.api.openapi.documented import Shape, documented
from polypost.api.services import services
from polypost.intake.bodies import PlatformName
from polypost.platforms.registry import connectors


class NetworkShape(Shape):
    """A network of this server; `beta` where the network lets only some apps in."""

    name: PlatformName
    status: Literal["prod", "beta", "dev"]


class PlatformList(Shape):
    """The networks of this server."""

    platforms: list[NetworkShape]


class Health(Shape):
    """It works."""

    ok: bool


class Ready(Shape):
    """Whether the server can keep its promises; `checks` has the reasons by room."""

    ok: bool
    checks: dict[str, dict[str, Any]]


router = APIRouter()


@router.get("/v1/platforms")
@documented(PlatformList)
async def platforms(request: Request) -> Response:
    """The networks this server publishes to."""
    await principal(request, "read")
    hidden = hidden_from(request, services(request).settings)
    listed = [
        {"name": each.spec.id, "status": each.spec.availability}
        for each in connectors()
        if each.spec.id not in hidden
    ]
    return answers.ok({"platforms": listed})


@router.get("/v1/health")
@documented(Health, open=True)
async def health(request: Request) -> Response:
    """The server answers; open."""
    return answers.ok({"ok": True})


@router.get("/v1/health/auth")
@documented(Health)
async def health_auth(request: Request) -> Response:
    """The key works."""
    await principal(request, None)
    return answers.ok({"ok": True})


@router.get("/healthz/ready")
@documented(Ready, also={503: Ready}, open=True, id="ready")
async def ready(request: Request) -> Response:
    """Whether the server can keep its promises: store, worker, time zones; 503 with the reasons when not."""
    reports = {name: await check() for name, check in services(request).health.items()}
    good = all(report.get("ok") for report in reports.values())
    return answers.ok({"ok": good, "checks": reports}, 200 if good else 503)
