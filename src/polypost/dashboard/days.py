"""Which days a page is about, as its address says: so many up to today, or from one to another; in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from polypost import clock
from polypost.analytics.selection import Span
from polypost.dashboard.web import Visit
from polypost.entrance.days import DaysQuery, span_of
from polypost.errors import InvalidRequest, Problem
from polypost.intake import bodies

CHOICES = (7, 30, 90)
_USUAL = 30


class Days(NamedTuple):
    """The days that are shown, `query` as the address says them, and what is wrong with it; then the usual ones are shown."""

    span: Span
    chosen: int | None
    query: Mapping[str, str]
    problems: Sequence[Problem]

    @property
    def first(self) -> date:
        """The first day."""
        return self.span.since.date()

    @property
    def last(self) -> date:
        """The last day."""
        return (self.span.until - timedelta(days=1)).date()

    def shown(self, since: datetime | None) -> list[date]:
        """Each day, from the one in which `since` lies where that is given."""
        first = max(self.first, since.date()) if since is not None else self.first
        return [first + timedelta(days=number) for number in range((self.last - first).days + 1)]


def days_of(visit: Visit) -> Days:
    """The days that the visit asks for."""
    given = {name: visit.asked(name) for name in ("from", "to") if visit.asked(name)}
    if given:
        try:
            query = {f"{name}Date": value for name, value in given.items()}
            return Days(span_of(bodies.read(DaysQuery, query)), None, given, ())
        except InvalidRequest as error:
            said = {"fromDate": visit.words("The first day"), "toDate": visit.words("The last day")}
            wrong = [
                Problem(each.path, f"{said[each.path]} {each.message}", each.hint) for each in error.problems
            ]
            return Days(_last(_USUAL), None, given, wrong)
    count = next((each for each in CHOICES if visit.asked("days") == str(each)), _USUAL)
    return Days(_last(count), count, {"days": str(count)}, ())


def _last(count: int) -> Span:
    today = clock.now().date()
    return span_of(DaysQuery(fromDate=today - timedelta(days=count - 1), toDate=today))
