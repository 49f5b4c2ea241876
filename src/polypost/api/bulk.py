"""`/v1/posts/bulk`: many posts from one file of JSON lines or CSV, with a verdict for each row."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Annotated, Any, BinaryIO

import structlog
from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from polypost import bulk
from polypost.access import Principal
from polypost.api import answers, preview
from polypost.api.auth import principal
from polypost.api.described import says
from polypost.api.posts import idempotency_key, promise
from polypost.api.services import Services, services
from polypost.api.waiting import hurried
from polypost.api.wire_bulk import BulkAnswer, BulkQuery, BulksAnswer, BulksQuery, RowsQuery
from polypost.bulk import Bulk, NewRow, Reading, csv_rows
from polypost.errors import InvalidRequest, PayloadTooLarge, Problem, StoreUnavailable
from polypost.intake import bodies
from polypost.intake.addresses import refuser
from polypost.intake.fitting import aside, fit, is_large
from polypost.intake.strict_json import BODY_BYTES, parse
from polypost.media import Uploads
from polypost.outbound import Guard
from polypost.posts import checks
from polypost.posts.orders import BULK
from polypost.settings import Settings
from polypost.storage import receipt

log = structlog.get_logger("polypost.api")
router = APIRouter(prefix="/v1/posts/bulk")
FILE_BYTES = 16_000_000
SHOWN_ROWS = 1000
_IN_MEMORY = 1_000_000
_BATCH = 200
_BATCH_BYTES = 250_000
_FORMATS = {
    "text/csv": "csv",
    "application/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
}


_EXAMPLES = {
    "text/csv": "content,platforms,scheduledFor,timezone\nGood morning,twitter:int_1,2027-01-04T09:00:00,Europe/Berlin\n",
    "application/x-ndjson": '{"content": "Hi", "publishNow": true, "platforms": [{"platform": "twitter", "accountId": "int_1"}]}\n',
}


@dataclass(frozen=True, slots=True)
class _Upload:
    who: Principal
    form: str
    dry_run: bool
    fingerprint: int
    key: str | None

    @property
    def asked(self) -> dict[str, Any]:
        """What makes two requests the same."""
        return {"api_key_id": self.who.key_id, "fingerprint": self.fingerprint, "key": self.key}


@router.post("", status_code=202)
@says(
    BulkAnswer,
    status=202,
    errors=(413, 422),
    takes=("Idempotency-Key", "Prefer"),
    query=BulkQuery,
    texts=_EXAMPLES,
)
async def create(request: Request) -> Response:
    """Keep the file, then make a post of each row; with `dryRun=true` only judge the rows."""
    who = await principal(request, "publish")
    rooms = services(request)
    form, dry_run, key = _format(request), preview.flag(request, "dryRun"), idempotency_key(request)
    await promise(rooms)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        digest = await _receive(request, file)
        digest.update(f"{form} {dry_run}".encode())
        fingerprint = int.from_bytes(digest.digest()[:8], "big", signed=True)
        upload = _Upload(who, form, dry_run, fingerprint, key)
        found = await rooms.store.read(lambda db: _known(db, upload))
        replayed = found is not None
        if found is None:
            file.seek(0)
            found, replayed = await _keep(rooms, upload, file)
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    query = RowsQuery(limit=SHOWN_ROWS)
    try:
        seconds = 0.0 if hurried(request) else rooms.settings.publish_wait_seconds
        found = await _until_done(rooms, who.project.id, found.id, seconds)
        return await _answer(rooms, found, query, 202, headers)
    except StoreUnavailable as trouble:
        # It is accepted, and what became of its rows can be asked for.
        log.warning("an accepted upload could not be read", bulk=found.id, reason=str(trouble))
        return _shown(found, found.total, [], 202, headers)


def _known(db: Connection, upload: _Upload) -> Bulk | None:
    project_id = upload.who.project.id
    bulk_id = bulk.known(db, project_id, **upload.asked)
    return None if bulk_id is None else bulk.find(db, project_id, bulk_id)


@router.get("")
@says(BulksAnswer)
async def list_bulks(request: Request, query: Annotated[BulksQuery, Query()]) -> Response:
    """The project's uploads of the last 30 days, the newest first."""
    who = await principal(request, "read")
    total, found = await services(request).store.browse(
        who.project.id,
        lambda db: bulk.list_bulks(db, who.project.id, limit=query.limit, offset=query.offset),
    )
    return answers.ok({"success": True, "total": total, "bulks": [_shape(each) for each in found]})


