"""Arithmetic on figures: engagement, totals over networks, and how long a figure stays good. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from polypost.platforms.abilities import Metrics

COUNTS = ("impressions", "reach", "likes", "comments", "shares", "saves", "clicks", "views")
_ACTS = ("likes", "comments", "shares", "saves")
_SEEN = ("impressions", "views", "reach")
# Figures move fast at first and hardly at all later: (younger than, good for).
GOOD_FOR = (
    (timedelta(hours=1), timedelta(minutes=2)),
    (timedelta(days=1), timedelta(minutes=10)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta(days=30), timedelta(hours=6)),
)
OLD_GOOD_FOR = timedelta(hours=24)
_UNDATED_GOOD_FOR = timedelta(minutes=10)
_LIST_GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Counted:
    """A post's figures on one network with its engagement rate; `exposure` is what that is a share of."""

    metrics: Metrics
    exposure: int | None


def counted(metrics: Metrics) -> Counted:
    """The figures with their engagement rate: what people did by how often the post was seen, 1 at most.

    Done: likes, comments, shares and saves. Seen: impressions, else views, else reach. None where the network tells
    neither, or nobody has seen the post; a rate that the network tells stands.
    """
    exposure = next((value for name in _SEEN if (value := getattr(metrics, name)) is not None), None)
    rate = metrics.engagement_rate
    if rate is None and exposure:
        acts = [value for name in _ACTS if (value := getattr(metrics, name)) is not None]
        rate = min(1.0, sum(acts) / exposure) if acts else None
    return Counted(replace(metrics, engagement_rate=rate), exposure)


def total(parts: Iterable[Counted]) -> Metrics:
    """Sums over networks of what each tells; the rate is the mean of their rates, weighted by exposure."""
    rows = list(parts)
    columns = [[getattr(row.metrics, name) for row in rows] for name in COUNTS]
    return summed(columns, [(row.metrics.engagement_rate, row.exposure) for row in rows])


def summed(
    columns: Iterable[Iterable[int | None]], rates: Iterable[tuple[float | None, int | None]]
) -> Metrics:
    """The same of the counts in the order of `COUNTS`, each over all rows, and the rows' rates with exposures."""
    sums: dict[str, int | None] = {}
    for name, values in zip(COUNTS, columns, strict=True):
        told = [value for value in values if value is not None]
        sums[name] = sum(told) if told else None
    rated = [(rate, exposure) for rate, exposure in rates if rate is not None and exposure]
    weight = sum(exposure for _, exposure in rated)
    rate = sum(rate * exposure for rate, exposure in rated) / weight if weight else None
    return Metrics(**sums, engagement_rate=rate)


def good_for(age: timedelta | None) -> timedelta:
    """How long figures of a post of this age are not asked for again; None is a post of unknown age."""
    if age is None:
        return _UNDATED_GOOD_FOR
    return next((good for limit, good in GOOD_FOR if age < limit), OLD_GOOD_FOR)


def list_good_for(age: timedelta) -> timedelta:
    """How long an account's list is not read again, by the age of its span's end."""
    return max(_LIST_GOOD_FOR, good_for(age))
