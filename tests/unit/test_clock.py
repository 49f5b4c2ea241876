"""What a user's time means, what the clock tells, and when it is not believed."""

from __future__ import annotations

import subprocess
import sys
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polypost import clock
from polypost.clock import BadTime, JumpWatch, LocalTime, Resolved

ZONES = sorted(clock.zones())
NOW = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
walls = st.datetimes(datetime(2020, 1, 1), datetime(2036, 12, 31))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-04-15T14:30:00Z", datetime(2026, 4, 15, 14, 30, tzinfo=UTC)),
        ("2026-04-15t14:30:00z", datetime(2026, 4, 15, 14, 30, tzinfo=UTC)),
        ("2026-04-15 14:30Z", datetime(2026, 4, 15, 14, 30, tzinfo=UTC)),
        ("2026-04-15T14:30:00+02:00", datetime(2026, 4, 15, 12, 30, tzinfo=UTC)),
        ("2026-04-15T14:30:00-00:00", datetime(2026, 4, 15, 14, 30, tzinfo=UTC)),
        ("2026-04-15T14:30:00-15:59", datetime(2026, 4, 16, 6, 29, tzinfo=UTC)),
        ("2026-04-15T14:30:00.5Z", datetime(2026, 4, 15, 14, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-04-15T14:30:00.123456789Z", datetime(2026, 4, 15, 14, 30, 0, 123_456, tzinfo=UTC)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_time_with_an_offset_is_an_instant(text, instant):
    parsed = clock.parse(text)
    assert parsed == instant
    assert isinstance(parsed, datetime)
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-04-15T14:30", "2026-04-15 14:30:00", "2026-04-15T14:30:00.000"])
def test_a_time_without_an_offset_is_local(text):
    assert clock.parse(text) == LocalTime(datetime(2026, 4, 15, 14, 30))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-04-15",
        "2026-W16-3T14:30:00Z",
        "2026-105T14:30:00Z",
        "20260415T143000Z",
        "2026-04-15T1430Z",
        "2026-04-15T14Z",
        "2026-04-15_14:30:00Z",
        "2026-04-15  14:30:00Z",
        "2026-04-15T14:30:00 Z",
        "2026-04-15T14:30:00+02",
        "2026-04-15T14:30:00+0200",
        "2026-04-15T14:30:00+02:00:30",
        "2026-04-15T14:30:00+16:00",
        "2026-04-15T14:30:00+02:60",
        "2026-04-15T14:30:00−02:00",
        "2026-04-15T14:30.5Z",
        "2026-04-15T14:30:00,5Z",
        "2026-04-15T14:30:00.Z",
        "2026-04-15T14:30:00.1234567890Z",
        "2026-04-15T24:00:00Z",
        "2026-04-15T23:59:60Z",
        "2026-04-15T14:60:00Z",
        "2026-02-29T14:30:00Z",
        "2026-04-31T14:30:00Z",
        "2026-13-01T14:30:00Z",
        "2026-00-10T14:30:00Z",
        "0000-04-15T14:30:00Z",
        "0001-01-01T00:00:00+15:00",
        "9999-12-31T23:59:59-15:00",
        "+2026-04-15T14:30:00Z",
        "12026-04-15T14:30:00Z",
        "２０２６-04-15T14:30:00Z",
        "٢٠٢٦-04-15T14:30:00Z",
        "2026-04-15T14:30:00Z\n",
        " 2026-04-15T14:30:00Z",
        "1776263400",
        "now",
    ],
)
def test_every_other_form_is_refused(text):
    with pytest.raises(BadTime) as refused:
        clock.parse(text)
    assert refused.value.message
    assert refused.value.hint


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text):
    try:
        clock.parse(text)
    except BadTime:
        return
    assert text.isascii()


@settings(deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), st.integers(-959, 959))
def test_an_instant_survives_being_written_with_any_offset(instant, minutes):
    known = instant.replace(tzinfo=UTC)
    written = known.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    assert clock.parse(written) == known
    kept = known.replace(microsecond=known.microsecond // 1000 * 1000)
    assert clock.parse_stamp(clock.iso(known)) == kept


def test_iso_writes_milliseconds_in_utc():
    east = timezone(timedelta(hours=5, minutes=30))
    assert clock.iso(datetime(2026, 4, 15, 20, 0, 0, 1_999, tzinfo=east)) == "2026-04-15T14:30:00.001Z"
    with pytest.raises(ValueError, match="zone"):
        clock.iso(datetime(2026, 4, 15))


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"]
)
def test_zones_of_the_iana_set(name):
    assert clock.valid_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "localtime",
        "Factory",
        "posixrules",
        "posix/Europe/Berlin",
        "right/America/New_York",
        "europe/berlin",
        "utc",
        "GMT+5",
        "+02:00",
        "Europe",
        "../Europe/Berlin",
        "/usr/share/zoneinfo/Europe/Berlin",
        "Europe/Berlin\0",
        "zone.tab",
    ],
)
def test_names_that_are_no_zones(name):
    assert not clock.valid_zone(name)
    with pytest.raises(BadTime):
        clock.resolve("2026-04-15T14:30:00", name)
    with pytest.raises(BadTime):
        clock.resolve("2026-04-15T14:30:00Z", name)


