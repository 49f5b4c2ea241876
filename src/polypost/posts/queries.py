"""Reading posts: one, many, the scheduled ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, literal_column, select

from polypost import media
from polypost.integrations import service as integrations
from polypost.posts.changes import load, targets_of
from polypost.posts.states import State
from polypost.posts.tables import posts, targets

# A word of the statement, not a parameter: else SQLite would not see that the index of such posts holds them all.
_SCHEDULED: ColumnElement[str] = literal_column("'scheduled'")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of posts is narrowed to; None and empty mean everything. `integration_ids` may be a query for them."""

    statuses: Sequence[str] = ()
    platforms: Sequence[str] = ()
    integration_ids: Sequence[str] | Select[tuple[str]] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    scheduled_after: datetime | None = None
    scheduled_before: datetime | None = None
    hidden_platforms: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A post with its targets, as rows, and what is known of its uploads, by address."""

    post: Row[Any]
    targets: Sequence[Row[Any]]
    uploads: Mapping[str, media.Described] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether no target will change by itself any more; a published one may until its follow-ups are done."""
        still = {State.PUBLISHED, State.FAILED, State.DRAFT}
        return all(State(row.state) in still and row.next_at is None for row in self.targets)


def one(db: Connection, project_id: str, post_id: str, *, deleted: bool = False) -> Shown:
    """A post, `deleted` ones too where an old answer is given again. Raises NotFound."""
    row = load(db, project_id, post_id, deleted=deleted)
    return Shown(row, targets_of(db, project_id, post_id), _uploads(db, project_id, [row])[row.id])


def many(
    db: Connection, project_id: str, filters: Filters, *, limit: int, offset: int, descending: bool
) -> tuple[int, list[Shown]]:
    """The total over all pages and one page of posts, by creation."""
    query = _narrow(
        db,
        select(posts).where(posts.c.project_id == project_id, posts.c.deleted_at.is_(None)),
        project_id,
        filters,
    )
    order = posts.c.created_at.desc() if descending else posts.c.created_at
    tie = posts.c.id.desc() if descending else posts.c.id
    return _page(db, project_id, query, (order, tie), limit, offset)


def scheduled(
    db: Connection, project_id: str, filters: Filters, *, limit: int, offset: int, descending: bool
) -> tuple[int, list[Shown]]:
    """The total and one page of posts that wait for their hour, by that hour."""
    query = _narrow(
        db,
        select(posts).where(
            posts.c.project_id == project_id,
            posts.c.deleted_at.is_(None),
            posts.c.status == _SCHEDULED,
            # All have an hour: said so that SQLite takes the index that is ordered by it.
            posts.c.scheduled_for > _LONG_AGO,
        ),
        project_id,
        filters,
    )
    order = posts.c.scheduled_for.desc() if descending else posts.c.scheduled_for
    tie = posts.c.id.desc() if descending else posts.c.id
    return _page(db, project_id, query, (order, tie), limit, offset)


def _page(
    db: Connection, project_id: str, query: Select[Any], order: tuple[Any, Any], limit: int, offset: int
) -> tuple[int, list[Shown]]:
    rows = db.execute(query.order_by(*order).limit(limit).offset(offset)).all()
    total = offset + len(rows)
    # What ends on this page is counted already; the rest is read from an index to its end (decision 0032).
    if len(rows) == limit or (offset and not rows):
        total = int(db.execute(query.with_only_columns(func.count())).scalar_one())
    if not rows:
        return total, []
    by_post: dict[str, list[Row[Any]]] = {row.id: [] for row in rows}
    of_page = select(targets).where(targets.c.project_id == project_id, targets.c.post_id.in_(list(by_post)))
    for target in db.execute(of_page.order_by(targets.c.post_id, targets.c.position)):
        by_post[target.post_id].append(target)
    uploads = _uploads(db, project_id, rows)
    return total, [Shown(row, by_post[row.id], uploads[row.id]) for row in rows]


def _uploads(
    db: Connection, project_id: str, rows: Sequence[Row[Any]]
) -> dict[str, dict[str, media.Described]]:
    """What is known of the uploads of these posts, by post and address; asks nothing when none has any."""
    found: dict[str, dict[str, media.Described]] = {row.id: {} for row in rows}
    having = [row.id for row in rows if media.named(row.media)]
    if having:
        for (post_id, url), each in media.described(db, project_id, having).items():
            found[post_id][url] = each
    return found


def _narrow(db: Connection, query: Select[Any], project_id: str, filters: Filters) -> Select[Any]:
    if filters.statuses:
        query = query.where(posts.c.status.in_(filters.statuses))
    for column, bound, above in (
        (posts.c.created_at, filters.created_after, True),
        (posts.c.created_at, filters.created_before, False),
        (posts.c.scheduled_for, filters.scheduled_after, True),
        (posts.c.scheduled_for, filters.scheduled_before, False),
    ):
        if bound is not None:
            query = query.where(column >= bound if above else column <= bound)
    if filters.platforms:
        query = query.where(_of(db, integrations.on_platforms(project_id, filters.platforms)))
    if filters.integration_ids is not None:
        query = query.where(_of(db, filters.integration_ids))
    hidden = integrations.on_platforms(project_id, filters.hidden_platforms)
    # Where no account is hidden, no post is, and none is looked at for it.
    if filters.hidden_platforms and db.execute(hidden.limit(1)).first() is not None:
        shown = targets.c.platform.not_in(filters.hidden_platforms)
        of_post = and_(targets.c.post_id == posts.c.id, targets.c.project_id == project_id)
        query = query.where(exists().where(of_post, shown))
    return query


def _of(db: Connection, integration_ids: Sequence[str] | Select[tuple[str]]) -> ColumnElement[bool]:
    """Whether a post has a target on one of these accounts, all of one project.

    They are named in the statement: so PostgreSQL knows whether they have few posts or most of them.
    """
    named = (
        list(db.execute(integration_ids).scalars())
        if isinstance(integration_ids, Select)
        else integration_ids
    )
    return posts.c.id.in_(select(targets.c.post_id).where(targets.c.integration_id.in_(named)))