@router.get("/{bulkId}")
@says(BulkAnswer, errors=(404,))
async def get_bulk(request: Request, bulkId: str, query: Annotated[RowsQuery, Query()]) -> Response:  # noqa: N803  # the contract's way of writing
    """How far an upload is, and its rows by their status."""
    who = await principal(request, "read")
    rooms = services(request)
    found = await rooms.store.read(lambda db: bulk.find(db, who.project.id, bulkId))
    return await _answer(rooms, found, query)


@router.delete("/{bulkId}")
@says(BulkAnswer, errors=(404,))
async def stop(request: Request, bulkId: str) -> Response:  # noqa: N803  # the API's name
    """Make no further posts of an upload; those that were made stay."""
    who = await principal(request, "publish")
    rooms = services(request)
    found = await rooms.store.write(lambda db: bulk.stop(db, who.project.id, bulkId))
    return await _answer(rooms, found, RowsQuery(limit=SHOWN_ROWS))


def reader(
    settings: Settings, guard: Guard, uploads: Uploads
) -> Callable[[dict[str, Any]], Awaitable[Reading]]:
    """How the worker reads a row's body: like the body of `POST /v1/posts`."""

    async def read(body: dict[str, Any]) -> Reading:
        refuses = await refuser(guard, uploads, body)
        large = is_large(body)
        fitting = await aside(large, lambda: fit(bodies.CreateBody, body))
        order, wrong = bodies.order_of(fitting.body, raw=body, horizon=settings.horizon, check_url=refuses)
        wrong += await aside(large, lambda: checks.option_urls(order, refuses))
        found = [*fitting.problems, *wrong]
        return Reading(order, found, lambda more: fitting.with_further(*wrong, *more), large)

    return read


def show(form: str, body: dict[str, Any], problem: Problem) -> dict[str, str]:
    """A problem of a row's body with the field of the file in which it stands."""
    field = csv_rows.column_of(problem.path, body) if form == "csv" else problem.path
    return {"field": field, **problem.as_dict()}


def _format(request: Request) -> str:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _FORMATS:
        hint = "Send text/csv or application/x-ndjson (one create body a line)."
        raise InvalidRequest(
            [Problem("Content-Type", "is not a format of bulk uploads", hint, "unknown_format")]
        )
    return _FORMATS[media_type]


async def _receive(request: Request, file: Any) -> Any:
    """The body into `file`, piece by piece; returns its hash. Raises PayloadTooLarge as soon as it is known."""
    digest, size = hashlib.sha256(), 0
    too_large = PayloadTooLarge(
        f"The file is larger than {FILE_BYTES // 1_000_000} MB.", next_step="Split it into several uploads."
    )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > FILE_BYTES:
        raise too_large
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > FILE_BYTES:
                raise too_large
            digest.update(piece)
            file.write(piece)
    except ClientDisconnect as gone:
        raise InvalidRequest(message="The body ended too early.", code="body_cut") from gone
    return digest


async def _keep(rooms: Services, upload: _Upload, file: Any) -> tuple[Bulk, bool]:
    """All rows into the store, then their work begins; when the file cannot be read, nothing of it stays."""
    project = upload.who.project.id
    bulk_id = await rooms.store.write(
        lambda db: bulk.begin(
            db,
            project,
            api_key_id=upload.who.key_id,
            fingerprint=upload.fingerprint,
            form=upload.form,
            dry_run=upload.dry_run,
        )
    )
    total, parsed = 0, _rows(upload.form, file)
    try:
        while batch := await asyncio.to_thread(_slice, parsed, file):
            await rooms.store.write(partial(_add, project, bulk_id, batch))
            total += len(batch)
    except InvalidRequest:
        await rooms.store.write(lambda db: bulk.drop(db, project, bulk_id))
        raise

    def finish(db: Connection) -> Bulk:
        receipt(db)
        stands = bulk.finish(db, rooms.posts.engine, project, bulk_id, total=total, **upload.asked)
        return bulk.find(db, project, stands)

    same = (upload.who.key_id, BULK, upload.key, upload.fingerprint)
    found, _ = await rooms.acceptance.take(same, finish, lose=_findable)
    return found, found.id != bulk_id


