"""The rows of uploads: made, grown, completed, and the ones whose time is over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from polypost import clock
from polypost.errors import Conflict, Gone, NotFound
from polypost.media.tables import upload_holds, uploads

# How long an upload URL takes bytes, and how long a file stays that no post names (RELIABILITY D4).
LIFE = timedelta(hours=24)
# Longer than removing a batch of files takes; a process that died in between is followed by another look.
REMOVAL = timedelta(hours=1)
BATCH = 500
BUCKET = "s3"

State = Literal["open", "complete", "removing", "gone"]

_rows, _holds = uploads.c, upload_holds.c
_URL = re.compile(r"/uploads/(upl_[0-9a-f]{32})/[A-Za-z0-9._-]{1,100}\Z", re.ASCII)
_held = exists().where(_holds.upload_id == _rows.id)
# In words of the statement, not parameters: else no store would see that the index of such rows holds them all.
_alive = _rows.state.in_([literal_column("'open'"), literal_column("'complete'")])


def id_in(url: str) -> str | None:
    """The id in what may be the public address of an upload; only the row knows whether it is."""
    found = _URL.search(url) if "/uploads/upl_" in url else None
    return found[1] if found else None


def create(
    db: Connection,
    project_id: str,
    upload_id: str,
    *,
    host: str,
    url: str,
    filename: str,
    mime: str,
    length: int | None,
    path: str | None,
) -> datetime:
    """Write down that a file may come; returns the instant at which its upload URL ends."""
    now = clock.now()
    values = {
        "id": upload_id,
        "project_id": project_id,
        "host": host,
        "url": url,
        "filename": filename,
        "mime": mime,
        "length": length,
        "state": "open",
        "offset": 0,
        "path": path,
        "created_at": now,
        "expires_at": now + LIFE,
        # A request that began in the last moment may still be under way.
        "delete_at": now + LIFE + REMOVAL,
    }
    db.execute(insert(uploads).values(values))
    return now + LIFE


def by_id(db: Connection, upload_id: str) -> Row[Any] | None:
    """The row with this id."""
    return db.execute(select(uploads).where(_rows.id == upload_id)).one_or_none()


def alive(db: Connection, upload_id: str) -> Row[Any]:
    """The row of an upload that is not over. Raises Gone."""
    found = by_id(db, upload_id)
    if found is None or found.state in {"removing", "gone"}:
        raise gone()
    return found


def by_url(db: Connection, url: str) -> Row[Any] | None:
    """The row whose public address is exactly this one."""
    upload_id = id_in(url)
    found = by_id(db, upload_id) if upload_id is not None else None
    return found if found is not None and found.url == url else None


def own(db: Connection, urls: Iterable[str]) -> set[str]:
    """Those of the addresses that are public addresses of uploads."""
    ids = {found for url in urls if (found := id_in(url)) is not None}
    return set(db.execute(select(_rows.url).where(_rows.id.in_(ids))).scalars()) & set(urls) if ids else set()


def whole(db: Connection, host: str, urls: Iterable[str]) -> Sequence[Row[Any]]:
    """The complete uploads behind these addresses whose files one host has."""
    ids = {found for url in urls if (found := id_in(url)) is not None}
    asked = select(_rows.url, _rows.path).where(
        _rows.id.in_(ids), _rows.state == "complete", _rows.host == host
    )
    return list(db.execute(asked)) if ids else []


def listed(db: Connection, project_id: str, *, limit: int, offset: int) -> Sequence[Row[Any]]:
    """A page of a project's uploads, the newest first; those whose files are gone are not among them."""
    mine = select(uploads).where(_rows.project_id == project_id, _alive)
    newest = (_rows.created_at.desc(), _rows.id.desc())
    return db.execute(mine.order_by(*newest).limit(limit).offset(offset)).all()


