"""Arithmetic on figures: engagement, totals, and how long figures stay good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polypost.analytics.rates import COUNTS, counted, good_for, list_good_for, total
from polypost.platforms.abilities import Metrics

number = st.none() | st.integers(0, 10**9)
metrics = st.builds(Metrics, **dict.fromkeys(COUNTS, number))


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        (Metrics(views=100, likes=5, comments=3, shares=1, saves=1), 0.1),
        (Metrics(impressions=200, views=100, likes=10), 0.05),
        (Metrics(views=100, reach=50, likes=10), 0.1),
        (Metrics(reach=50, likes=10), 0.2),
        (Metrics(views=100, clicks=50), None),
        (Metrics(views=100, clicks=50, likes=0), 0.0),
        (Metrics(views=0, likes=0), None),
        (Metrics(likes=10), None),
        (Metrics(views=5, likes=10), 1.0),
        (Metrics(views=100, likes=10, engagement_rate=0.5), 0.5),
        (Metrics(), None),
    ],
    ids=repr,
)
def test_engagement(told: Metrics, rate: float | None) -> None:
    assert counted(told).metrics.engagement_rate == rate


@given(st.lists(metrics, max_size=4))
def test_totals_are_sums_and_a_rate_between_the_parts(parts: list[Metrics]) -> None:
    rows = [counted(each) for each in parts]
    whole = total(rows)
    for name in COUNTS:
        told = [value for each in parts if (value := getattr(each, name)) is not None]
        assert getattr(whole, name) == (sum(told) if told else None)
    rates = [row.metrics.engagement_rate for row in rows if row.metrics.engagement_rate is not None]
    if rates:
        assert whole.engagement_rate is not None
        assert min(rates) - 1e-9 <= whole.engagement_rate <= max(rates) + 1e-9
    else:
        assert whole.engagement_rate is None


@given(metrics)
def test_one_network_is_its_own_total(told: Metrics) -> None:
    row = counted(told)
    whole = total([row])
    assert all(getattr(whole, name) == getattr(told, name) for name in COUNTS)
    assert whole.engagement_rate == pytest.approx(row.metrics.engagement_rate)


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=400)), min_size=2))
def test_the_older_a_post_the_longer_its_figures_are_good(ages: list[timedelta]) -> None:
    spans = [good_for(age) for age in sorted(ages)]
    assert spans == sorted(spans)
    assert timedelta(minutes=2) <= spans[0] <= spans[-1] <= timedelta(hours=24)
    assert all(list_good_for(age) >= good_for(age) for age in ages)


def test_what_is_of_no_known_age_is_asked_for_after_minutes() -> None:
    assert good_for(None) == timedelta(minutes=10)
    assert list_good_for(timedelta(0)) == timedelta(minutes=10)
