"""Which posts need which uploads: a file stays while one of them may still be published, and a day longer (D4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update

from polypost import clock
from polypost.media import upload_rows as rows
from polypost.media.tables import upload_holds, uploads
from polypost.storage import HotSelect, Write, told_with, upsert

AFTER_END = timedelta(hours=24)

_rows, _holds = uploads.c, upload_holds.c
_still_needed = exists().where(_holds.upload_id == _rows.id, _holds.until.is_(None))
_open_of = HotSelect(
    select(_holds.upload_id).where(_holds.holder_id == bindparam("holder"), _holds.until.is_(None)),
    tuple[str],
)


@dataclass(frozen=True, slots=True)
class Described:
    """What a post shows of an uploaded item; `size` in bytes, 0 while the file is not here."""

    filename: str
    size: int
    mime: str


def named(*values: Any) -> set[str]:
    """All texts in values from JSON that may be public addresses of uploads."""
    found: set[str] = set()
    _collect(values, found)
    return found


def _collect(values: Iterable[Any], found: set[str]) -> None:
    for value in values:
        if isinstance(value, str):
            if rows.id_in(value) is not None:
                found.add(value)
        elif value and isinstance(value, dict):
            _collect(value.values(), found)
        elif value and isinstance(value, list | tuple):
            _collect(value, found)


def hold(
    db: Connection, project_id: str, holder_id: str, urls: Iterable[str], *, instead: bool = False
) -> None:
    """Keep the uploads behind these addresses for a post that is yet to be published, whosever they are.

    With `instead` the post needs no others any more.
    """
    wanted = {found: url for url in urls if (found := rows.id_in(url)) is not None}
    if instead:
        drop(db, project_id, holder_id, but=wanted)
    if not wanted:
        return
    locked = select(_rows.id, _rows.url).where(_rows.id.in_(wanted)).order_by(_rows.id).with_for_update()
    ids = [row.id for row in db.execute(locked) if row.url == wanted[row.id]]
    if not ids:
        return
    new = [
        {"upload_id": each, "holder_id": holder_id, "project_id": project_id, "until": None} for each in ids
    ]
    upsert(db, upload_holds, ["upload_id", "holder_id"], new, fixed=["project_id"])
    db.execute(
        update(uploads).where(_rows.id.in_(ids), _rows.state.in_(["open", "complete"])).values(delete_at=None)
    )


def again(db: Connection, project_id: str, holder_id: str) -> None:
    """A post that had ended is published once more: what is still here stays."""
    mine = select(_rows.url).where(
        _rows.id.in_(
            select(_holds.upload_id).where(_holds.project_id == project_id, _holds.holder_id == holder_id)
        )
    )
    hold(db, project_id, holder_id, db.execute(mine).scalars().all())


def release(db: Connection, holder_id: str, now: datetime, *, along: Sequence[Write]) -> None:
    """The post has ended, which `along` writes: its uploads go a day later, unless another post needs them."""
    ids = sorted(upload_id for (upload_id,) in told_with(db, along, _open_of, {"holder": holder_id}))
    if not ids:
        return
    _lock(db, ids)
    ended = update(upload_holds).where(_holds.holder_id == holder_id, _holds.until.is_(None))
    db.execute(ended.values(until=now + AFTER_END))
    _let_go(db, ids, now)


def drop(
    db: Connection, project_id: str, holder_id: str, *, but: Collection[str] = (), now: datetime | None = None
) -> None:
    """A post does not show these uploads any more: all that it has, or all but those with the ids `but`."""
    mine = (
        _holds.project_id == project_id,
        _holds.holder_id == holder_id,
        _holds.upload_id.not_in(list(but)),
    )
    ids = sorted(db.execute(select(_holds.upload_id).where(*mine)).scalars())
    if not ids:
        return
    _lock(db, ids)
    db.execute(delete(upload_holds).where(*mine))
    _let_go(db, ids, now or clock.now())


def described(db: Connection, project_id: str, holder_ids: Sequence[str]) -> dict[tuple[str, str], Described]:
    """What the posts show of their uploads, by post and public address."""
    found = db.execute(
        select(_holds.holder_id, _rows.url, _rows.filename, _rows.size, _rows.mime)
        .join(uploads, _rows.id == _holds.upload_id)
        .where(_holds.project_id == project_id, _holds.holder_id.in_(holder_ids))
    )
    return {(row.holder_id, row.url): Described(row.filename, row.size or 0, row.mime) for row in found}


def holders(
    db: Connection, project_id: str, upload_ids: Sequence[str], *, limit: int
) -> dict[str, tuple[int, list[str]]]:
    """How many posts and schedules of a project name each of these uploads, and the newest `limit` of them."""
    place = func.row_number().over(partition_by=_holds.upload_id, order_by=_holds.holder_id.desc())
    count = func.count().over(partition_by=_holds.upload_id)
    mine = select(_holds.upload_id, _holds.holder_id, place.label("place"), count.label("total")).where(
        _holds.project_id == project_id, _holds.upload_id.in_(upload_ids)
    )
    numbered = mine.subquery()
    found: dict[str, tuple[int, list[str]]] = {}
    first = select(numbered).where(numbered.c.place <= limit).order_by(numbered.c.place)
    for row in db.execute(first) if upload_ids else ():
        found.setdefault(row.upload_id, (row.total, []))[1].append(row.holder_id)
    return found


def _lock(db: Connection, ids: Sequence[str]) -> None:
    # Always in the same order, and before anything is decided about what others hold.
    db.execute(select(_rows.id).where(_rows.id.in_(ids)).order_by(_rows.id).with_for_update()).all()


def _let_go(db: Connection, ids: Sequence[str], now: datetime) -> None:
    unneeded = (_rows.id.in_(ids), _rows.state != "removing", ~_still_needed)
    # An upload URL that still takes bytes is not cut short.
    db.execute(update(uploads).where(*unneeded).values(delete_at=now + AFTER_END + rows.REMOVAL))
