"""Analytics: what posts brought, by day, account and post, as the networks told it last; and asking them anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.analytics.overview import FIGURES, Figure, Overview, figure, overview
from polypost.analytics.selection import Own, Span
from polypost.analytics.service import PRICE
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.charts import Point, line
from polypost.dashboard.curl import curl
from polypost.dashboard.days import CHOICES, Days, days_of
from polypost.dashboard.pages.accounts import network_name
from polypost.dashboard.pages.posts import Choice, choice
from polypost.dashboard.render import dated
from polypost.dashboard.web import MOST_DIGITS, Page, Visit
from polypost.errors import ApiError, InvalidRequest, Problem
from polypost.integrations import service as integrations

TOP = 10
# How long a page waits for the networks when they are asked; what comes later is there the next time.
SECONDS = 5.0
NAMES: Mapping[Figure, str] = {
    "impressions": phrase("Impressions"),
    "views": phrase("Views"),
    "reach": phrase("Reach"),
    "likes": phrase("Likes"),
    "comments": phrase("Comments"),
    "shares": phrase("Shares"),
    "saves": phrase("Saves"),
    "clicks": phrase("Clicks"),
    "engagement": phrase("Engagement"),
}


async def analytics(visit: Visit) -> Response:
    """The figures that are known; no network is asked, so the page waits for none."""
    return await _page(visit)


async def ask(visit: Visit) -> Response:
    """Ask the networks for what is not fresh, as the API does for the same price."""
    days = days_of(visit)
    chosen = await visit.services.store.read(lambda db: choice(visit, db))
    if days.problems:
        return await _page(visit)
    try:
        count = await visit.services.analytics.ask(visit.here, _own(visit, chosen, days.span), SECONDS)
    except ApiError as error:
        found = list(error.problems) if isinstance(error, InvalidRequest) else []
        return await _page(visit, error.status, found or [Problem("", error.message, error.next_step)])
    return visit.go(visit.url("analytics", **_query(visit, chosen, days), asked=str(count)))


async def _page(visit: Visit, status: int = 200, problems: Sequence[Problem] = ()) -> Response:
    days, name, asked = days_of(visit), _figure(visit), visit.asked("asked")

    def read(db: Connection) -> tuple[Choice, Overview]:
        chosen = choice(visit, db)
        own = _own(visit, chosen, days.span)
        return chosen, overview(db, visit.here.id, own, name, top=TOP)

    chosen, found = await visit.services.store.browse(visit.here.id, read)
    points = _points(visit, days, found, name)
    drawn = line(points)
    return visit.page(
        "analytics.html",
        400 if days.problems else status,
        found=found,
        days=days,
        choices=CHOICES,
        chosen=chosen,
        statuses=(),
        networks={each: network_name(each) for each in chosen.platforms},
        network_name=network_name,
        name=name,
        names={each: visit.words(word) for each, word in NAMES.items()},
        shown=[each for each in NAMES if figure(found.all.metrics, each) is not None],
        number=number,
        figure=figure,
        drawn=drawn,
        top=number(drawn.top, name),
        ends=[dated(each.day, "%a %-d %b %Y", visit.language) for each in (points[0], points[-1])],
        query=_query(visit, chosen, days),
        rest=chosen.query | {"figure": name},
        asked=int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= MOST_DIGITS else None,
        price=PRICE,
        problems=[*days.problems, *problems],
        curl=_curl(visit, chosen, days),
        place="analytics",
    )


def number(value: float | None, name: Figure) -> str | None:
    """A figure as people read it; None where none is told."""
    if value is None:
        return None
    return f"{value * 100:.3g} %" if name == "engagement" else f"{value:,.0f}"


def _points(visit: Visit, days: Days, found: Overview, name: Figure) -> list[Point]:
    points = []
    for day in days.shown(found.since):
        value = figure(found.days[day].metrics, name) if day in found.days else None
        said = dated(day, "%a %-d %b", visit.language)
        points.append(Point(day, value, f"{said}: {number(value, name)}"))
    return points


def _figure(visit: Visit) -> Figure:
    asked = visit.asked("figure")
    return asked if asked in FIGURES else "likes"


def _own(visit: Visit, chosen: Choice, span: Span) -> Own:
    groups = integrations.inside(visit.here.id, [chosen.profile]) if chosen.profile else None
    return Own(span, chosen.platform or None, chosen.account or None, accounts=groups)


def _query(visit: Visit, chosen: Choice, days: Days) -> dict[str, str]:
    return chosen.query | dict(days.query) | {"figure": _figure(visit)}


def _curl(visit: Visit, chosen: Choice, days: Days) -> str:
    """The request that asks for the same."""
    asked = {"fromDate": days.first.isoformat(), "toDate": days.last.isoformat()}
    asked |= {"platform": chosen.platform} if chosen.platform else {}
    asked |= {"accountId": chosen.account} if chosen.account else {}
    return curl(visit, f"/v1/analytics?{urlencode(asked)}")


PAGES = (
    Page("GET", "/{project}/analytics", analytics, "viewer"),
    Page("POST", "/{project}/analytics/ask", ask, "viewer"),
)
