"""Reading posts: one, many, the scheduled ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from polypost import media
from polypost.integrations import service as integrations
from polypost.posts.changes import load, no_post, targets_of
from polypost.posts.orders import asked_fit
from polypost.posts.states import State
from polypost.posts.tables import PostRow, TargetRow, posts, targets
from polypost.storage import rows_of

# A word of the statement, not a parameter: else SQLite would not see that the index of such posts holds them all.
_SCHEDULED: ColumnElement[str] = literal_column("'scheduled'")
# Of accounts with more posts than this, a page is first looked for among so many of the list.
NEAR = 2000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# A search goes through so many posts, the newest: no index knows words.
SEARCHED = 2000
MOST_WORDS = 8
# What a calendar shows of a text.
FIRST_CHARACTERS = 120
# Targets are asked for by so many posts at a time.
_AT_A_TIME = 500
# What a calendar shows of a post.


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of posts is narrowed to; None and empty mean everything. `integration_ids` may be a query for them.

    With `profiles` only posts are shown that have no account outside of them.
    """

    statuses: Sequence[str] = ()
    platforms: Sequence[str] = ()
    integration_ids: Sequence[str] | Select[tuple[str]] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    scheduled_after: datetime | None = None
    scheduled_before: datetime | None = None
    hidden_platforms: Sequence[str] = ()
    profiles: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A post with its targets, as rows, and what is known of its uploads, by address."""

    post: PostRow
    targets: Sequence[TargetRow]
    uploads: Mapping[str, media.Described] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether no target will change by itself any more; a published one may until its follow-ups are done."""
        still = {State.PUBLISHED, State.FAILED, State.DRAFT}
        return all(State(row.state) in still and row.next_at is None for row in self.targets)


