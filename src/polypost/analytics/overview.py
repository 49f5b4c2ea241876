"""What is known of the posts of some days, summed by day and account; no network is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeVar, get_args

from sqlalchemy import Connection, Row, and_, select

from polypost import clock
from polypost.analytics import entries, metrics, rates, selection
from polypost.analytics.entries import Analysed, NoMetrics
from polypost.analytics.metrics import Rest
from polypost.analytics.selection import Ordered, Own, Span
from polypost.analytics.tables import figures
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.platforms.abilities import Metrics
from polypost.posts.tables import posts, targets

K = TypeVar("K")
Figure = Literal[
    "impressions", "views", "reach", "likes", "comments", "shares", "saves", "clicks", "engagement"
]
FIGURES: tuple[Figure, ...] = get_args(Figure)
# So many publications are summed, the newest; to find those of some accounts alone, so many are looked at.
MOST, MOST_LOOKED = 1000, 10_000
_F, _T = figures.c, targets.c
_TOLD = [_F[name] for name in (*rates.COUNTS, "engagement_rate", "exposure", "measured_at")]


def figure(told: Metrics, name: Figure) -> float | None:
    """One of the figures; the engagement rate is 0 to 1."""
    return told.engagement_rate if name == "engagement" else getattr(told, name)


@dataclass(frozen=True, slots=True)
class Sums:
    """Publications (a post on an account is one) and the sums of their figures; of `told` a network told figures."""

    count: int
    told: int
    metrics: Metrics
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class OfAccount:
    """An account's sums; `why` says why there are none, or none newer. `account` is None for one that was taken away."""

    id: str
    platform: str
    account: Integration | None
    sums: Sums
    why: NoMetrics | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The sums of a span; `since` is where it begins when there are too many posts to sum them all, else None."""

    all: Sums
    days: Mapping[date, Sums]
    accounts: Sequence[OfAccount]
    top: Sequence[Analysed]
    since: datetime | None


def overview(db: Connection, project_id: str, own: Own, name: Figure, *, top: int) -> Overview:
    """The posts of a span with what is kept of them, and those with most of one figure."""
    assert own.span is not None
    since, rows = _newest(db, project_id, own, own.span)
    if since is not None:
        own = replace(own, span=Span(since, own.span.until))
    by_account = _grouped(rows, lambda row: (row.platform, row.integration_id))
    known = integrations.find(db, project_id, {key[1] for key in by_account})
    changed = {each.id: each.updated_at for each in known.values()}
    resting = metrics.resting(db, project_id, changed, clock.now())
    return Overview(
        _sums(rows),
        {day: _sums(each) for day, each in sorted(_grouped(rows, _day).items())},
        [
            OfAccount(
                account,
                platform,
                known.get(account),
                _sums(each),
                _why(known.get(account), platform, resting.get(account)),
            )
            for (platform, account), each in sorted(by_account.items())
        ],
        entries.of_page(db, project_id, own, _most(rows, name, top)),
        since,
    )


def _newest(
    db: Connection, project_id: str, own: Own, span: Span
) -> tuple[datetime | None, Sequence[Row[Any]]]:
    """The newest publications that are meant, with their figures; and since when, where there are more."""
    narrowed = own.platform or own.integration_id or own.accounts is not None
    looked = MOST_LOOKED if narrowed else MOST
    # By the index alone: where what is looked at begins.
    first = (
        select(_T.published_at)
        .where(
            _T.project_id == project_id,
            _T.published_at.is_not(None),
            _T.published_at >= span.since,
            _T.published_at < span.until,
        )
        .order_by(_T.published_at.desc())
        .offset(looked - 1)
        .limit(1)
    )
    since: datetime | None = db.execute(first).scalar_one_or_none()
    meant = replace(own, span=Span(since or span.since, span.until))
    query = (
        select(_T.post_id, _T.platform, _T.integration_id, _T.published_at, *_TOLD)
        .join(posts, posts.c.id == _T.post_id)
        .outerjoin(figures, and_(_F.integration_id == _T.integration_id, _F.proof_id == _T.proof_id))
        .where(
            *selection.published(project_id, meant), _T.project_id == project_id, posts.c.deleted_at.is_(None)
        )
        .order_by(_T.published_at.desc(), _T.id.desc())
        .limit(MOST)
    )
    rows = db.execute(query).all()
    return (rows[-1].published_at if len(rows) == MOST else since), rows


def _grouped(rows: Iterable[Row[Any]], key: Callable[[Row[Any]], K]) -> dict[K, list[Row[Any]]]:
    found: dict[K, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _day(row: Row[Any]) -> date:
    at: datetime = row.published_at
    return at.astimezone(UTC).date()


def _sums(rows: Sequence[Row[Any]]) -> Sums:
    told = [row for row in rows if row.measured_at is not None]
    if not told:
        return Sums(len(rows), 0, Metrics(), None, None)
    # Column by column: thousands of small objects would take longer than the query.
    *counts, rate, exposure, measured = list(zip(*told, strict=True))[-len(_TOLD) :]
    return Sums(
        len(rows),
        len(told),
        rates.summed(counts, zip(rate, exposure, strict=True)),
        min(measured),
        max(measured),
    )


def _why(account: Integration | None, platform: str, resting: Rest | None) -> NoMetrics | None:
    why = entries.why_never(account, platform)
    return NoMetrics(resting.code, resting.message) if why is None and resting is not None else why


def _most(rows: Iterable[Row[Any]], name: Figure, count: int) -> list[Ordered]:
    """The posts with most of a figure, over all of their accounts; those of which none is told are left out."""
    column = "engagement_rate" if name == "engagement" else name
    ranked = []
    for post_id, each in _grouped(rows, lambda row: row.post_id).items():
        value = getattr(each[0], column) if len(each) == 1 else figure(_sums(each).metrics, name)
        if value is not None:
            ranked.append((value, post_id))
    return [Ordered(post_id, None, None) for _, post_id in sorted(ranked, reverse=True)[:count]]
