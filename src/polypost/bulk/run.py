"""Rows become posts, some at a time: a row's verdict and its post are one commit, whoever works and however often it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, func, select, update

from polypost import access, clock
from polypost.access import Project
from polypost.bulk import csv_rows
from polypost.bulk.tables import bulk_rows, bulks
from polypost.engine import WakeUp, source
from polypost.errors import InvalidRequest, PaymentRequired, Problem
from polypost.intake import BodyReader, Reading
from polypost.intake.bodies import CreateBody
from polypost.integrations import service as integrations
from polypost.posts import accept
from polypost.posts.checks import problems_of
from polypost.posts.orders import Context
from polypost.storage import Store, emit

KIND = "bulk"
# So many rows to a commit: enough to share its cost, few enough that nobody waits for the writer.
BATCH = 20
BATCH_CHARACTERS = 200_000
# So many batches to a turn: then the project's other uploads have theirs.
TURN = 10
# A page of rows must stay of a size that can be answered.
ROW_PROBLEMS = 20
# So long a dry run can be carried out, for which its good rows are kept whole; then they go so many at a time.
HELD = timedelta(days=1)
FORGOTTEN = 500


@dataclass(frozen=True, slots=True)
class _Read:
    """A row's body as far as it can be read; `judged` is all that is wrong with a large one."""

    reading: Reading[CreateBody]
    judged: list[Problem] | None


@dataclass(frozen=True, slots=True)
class _Verdict:
    state: str
    problems: Sequence[Mapping[str, str]] = ()
    post_id: str | None = None
    due_at: datetime | None = None
    price: int = 0


class BulkRun:
    """Carries uploads out; one instance a process."""

    def __init__(self, store: Store, context: Context, reader: BodyReader) -> None:
        self._store = store
        self._context = context
        self._reader = reader

    async def run(self, bulk_id: str) -> None:
        """Work on the upload's next rows, and wake the rest of them; or let go of what a dry run has kept."""
        job = await self._store.read(
            lambda db: db.execute(select(bulks).where(bulks.c.id == bulk_id)).first()
        )
        if job is None or job.state != "running":
            await self._forget(job)
            return
        for left in reversed(range(TURN)):
            rows = await self._store.read(lambda db: _pending(db, job))
            batch = []
            for row in rows:
                batch.append((row, await self._reading(row)))
                # Others have their turn between two rows.
                await asyncio.sleep(0)
            advance = partial(self._advance, bulk_id=bulk_id, batch=batch, wake_ups=not left)
            if not await self._store.write(advance):
                return

    async def _forget(self, job: Row[Any] | None) -> None:
        """Let go of the rows that a dry run has kept, once its time is over."""
        if job is None or job.next_at is None or job.next_at > clock.now():
            return
        for first in range(1, job.total + 1, FORGOTTEN):
            await self._store.write(partial(_let_go, bulk_id=job.id, first=first))
        await self._store.write(partial(_forgotten, bulk_id=job.id))

    async def _reading(self, row: Row[Any]) -> _Read | None:
        """The row's reading; what is wrong with a large one is found here, where nobody waits for it."""
        if row.body is None:
            return None
        reading = await self._reader.read(CreateBody, row.body)
        if not reading.large:
            return _Read(reading, None)
        return _Read(reading, reading.problems(*await self._reader.judged(row.project_id, reading.order)))

    def _advance(
        self, db: Connection, bulk_id: str, batch: Sequence[tuple[Row[Any], _Read | None]], *, wake_ups: bool
    ) -> bool:
        """Judge the batch, and wake again if more is to follow; False when there is nothing more to do."""
        job = db.execute(select(bulks).where(bulks.c.id == bulk_id).with_for_update()).one_or_none()
        if job is None or job.state != "running":
            return False
        # Another worker may have been faster since the batch was read: then its rows are no longer pending.
        current = _still_pending(db, job, [row.number for row, _ in batch])
        batch = [(row, reading) for row, reading in batch if row.number in current]
        project = access.get_project(db, job.project_id)
        verdicts = [self._judge(db, project, job, row, reading) for row, reading in batch]
        for (row, _), verdict in zip(batch, verdicts, strict=True):
            _record(db, bulk_id, row.number, verdict)
        now = clock.now()
        good = sum(verdict.state != "refused" for verdict in verdicts)
        ended = job.good + job.refused + len(batch) >= job.total
        held = now + HELD if job.dry_run and job.good + good else None
        db.execute(
            update(bulks)
            .where(bulks.c.id == bulk_id)
            .values(
                good=bulks.c.good + good,
                refused=bulks.c.refused + len(batch) - good,
                price=bulks.c.price + sum(verdict.price for verdict in verdicts),
                rung_at=now,
                state="done" if ended else "running",
                finished_at=now if ended else None,
                next_at=held if ended else bulks.c.next_at,
            )
        )
        emit(db, f"bulk:{bulk_id}")
        if wake_ups and not ended:
            self._context.engine.wake(db, [wake_up_of(bulk_id, project.id, now)])
        return not ended

    def _judge(
        self, db: Connection, project: Project, job: Row[Any], row: Row[Any], read: _Read | None
    ) -> _Verdict:
        cells = row.problems or ()
        if read is None:
            return _Verdict("refused", cells)
        order = read.reading.order._replace(api_key_id=job.api_key_id)
        due = order.when.instant if order.when else None
        price = sum(self._context.price(target.platform) for target in order.targets)
        problems: Sequence[Problem]
        try:
            if cells or job.dry_run or read.judged or not read.reading.clean:
                problems = read.judged if read.judged is not None else _judged(db, project.id, read.reading)
                if not problems and not cells:
                    return _Verdict("valid", due_at=due, price=price)
            else:
                made = accept.create(db, self._context, project, order)
                return _Verdict("created", post_id=made.post_id, due_at=due, price=price)
        except InvalidRequest as error:
            problems = error.problems
        except PaymentRequired as error:
            problems = [Problem("platforms", error.message, error.next_step or "", error.code)]
        # What follows from a cell that could not be read is no news.
        told = {cell["field"] for cell in cells}
        shown = [_show(job.format, row.body, problem) for problem in problems[:ROW_PROBLEMS]]
        return _Verdict("refused", [*cells, *(each for each in shown if each["field"] not in told)])


