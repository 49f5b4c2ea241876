"""The small resources: networks, health."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.openapi.compat import hidden_from
from polypost.api.openapi.documented import Shape, documented, named
from polypost.entrance.services import services
from polypost.errors import NotFound
from polypost.intake.bodies import PlatformName
from polypost.platforms.registry import BUILT_IN, connector, connectors, meant


class NetworkShape(Shape):
    """A network of this server; `beta` where the network lets only some apps in."""

    name: PlatformName
    status: Literal["prod", "beta", "dev"]


class PlatformList(Shape):
    """The networks of this server."""

    platforms: list[NetworkShape]


class LimitShape(Shape):
    """A number of the network, with the place and the day it was read."""

    value: float
    unit: str
    source: str
    read: date


class ApiVersionShape(Shape):
    """The version of the network's API that this server speaks; `sunset` is the day it ends, null where none is known."""

    version: str
    sunset: date | None
    source: str


class NetworkInFull(NetworkShape):
    """Everything that this server knows of a network before a post is sent.

    `textLimit` names the limit that holds for a post's text, `mediaTypes` has the types of files by kind of item, and
    `options` is the JSON Schema of `platformSpecificData`.
    """

    title: str
    kinds: list[str]
    textLimit: str
    limits: dict[str, LimitShape]
    mediaTypes: dict[str, list[str]]
    thumbnails: bool
    options: dict[str, Any]
    apiVersion: ApiVersionShape
    quirks: list[str]


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
    await principal(request, "read", by_profile=True)
    hidden = hidden_from(request, services(request).settings)
    listed = [
        {"name": each.spec.id, "status": each.spec.availability}
        for each in connectors()
        if each.spec.id not in hidden
    ]
    return answers.ok({"platforms": listed})


@router.get("/v1/platforms/{name}")
@documented(NetworkInFull, errors=(404,))
async def platform(request: Request, name: Annotated[str, named(*BUILT_IN)]) -> Response:
    """What one network takes: kinds of posts, limits with their sources, types of media, options."""
    await principal(request, "read", by_profile=True)
    network = connector(name)
    if network is None:
        said = f"This server has no network called '{name[:40]}'."
        raise NotFound(said, code="unknown_platform", next_step=meant(name))
    spec, version = network.spec, network.spec.api_version
    return answers.ok(
        {
            "name": spec.id,
            "title": spec.name,
            "status": spec.availability,
            "kinds": list(spec.post_kinds),
            "textLimit": spec.text_limit,
            "limits": {
                key: {
                    "value": limit.value,
                    "unit": limit.unit,
                    "source": limit.source,
                    "read": limit.read.isoformat(),
                }
                for key, limit in spec.limits.items()
            },
            "mediaTypes": {kind: list(types) for kind, types in spec.media_types.items()},
            "thumbnails": spec.thumbnails,
            "options": network.options.model_json_schema(),
            "apiVersion": {
                "version": version.version,
                "sunset": version.sunset and version.sunset.isoformat(),
                "source": version.source,
            },
            "quirks": list(spec.quirks),
        }
    )


@router.get("/v1/health")
@documented(Health, open=True)
async def health(request: Request) -> Response:
    """The server answers; open."""
    return answers.ok({"ok": True})


@router.get("/v1/health/auth")
@documented(Health)
async def health_auth(request: Request) -> Response:
    """The key works."""
    await principal(request, by_profile=True)
    return answers.ok({"ok": True})


@router.get("/healthz/ready")
@documented(Ready, also={503: Ready}, open=True)
async def ready(request: Request) -> Response:
    """Whether the server can keep its promises: store, worker, time zones; 503 with the reasons when not."""
    reports = {name: await check() for name, check in services(request).health.items()}
    good = all(report.get("ok") for report in reports.values())
    return answers.ok({"ok": good, "checks": reports}, 200 if good else 503)
