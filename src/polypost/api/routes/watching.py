"""`GET /metrics` for Prometheus, and the small application by which a worker is watched; neither stands in the API's document."""

from __future__ import annotations

from secrets import compare_digest

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from polypost.api.http import errors
from polypost.api.routes.lookups import ready
from polypost.entrance.services import Services, services
from polypost.errors import NotFound, PolypostError, Unauthorized
from polypost.observability.families import CONTENT_TYPE
from polypost.outbound.guard import LOOPBACK

PATH = "/metrics"
_FORWARDED = ("forwarded", "x-forwarded-for")


async def metrics(request: Request) -> Response:
    """What this process counts and finds, in Prometheus' text format; with the key, or from this machine where there is none."""
    rooms = services(request)
    key = rooms.settings.metrics_key
    if key is None:
        _require_local(request, rooms)
    else:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not compare_digest(given.strip().encode(), key.encode()):
            address = rooms.proxies.client(request.client.host, request.headers) if request.client else ""
            rooms.throttle.failure(address)
            raise Unauthorized(
                "The metrics' key is missing or wrong.",
                next_step="Send POLYPOST_METRICS_KEY as `Authorization: Bearer …`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
    return PlainTextResponse(
        await rooms.monitoring.text(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"}
    )


def _require_local(request: Request, rooms: Services) -> None:
    """Raise NotFound unless this machine asks, by one of its own names, and no proxy for somebody else."""
    named = request.url.hostname in LOOPBACK and not any(name in request.headers for name in _FORWARDED)
    if not (rooms.only_here and named):
        raise NotFound(
            "Metrics are not shown here.",
            code="metrics_off",
            next_step="The server's operator sets POLYPOST_METRICS_KEY, and whoever asks sends it.",
        )


def install(app: FastAPI) -> None:
    """Add the page to the server's application."""
    app.router.routes.append(Route(PATH, metrics))


def worker_application(rooms: Services) -> Starlette:
    """What a worker serves: `/metrics` and `/healthz/ready`."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, PolypostError)
        return errors.from_error(request, error)

    app = Starlette(
        routes=[Route(PATH, metrics), Route("/healthz/ready", ready)],
        exception_handlers={PolypostError: refused},
    )
    app.state.services = rooms
    return app
