"""An upload's own life: received, running, done or stopped; found again by its key or by its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, text, update

from polypost import clock
from polypost.bulk.run import wake_up_of
from polypost.bulk.tables import bulk_rows, bulks
from polypost.engine import Engine
from polypost.errors import Conflict, NotFound
from polypost.posts import keys
from polypost.posts.orders import BULK
from polypost.storage import STEP, HotInsert, emit, new_id

# Without a key, the same bytes within this time are the same upload.
SAME_BYTES = timedelta(minutes=10)
RECEIVING = timedelta(hours=1)
KEPT = timedelta(days=30)

_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:project, 11))")
_INSERT_ROWS = HotInsert(bulk_rows)


@dataclass(frozen=True, slots=True)
class Bulk:
    """An upload. `total` rows, of which `good` became posts (or would have, in a dry run) and `refused` did not; `price` in credits.

    `held_until` is how long a dry run can be carried out; None for all others.
    """

    id: str
    project_id: str
    format: str
    dry_run: bool
    state: str
    total: int
    good: int
    refused: int
    price: int
    created_at: datetime
    finished_at: datetime | None
    held_until: datetime | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.finished_at is not None


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row as received: a create body as far as the row can be read, and what is wrong with its own form.

    `line` counts the file's lines from 1; the problems name their `field`.
    """

    number: int
    line: int
    body: dict[str, Any] | None
    problems: Sequence[dict[str, str]] = field(default_factory=tuple)


def begin(
    db: Connection, project_id: str, *, api_key_id: str, fingerprint: int, form: str, dry_run: bool
) -> str:
    """Start to receive; nothing happens to its rows before `finish`. Returns the upload's id."""
    bulk_id = new_id("bulk")
    db.execute(
        insert(bulks).values(
            id=bulk_id,
            project_id=project_id,
            api_key_id=api_key_id,
            fingerprint=fingerprint,
            format=form,
            dry_run=dry_run,
            state="receiving",
            total=0,
            good=0,
            refused=0,
            price=0,
            created_at=clock.now(),
        )
    )
    return bulk_id


def add_rows(db: Connection, project_id: str, bulk_id: str, rows: Sequence[NewRow]) -> None:
    """Keep further rows."""
    _INSERT_ROWS(
        db,
        [
            {
                "bulk_id": bulk_id,
                "number": row.number,
                "project_id": project_id,
                "line": row.line,
                "body": row.body,
                "problems": list(row.problems) or None,
                "state": "pending",
            }
            for row in rows
        ],
    )


def known(db: Connection, project_id: str, api_key_id: str, fingerprint: int, key: str | None) -> str | None:
    """The upload that an equal request made before; None when there is none. Raises KeyReused."""
    if key is not None:
        return keys.find(db, project_id, BULK, key, fingerprint)
    return db.execute(
        select(bulks.c.id)
        .where(
            bulks.c.project_id == project_id,
            bulks.c.created_at > clock.now() - SAME_BYTES,
            bulks.c.api_key_id == api_key_id,
            bulks.c.fingerprint == fingerprint,
            bulks.c.state != "receiving",
        )
        .order_by(bulks.c.created_at)
        .limit(1)
    ).scalar_one_or_none()


def finish(
    db: Connection,
    engine: Engine,
    project_id: str,
    bulk_id: str,
    *,
    total: int,
    api_key_id: str,
    fingerprint: int,
    key: str | None,
) -> str:
    """All rows are kept: let the work begin. Returns the upload that stands for this request, an earlier one if there is.

    Raises KeyReused; then nothing is kept of this one.
    """
    now = clock.now()
    if key is not None:
        earlier = keys.remember(db, project_id, BULK, key, fingerprint, bulk_id, now)
    else:
        if db.dialect.name == "postgresql":
            db.execute(_TURN, {"project": project_id})
        earlier = known(db, project_id, api_key_id, fingerprint, None)
    if earlier is not None:
        drop(db, project_id, bulk_id)
        return earlier
    db.execute(
        update(bulks)
        .where(bulks.c.id == bulk_id, bulks.c.project_id == project_id)
        .values(
            state="running" if total else "done",
            total=total,
            next_at=now if total else None,
            rung_at=now,
            finished_at=None if total else now,
        )
    )
    if total:
        engine.wake(db, [wake_up_of(bulk_id, project_id, now)])
    return bulk_id


def drop(db: Connection, project_id: str, bulk_id: str) -> None:
    """Forget an upload whose rows nobody has touched."""
    db.execute(delete(bulk_rows).where(bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.project_id == project_id))
    db.execute(delete(bulks).where(bulks.c.id == bulk_id, bulks.c.project_id == project_id))