def _findable(db: Connection, found: Bulk) -> None:
    """An equal upload is found by its bytes anyway."""


def _slice(parsed: Iterator[NewRow], file: BinaryIO) -> list[NewRow]:
    """The next rows: so many that they share a commit, so few that nobody waits for them."""
    begins, batch = file.tell(), []
    for row in islice(parsed, _BATCH):
        batch.append(row)
        if file.tell() - begins > _BATCH_BYTES:
            break
    return batch


def _add(project: str, bulk_id: str, batch: list[NewRow], db: Any) -> None:
    bulk.add_rows(db, project, bulk_id, batch)


def _rows(form: str, file: BinaryIO) -> Iterator[NewRow]:
    return _csv_rows(file) if form == "csv" else _json_rows(file)


def _csv_rows(file: BinaryIO) -> Iterator[NewRow]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    number = 0
    try:
        for number, row in enumerate(csv_rows.rows(iter(lambda: text.readline(BODY_BYTES + 1), "")), 1):
            problems = [{"field": problem.path, **problem.as_dict()} for problem in row.problems]
            yield NewRow(number, row.line, row.body, problems)
    except UnicodeDecodeError as error:
        hint = "Save the file as UTF-8."
        said = f"is not UTF-8 after row {number}"
        raise InvalidRequest([Problem("", said, hint, "not_utf8")]) from error
    finally:
        text.detach()


def _json_rows(file: BinaryIO) -> Iterator[NewRow]:
    number = 0
    for line, raw in enumerate(iter(lambda: file.readline(BODY_BYTES + 1), b""), 1):
        if not raw.strip():
            continue
        number += 1
        if len(raw) > BODY_BYTES:
            said = f"Line {line} is longer than {BODY_BYTES // 1000} kB."
            raise InvalidRequest([Problem("", said, "Shorten it.", "line_too_long")])
        try:
            yield NewRow(number, line, parse(raw))
        except InvalidRequest as error:
            problems = [{"field": problem.path, **problem.as_dict()} for problem in error.problems]
            yield NewRow(number, line, None, problems)


async def _until_done(rooms: Services, project_id: str, bulk_id: str, seconds: float) -> Bulk:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with rooms.store.signals.listen(f"bulk:{bulk_id}") as heard:
        while True:
            found = await rooms.store.read(lambda db: bulk.find(db, project_id, bulk_id))
            left = end - loop.time()
            if found.done or left <= 0:
                return found
            await heard.wait(min(1.0, left))


async def _answer(
    rooms: Services, found: Bulk, query: RowsQuery, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    total, page = await rooms.store.read(
        lambda db: bulk.page(
            db, found.project_id, found.id, states=query.status, limit=query.limit, offset=query.offset
        )
    )
    return _shown(found, total, page, status, headers)


def _shown(
    found: Bulk, total: int, page: Sequence[bulk.Row], status: int, headers: dict[str, str] | None
) -> Response:
    rows = [
        {
            "row": each.number,
            "line": each.line,
            "status": each.state,
            "postId": each.post_id,
            "scheduledFor": answers.stamp(each.due_at),
            "errors": list(each.problems),
        }
        for each in page
    ]
    body = {"success": True, **_shape(found), "rows": rows, "rowsTotal": total}
    return answers.ok(body, status, headers)


def _shape(found: Bulk) -> dict[str, Any]:
    judged = found.good + found.refused
    return {
        "bulkId": found.id,
        "status": found.state,
        "dryRun": found.dry_run,
        "format": found.format,
        "total": found.total,
        "created": 0 if found.dry_run else found.good,
        "valid": found.good if found.dry_run else 0,
        "refused": found.refused,
        "pending": 0 if found.done else found.total - judged,
        "price": found.price,
        "createdAt": answers.stamp(found.created_at),
        "finishedAt": answers.stamp(found.finished_at),
    }
