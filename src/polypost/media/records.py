"""Who fetches what: the claim of a row, its end, and the rows whose time is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update

from polypost import clock
from polypost.media import holds, upload_rows
from polypost.media.tables import media_files
from polypost.media.verdicts import TOO_LARGE
from polypost.storage import HotUpdate, Update, Write, emit, insert_new, new_id

LEASE = timedelta(seconds=30)
# Long enough for a post's targets to meet the same verdict, short enough for a person who mends the link.
VERDICT_STANDS = timedelta(seconds=10)
AFTER_END = holds.AFTER_END
UNUSED = timedelta(days=7)
BATCH = 500

State = Literal["fetching", "ready", "failed"]

_files = media_files.c
_find = (
    select(media_files)
    .where(
        _files.project_id == bindparam("project_id"),
        _files.post_id == bindparam("post_id"),
        _files.url == bindparam("url"),
        _files.host == bindparam("host"),
    )
    .with_for_update()
)
_of_post = HotUpdate(media_files, _files.post_id == bindparam("post"))
_by_id = update(media_files).where(_files.id == bindparam("row"))
# The path belongs to one claim alone, so these change nothing once another claim has been made.
_claimed = _by_id.where(_files.path == bindparam("claim"), _files.state == "fetching")
_drop = delete(media_files).where(
    _files.id == bindparam("row"), _files.path == bindparam("claim"), _files.state == "fetching"
)


@dataclass(frozen=True, slots=True)
class Item:
    """What a row is about: one URL of one post, on one host."""

    project_id: str
    post_id: str
    url: str
    host: str


@dataclass(frozen=True, slots=True)
class Record:
    """A row as `claim` leaves it; `mine` says that the caller has to fetch into `path`."""

    id: str
    state: State
    path: str
    facts: Mapping[str, Any] | None
    error_code: str | None
    error_message: str | None
    mine: bool = False

    @property
    def topic(self) -> str:
        """The signal that tells of the end of a fetch."""
        return f"media:{self.id}"


def claim(
    db: Connection,
    item: Item,
    kind: str,
    owner: str,
    *,
    lease: timedelta = LEASE,
    lost: str | None = None,
    most: int = 0,
) -> Record:
    """The row of `item`, taken by `owner` unless it is ready, lately failed, or being fetched by another.

    `lost` is the path of a ready file that is not on the disk any more: that row is taken too, and so is that of one
    that was too large for somebody who takes fewer bytes than `most`.
    """
    now = clock.now()
    key = {"project_id": item.project_id, "post_id": item.post_id, "url": item.url, "host": item.host}
    blank = {
        "id": new_id("med"),
        "type": kind,
        "state": "fetching",
        "path": "",
        "lease_owner": "",
        "lease_until": now,
        "created_at": now,
        "delete_at": now + UNUSED,
    }
    insert_new(db, media_files, key | blank)
    row = db.execute(_find, key).one()
    if row.state == "ready" and row.path != lost:
        _keep(db, row.id, row.delete_at, now)
    elif row.state == "ready" or row.lease_until <= now or _left_over(row, owner) or _welcome(row, most):
        return _take(db, row.id, kind, owner, now=now, lease=lease)
    return Record(row.id, row.state, row.path, row.facts, row.error_code, row.error_message)


def _left_over(row: Any, owner: str) -> bool:
    """Whether this very owner claimed the row and is not fetching: it runs one fetch of an item at a time."""
    return bool(row.state == "fetching" and row.lease_owner == owner)


def _welcome(row: Any, most: int) -> bool:
    """Whether it failed by its size for somebody who takes less."""
    return bool(row.state == "failed" and row.error_code == TOO_LARGE and (row.size or 0) < most)


def _take(db: Connection, row_id: str, kind: str, owner: str, *, now: datetime, lease: timedelta) -> Record:
    path = new_id("file")
    taken = {
        "type": kind,
        "state": "fetching",
        "path": path,
        "lease_owner": owner,
        "lease_until": now + lease,
        "delete_at": now + UNUSED,
        "ready_at": None,
        "error_code": None,
        "error_message": None,
    }
    db.execute(_by_id.values(taken), {"row": row_id})
    return Record(row_id, "fetching", path, None, None, None, mine=True)


def _keep(db: Connection, row_id: str, delete_at: datetime, now: datetime) -> None:
    """Put the deletion of a file that is wanted again off, with one write a day at most."""
    if delete_at < now + UNUSED - timedelta(days=1):
        db.execute(_by_id.values(delete_at=now + UNUSED), {"row": row_id})


def prolong(db: Connection, record: Record, *, lease: timedelta = LEASE) -> bool:
    """Give a running fetch a new lease; False when the claim is another's by now."""
    stays = _claimed.values(lease_until=clock.now() + lease)
    return db.execute(stays, {"row": record.id, "claim": record.path}).rowcount > 0


