"""Whether the answer to an acceptance reached its client, so that a repeat makes no second post (RELIABILITY A3).

`posts.delivery` is `lost` when the answer is known not to have arrived, and `replayed` once a repeat has been
answered with the post. Where several servers accept into one store, a post begins as `open` (`beside` when an
equal one was open) until its own server has answered; a server that gives no sign of life any more never will.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    String,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from polypost.access import Project
from polypost.posts.tables import posts, servers
from polypost.storage import HotSelect, Write, earliest_id, told_with

REPLAY_WINDOW = timedelta(minutes=10)
OPEN, BESIDE, LOST, REPLAYED = "open", "beside", "lost", "replayed"
_BEFORE_START = timedelta(seconds=60)
_DAY = timedelta(days=1)

_MINE = (
    posts.c.fingerprint == bindparam("print"),
    posts.c.project_id == bindparam("project"),
    posts.c.api_key_id == bindparam("api_key"),
    posts.c.created_at > bindparam("since"),
    posts.c.deleted_at.is_(None),
)
# The word stands in the statement and not in a parameter, and nothing else is asked: else SQLite would choose the
# index over all of the project's posts instead of the small one over those whose answer was lost.
_LOST = HotSelect(
    select(posts.c.id, posts.c.project_id, posts.c.api_key_id, posts.c.created_at)
    .where(posts.c.fingerprint == bindparam("print"), posts.c.delivery == literal_column("'lost'"))
    .order_by(posts.c.id),
    tuple[str, str, str, datetime],
)
# Of several at once it may also find what another of their keys lost, which costs nothing but a second try.
_LAST_LOOK = HotSelect(
    select(
        cast(func.pg_current_xact_id(), Text),
        select(func.min(posts.c.id))
        .where(
            posts.c.fingerprint == any_(bindparam("prints", type_=ARRAY(BigInteger))),
            posts.c.project_id == any_(bindparam("projects", type_=ARRAY(String))),
            posts.c.api_key_id == any_(bindparam("api_keys", type_=ARRAY(String))),
            posts.c.created_at > bindparam("since"),
            posts.c.deleted_at.is_(None),
            posts.c.delivery == literal_column("'lost'"),
        )
        .scalar_subquery(),
    ),
    tuple[str, str | None],
)
_RECENT = select(posts.c.id).where(*_MINE).order_by(posts.c.id).limit(1)
_OPEN = select(posts.c.id, posts.c.server).where(
    posts.c.fingerprint == bindparam("print"),
    posts.c.api_key_id == bindparam("api_key"),
    posts.c.delivery == literal_column("'open'"),
)
# One array, and not a parameter for each: the statement is the same however many there are.
_SETTLE = (
    update(posts)
    .where(
        posts.c.id == any_(bindparam("ids", type_=ARRAY(String))),
        posts.c.delivery.in_((literal_column("'open'"), literal_column("'beside'"))),
    )
    .values(delivery=None)
)
_SIGN = insert(servers).values(
    name=bindparam("server"),
    signs=bindparam("first", 1),
    seen_at=bindparam("now", type_=servers.c.seen_at.type),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request comes to its acceptance.

    `gone`: its client has left. `again`: an equal post was met. `beside`: and its client waits for its answer, so
    this is another post.
    """

    gone: bool = False
    again: bool = False
    beside: bool = False


ARRIVED = Arrival()


class EqualOpen(Exception):
    """An equal body of the same key was accepted by `server`, and its answer is still under way.

    `server` is empty when it is under way no more: then accepting again finds what became of it.
    """

    def __init__(self, post_id: str, server: str) -> None:
        super().__init__(post_id)
        self.post_id = post_id
        self.server = server