def find(db: Connection, project_id: str, bulk_id: str) -> Bulk:
    """One upload that was received whole. Raises NotFound."""
    row = db.execute(
        select(bulks).where(
            bulks.c.id == bulk_id, bulks.c.project_id == project_id, bulks.c.state != "receiving"
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no bulk upload with this id in this project.", code="bulk_not_found")
    return bulk_of(row)


def bulk_of(row: Row[Any]) -> Bulk:
    """The upload in a row of the table."""
    return Bulk(
        id=row.id,
        project_id=row.project_id,
        format=row.format,
        dry_run=row.dry_run,
        state=row.state,
        total=row.total,
        good=row.good,
        refused=row.refused,
        price=row.price,
        created_at=row.created_at,
        finished_at=row.finished_at,
        held_until=row.next_at if row.dry_run and row.state == "done" else None,
    )


def carry_out(db: Connection, engine: Engine, project_id: str, bulk_id: str, *, api_key_id: str) -> Bulk:
    """Let the good rows of a dry run become posts, in the name of this key; what is carried out already goes on as it is.

    Returns the upload that made the posts of the same file before where there is one. Raises NotFound, and Conflict for
    a dry run that is not done, has no good row or is too old.
    """
    if db.dialect.name == "postgresql":
        db.execute(_TURN, {"project": project_id})
    mine = (bulks.c.project_id == project_id, bulks.c.id == bulk_id)
    row = db.execute(select(bulks).where(*mine).with_for_update()).one_or_none()
    found = find(db, project_id, bulk_id)
    if row is None or not row.dry_run:
        return found
    before = carried_out(db, project_id, bulk_id)
    if before is not None:
        return before
    now = clock.now()
    if found.held_until is None or found.held_until <= now:
        raise _not_to_carry_out(found)
    # The good rows are judged once more when their turn comes: their state says that they wait (`run`).
    begun = {"state": "running", "dry_run": False, "api_key_id": api_key_id, "good": 0, "price": 0}
    again = {"next_at": now, "rung_at": now, "finished_at": None}
    db.execute(update(bulks).where(*mine).values(begun | again))
    engine.wake(db, [wake_up_of(bulk_id, project_id, now)])
    return find(db, project_id, bulk_id)


def carried_out(db: Connection, project_id: str, bulk_id: str) -> Bulk | None:
    """Another upload of the project that was made of the same bytes as this dry run, and carried out."""
    this = select(bulks.c.fingerprint).where(bulks.c.project_id == project_id, bulks.c.id == bulk_id)
    same = select(bulks).where(
        bulks.c.project_id == project_id,
        bulks.c.fingerprint == this.scalar_subquery(),
        bulks.c.id != bulk_id,
        bulks.c.dry_run.is_(False),
        bulks.c.state != "receiving",
    )
    row = db.execute(same.order_by(bulks.c.created_at).limit(1)).one_or_none()
    return None if row is None else bulk_of(row)


def _not_to_carry_out(found: Bulk) -> Conflict:
    if not found.done:
        said, next_step = "This file is still being looked at.", "Wait for the end of it."
    elif found.state == "stopped":
        said, next_step = "The look at this file was stopped.", "Send the file again."
    elif not found.good:
        said, next_step = "No row of this file can become a post.", "Mend the rows and send the file again."
    else:
        said, next_step = "The look at this file is too long ago.", "Send the file again."
    return Conflict(said, code="bulk_not_ready", next_step=next_step)


def stop(db: Connection, project_id: str, bulk_id: str) -> Bulk:
    """Make no further posts of it; those that were made stay. Raises NotFound."""
    found = find(db, project_id, bulk_id)
    now = clock.now()
    stopped = db.execute(
        update(bulks)
        .where(bulks.c.id == bulk_id, bulks.c.project_id == project_id, bulks.c.state == "running")
        # What a dry run has kept of its good rows is let go of (`run`).
        .values(state="stopped", finished_at=now, next_at=now if found.dry_run else None)
    ).rowcount
    if stopped:
        db.execute(
            update(bulk_rows)
            .where(
                bulk_rows.c.bulk_id == bulk_id,
                bulk_rows.c.project_id == project_id,
                bulk_rows.c.state.in_(["pending"] if found.dry_run else ["pending", "valid"]),
            )
            .values(state="stopped", body=None)
        )
        emit(db, f"bulk:{bulk_id}")
    return find(db, project_id, bulk_id)


def clean(db: Connection) -> int:
    """Forget some rows of an upload that was never received whole, or ended long ago, and at last itself; 0 when there is none."""
    now = clock.now()
    over = (bulks.c.state == "receiving") & (bulks.c.created_at < now - RECEIVING)
    gone = select(bulks.c.id).where(over | (bulks.c.finished_at < now - KEPT)).limit(1)
    bulk_id = db.execute(gone).scalar()
    if bulk_id is None:
        return 0
    mine = bulk_rows.c.bulk_id == bulk_id
    some = select(bulk_rows.c.number).where(mine).order_by(bulk_rows.c.number).limit(STEP)
    if db.execute(delete(bulk_rows).where(mine, bulk_rows.c.number.in_(some))).rowcount < STEP:
        db.execute(delete(bulks).where(bulks.c.id == bulk_id))
    return 1


def list_bulks(db: Connection, project_id: str, *, limit: int, offset: int) -> tuple[int, list[Bulk]]:
    """How many uploads the project has, and a page of them, the newest first."""
    mine = (bulks.c.project_id == project_id, bulks.c.state != "receiving")
    total = db.execute(select(func.count()).select_from(bulks).where(*mine)).scalar_one()
    page = select(bulks).where(*mine).order_by(bulks.c.created_at.desc(), bulks.c.id.desc())
    return total, [bulk_of(row) for row in db.execute(page.limit(limit).offset(offset))]