@pytest.mark.parametrize("name", ZONES)
def test_every_listed_zone_has_rules(name):
    assert clock.resolve("2026-04-15T14:30:00", name).zone == name


def test_the_systems_zone_files_are_not_read():
    assert zoneinfo.TZPATH == ()
    assert clock.tzdata_version().startswith("20")


def test_importing_the_clock_loads_no_zone():
    code = "import polypost.clock as c, sys; print(c.zones.cache_info().currsize, 'tzdata.zoneinfo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]


def test_an_offset_fixes_the_instant_and_the_zone_is_kept():
    resolved = clock.resolve("2026-06-27T09:00:00.000Z", "America/New_York")
    assert resolved == Resolved(datetime(2026, 6, 27, 9, tzinfo=UTC), None, "America/New_York")


def test_a_local_time_is_read_in_its_zone():
    resolved = clock.resolve("2026-03-29T09:00:00", "America/New_York")
    assert resolved == Resolved(
        datetime(2026, 3, 29, 13, tzinfo=UTC), datetime(2026, 3, 29, 9), "America/New_York"
    )
    assert clock.resolve("2026-03-29T09:00:00") == Resolved(
        datetime(2026, 3, 29, 9, tzinfo=UTC), datetime(2026, 3, 29, 9), "UTC"
    )


@pytest.mark.parametrize(
    ("text", "zone", "instant", "shown"),
    [
        ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00.000Z", "03:30"),
        ("2026-03-08T02:00:00", "America/New_York", "2026-03-08T07:00:00.000Z", "03:00"),
        ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z", "02:45"),
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T22:00:00.000Z", "12:00"),
    ],
)
def test_a_time_in_a_gap_moves_forward_by_the_gap(text, zone, instant, shown):
    resolved = clock.resolve(text, zone)
    assert clock.iso(resolved.instant) == instant
    assert resolved.note is not None
    assert "does not exist" in resolved.note
    assert shown in resolved.note


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00.000Z"),
        ("2026-11-01T01:00:00", "America/New_York", "2026-11-01T05:00:00.000Z"),
        ("2026-04-05T01:45:00", "Australia/Lord_Howe", "2026-04-04T14:45:00.000Z"),
    ],
)
def test_a_time_that_happens_twice_is_the_first(text, zone, instant):
    resolved = clock.resolve(text, zone)
    assert clock.iso(resolved.instant) == instant
    assert resolved.note is not None
    assert "twice" in resolved.note


def test_the_second_of_two_is_reached_with_an_offset():
    resolved = clock.resolve("2026-10-25T02:30:00+01:00", "Europe/Berlin")
    assert (clock.iso(resolved.instant), resolved.note) == ("2026-10-25T01:30:00.000Z", None)


@pytest.mark.parametrize("wall", [datetime.min, datetime.max])
def test_the_ends_of_the_calendar_are_refused(wall):
    zone = "Asia/Tokyo" if wall == datetime.min else "America/New_York"
    with pytest.raises(BadTime):
        clock.resolve_local(wall, zone)


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(ZONES), walls)
def test_a_resolved_instant_shows_the_wall_time_or_says_why_not(zone, wall):
    resolved = clock.resolve_local(wall, zone)
    shown = resolved.instant.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    assert (shown != wall) == (resolved.note is not None and "does not exist" in resolved.note)
    assert shown >= wall


def changes(zone: str) -> list[tuple[datetime, timedelta, timedelta]]:
    """Instants (to the second) at which a zone's offset changes from 2024 to 2030, with both offsets."""
    rules = zoneinfo.ZoneInfo(zone)

    def offset(instant: datetime) -> timedelta:
        found = instant.astimezone(rules).utcoffset()
        assert found is not None
        return found

    found = []
    at = datetime(2024, 1, 1, tzinfo=UTC)
    while at < datetime(2030, 1, 1, tzinfo=UTC):
        later = at + timedelta(days=7)
        if offset(at) != offset(later):
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
                low, high = (middle, high) if offset(middle) == offset(at) else (low, middle)
            found.append((high, offset(low), offset(high)))
        at = later
    return found


