"""`GET /v1/analytics`: figures of one post or of many, a credit each call that is answered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import RootModel
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.openapi.compat import hidden_from
from polypost.api.openapi.described import says
from polypost.api.routes.analytics_shapes import AnalyticsQuery, ManyAnalysed, OneAnalysed, span_of
from polypost.api.services import services
from polypost.insights.analytics import PRICE, Order, Question
from polypost.insights.entries import Analysed, Entry, Unavailable
from polypost.platforms.abilities import Metrics

router = APIRouter()


class AnalyticsAnswer(RootModel[OneAnalysed | ManyAnalysed]):
    """One post with `postId`, else a page of them."""


@router.get("/v1/analytics")
@says(AnalyticsAnswer, errors=(402, 404, 502))
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
    order = Order(query.sortBy, query.order == "desc", query.limit, query.page)
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


def _unavailable(why: Unavailable | None) -> dict[str, str] | None:
    return None if why is None else {"code": why.code, "message": why.message}
