"""Spans of days, as both the API and the dashboard take them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from polypost import clock
from polypost.analytics.selection import Span
from polypost.errors import InvalidRequest, Problem
from polypost.posts import words

DAYS = 90
MOST_DAYS = 366
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EARLIEST, _LATEST = date(1970, 1, 1), date(2999, 12, 31)


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None or not _EARLIEST <= found <= _LATEST:
        raise words.wrong("bad_date", "is not a day", "Write it as YYYY-MM-DD.")
    return found


Day = Annotated[date, BeforeValidator(_day)]


class DaysQuery(BaseModel):
    """The first and the last day that are meant."""

    fromDate: Day | None = None
    toDate: Day | None = None


def span_of(query: DaysQuery) -> Span:
    """The days that are meant, whole days in UTC, both ends included. Raises InvalidRequest."""
    last = query.toDate or clock.now().date()
    first = query.fromDate or max(_EARLIEST, last - timedelta(days=DAYS))
    problem = None
    if first > last:
        problem = Problem("fromDate", "is after toDate", "Swap the two, or give both.", "bad_date")
    elif (last - first).days > MOST_DAYS:
        hint = "Ask for a shorter period."
        problem = Problem("fromDate", f"is more than {MOST_DAYS} days before toDate", hint, "bad_date")
    if problem is not None:
        raise InvalidRequest([problem])
    return Span(_midnight(first), _midnight(last + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
