"""The small resources: networks, usage, health."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.access import Project
from polypost.api import answers
from polypost.api.auth import principal
from polypost.api.compat import hidden_from
from polypost.api.described import says
from polypost.api.services import services
from polypost.api.wire_lookups import Health, MonthsQuery, PlatformList, Ready, Usage
from polypost.credits import service as credits
from polypost.errors import InvalidRequest, NotFound, Problem
from polypost.integrations import service as integrations
from polypost.platforms.registry import connectors

router = APIRouter()
UNLIMITED = 999_999_999
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@router.get("/v1/platforms")
@says(PlatformList)
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
@says(Health, open=True)
async def health(request: Request) -> Response:
    """The server answers; open."""
    return answers.ok({"ok": True})


@router.get("/v1/health/auth")
@says(Health)
async def health_auth(request: Request) -> Response:
    """The key works."""
    await principal(request, None)
    return answers.ok({"ok": True})


@router.get("/healthz/ready")
@says(Ready, also={503: Ready}, open=True, id="ready")
async def ready(request: Request) -> Response:
    """Whether the server can keep its promises: store, worker, time zones; 503 with the reasons when not."""
    reports = {name: await check() for name, check in services(request).health.items()}
    good = all(report.get("ok") for report in reports.values())
    return answers.ok({"ok": good, "checks": reports}, 200 if good else 503)


@router.get("/v1/usage")
@says(Usage, errors=(404,), query=MonthsQuery)
async def usage(request: Request, profileId: str | None = None, integrationId: str | None = None) -> Response:  # noqa: N803
    """Credits spent by month; with the balance where nothing narrows the question."""
    who = await principal(request, "read")
    rooms = services(request)
    since, until = _months(request)
    if profileId is not None and integrationId is not None:
        raise InvalidRequest(
            [Problem("integrationId", "cannot be given together with profileId", "Send one of the two.")]
        )
    ids: list[str] | None = None
    if integrationId is not None:
        ids = [(await rooms.store.read(lambda db: integrations.get(db, who.project.id, integrationId))).id]
    if profileId is not None:
        raise NotFound("There is no profile with this id in this project.", code="profile_not_found")

    def read(db: Any) -> tuple[list[credits.Usage], list[credits.Usage], int]:
        every = credits.usage(db, who.project.id, integration_ids=ids)
        months = credits.usage(db, who.project.id, since=since, until=until, integration_ids=ids)
        return every, months, credits.used(db, who.project.id)

    every, months, used = await rooms.store.read(read)
    body: dict[str, Any] = {
        "success": True,
        "totalUsage": sum(month.count for month in every),
        "usage": [
            {"year": month.year, "month": month.month, "count": month.count, "platform": month.platform}
            for month in months
        ],
    }
    if ids is None:
        body["balance"] = _balance(who.project, every, used)
    return answers.ok(body)


def _balance(project: Project, every: list[credits.Usage], used: int) -> dict[str, Any]:
    now = clock.now()
    start = datetime(now.year, now.month, 1, tzinfo=UTC)
    end = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    this_month = sum(month.count for month in every if (month.year, month.month) == (now.year, now.month))
    free = project.credit_limit is None
    limit = UNLIMITED if free else 0
    spent = this_month if free else 0
    bought = project.credit_limit or 0
    return {
        "unlimited": free,
        "monthly": {
            "limit": limit,
            "used": spent,
            "remaining": limit - spent,
            "cycleStart": clock.iso(start),
            "cycleEnd": clock.iso(end),
        },
        "purchased": {
            "total": bought,
            "used": 0 if free else used,
            "remaining": 0 if free else max(0, bought - used),
        },
    }


def _months(request: Request) -> tuple[datetime | None, datetime | None]:
    problems = []
    bounds: dict[str, datetime] = {}
    for name in ("from", "to"):
        text = request.query_params.get(name)
        if text is None:
            continue
        match = _MONTH.fullmatch(text)
        if match is None or match.group(1) == "0000":
            problems.append(Problem(name, "is not a month", "Write it as YYYY-MM.", "bad_month"))
            continue
        year, month = int(match.group(1)), int(match.group(2))
        later = name == "to"
        if later:
            year, month = year + month // 12, month % 12 + 1
        bounds[name] = datetime(min(year, 9999), month, 1, tzinfo=UTC)
    if problems:
        raise InvalidRequest(problems)
    return bounds.get("from"), bounds.get("to")
