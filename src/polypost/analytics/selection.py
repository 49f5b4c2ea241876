"""Which posts a list of figures holds, and in which order: the project's own, and those that a network listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Float,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from polypost.analytics.metrics import Wanted
from polypost.analytics.rates import COUNTS, GOOD_FOR, OLD_GOOD_FOR
from polypost.analytics.tables import figures
from polypost.platforms.base import Proof
from polypost.posts.states import State
from polypost.posts.tables import attempts, posts, targets
from polypost.storage import Instant

SortKey = Literal[
    "date", "likes", "comments", "impressions", "views", "shares", "saves", "clicks", "engagement"
]
_F, _T = figures.c, targets.c
# What an engagement rate needs to be weighed by, as in `rates.total`.
_RATED = and_(_F.engagement_rate.is_not(None), _F.exposure > 0)


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant up to, and without, another."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Own:
    """Which of the project's published targets are meant; empty is all. `accounts` is a query for their ids."""

    span: Span | None = None
    platform: str | None = None
    integration_id: str | None = None
    post_id: str | None = None
    hidden: Sequence[str] = ()
    accounts: Select[tuple[str]] | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """Which posts of an account are meant as its network listed them at `asked_at` or later.

    `foreign_only` leaves out what is shown as one of the project's own posts.
    """

    integration_id: str
    asked_at: datetime
    span: Span
    foreign_only: bool


@dataclass(frozen=True, slots=True)
class Ordered:
    """One post of a page: ours by `post_id`, or one of a network by account and its id there."""

    post_id: str | None
    integration_id: str | None
    proof_id: str | None


def published(project_id: str, own: Own) -> list[ColumnElement[bool]]:
    """The condition on targets that are out and still there."""
    wanted = [
        _T.project_id == project_id,
        _T.state == State.PUBLISHED.value,
        _T.proof_id.is_not(None),
        _T.published_at.is_not(None),
        _T.removed_at.is_(None),
    ]
    if own.span is not None:
        wanted += [_T.published_at >= own.span.since, _T.published_at < own.span.until]
    if own.platform is not None:
        wanted.append(_T.platform == own.platform)
    if own.integration_id is not None:
        wanted.append(_T.integration_id == own.integration_id)
    if own.post_id is not None:
        wanted.append(_T.post_id == own.post_id)
    if own.hidden:
        wanted.append(_T.platform.not_in(own.hidden))
    if own.accounts is not None:
        wanted.append(_T.integration_id.in_(own.accounts))
    return wanted


def targets_of(db: Connection, project_id: str, own: Own, post_ids: Sequence[str]) -> list[Row[Any]]:
    """The published targets of these posts that are meant, each post's in its order."""
    query = (
        select(targets)
        .where(*published(project_id, own), _T.project_id == project_id, _T.post_id.in_(list(post_ids)))
        .order_by(_T.post_id, _T.position)
    )
    return list(db.execute(query))


def stale(db: Connection, project_id: str, own: Own, now: datetime, most: int) -> list[Wanted]:
    """Published targets that are meant and whose figures are not fresh, those first that were never asked for.

    At most `most`; the next call goes on with the others.
    """
    mine = and_(_F.integration_id == _T.integration_id, _F.proof_id == _T.proof_id)
    steps = [(_T.published_at > now - age, literal(now - good, Instant)) for age, good in GOOD_FOR]
    good_since = case(*steps, else_=literal(now - OLD_GOOD_FOR, Instant))
    query = (
        select(_T.integration_id, _T.platform, _T.proof_id, _T.proof_url, _T.published_at)
        .join(posts, posts.c.id == _T.post_id)
        .outerjoin(figures, mine)
        .where(
            *published(project_id, own),
            _T.project_id == project_id,
            posts.c.deleted_at.is_(None),
            or_(_F.asked_at.is_(None), _F.asked_at <= good_since),
        )
        .order_by(_F.asked_at.asc().nulls_first(), _T.published_at.desc(), _T.id.desc())
        .limit(most)
    )
    return [wanted_of(row) for row in db.execute(query)]


def wanted_of(target: Any) -> Wanted:
    """What to ask a network about a target."""
    proof = Proof(target.proof_id, target.proof_url)
    return Wanted(target.integration_id, target.platform, proof, target.published_at)


