"""`/v1/usage`: credits by month, of the project, a profile or an account; and what is left."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import Connection, Select
from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.access import Project
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.filters import profile_of
from polypost.api.openapi.documented import Maybe, Shape, documented
from polypost.api.routes.posts_shapes import Count
from polypost.credits import funds
from polypost.credits import service as credits
from polypost.entrance.services import services
from polypost.errors import InvalidRequest, Problem
from polypost.integrations import profiles
from polypost.integrations import service as integrations
from polypost.posts import words


class UsageMonth(Shape):
    """Credits of one month, by network."""

    year: int
    month: Annotated[int, Field(ge=1, le=12)]
    count: Count
    platform: dict[str, Count]


class MonthlyCredits(Shape):
    """Credits that come anew every month."""

    limit: Count
    used: Count
    remaining: Count
    cycleStart: datetime
    cycleEnd: datetime


class PurchasedCredits(Shape):
    """Credits of the project's limit, which do not end."""

    total: Count
    used: Count
    remaining: Count


class Balance(Shape):
    """What is left; `unlimited` where the project has no limit."""

    unlimited: bool
    monthly: MonthlyCredits
    purchased: PurchasedCredits


class UsageAnswer(Shape):
    """Credits spent, oldest month first; `balance` only where nothing narrows the question."""

    success: bool
    totalUsage: Count
    usage: list[UsageMonth]
    balance: Balance = Maybe


router = APIRouter()
UNLIMITED = 999_999_999
_MONTH = r"[0-9]{4}-(0[1-9]|1[0-2])"


def _month(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(_MONTH, value) is None:
        raise words.wrong("bad_month", "is not a month", "Write it as YYYY-MM.")
    return value


Month = Annotated[str, BeforeValidator(_month), Field(pattern=f"^{_MONTH}$")]
Id = Annotated[str, Field(max_length=100)]


class UsageQuery(BaseModel):
    """`GET /v1/usage`: at most one of the two ids; the months are included."""

    profileId: Id | None = None
    integrationId: Id | None = None
    since: Month | None = Field(None, alias="from")
    until: Month | None = Field(None, alias="to")


@router.get("/v1/usage")
@documented(UsageAnswer, errors=(404,))
async def usage(request: Request, query: Annotated[UsageQuery, Query()]) -> Response:
    """Credits spent by month; with the balance where nothing narrows the question."""
    who = await principal(request, "read")
    if query.profileId is not None and query.integrationId is not None:
        raise InvalidRequest(
            [Problem("integrationId", "cannot be given together with profileId", "Send one of the two.")]
        )
    since, until = _bounds(query)

    def read(db: Connection) -> dict[str, Any]:
        ids = _accounts(db, who.project.id, query)
        every = credits.usage(db, who.project.id, integration_ids=ids)
        months = [month for month in every if since <= (month.year, month.month) <= until]
        body: dict[str, Any] = {
            "success": True,
            "totalUsage": sum(month.count for month in every),
            "usage": [
                {"year": month.year, "month": month.month, "count": month.count, "platform": month.platform}
                for month in months
            ],
        }
        return body if ids is not None else body | {"balance": _balance(db, who.project, every)}

    return answers.ok(await services(request).store.browse(who.project.id, read))


def _accounts(db: Connection, project_id: str, query: UsageQuery) -> Select[tuple[str]] | None:
    """The accounts whose usage is asked for, disconnected ones included. Raises NotFound."""
    if query.integrationId is not None:
        return integrations.ever_connected(db, project_id, query.integrationId)
    profile = profile_of(query.profileId)
    if profile is ...:
        return None
    profiles.require(db, project_id, profile)
    return profiles.accounts(project_id, profile)


def _balance(db: Connection, project: Project, every: list[credits.Usage]) -> dict[str, Any]:
    now = clock.now()
    start, end = funds.month_of(now)
    has = funds.balance(db, project.id, project, now)
    free = funds.unlimited(project)
    limit, used, left = has.monthly or 0, has.monthly_drawn, has.monthly_left
    if free:
        used = sum(month.count for month in every if (month.year, month.month) == (now.year, now.month))
        limit, left = UNLIMITED, UNLIMITED - used
    return {
        "unlimited": free,
        "monthly": {
            "limit": limit,
            "used": used,
            "remaining": left,
            "cycleStart": clock.iso(start),
            "cycleEnd": clock.iso(end),
        },
        "purchased": {
            "total": has.lasting,
            "used": 0 if project.credit_limit is None else has.lasting_drawn,
            "remaining": has.lasting_left,
        },
    }


def _bounds(query: UsageQuery) -> tuple[tuple[int, int], tuple[int, int]]:
    first, last = query.since or "0000-01", query.until or "9999-12"
    return (int(first[:4]), int(first[5:])), (int(last[:4]), int(last[5:]))