def find(
    db: Connection,
    project: Project,
    api_key_id: str | None,
    fingerprint: int,
    now: datetime,
    *,
    server: str,
    gone: bool = False,
) -> str | None:
    """The post that this body made before: its answer was lost, or this request's client is `gone`, or the
    project's window says that equal bodies are one post. None when there is none.
    """
    for post_id, *owner, created_at in _LOST(db, {"print": fingerprint}):
        if owner == [project.id, api_key_id] and created_at > now - REPLAY_WINDOW:
            still = (posts.c.id == post_id, posts.c.project_id == project.id, posts.c.deleted_at.is_(None))
            if db.execute(update(posts).where(*still).values(delivery=REPLAYED, server=server)).rowcount:
                return str(post_id)
    # Nobody hears the answer to a client that left: if its repeat was faster, that one's post is what it wanted.
    window = REPLAY_WINDOW if gone else timedelta(seconds=project.dedupe_window_seconds)
    if window <= timedelta():
        return None
    asked = {"print": fingerprint, "project": project.id, "api_key": api_key_id, "since": now - window}
    return db.execute(_RECENT, asked).scalar_one_or_none()


def last_look(
    db: Connection, rows: Sequence[Mapping[str, Any]], now: datetime, writes: Sequence[Write]
) -> tuple[str, str | None]:
    """The transaction's id, and an equal post whose answer was lost; on PostgreSQL, with what is written otherwise."""
    asked = {
        "prints": [row["fingerprint"] for row in rows],
        "projects": [row["project_id"] for row in rows],
        "api_keys": [row["api_key_id"] for row in rows],
        "since": now - REPLAY_WINDOW,
    }
    ((transaction_id, lost),) = told_with(db, writes, _LAST_LOOK, asked)
    return transaction_id, lost


def open_equal(db: Connection, api_key_id: str | None, fingerprint: int | None) -> EqualOpen | None:
    """The equal post of the same key whose answer is under way, as an error to raise."""
    row = db.execute(_OPEN, {"print": fingerprint, "api_key": api_key_id}).one_or_none()
    return None if row is None else EqualOpen(row.id, row.server)


def lose(db: Connection, project_id: str, post_id: str) -> None:
    """The client went away before its answer: the same body again is a replay."""
    mine = (posts.c.id == post_id, posts.c.project_id == project_id)
    db.execute(update(posts).where(*mine).values(delivery=LOST))


def lose_if_open(db: Connection, post_id: str) -> None:
    """The server that would answer for the post is silent: it never will."""
    db.execute(update(posts).where(posts.c.id == post_id, posts.c.delivery == OPEN).values(delivery=LOST))


def settle(db: Connection, post_ids: Collection[str]) -> None:
    """These posts' answers have gone out; where several servers share the store, which is PostgreSQL."""
    db.execute(_SETTLE, {"ids": list(post_ids)})


def sign(db: Connection, server: str, now: datetime) -> None:
    """A sign of life of a server that has answers under way."""
    again = {"signs": servers.c.signs + 1, "seen_at": now}
    db.execute(
        _SIGN.on_conflict_do_update(index_elements=["name"], set_=again), {"server": server, "now": now}
    )


def verdict(db: Connection, post_id: str, server: str) -> tuple[bool, int]:
    """Whether the post's answer is still under way, and how many signs of life its server has given."""
    under_way = select(posts.c.id).where(posts.c.id == post_id, posts.c.delivery == OPEN)
    signs = db.execute(select(servers.c.signs).where(servers.c.name == server)).scalar_one_or_none()
    return db.execute(under_way).one_or_none() is not None, int(signs or 0)


def lose_before_start(db: Connection, server: str, now: datetime) -> int:
    """What this server accepted before it went down may never have been answered; returns how many posts."""
    unanswered: Any = posts.c.delivery.in_((OPEN, BESIDE, REPLAYED))
    if db.dialect.name == "sqlite":
        # Nothing is written about answers there: those of the last minute may not have arrived.
        last = and_(posts.c.delivery.is_(None), posts.c.created_at >= now - _BEFORE_START)
        unanswered = or_(unanswered, last)
    return db.execute(
        update(posts)
        .where(
            # Ids are ordered by time: the primary key finds the last minutes without an index of its own.
            posts.c.id >= earliest_id("post", (now - REPLAY_WINDOW).timestamp() - 1),
            posts.c.server == server,
            posts.c.created_at >= now - REPLAY_WINDOW,
            unanswered,
        )
        .values(delivery=LOST)
    ).rowcount


def forget_servers(db: Connection, now: datetime) -> None:
    """Drop servers that were not heard for a day."""
    db.execute(delete(servers).where(servers.c.seen_at < now - _DAY))