def live_rows(
    db: Connection, project_id: str, integration_id: str, ids: Sequence[str]
) -> dict[str, Row[Any]]:
    """Posts of an account as its network told them, by its ids."""
    query = select(figures).where(
        _F.project_id == project_id, _F.integration_id == integration_id, _F.proof_id.in_(list(ids))
    )
    return {row.proof_id: row for row in db.execute(query)}


def ours(db: Connection, project_id: str, integration_id: str, proof_id: str) -> str | None:
    """Our post that stands on the account under the network's id, as its first part or a later one."""
    query = (
        select(posts.c.id)
        .join(targets, _T.post_id == posts.c.id)
        .join(attempts, attempts.c.target_id == _T.id)
        .where(
            posts.c.project_id == project_id,
            posts.c.deleted_at.is_(None),
            attempts.c.integration_id == integration_id,
            attempts.c.proof_id == proof_id,
            _T.removed_at.is_(None),
        )
    )
    return db.execute(query).scalar_one_or_none()


def page(
    db: Connection,
    project_id: str,
    own: Own | None,
    live: Live | None,
    *,
    sort: SortKey,
    descending: bool,
    limit: int,
    offset: int,
) -> tuple[int, list[Ordered]]:
    """How many posts there are and one page of them; what a network does not tell comes last either way."""
    parts = [_own(project_id, own)] if own is not None else []
    parts += [_live(project_id, live)] if live is not None else []
    if not parts:
        return 0, []
    both: CompoundSelect[Any] = union_all(*parts)
    rows = both.subquery()
    total = int(db.execute(select(func.count()).select_from(rows)).scalar_one())
    key = rows.c["published_at" if sort == "date" else sort]
    # A post of which the network told no time stands behind the others too.
    date, tie = rows.c.published_at.desc().nulls_last(), func.coalesce(rows.c.post_id, rows.c.proof_id)
    query = (
        select(rows.c.post_id, rows.c.integration_id, rows.c.proof_id)
        .order_by((key.desc() if descending else key.asc()).nulls_last(), date, tie.desc())
        .limit(limit)
        .offset(offset)
    )
    return total, [Ordered(*row) for row in db.execute(query)]


def _own(project_id: str, own: Own) -> Select[Any]:
    counts = [cast(func.sum(_F[name]), BigInteger).label(name) for name in COUNTS]
    acts = func.sum(case((_RATED, _F.engagement_rate * _F.exposure)))
    seen = cast(func.sum(case((_RATED, _F.exposure))), Float)
    mine = and_(_F.integration_id == _T.integration_id, _F.proof_id == _T.proof_id)
    return (
        select(
            posts.c.id.label("post_id"),
            cast(null(), String).label("integration_id"),
            cast(null(), String).label("proof_id"),
            func.min(_T.published_at).label("published_at"),
            *counts,
            (acts / seen).label("engagement"),
        )
        .select_from(targets)
        .join(posts, posts.c.id == _T.post_id)
        .outerjoin(figures, mine)
        .where(*published(project_id, own), posts.c.project_id == project_id, posts.c.deleted_at.is_(None))
        .group_by(posts.c.id)
    )


def _live(project_id: str, live: Live) -> Select[Any]:
    wanted = [
        _F.project_id == project_id,
        _F.integration_id == live.integration_id,
        _F.listed_at >= live.asked_at,
        or_(
            _F.published_at.is_(None),
            and_(_F.published_at >= live.span.since, _F.published_at < live.span.until),
        ),
    ]
    if live.foreign_only:
        shown = (
            exists()
            .where(
                attempts.c.integration_id == _F.integration_id,
                attempts.c.proof_id == _F.proof_id,
                attempts.c.target_id == _T.id,
                _T.post_id == posts.c.id,
                posts.c.deleted_at.is_(None),
            )
            .correlate(figures)
        )
        wanted.append(~shown)
    return select(
        cast(null(), String).label("post_id"),
        _F.integration_id.label("integration_id"),
        _F.proof_id.label("proof_id"),
        _F.published_at.label("published_at"),
        *(_F[name].label(name) for name in COUNTS),
        case((_RATED, _F.engagement_rate)).label("engagement"),
    ).where(*wanted)
