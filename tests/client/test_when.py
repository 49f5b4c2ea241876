"""Hours as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from polypost.cli import when

# A Sunday, 23:30 in Berlin.
NOW = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2027-01-04T09:00", "2027-01-04T09:00:00"),
        ("2027-01-04 09:00", "2027-01-04T09:00:00"),
        ("2027-01-04T09:00:00Z", "2027-01-04T09:00:00+00:00"),
        ("2027-01-04T09:00:00-05:00", "2027-01-04T09:00:00-05:00"),
        ("today 23:45", "2026-11-29T23:45:00"),
        ("tomorrow 9:00", "2026-11-30T09:00:00"),
        ("Tomorrow at 9am", "2026-11-30T09:00:00"),
        ("tomorrow 12am", "2026-11-30T00:00:00"),
        ("tomorrow 12:05 pm", "2026-11-30T12:05:00"),
        ("monday 18:30", "2026-11-30T18:30:00"),
        ("sunday 23:45", "2026-11-29T23:45:00"),
        ("sunday 9:00", "2026-12-06T09:00:00"),
        ("23:45", "2026-11-29T23:45:00"),
        ("17:00", "2026-11-30T17:00:00"),
        ("in 2 hours", "2026-11-30T01:30:00+01:00"),
        ("in an hour", "2026-11-30T00:30:00+01:00"),
        ("in 3 days", "2026-12-02T23:30:00+01:00"),
    ],
)
def test_hours(said: str, meant: str) -> None:
    assert when.hour(said, BERLIN, NOW) == meant


@pytest.mark.parametrize(
    "said",
    [
        "",
        "soon",
        "tomorrow",
        "tomorrow 9",
        "25:00",
        "9:75",
        "13pm",
        "in 2 fortnights",
        "31.12.",
        "2027-01-04",
        "2027-13-04 09:00",
    ],
)
def test_what_is_no_hour(said: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        when.hour(said, BERLIN, NOW)


def test_a_zone_that_is_none() -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        when.hour("tomorrow 9:00", "Berlin", NOW)


def test_this_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":America/New_York")
    assert when.here() == "America/New_York"
    monkeypatch.setenv("TZ", "EST5EDT,M3.2.0,M11.1.0")
    assert when.here()


def test_hours_pass_and_days_keep_their_hour_when_the_clocks_change() -> None:
    before = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert when.hour("in 6 hours", BERLIN, before) == "2026-10-25T05:00:00+01:00"
    assert when.hour("in 1 day", BERLIN, before) == "2026-10-26T00:00:00+01:00"
