"""Metrics in the text format of Prometheus, as another library reads it; their names and labels keep its customs."""

from __future__ import annotations

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from polypost.observability import families, metrics
from polypost.observability.families import Counter, Family, Gauge, Histogram

UNITS = ("_seconds", "_bytes", "_total", "_info", "_fds")
OURS = [family for name, family in Family.all.items() if name.startswith("polypost_")]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Families of this test's own."""
    monkeypatch.setattr(Family, "all", {})


def read() -> dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]]:
    """What the page says: samples by family, each by its name and labels."""
    return {
        family.name: {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in family.samples
        }
        for family in text_string_to_metric_families(families.text())
    }


def test_counters_and_gauges(own: None) -> None:
    counter, gauge = Counter("a_total", "Says\nthis \\.", "network"), Gauge("b_bytes", "That.")
    counter.add("twitter")
    counter.add("twitter", by=2)
    counter.add('odd "name"\n\\')
    gauge.set(math.inf)
    assert read() == {
        "a": {
            ("a_total", (("network", "twitter"),)): 3,
            ("a_total", (("network", 'odd "name"\n\\'),)): 1,
        },
        "b_bytes": {("b_bytes", ()): math.inf},
    }
    gauge.become({})
    assert "b_bytes" not in families.text()


def test_a_histogram_counts_up_to_each_bound(own: None) -> None:
    histogram = Histogram("a_seconds", "How long.", "kind", bounds=(0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value, "x")
    kind = ("kind", "x")
    assert read()["a_seconds"] == {
        ("a_seconds_bucket", (kind, ("le", "0.1"))): 2,
        ("a_seconds_bucket", (kind, ("le", "1.0"))): 3,
        ("a_seconds_bucket", (kind, ("le", "+Inf"))): 4,
        ("a_seconds_sum", (kind,)): pytest.approx(7.65),
        ("a_seconds_count", (kind,)): 4,
    }


def test_a_counter_without_labels_is_there_before_it_counts(own: None) -> None:
    Counter("a_total", "Says.")
    assert read() == {"a": {("a_total", ()): 0}}


@pytest.mark.parametrize("family", OURS, ids=lambda family: family.name)
def test_names_and_labels(family: Family) -> None:
    """Base units, and no label whose values grow with those who use the server."""
    assert family.says.endswith((".", "`."))
    assert isinstance(family, Counter) == family.name.endswith("_total")
    if isinstance(family, Histogram):
        assert family.name.endswith("_seconds")
    assert not {"project", "account", "integration", "post", "target", "key", "path", "url"} & set(
        family.labels
    )
    assert len(OURS) > 30


def test_units_of_gauges() -> None:
    plain = {gauge.name for gauge in OURS if isinstance(gauge, Gauge) and not gauge.name.endswith(UNITS)}
    counts = {metrics.SEATS, metrics.SEATS_TAKEN, metrics.ASIDE, metrics.LANES_WAITING, metrics.OVERDUE}
    counts |= {metrics.WAITING, metrics.EVENTS, metrics.BACKLOG, metrics.RECONNECT, metrics.NETWORKS_RESTING}
    truths = {metrics.CLOCK_OK, metrics.STORE_OK}
    assert plain == {gauge.name for gauge in counts | truths}