def _judged(db: Connection, project_id: str, reading: Reading[CreateBody]) -> list[Problem]:
    order = reading.order
    found = integrations.find(db, project_id, [target.integration_id for target in order.targets])
    return reading.problems(*problems_of(order, found))


def _show(form: str, body: dict[str, Any], problem: Problem) -> dict[str, str]:
    """A problem of a row's body with the field of the file in which it stands."""
    field = csv_rows.column_of(problem.path, body) if form == "csv" else problem.path
    return {"field": field, **problem.as_dict()}


def _pending(db: Connection, job: Row[Any]) -> Sequence[Row[Any]]:
    """The next rows, as many as fit into a batch by number and by size."""
    numbers = _next(db, job.id, "pending")
    if not numbers and not job.dry_run:
        # A dry run is carried out: its good rows wait under that name.
        numbers = _next(db, job.id, "valid")
    return db.execute(
        select(bulk_rows)
        .where(bulk_rows.c.bulk_id == job.id, bulk_rows.c.number.in_(numbers))
        .order_by(bulk_rows.c.number)
    ).all()


def _next(db: Connection, bulk_id: str, state: str) -> list[int]:
    waiting = (
        select(bulk_rows.c.number, func.length(cast(bulk_rows.c.body, Text)).label("size"))
        .where(bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.state == state)
        .order_by(bulk_rows.c.number)
        .limit(BATCH)
    )
    numbers: list[int] = []
    room = BATCH_CHARACTERS
    for number, size in db.execute(waiting):
        room -= size or 0
        if numbers and room < 0:
            break
        numbers.append(number)
    return numbers


def _still_pending(db: Connection, job: Row[Any], numbers: Sequence[int]) -> set[int]:
    waiting = bulk_rows.c.state.in_(["pending"] if job.dry_run else ["pending", "valid"])
    asked = (bulk_rows.c.bulk_id == job.id, waiting, bulk_rows.c.number.in_(numbers))
    return set(db.execute(select(bulk_rows.c.number).where(*asked)).scalars())


def _record(db: Connection, bulk_id: str, number: int, verdict: _Verdict) -> None:
    values: dict[str, Any] = {
        "state": verdict.state,
        "problems": list(verdict.problems) or None,
        "post_id": verdict.post_id,
        "due_at": verdict.due_at,
    }
    if verdict.state != "valid":
        values["body"] = None
    mine = (bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.number == number)
    db.execute(update(bulk_rows).where(*mine).values(values))


def _let_go(db: Connection, bulk_id: str, first: int) -> None:
    """Forget the bodies of some rows of a dry run, from the number `first` on, unless it was carried out meanwhile."""
    over = select(bulks.c.id).where(bulks.c.id == bulk_id, bulks.c.state != "running")
    some = bulk_rows.c.number.between(first, first + FORGOTTEN - 1)
    db.execute(update(bulk_rows).where(bulk_rows.c.bulk_id.in_(over), some).values(body=None))


def _forgotten(db: Connection, bulk_id: str) -> None:
    over = (bulks.c.id == bulk_id, bulks.c.state != "running")
    db.execute(update(bulks).where(*over).values(next_at=None))


def wake_up_of(bulk_id: str, project_id: str, at: datetime) -> WakeUp:
    """The wake-up for an upload: of a project's uploads a process works on one at a time, turn by turn."""
    return WakeUp(KIND, bulk_id, at, lane=project_id, share=project_id)


# Uploads with rows that wait.
due = source(bulks, bulks.c.next_at, wake_up_of)
