"""Wall times into instants: zones with gaps, folds, half-hour jumps and a day that never was."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polypost import clock
from polypost.planning.queues import Slot, upcoming
from polypost.planning.recurrence import Occurrence, Recurrence
from polypost.planning.rules import parse

ROOT = Path(__file__).parents[3]
ZONES = st.sampled_from(
    [
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Atlantic/Azores",
        "America/Sao_Paulo",
        "Antarctica/Troll",
        "Asia/Beirut",
        "Etc/GMT+12",
        "UTC",
    ]
) | st.sampled_from(sorted(clock.zones()))
HOURS = st.times(time(0, 0), time(23, 59, 59)).map(lambda at: at.replace(microsecond=0)) | st.sampled_from(
    [time(0, 0), time(0, 30), time(1, 30), time(2, 0), time(2, 15), time(2, 30), time(3, 0), time(23, 59)]
)
STARTS = st.dates(date(2010, 1, 1), date(2036, 1, 1))
RULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;BYDAY=SU,MO",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=2SU,1SU,-1SU",
        "FREQ=YEARLY",
    ]
)


def between(recurrence: Recurrence, after: datetime, until: datetime) -> list[Occurrence]:
    return list(recurrence.after(after, until=until))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(RULES, STARTS, HOURS, ZONES, st.integers(0, 400), st.integers(1, 500))
def test_instants_are_in_order_and_mean_their_wall_times(
    rule: str, start: date, at: time, zone: str, skip: int, length: int
) -> None:
    recurrence = Recurrence(parse(rule), datetime.combine(start, at), zone)
    after = clock.resolve_local(recurrence.start, zone).instant + timedelta(days=skip) - timedelta(seconds=1)
    until = after + timedelta(days=length)
    found = between(recurrence, after, until)
    assert all(earlier.at < later.at for earlier, later in pairwise(found))
    for each in found:
        assert after < each.at <= until
        assert each.local.time() == at
        resolved = clock.resolve_local(each.local, zone)
        assert (each.at, each.note) == (resolved.instant, resolved.note)
        if each.note is None:
            assert each.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == each.local
    # Nothing is lost: each date of the rule is there, or another occurrence stands at its very instant.
    instants = {each.at for each in found}
    for day in parse(rule).dates(start, start, date(2040, 1, 1)):
        instant = clock.resolve_local(datetime.combine(day, at), zone).instant
        if instant > until:
            break
        assert instant <= after or instant in instants


@settings(max_examples=150, deadline=None, derandomize=True)
@given(RULES, STARTS, HOURS, ZONES, st.integers(1, 100))
def test_it_makes_no_difference_where_one_begins_to_look(
    rule: str, start: date, at: time, zone: str, steps: int
) -> None:
    recurrence = Recurrence(parse(rule), datetime.combine(start, at), zone)
    begin = clock.resolve_local(recurrence.start, zone).instant - timedelta(days=3)
    long = list(islice(recurrence.after(begin), 120))
    whole = long[:12]
    cursor, one_by_one = begin, []
    for _ in whole:
        following = next(recurrence.after(cursor))
        one_by_one.append(following)
        cursor = following.at
    assert one_by_one == whole
    later = begin + timedelta(days=steps)
    assert list(islice(recurrence.after(later), 3)) == [each for each in long if each.at > later][:3]


def test_nine_in_new_york_over_a_year() -> None:
    recurrence = Recurrence(parse("FREQ=WEEKLY;BYDAY=MO"), datetime(2027, 1, 4, 9), "America/New_York")
    found = between(recurrence, datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    assert len(found) == 52
    assert {each.at.astimezone(ZoneInfo("America/New_York")).time() for each in found} == {time(9)}
    in_winter = {each.local.date() for each in found if each.at.hour == 14}
    in_summer = {each.local.date() for each in found if each.at.hour == 13}
    assert len(in_winter) + len(in_summer) == 52
    assert min(in_summer) == date(2027, 3, 15)
    assert max(in_summer) == date(2027, 11, 1)


def test_the_page_lists_what_is_computed() -> None:
    page = (ROOT / "docs" / "how-to" / "recurring-posts.md").read_text()
    rows = re.findall(r"^\| (\d{4}-\d\d-\d\d) 09:00 \| (\S+Z) \|$", page, re.MULTILINE)
    recurrence = Recurrence(parse("FREQ=WEEKLY;BYDAY=MO"), datetime(2027, 1, 4, 9), "America/New_York")
    found = between(recurrence, datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    assert rows == [(each.local.date().isoformat(), clock.iso(each.at)) for each in found]


def test_a_gap_a_fold_and_half_an_hour() -> None:
    def day(zone: str, local: datetime) -> Occurrence:
        return next(Recurrence(parse("FREQ=DAILY"), local, zone).after(datetime(2027, 1, 1, tzinfo=UTC)))

    gap = day("America/New_York", datetime(2027, 3, 14, 2, 30))
    assert clock.iso(gap.at) == "2027-03-14T07:30:00.000Z"
    assert "does not exist" in str(gap.note)
    fold = day("America/New_York", datetime(2027, 11, 7, 1, 30))
    assert clock.iso(fold.at) == "2027-11-07T05:30:00.000Z"
    assert "happens twice" in str(fold.note)
    half = day("Australia/Lord_Howe", datetime(2027, 10, 3, 2, 15))
    assert clock.iso(half.at) == "2027-10-02T15:45:00.000Z"


def test_a_day_that_never_was_is_one_occurrence_with_the_next() -> None:
    recurrence = Recurrence(parse("FREQ=DAILY"), datetime(2011, 12, 28, 9), "Pacific/Apia")
    found = between(recurrence, datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC))
    assert [each.local.day for each in found] == [28, 29, 31, 1, 2]


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=DAILY;COUNT=3", "2027-01-06"),
        ("FREQ=DAILY;UNTIL=20270106", "2027-01-06"),
        ("FREQ=DAILY;UNTIL=20270106T090000", "2027-01-06"),
        ("FREQ=DAILY;UNTIL=20270106T085959", "2027-01-05"),
        ("FREQ=DAILY;UNTIL=20270106T140000Z", "2027-01-06"),
        ("FREQ=DAILY;UNTIL=20270106T135959Z", "2027-01-05"),
    ],
)
def test_ends(rule: str, last: str) -> None:
    recurrence = Recurrence(parse(rule), datetime(2027, 1, 4, 9), "America/New_York")
    found = list(recurrence.after(datetime(2026, 12, 1, tzinfo=UTC)))
    assert found[-1].local.date().isoformat() == last
    # COUNT counts from the beginning, not from where one looks.
    assert list(recurrence.after(found[0].at)) == found[1:]


SLOTS = st.lists(st.builds(Slot, st.integers(0, 6), HOURS.map(lambda at: at.replace(second=0))), max_size=12)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(SLOTS, ZONES, st.datetimes(datetime(2010, 1, 1), datetime(2036, 1, 1)), st.integers(0, 40))
def test_slots_are_in_order_once_each_and_none_is_missing(
    slots: list[Slot], zone: str, after: datetime, days: int
) -> None:
    begin = after.replace(tzinfo=UTC)
    end = begin + timedelta(days=days)
    found = list(upcoming(slots, zone, begin, end))
    assert all(earlier.at < later.at for earlier, later in pairwise(found))
    expected = set()
    day = begin.date() - timedelta(days=3)
    while day <= end.date() + timedelta(days=3):
        for slot in slots:
            if slot.weekday == day.weekday():
                expected.add(clock.resolve_local(datetime.combine(day, slot.at), zone).instant)
        day += timedelta(days=1)
    assert {each.at for each in found} == {instant for instant in expected if begin < instant <= end}
    for each in found:
        assert Slot(each.local.weekday(), each.local.time()) in slots