def test_changes_are_found():
    assert len(changes("Europe/Berlin")) == 12
    assert changes("Asia/Tokyo") == []


@pytest.mark.parametrize("zone", ZONES)
def test_both_sides_of_every_change_of_every_zone(zone):
    for change, before, after in changes(zone):
        width = abs(after - before)
        first_wall = (change + min(before, after)).replace(tzinfo=None)
        for inside in (timedelta(0), width / 2, width - timedelta(seconds=1)):
            resolved = clock.resolve_local(first_wall + inside, zone)
            expected = first_wall + inside - before
            assert resolved.instant.replace(tzinfo=None) == expected
            assert resolved.note is not None
            assert ("does not exist" if after > before else "happens twice") in resolved.note
        for outside in (timedelta(seconds=-1), width):
            resolved = clock.resolve_local(first_wall + outside, zone)
            assert resolved.note is None
            back = resolved.instant.astimezone(zoneinfo.ZoneInfo(zone))
            assert back.replace(tzinfo=None) == first_wall + outside


@pytest.mark.parametrize(
    ("seconds", "taken"),
    [(-60, 0), (-1, 0), (0, 0), (1, 1), (2 * 365 * 86_400, 2 * 365 * 86_400)],
)
def test_times_within_the_window(seconds, taken):
    asked = NOW + timedelta(seconds=seconds)
    assert clock.check_window(asked, NOW) == NOW + timedelta(seconds=taken)


@pytest.mark.parametrize("away", [timedelta(seconds=-61), timedelta(days=-400), timedelta(days=732)])
def test_times_outside_the_window(away):
    with pytest.raises(BadTime):
        clock.check_window(NOW + away, NOW)


def test_the_horizon_is_a_setting():
    with pytest.raises(BadTime, match="too far") as refused:
        clock.check_window(NOW + timedelta(days=31), NOW, timedelta(days=30))
    assert "30 days" in refused.value.hint


def test_the_sandbox_lets_time_pass_on_both_clocks():
    code = (
        "from polypost import clock\n"
        "wall, steady = clock.now(), clock.monotonic()\n"
        "clock.advance(3600)\n"
        "print((clock.now() - wall).total_seconds() >= 3600, clock.monotonic() - steady >= 3600)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_the_clock_is_not_turned_back(seconds):
    with pytest.raises(ValueError, match="forward"):
        clock.advance(seconds)


def readings(*pairs: tuple[float, float]) -> list[bool]:
    """What a fresh watch says to readings of (wall seconds after NOW, monotonic seconds)."""
    watch = JumpWatch()
    said = [watch.holds(NOW + timedelta(seconds=wall), monotonic) for wall, monotonic in pairs]
    assert watch.holding is said[-1]
    return said


def test_a_steady_clock_is_believed():
    assert not any(readings(*((n, n) for n in range(200))))


def test_slow_corrections_and_long_pauses_are_believed():
    assert readings((0, 0), (1.2, 1), (301, 2), (4301, 4002)) == [False] * 4


def test_a_leap_holds_until_the_new_time_has_stood_for_a_minute():
    said = readings((0, 0), *((86_400 + n, n) for n in range(1, 70)))
    assert said == [False] + [True] * 60 + [False] * 9


def test_a_second_leap_starts_the_minute_anew():
    pairs = [(0, 0), *((1_000 + n, n) for n in range(1, 40)), *((5_000 + n, n) for n in range(40, 110))]
    said = readings(*pairs)
    assert said.index(True) == 1
    assert said.index(False, 1) == 100


def test_a_clock_that_comes_back_is_believed_at_once():
    assert readings((0, 0), (86_401, 1), (86_402, 2), (3, 3), (4, 4)) == [False, True, True, False, False]


def test_a_clock_set_back_holds_nothing():
    assert readings((0, 0), (-86_399, 1), (-86_398, 2)) == [False, False, False]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.5, 2.0)), min_size=1, max_size=60))
def test_a_hold_always_ends(steps):
    watch = JumpWatch()
    wall, monotonic = 0.0, 0.0
    for jump, passed in steps:
        wall, monotonic = wall + passed + jump, monotonic + passed
        watch.holds(NOW + timedelta(seconds=wall), monotonic)
    for n in range(1, 62):
        watch.holds(NOW + timedelta(seconds=wall + n), monotonic + n)
    assert not watch.holding


def test_the_clock_that_counts_sleep_moves_with_the_sandbox_and_never_back() -> None:
    before = clock._Advance.seconds
    try:
        began = clock.boottime()
        assert clock.boottime() >= began
        clock.advance(60)
        assert clock.boottime() - began >= 60
    finally:
        clock._Advance.seconds = before
