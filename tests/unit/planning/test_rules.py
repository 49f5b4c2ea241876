"""Recurrence rules against another reading of the same RFC, and what is refused."""

from __future__ import annotations

import datetime as dt
import time
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import dateutil.rrule
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from polypost.planning.rules import DAYS, BadRule, parse

YEARS = 3


def numbers(most: int) -> st.SearchStrategy[str]:
    """One to three numbers, also from the end."""
    one = st.integers(1, most) | st.integers(-most, -1)
    return st.lists(one, min_size=1, max_size=3, unique=True).map(lambda found: ",".join(map(str, found)))


weekdays = st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True).map(",".join)
numbered = st.lists(
    st.tuples(st.integers(1, 5) | st.integers(-5, -1), st.sampled_from(DAYS)),
    min_size=1,
    max_size=2,
    unique=True,
).map(lambda found: ",".join(f"{number}{day}" for number, day in found))
months = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True).map(
    lambda found: ",".join(map(str, found))
)


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": freq, "INTERVAL": str(draw(st.integers(1, 4))), "WKST": draw(st.sampled_from(DAYS))}
    if draw(st.booleans()):
        parts["BYDAY"] = draw(numbered if freq in {"MONTHLY", "YEARLY"} and draw(st.booleans()) else weekdays)
    if freq != "WEEKLY" and draw(st.booleans()):
        parts["BYMONTHDAY"] = draw(numbers(31))
    if draw(st.booleans()):
        parts["BYMONTH"] = draw(months)
    if set(parts) & {"BYDAY", "BYMONTHDAY", "BYMONTH"} and draw(st.booleans()):
        parts["BYSETPOS"] = draw(numbers(6))
    if draw(st.booleans()):
        parts["COUNT"] = str(draw(st.integers(1, 40)))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@pytest.fixture(scope="module", autouse=True)
def _bounded_oracle() -> Any:
    """The other evaluator looks until the last year there is; let that be a near one."""
    shim = SimpleNamespace(**{**vars(dt), "MAXYEAR": 2040})
    before, dateutil.rrule.datetime = dateutil.rrule.datetime, shim  # type: ignore[attr-defined]  # the library's own clock is watched
    yield
    dateutil.rrule.datetime = before  # type: ignore[attr-defined]  # the library's own clock is watched


@settings(max_examples=300, deadline=None, derandomize=True)
@given(rules(), st.dates(date(1999, 1, 1), date(2034, 12, 31)))
def test_the_same_dates_as_another_reading(text: str, start: date) -> None:
    rule = parse(text)
    # Within the week of its beginning the other reading counts positions from that day and not over the whole week.
    assume(not (rule.by_set_pos and rule.freq == "WEEKLY" and start.weekday() != rule.week_start))
    end = start + timedelta(days=366 * YEARS)
    other = dateutil.rrule.rrulestr(text, dtstart=datetime.combine(start, datetime.min.time()))
    expected = []
    for found in other:
        if found.date() > end:
            break
        expected.append(found.date())
    assert list(rule.dates(start, start, end)) == expected


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rules(), st.dates(date(1999, 1, 1), date(2034, 12, 31)), st.integers(0, 1000), st.integers(0, 1000))
def test_a_window_shows_what_the_whole_shows(text: str, start: date, skip: int, length: int) -> None:
    rule = parse(text)
    first = start + timedelta(days=skip)
    last = first + timedelta(days=length)
    whole = list(rule.dates(start, start, last))
    assert list(rule.dates(start, first, last)) == [day for day in whole if first <= day <= last]


def test_ends_of_months_and_leap_days() -> None:
    def first(text: str, start: date, count: int) -> list[str]:
        return [day.isoformat() for day in parse(text).dates(start, start, date(2100, 1, 1))][:count]

    assert first("FREQ=MONTHLY", date(2027, 1, 31), 3) == ["2027-01-31", "2027-03-31", "2027-05-31"]
    ends = ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]
    assert first("FREQ=MONTHLY;BYMONTHDAY=-1", date(2027, 1, 31), 4) == ends
    assert first("FREQ=YEARLY", date(2028, 2, 29), 3) == ["2028-02-29", "2032-02-29", "2036-02-29"]
    workdays = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
    assert first(workdays, date(2027, 1, 1), 3) == ["2027-01-29", "2027-02-26", "2027-03-31"]
    # Numbered and plain weekdays together are both meant.
    assert first("FREQ=MONTHLY;BYDAY=1MO,FR", date(2027, 1, 1), 3) == [
        "2027-01-01",
        "2027-01-04",
        "2027-01-08",
    ]


def test_a_rule_that_never_matches_costs_little() -> None:
    rule = parse("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    began = time.process_time()
    assert list(rule.dates(date(2027, 1, 1), date(2027, 1, 1), date(2047, 1, 1))) == []
    # Looking until the year 9999 takes a hundred times as long.
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RRULE:",
        "daily",
        "FREQ=HOURLY",
        "freq=daily",
        "FREQ=DAILY;",
        "FREQ=DAILY;;INTERVAL=2",
        "FREQ=DAILY;FREQ=DAILY",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=1001",
        "FREQ=DAILY;INTERVAL=٢",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=1;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=2027-01-01",
        "FREQ=DAILY;UNTIL=20270230",
        "FREQ=DAILY;UNTIL=20270101T250000",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=DAILY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=-1FR",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=-1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=WEEKLY;WKST=X",
        "FREQ=DAILY\0",
        f"FREQ=MONTHLY;BYMONTHDAY={'1,' * 300}1",
    ],
    ids=lambda text: text[:30].encode("ascii", "replace").decode(),
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(BadRule) as refused:
        parse(text)
    assert refused.value.message
    assert refused.value.hint


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("FREQ=DAILYWKMONTH;,123-+:BUSETP09Z"), max_size=60))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = parse(text)
    except BadRule:
        return
    assert isinstance(list(rule.dates(date(2027, 1, 1), date(2027, 1, 1), date(2028, 1, 1))), list)
