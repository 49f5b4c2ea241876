"""`GET /v1/analytics`: figures of one post or of many, a credit each call that is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, RootModel
from starlette.requests import Request
from starlette.responses import Response

from polypost.analytics.entries import Analysed, Entry, NoMetrics
from polypost.analytics.selection import SortKey
from polypost.analytics.service import PRICE, Question, SortOrder
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.filters import Sort
from polypost.api.openapi.compat import hidden_from
from polypost.api.openapi.documented import Shape, documented
from polypost.entrance.days import DaysQuery, span_of
from polypost.entrance.services import services
from polypost.intake.bodies import PlatformName, Text
from polypost.platforms.abilities import Metrics

Id = Annotated[Text, Field(min_length=1, max_length=255)]


class AnalyticsQuery(DaysQuery):
    """`GET /v1/analytics`: one post with `postId`, else the page style of paging."""

    postId: Id | None = None
    platform: PlatformName | None = None
    accountId: Id | None = None
    source: Literal["postpeer", "platform"] | None = None
    sortBy: SortKey = "date"
    order: Sort = "desc"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class MetricsShape(Shape):
    """Figures as a network counts them; null where it does not tell. `engagementRate` is 0 to 1."""

    impressions: int | None
    reach: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    clicks: int | None
    views: int | None
    engagementRate: Annotated[float, Field(ge=0, le=1)] | None


class UnavailableShape(Shape):
    """Why there are no figures, or none newer than those shown."""

    code: str
    message: str


class PlatformFigures(Shape):
    """A post on one network; `measuredAt` is when the network told the figures."""

    platform: PlatformName
    accountId: str
    platformPostId: str
    platformPostUrl: str | None
    metrics: MetricsShape
    measuredAt: datetime | None
    unavailable: UnavailableShape | None


class AnalysedPost(Shape):
    """A post with its figures; `postId` is null for one that was read from its network."""

    source: Literal["postpeer", "platform"]
    postId: str | None
    content: str | None
    publishedAt: datetime | None
    aggregated: MetricsShape
    platforms: list[PlatformFigures]


class OneAnalysed(Shape):
    """The answer with `postId`."""

    success: bool
    creditsCharged: int
    post: AnalysedPost


class ManyAnalysed(Shape):
    """The answer without `postId`; `complete` is false where the network has more posts than are read."""

    success: bool
    creditsCharged: int
    total: Annotated[int, Field(ge=0)]
    page: Annotated[int, Field(ge=1)]
    limit: Annotated[int, Field(ge=1)]
    complete: bool
    unavailable: UnavailableShape | None
    posts: list[AnalysedPost]


router = APIRouter()


class AnalyticsAnswer(RootModel[OneAnalysed | ManyAnalysed]):
    """One post with `postId`, else a page of them."""


@router.get("/v1/analytics")
@documented(AnalyticsAnswer, errors=(402, 404, 502))
async def analytics(request: Request, query: Annotated[AnalyticsQuery, Query()]) -> Response:
    """Figures of one post, or of the posts of a period."""
    who = await principal(request, "read")
    rooms = services(request)
    span = span_of(query)
    hidden = hidden_from(request, rooms.settings)
    question = Question(query.source, query.platform, query.accountId, hidden)
    if query.postId is not None:
        found = await rooms.analytics.one(who.project, query.postId, question)
        return answers.ok({"success": True, "creditsCharged": PRICE, "post": _post(found)})
    order = SortOrder(query.sortBy, query.order == "desc", query.limit, query.page)
    page = await rooms.analytics.list_posts(who.project, question, span, order)
    return answers.ok(
        {
            "success": True,
            "creditsCharged": PRICE,
            "total": page.total,
            "page": query.page,
            "limit": query.limit,
            "complete": page.complete,
            "unavailable": _unavailable(page.unavailable),
            "posts": [_post(each) for each in page.posts],
        }
    )


def _post(found: Analysed) -> dict[str, Any]:
    return {
        "source": found.source,
        "postId": found.post_id,
        "content": found.content,
        "publishedAt": answers.stamp(found.published_at),
        "aggregated": _metrics(found.aggregated),
        "platforms": [_entry(each) for each in found.entries],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "platform": entry.platform,
        "accountId": entry.integration_id,
        "platformPostId": entry.proof_id,
        "platformPostUrl": entry.url,
        "metrics": _metrics(entry.counted.metrics),
        "measuredAt": answers.stamp(entry.measured_at),
        "unavailable": _unavailable(entry.unavailable),
    }


def _metrics(told: Metrics) -> dict[str, Any]:
    rate = told.engagement_rate
    return {
        "impressions": told.impressions,
        "reach": told.reach,
        "likes": told.likes,
        "comments": told.comments,
        "shares": told.shares,
        "saves": told.saves,
        "clicks": told.clicks,
        "views": told.views,
        "engagementRate": None if rate is None else round(rate, 6),
    }


def _unavailable(why: NoMetrics | None) -> dict[str, str] | None:
    return None if why is None else {"code": why.code, "message": why.message}