class OnAccount(NamedTuple):
    """What a calendar knows of a target."""

    platform: str
    integration_id: str
    state: str
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A post in a calendar: `at` is its hour, or when it was made where it has none."""

    id: str
    status: str
    content: str
    at: datetime
    timezone: str
    hour: bool
    targets: Sequence[OnAccount]


class Stretch(NamedTuple):
    """A piece of a calendar: its first posts, and how many it has."""

    posts: Sequence[Placed]
    total: int


def asks_strictly(db: Connection, project_id: str, post_id: str) -> bool | None:
    """Whether the body of a post asks for its media as they are; None where it does not say."""
    row = db.execute(select(posts.c.raw).where(posts.c.id == post_id, posts.c.project_id == project_id)).one()
    asked = asked_fit(row.raw)
    return None if asked is None else asked == "strict"


def one(db: Connection, project_id: str, post_id: str, *, deleted: bool = False) -> Shown:
    """A post, `deleted` ones too where an old answer is given again. Raises NotFound."""
    return _with_targets(db, load(db, project_id, post_id, deleted=deleted))


def require_within(db: Connection, project_id: str, post_id: str, profiles: Sequence[str]) -> None:
    """Pass when the post has no account outside of these profiles. Raises NotFound."""
    if db.execute(select(targets.c.id).where(_outside(project_id, post_id, profiles))).first():
        raise no_post()


def held(db: Connection, project_id: str, post_id: str) -> Shown:
    """The same in a transaction that writes, deleted or not; locked, or its targets could be of a later moment than it."""
    return _with_targets(db, load(db, project_id, post_id, deleted=True, lock=True))


def _with_targets(db: Connection, row: PostRow) -> Shown:
    of_post = targets_of(db, row.project_id, row.id)
    known = _uploads(db, row.project_id, [row], {row.id: of_post})[row.id]
    return Shown(row, of_post, known)


def posts_of(db: Connection, project_id: str, target_ids: Sequence[str]) -> dict[str, str]:
    """The post of each of these targets that is still there."""
    query = (
        select(targets.c.id, targets.c.post_id)
        .join(posts, posts.c.id == targets.c.post_id)
        .where(targets.c.project_id == project_id, targets.c.id.in_(target_ids), posts.c.deleted_at.is_(None))
    )
    return {row.id: row.post_id for row in db.execute(query)}


def published_on(
    db: Connection, project_id: str, integration_id: str, *, limit: int, offset: int
) -> list[Row[Any]]:
    """What is out and still there on an account, the newest posts first: `post_id`, `content`, `proof_id`, `published_at`."""
    query = (
        select(
            targets.c.post_id,
            func.coalesce(targets.c.content, posts.c.content).label("content"),
            targets.c.proof_id,
            targets.c.published_at,
        )
        .join(posts, posts.c.id == targets.c.post_id)
        .where(
            targets.c.project_id == project_id,
            targets.c.integration_id == integration_id,
            targets.c.state == State.PUBLISHED.value,
            targets.c.proof_id.is_not(None),
            targets.c.removed_at.is_(None),
            posts.c.deleted_at.is_(None),
        )
        .order_by(targets.c.post_id.desc())
    )
    return list(db.execute(query.limit(limit).offset(offset)))


def are_there_any(db: Connection, project_id: str) -> bool:
    """Whether the project has a post."""
    there = select(posts.c.id).where(posts.c.project_id == project_id, posts.c.deleted_at.is_(None))
    return db.execute(there.limit(1)).first() is not None


def many(
    db: Connection, project_id: str, filters: Filters, *, limit: int, offset: int, descending: bool
) -> tuple[int, list[Shown]]:
    """The total over all pages and one page of posts, by creation."""
    there = select(posts).where(posts.c.deleted_at.is_(None))
    query = _narrow(db, there, project_id, filters)
    accounts = _accounts(db, project_id, filters)
    # Nothing but one set of accounts: their posts are counted where they stand by account.
    of_accounts = _on_accounts(project_id, accounts[0]) if query is there and len(accounts) == 1 else None
    order = _order(posts.c.created_at, descending=descending)
    return _page(db, project_id, query, accounts, order, limit, offset, total_of=of_accounts)


def scheduled(
    db: Connection, project_id: str, filters: Filters, *, limit: int, offset: int, descending: bool
) -> tuple[int, list[Shown]]:
    """The total and one page of posts that wait for their hour, by that hour."""
    there = select(posts).where(posts.c.deleted_at.is_(None), posts.c.status == _SCHEDULED)
    query = _narrow(db, there, project_id, filters)
    # All have an hour: said so that SQLite reads the page from the index that is ordered by it, and counts by status.
    by_hour = query.where(posts.c.scheduled_for > _LONG_AGO)
    count = query.where(posts.c.project_id == project_id).with_only_columns(func.count())
    accounts = _accounts(db, project_id, filters)
    order = _order(posts.c.scheduled_for, descending=descending)
    return _page(
        db, project_id, by_hour, accounts, order, limit, offset, total_of=None if accounts else count
    )


def search(
    db: Connection, project_id: str, words: str, filters: Filters, *, limit: int, offset: int
) -> tuple[int, list[Shown], bool]:
    """Posts in whose text, or in an account's own, all words stand: how many, a page of them, newest first.

    Looks at the newest `SEARCHED` posts of these states, dates and accounts; says whether there were more.
    """
    mine = select(posts).where(posts.c.project_id == project_id, posts.c.deleted_at.is_(None))
    newest = _order(posts.c.created_at, descending=True)
    query = _narrow(db, mine, project_id, filters)
    for on_accounts in _accounts(db, project_id, filters):
        query = query.where(exists().where(targets.c.post_id == posts.c.id, _on(on_accounts)))
    ids = query.with_only_columns(posts.c.id).order_by(*newest)
    looked_at = ids.limit(SEARCHED).correlate(None)
    said = (_says(project_id, word) for word in words.split()[:MOST_WORDS])
    # Gone through once: there are no more of them than are looked at.
    found = mine.with_only_columns(posts.c.id).where(posts.c.id.in_(looked_at), *said).order_by(*newest)
    every = list(db.execute(found).scalars())
    page = mine.where(posts.c.id.in_(every[offset : offset + limit])).order_by(*newest)
    more = db.execute(ids.offset(SEARCHED).limit(1)).first() is not None
    return len(every), _with_all(db, project_id, rows_of(db, page, PostRow)), more


def _says(project_id: str, word: str) -> ColumnElement[bool]:
    """The condition for posts that say the word, in whichever case: SQLite folds that of ASCII alone."""
    variants = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    own = and_(targets.c.post_id == posts.c.id, targets.c.project_id == project_id)
    return or_(
        *(posts.c.content.icontains(each, autoescape=True) for each in variants),
        exists().where(own, or_(*(targets.c.content.icontains(each, autoescape=True) for each in variants))),
    )


def calendar(
    db: Connection,
    project_id: str,
    filters: Filters,
    bounds: Sequence[datetime],
    *,
    shown: Callable[[int], int],
    limit: int,
) -> tuple[list[Stretch], bool]:
    """Posts between each two of the `bounds`, by their hour or by when they were made, and whether there are more than `limit`.

    Of a stretch with so many posts the first `shown` are read, the others only counted. Of a post without an hour only
    what was sent is there: a draft has its place in no calendar.
    """
    mine = select(posts.c.id).where(posts.c.project_id == project_id, posts.c.deleted_at.is_(None))
    query = _narrow(db, mine, project_id, filters)
    for accounts in _accounts(db, project_id, filters):
        query = query.where(exists().where(targets.c.post_id == posts.c.id, _on(accounts)))
    # Two spans, of which each is one of an index.
    hour, made, after, before = posts.c.scheduled_for, posts.c.created_at, bounds[0], bounds[-1]
    timed = query.add_columns(hour).where(hour.is_not(None), hour >= after, hour < before)
    sent = query.add_columns(made).where(hour.is_(None), made >= after, made < before)
    spans = (timed.order_by(hour), sent.where(posts.c.status != "draft").order_by(made))
    found = sorted((at, post_id) for each in spans for post_id, at in db.execute(each.limit(limit + 1)).all())
    ids = [post_id for _, post_id in found[:limit]]
    ends = [bisect_left(found, (bound,), hi=len(ids)) for bound in bounds]
    seen = [(start, start + shown(end - start), end) for start, end in pairwise(ends)]
    placed = _placed(db, project_id, [post_id for start, stop, _ in seen for post_id in ids[start:stop]])
    stretches = [
        Stretch([placed[each] for each in ids[start:stop]], end - start) for start, stop, end in seen
    ]
    return stretches, len(found) > limit


def placed(db: Connection, project_id: str, ids: Sequence[str]) -> list[Placed]:
    """These posts as a calendar has them, in its order; some hundreds at most."""
    return sorted(_placed(db, project_id, ids).values(), key=lambda each: (each.at, each.id))


def _placed(db: Connection, project_id: str, ids: Sequence[str]) -> dict[str, Placed]:
    """What a calendar shows of posts, by their ids."""
    hour, made = posts.c.scheduled_for, posts.c.created_at
    columns = (
        posts.c.id,
        posts.c.status,
        func.substr(posts.c.content, 1, FIRST_CHARACTERS).label("content"),
        func.coalesce(hour, made).label("at"),
        posts.c.timezone,
        hour.is_not(None).label("timed"),
    )
    of_target = (targets.c.platform, targets.c.integration_id, targets.c.state, targets.c.error_code)
    placed: dict[str, Placed] = {}
    for place in range(0, len(ids), _AT_A_TIME):
        some = ids[place : place + _AT_A_TIME]
        on: dict[str, list[OnAccount]] = {each: [] for each in some}
        of_posts = select(targets.c.post_id, *of_target).where(
            targets.c.project_id == project_id, targets.c.post_id.in_(some)
        )
        for post_id, *target in db.execute(of_posts.order_by(targets.c.post_id, targets.c.position)):
            on[post_id].append(OnAccount(*target))
        these = select(*columns).where(posts.c.project_id == project_id, posts.c.id.in_(some))
        for row in db.execute(these):
            placed[row.id] = Placed(
                row.id, row.status, row.content, row.at, row.timezone, row.timed, on[row.id]
            )
    return placed


def changed(db: Connection, project_id: str, named: Sequence[str]) -> dict[str, Any]:
    """What of a project may have changed a moment ago, with a mark of how it is: what is under way, the newest, the `named`.

    For who looks again and again: it reads what is held, and so many rows of an index.
    """
    held = select(targets.c.post_id, targets.c.id, targets.c.state, targets.c.updated_at).where(
        targets.c.lease_until.is_not(None), targets.c.next_at.is_not(None), targets.c.project_id == project_id
    )
    marks: dict[str, Any] = {}
    for target in db.execute(held.limit(_AT_A_TIME)):
        marks.setdefault(target.post_id, {})[target.id] = (target.state, target.updated_at)
    mine = select(posts.c.id, posts.c.status, posts.c.updated_at).where(posts.c.project_id == project_id)
    newest = _order(posts.c.created_at, descending=True)
    there = mine.where(posts.c.deleted_at.is_(None)).order_by(*newest).limit(20)
    queries = [there, mine.where(posts.c.id.in_(named))] if named else [there]
    for row in (row for query in queries for row in db.execute(query)):
        marks.setdefault(row.id, {})[""] = (row.status, row.updated_at)
    return marks


def _page(
    db: Connection,
    project_id: str,
    query: Select[Any],
    accounts: Sequence[Sequence[str]],
    order: Sequence[ColumnElement[Any]],
    limit: int,
    offset: int,
    *,
    total_of: Select[Any] | None = None,
) -> tuple[int, list[Shown]]:
    mine = query.where(posts.c.project_id == project_id)
    rows: list[PostRow] = []
    if accounts:
        on_each = [posts.c.id.in_(select(targets.c.post_id).where(_on(ids))) for ids in accounts]
        if all(_many(db, ids) for ids in accounts):
            rows = rows_of(db, _near(mine, accounts, order).limit(limit).offset(offset), PostRow)
            mine = mine.where(*on_each)
        else:
            # By the few posts: no index knows this expression, by which all of the project's could be read.
            mine = query.where(posts.c.project_id.concat("") == project_id, *on_each)
    if len(rows) < limit:
        rows = rows_of(db, mine.order_by(*order).limit(limit).offset(offset), PostRow)
    total = offset + len(rows)
    # What ends on this page is counted already; the rest is read from an index to its end (decision 0032).
    if len(rows) == limit or (offset and not rows):
        counted = mine.with_only_columns(func.count()) if total_of is None else total_of
        total = int(db.execute(counted).scalar_one())
    return total, _with_all(db, project_id, rows)


def these(db: Connection, project_id: str, post_ids: Sequence[str]) -> dict[str, Shown]:
    """Posts by their ids, as far as they are there; for so many as a page shows."""
    # By the ids: no index knows this expression, by which all of the project's could be read.
    mine = select(posts).where(posts.c.project_id.concat("") == project_id, posts.c.deleted_at.is_(None))
    rows = rows_of(db, mine.where(posts.c.id.in_(post_ids)), PostRow) if post_ids else []
    return {each.post.id: each for each in _with_all(db, project_id, rows)}


def _with_all(db: Connection, project_id: str, rows: Sequence[PostRow]) -> list[Shown]:
    """Posts with their targets and uploads."""
    if not rows:
        return []
    by_post: dict[str, list[TargetRow]] = {row.id: [] for row in rows}
    of_page = select(targets).where(targets.c.project_id == project_id, targets.c.post_id.in_(list(by_post)))
    for target in rows_of(db, of_page.order_by(targets.c.post_id, targets.c.position), TargetRow):
        by_post[target.post_id].append(target)
    uploads = _uploads(db, project_id, rows, by_post)
    return [Shown(row, by_post[row.id], uploads[row.id]) for row in rows]


def _uploads(
    db: Connection, project_id: str, rows: Sequence[PostRow], by_post: Mapping[str, Sequence[TargetRow]]
) -> dict[str, dict[str, media.Described]]:
    """What is known of the uploads of these posts, by post and address; asks nothing when none has any."""
    found: dict[str, dict[str, media.Described]] = {row.id: {} for row in rows}
    having = [row.id for row in rows if media.named(row.media, [each.own_media for each in by_post[row.id]])]
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
    if filters.profiles:
        query = query.where(~exists().where(_outside(project_id, posts.c.id, filters.profiles)))
    hidden = integrations.on_platforms(project_id, filters.hidden_platforms)
    # Where no account is hidden, no post is, and none is looked at for it.
    if filters.hidden_platforms and db.execute(hidden.limit(1)).first() is not None:
        shown = targets.c.platform.not_in(filters.hidden_platforms)
        of_post = and_(targets.c.post_id == posts.c.id, targets.c.project_id == project_id)
        query = query.where(exists().where(of_post, shown))
    return query


def _outside(project_id: str, post_id: Any, profiles: Sequence[str]) -> ColumnElement[bool]:
    """The condition for targets of the post on accounts that are in none of the profiles."""
    elsewhere = targets.c.integration_id.in_(integrations.outside(project_id, profiles))
    return and_(targets.c.post_id == post_id, targets.c.project_id == project_id, elsewhere)


def _order(instant: ColumnElement[Any], *, descending: bool) -> list[ColumnElement[Any]]:
    return [each.desc() if descending else each for each in (instant, posts.c.id)]


def _accounts(db: Connection, project_id: str, filters: Filters) -> list[Sequence[str]]:
    """Sets of accounts, of each of which a post must have one.

    They are named in the statement: so PostgreSQL knows whether they have few posts or most of them.
    """
    named: list[Sequence[str]] = []
    if filters.profiles:
        # A post without an account outside of them has one inside: so the rest of the project is not gone through.
        in_profiles = integrations.inside(project_id, filters.profiles)
        named.append([row.id for row in db.execute(in_profiles)])
    if filters.platforms:
        of_platforms = integrations.on_platforms(project_id, filters.platforms)
        named.append([row.id for row in db.execute(of_platforms)])
    if isinstance(filters.integration_ids, Select):
        named.append([row.id for row in db.execute(filters.integration_ids)])
    elif filters.integration_ids is not None:
        named.append(filters.integration_ids)
    return named


def _on(ids: Sequence[str]) -> ColumnElement[bool]:
    return targets.c.integration_id.in_(ids)


def _many(db: Connection, ids: Sequence[str]) -> bool:
    """Whether it is worth looking for posts of these accounts where the list begins."""
    return db.execute(select(targets.c.id).where(_on(ids)).offset(NEAR).limit(1)).first() is not None


def _near(
    query: Select[Any], accounts: Sequence[Sequence[str]], order: Sequence[ColumnElement[Any]]
) -> Select[Any]:
    """Those of the list's first posts that are on the accounts: all others stand behind them."""
    first = query.with_only_columns(posts.c.id).order_by(*order).limit(NEAR).correlate(None)
    shown = (exists().where(targets.c.post_id == posts.c.id, _on(ids)) for ids in accounts)
    return select(posts).where(posts.c.id.in_(first), *shown).order_by(*order)


def _on_accounts(project_id: str, ids: Sequence[str]) -> Select[Any]:
    """How many posts are on these accounts: as the index of targets has them, without those that were deleted."""
    every = select(func.count(targets.c.post_id.distinct())).where(_on(ids))
    shown = exists().where(targets.c.post_id == posts.c.id, _on(ids))
    gone = (posts.c.project_id == project_id, posts.c.deleted_at.is_not(None))
    deleted = select(func.count()).select_from(posts).where(*gone, shown)
    return select(every.scalar_subquery() - deleted.scalar_subquery())