def ready(db: Connection, record: Record, *, size: int, sha256: str, facts: Mapping[str, Any]) -> bool:
    """Record the durable file; False when the claim is another's by now, and then nothing changes."""
    return _end(db, record, state="ready", size=size, sha256=sha256, facts=facts, ready_at=clock.now())


def failed(db: Connection, record: Record, *, code: str, message: str, most: int = 0) -> bool:
    """Record the verdict on a URL, which stands for a short while; `most` bytes were welcome. False as `ready`."""
    until = clock.now() + VERDICT_STANDS
    return _end(
        db, record, state="failed", error_code=code, error_message=message, size=most, lease_until=until
    )


def _end(db: Connection, record: Record, **values: Any) -> bool:
    changed = db.execute(_claimed.values(values), {"row": record.id, "claim": record.path}).rowcount > 0
    if changed:
        emit(db, record.topic)
    return changed


def release(db: Connection, record: Record) -> None:
    """Give a claim back without a verdict: whoever comes next fetches."""
    db.execute(_drop, {"row": record.id, "claim": record.path})
    emit(db, record.topic)


def release_all(db: Connection, owner: str, host: str) -> None:
    """Give back every claim of an owner that is not fetching any more."""
    db.execute(
        delete(media_files).where(
            _files.state == "fetching", _files.lease_owner == owner, _files.host == host
        )
    )


def expire(db: Connection, post_ids: Iterable[str]) -> None:
    """The last target of each of these posts has ended: their files go a day later."""
    for each in post_ids:
        expire_with(db, each, ())


def expire_with(db: Connection, post_id: str, along: Sequence[Write]) -> None:
    """The same for one post, together with what else is written at its end."""
    now = clock.now()
    ended = Update(_of_post, {"post": post_id}, {"delete_at": now + AFTER_END})
    holds.release(db, post_id, now, along=[*along, ended])


def forget(db: Connection, host: str, now: datetime) -> list[str]:
    """Delete one batch of the rows of `host` whose time is over; their paths."""
    # Rows of a host that has been gone for a week have nobody else to remove them.
    ours = or_(_files.host == host, _files.delete_at <= now - UNUSED)
    due = select(_files.id).where(_files.delete_at <= now, ours).order_by(_files.delete_at).limit(BATCH)
    # The time is asked twice: a row that is wanted again while this waits for its lock stays.
    gone = delete(media_files).where(_files.id.in_(due), _files.delete_at <= now)
    return list(db.execute(gone.returning(_files.path)).scalars())


def known(db: Connection, paths: Sequence[str], host: str) -> set[str]:
    """Those of the paths that a ready file or a living claim of `host` owns."""
    alive = or_(_files.state == "ready", _files.lease_until > clock.now())
    owned = select(_files.path).where(_files.host == host, _files.path.in_(paths), alive)
    return set(db.execute(owned).scalars())


def by_id(db: Connection, row: str) -> Row[Any] | None:
    """The row with this id, whatever host it belongs to; None when its time is over."""
    return db.execute(
        select(media_files).where(_files.id == row, _files.delete_at > clock.now())
    ).one_or_none()


def kept_bytes(db: Connection) -> dict[str, int]:
    """Bytes of the files that all hosts keep: those `fetched` for posts, and those `uploaded`."""
    size = func.coalesce(func.sum(_files.size), 0)
    fetched = db.execute(select(size).where(_files.state == "ready")).scalar_one()
    return {"fetched": int(fetched), "uploaded": upload_rows.taken(db)}
