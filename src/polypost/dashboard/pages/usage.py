"""Usage: what credits are left, and where they went, by day, month, account, profile, network, and entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, Select
from starlette.responses import Response

from polypost import clock
from polypost.credits import funds, reports
from polypost.credits import service as credits
from polypost.credits.reports import Line, Of, Spent
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.charts import Point, bars
from polypost.dashboard.curl import curl
from polypost.dashboard.days import CHOICES, Days, days_of
from polypost.dashboard.pages.accounts import network_name
from polypost.dashboard.pages.posts import Choice, choice
from polypost.dashboard.render import dated
from polypost.dashboard.web import Page, Visit
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.posts import queries

PER_PAGE, MOST_PAGES = 25, 40
MOST_MONTHS, MOST_ACCOUNTS = 12, 50
KINDS = {
    "reserve": phrase("Set aside"),
    "settle": phrase("Spent"),
    "release": phrase("Given back"),
    "waived": phrase("Free: it came out after its credits were given back"),
    "charge": phrase("Spent"),
}
# What no account did.
OTHERS = {"analytics": phrase("Figures of posts"), "ai": phrase("Captions and pictures")}


class Sum(NamedTuple):
    """What a profile or network spent, in this month and ever."""

    name: str
    month: int
    ever: int


@dataclass(frozen=True, slots=True)
class _Found:
    chosen: Choice
    balance: funds.Balance
    reserved: int
    months: Sequence[credits.Usage]
    days: Mapping[date, int]
    since: datetime | None
    spent: Sequence[Spent]
    lines: Sequence[Line]
    more: bool
    posts: Mapping[str, str]
    accounts: Mapping[str, Integration]


async def usage(visit: Visit) -> Response:
    """The balance, the chart, the sums, and a page of the ledger."""
    days, now = days_of(visit), clock.now()
    page = min(visit.page_asked, MOST_PAGES - 1)
    found = await visit.services.store.browse(visit.here.id, lambda db: _read(visit, db, days, page, now))
    points = _points(visit, days, found)
    drawn = bars(points)
    return visit.page(
        "usage.html",
        400 if days.problems else 200,
        found=found,
        unlimited=funds.unlimited(visit.here),
        renewed=funds.month_of(now)[1],
        month=sum(each.month for each in found.spent),
        ever=sum(each.ever for each in found.spent),
        days=days,
        choices=CHOICES,
        chosen=found.chosen,
        statuses=(),
        networks={each: network_name(each) for each in found.chosen.platforms},
        of_whom=partial(_of_whom, visit),
        drawn=drawn,
        top=f"{drawn.top:,.0f}",
        ends=[dated(each.day, "%a %-d %b %Y", visit.language) for each in (points[0], points[-1])],
        first_of=lambda each: date(each.year, each.month, 1),
        most_accounts=MOST_ACCOUNTS,
        by_profile=_by_profile(visit, found),
        by_network=_by_network(visit, found),
        kinds={kind: visit.words(word) for kind, word in KINDS.items()},
        page=page,
        more=found.more and page + 1 < MOST_PAGES,
        query=found.chosen.query | dict(days.query),
        rest=found.chosen.query,
        problems=days.problems,
        curl=curl(visit, "/v1/usage"),
        place="usage",
    )


def _read(visit: Visit, db: Connection, days: Days, page: int, now: datetime) -> _Found:
    project_id, chosen = visit.here.id, choice(visit, db)
    accounts: Select[tuple[str]] | None = None
    if chosen.account:
        accounts = integrations.ever_connected(db, project_id, chosen.account)
    elif chosen.profile:
        accounts = integrations.inside(project_id, [chosen.profile])
    of = Of(chosen.platform or None, accounts)
    by_day, since = reports.by_day(db, project_id, days.span.since, days.span.until, of)
    spent = reports.by_account(db, project_id, funds.cycle_of(now), of)
    lines, more = reports.newest(db, project_id, of, limit=PER_PAGE, offset=page * PER_PAGE)
    months = credits.usage(db, project_id, integration_ids=accounts)
    named = {each.integration_id for each in spent} | {each.integration_id for each in lines}
    return _Found(
        chosen,
        funds.balance(db, project_id, visit.here, now),
        0 if funds.unlimited(visit.here) else reports.reserved(db, project_id),
        months[: -MOST_MONTHS - 1 : -1],
        by_day,
        since,
        spent,
        lines,
        more,
        queries.posts_of(db, project_id, [each.target_id for each in lines]),
        integrations.find(db, project_id, named),
    )


def _points(visit: Visit, days: Days, found: _Found) -> list[Point]:
    points = []
    for day in days.shown(found.since):
        value = found.days.get(day)
        said = dated(day, "%a %-d %b", visit.language)
        points.append(Point(day, value, f"{said}: {value:,}" if value is not None else ""))
    return points


def _of_whom(visit: Visit, each: Spent | Line, accounts: Mapping[str, Integration]) -> tuple[str, str]:
    """The network, or what else was done; and the account's name."""
    network = _network(visit, each.platform)
    account = accounts.get(each.integration_id)
    if account is None:
        return network, visit.words("an account that was taken away") if each.integration_id else ""
    return network, account.display_name or account.username or account.platform_user_id


def _by_profile(visit: Visit, found: _Found) -> list[Sum]:
    names = {each.id: each.name for each in found.chosen.profiles}
    if not names:
        return []
    rows = []
    for each in found.spent:
        account = found.accounts.get(each.integration_id)
        rows.append((names.get(account.profile_id or "") if account else None, each))
    return _summed((name or visit.words("No profile"), each) for name, each in rows)


def _by_network(visit: Visit, found: _Found) -> list[Sum]:
    return _summed((_network(visit, each.platform), each) for each in found.spent)


def _network(visit: Visit, platform: str) -> str:
    """What a network is called, or what was done that concerns none."""
    return visit.words(OTHERS[platform]) if platform in OTHERS else network_name(platform)


def _summed(rows: Iterable[tuple[str, Spent]]) -> list[Sum]:
    sums: dict[str, Sum] = {}
    for name, each in rows:
        before = sums.get(name, Sum(name, 0, 0))
        sums[name] = Sum(name, before.month + each.month, before.ever + each.ever)
    return sorted(sums.values(), key=lambda each: (-each.month, -each.ever, each.name))


PAGES = (Page("GET", "/{project}/usage", usage, "viewer"),)