def withdraw(db: Connection, project_id: str, upload_id: str) -> Row[Any]:
    """Let nobody read an upload any more; its file goes with those whose time is over.

    Raises NotFound, and Conflict while a post needs it, whosever.
    """
    mine = (_rows.id == upload_id, _rows.project_id == project_id, _alive)
    row = db.execute(select(uploads).where(*mine).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("There is no such upload in this project.", code="upload_not_found")
    # Asked once the row is held: a post that names it meanwhile waits for that.
    needed = select(_holds.holder_id).where(_holds.upload_id == upload_id, _holds.until.is_(None))
    if db.execute(needed.limit(1)).first() is not None:
        raise Conflict(
            "A post that is still to be published needs this file.",
            code="upload_used",
            next_step="Cancel or change the post first.",
        )
    db.execute(update(uploads).where(*mine).values(state="removing", delete_at=clock.now()))
    return row


def grow(
    db: Connection, upload_id: str, *, host: str, part: str | None, offset: int, length: int | None
) -> None:
    """Record how much of a growing file is safe on the disk. Raises Gone when it is not open any more."""
    values = {"host": host, "part": part, "offset": offset, "length": length}
    if not db.execute(
        update(uploads).where(_rows.id == upload_id, _rows.state == "open").values(values)
    ).rowcount:
        raise gone()


def complete(
    db: Connection, upload_id: str, *, host: str, path: str, size: int, sha256: str, mime: str
) -> list[str]:
    """Record the whole file at `path`; returns the names of files that are not needed any more.

    That is `path` itself when the same bytes are here already. Raises Conflict for other bytes than those
    that a post names, Gone when the upload is over.
    """
    row = db.execute(
        select(uploads, _held.label("held")).where(_rows.id == upload_id).with_for_update(of=uploads)
    ).one_or_none()
    if row is None or row.state in {"removing", "gone"}:
        raise gone()
    if row.state == "complete" and row.sha256 == sha256:
        return [path]
    if row.state == "complete" and row.held:
        raise Conflict(
            "A post uses this upload, so its file stays as it is.",
            code="upload_used",
            next_step="Ask for a new upload for the other file.",
        )
    values = {
        "state": "complete",
        "host": host,
        "part": None,
        "offset": size,
        "path": path,
        "size": size,
        "sha256": sha256,
        "mime": mime,
        "completed_at": clock.now(),
    }
    db.execute(update(uploads).where(_rows.id == upload_id).values(values))
    return [name for name in (row.path, row.part) if name is not None and row.host == host and name != path]


def learned(db: Connection, upload_id: str, *, size: int, sha256: str, mime: str) -> None:
    """What was found out about a file in the bucket, when it was fetched for a post."""
    known = update(uploads).where(_rows.id == upload_id, _rows.state.in_(["open", "complete"]))
    now = clock.now()
    db.execute(known.values(state="complete", size=size, sha256=sha256, mime=mime, completed_at=now))


def gone() -> Gone:
    """The error for an upload URL whose time is over."""
    return Gone(
        "This upload is over.", code="upload_gone", next_step="Ask for a new one with POST /v1/media/upload."
    )


def rehouse(db: Connection, host: str) -> int:
    """Have all uploads that are in no bucket be in the one folder `host`, which was moved or restored; how many were elsewhere."""
    elsewhere = _rows.host.not_in((host, BUCKET))
    return db.execute(update(uploads).where(elsewhere).values(host=host)).rowcount


def taken(db: Connection, host: str | None = None) -> int:
    """Bytes that the uploads of `host` take, or those of all hosts."""
    size = func.coalesce(_rows.size, _rows.offset)
    of = _alive if host is None else and_(_rows.host == host, _alive)
    return int(db.execute(select(func.sum(size)).where(of)).scalar_one() or 0)


def due(db: Connection, hosts: Collection[str], now: datetime) -> Sequence[Row[Any]]:
    """Mark one batch of the uploads of these hosts whose time is over; their files are to be removed next.

    The two steps make a crash between them harmless: what is marked is found again an hour later.
    """
    over = select(_rows.id).where(_rows.host.in_(hosts), _rows.delete_at <= now)
    batch = over.order_by(_rows.delete_at).limit(BATCH)
    # The time is asked twice: a row that a post names while this waits for its lock stays.
    mark = update(uploads).where(_rows.id.in_(batch), _rows.delete_at <= now)
    return db.execute(
        mark.values(state="removing", delete_at=now + REMOVAL).returning(
            _rows.id, _rows.host, _rows.path, _rows.part
        )
    ).all()


def removed(db: Connection, ids: Sequence[str]) -> None:
    """The files of marked uploads are gone; what a post still shows keeps its name and size."""
    marked = (_rows.id.in_(ids), _rows.state == "removing")
    db.execute(
        update(uploads).where(*marked, _held).values(state="gone", delete_at=None, path=None, part=None)
    )
    db.execute(delete(uploads).where(*marked))


def lost(db: Connection, ids: Sequence[str]) -> None:
    """The finished files of these rows are not on the disk any more."""
    known = update(uploads).where(_rows.id.in_(ids), _rows.state == "complete")
    db.execute(known.values(state="gone", path=None))


def shrunk(db: Connection, upload_id: str, part: str, offset: int) -> None:
    """A growing file has fewer bytes than was recorded."""
    mine = update(uploads).where(_rows.id == upload_id, _rows.part == part, _rows.state == "open")
    db.execute(mine.values(offset=offset))


def on_disk(db: Connection, host: str, after: str) -> Sequence[Row[Any]]:
    """One batch of the rows of `host` that should have a file, by id, behind the id `after`."""
    files = or_(_rows.state == "complete", _rows.part.is_not(None))
    mine = select(uploads).where(_rows.host == host, _rows.state.in_(["open", "complete"]), files)
    return db.execute(mine.where(_rows.id > after).order_by(_rows.id).limit(BATCH)).all()
