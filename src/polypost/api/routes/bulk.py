"""`/v1/posts/bulk`: many posts from one file of JSON lines or CSV, with a verdict for each row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from polypost import bulk
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.filters import flag, split_list
from polypost.api.http.submitter import submitter
from polypost.api.http.waiting import hurried
from polypost.api.openapi.documented import Shape, documented
from polypost.bulk import Bulk
from polypost.entrance.bulk import until_done
from polypost.entrance.services import Services, services
from polypost.errors import InvalidRequest, Problem, StoreUnavailable

RowStatus = Literal["pending", "created", "valid", "refused", "stopped"]


class BulkQuery(BaseModel):
    """`POST /v1/posts/bulk`."""

    dryRun: bool = Field(default=False, description="Only judge the rows.")


class RowsQuery(BaseModel):
    """`GET /v1/posts/bulk/{bulkId}`: which of its rows."""

    status: Annotated[list[RowStatus], BeforeValidator(split_list)] = Field(default_factory=list)
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class BulksQuery(BaseModel):
    """`GET /v1/posts/bulk`."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class RowProblem(Shape):
    """One thing wrong with a row: `field` is the file's column or the line's path, `path` the place in a create body."""

    field: str
    path: str
    message: str
    hint: str
    code: str


class BulkRow(Shape):
    """One row: its number among the rows and the line of the file where it begins, both from 1."""

    row: int
    line: int
    status: RowStatus
    postId: str | None
    scheduledFor: datetime | None
    errors: list[RowProblem]


class BulkShape(Shape):
    """An upload and how far it is; `price` is what its posts cost if all are published, in credits."""

    bulkId: str
    status: Literal["running", "done", "stopped"]
    dryRun: bool
    format: Literal["csv", "jsonl"]
    total: int
    created: int
    valid: int
    refused: int
    pending: int
    price: int
    createdAt: datetime
    finishedAt: datetime | None


class BulkAnswer(BulkShape):
    """An upload with some of its rows; `rowsTotal` counts all that the query asks for."""

    success: bool
    rows: list[BulkRow]
    rowsTotal: int


class BulksAnswer(Shape):
    """The project's uploads, the newest first."""

    success: bool
    total: int
    bulks: list[BulkShape]


log = structlog.get_logger("polypost.api")
router = APIRouter(prefix="/v1/posts/bulk")
SHOWN_ROWS = 1000
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


@router.post("", status_code=202)
@documented(
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
    form, dry_run = _format(request), flag(request, "dryRun")
    found, replayed = await rooms.bulk.receive(
        submitter(request, who), _pieces(request), form=form, dry_run=dry_run
    )
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    query = RowsQuery(limit=SHOWN_ROWS)
    try:
        seconds = 0.0 if hurried(request) else rooms.settings.publish_wait_seconds
        found = await until_done(rooms, who.project.id, found.id, seconds)
        return await _answer(rooms, found, query, 202, headers)
    except StoreUnavailable as trouble:
        # It is accepted, and what became of its rows can be asked for.
        log.warning("an accepted upload could not be read", bulk=found.id, reason=str(trouble))
        return _shown(found, found.total, [], 202, headers)


@router.get("")
@documented(BulksAnswer)
async def list_bulks(request: Request, query: Annotated[BulksQuery, Query()]) -> Response:
    """The project's uploads of the last 30 days, the newest first."""
    who = await principal(request, "read")
    total, found = await services(request).store.browse(
        who.project.id,
        lambda db: bulk.list_bulks(db, who.project.id, limit=query.limit, offset=query.offset),
    )
    return answers.ok({"success": True, "total": total, "bulks": [_shape(each) for each in found]})


@router.get("/{bulkId}")
@documented(BulkAnswer, errors=(404,))
async def get_bulk(request: Request, bulkId: str, query: Annotated[RowsQuery, Query()]) -> Response:  # noqa: N803  # the contract's way of writing
    """How far an upload is, and its rows by their status."""
    who = await principal(request, "read")
    rooms = services(request)
    found = await rooms.store.read(lambda db: bulk.find(db, who.project.id, bulkId))
    return await _answer(rooms, found, query)


@router.delete("/{bulkId}")
@documented(BulkAnswer, errors=(404,))
async def stop(request: Request, bulkId: str) -> Response:  # noqa: N803  # the API's name
    """Make no further posts of an upload; those that were made stay."""
    who = await principal(request, "publish")
    rooms = services(request)
    found = await rooms.store.write(lambda db: bulk.stop(db, who.project.id, bulkId))
    return await _answer(rooms, found, RowsQuery(limit=SHOWN_ROWS))


def _format(request: Request) -> str:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _FORMATS:
        hint = "Send text/csv or application/x-ndjson (one create body a line)."
        raise InvalidRequest(
            [Problem("Content-Type", "is not a format of bulk uploads", hint, "unknown_format")]
        )
    return _FORMATS[media_type]


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body, piece by piece. Raises PayloadTooLarge as soon as it is known."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bulk.FILE_BYTES:
        raise bulk.too_large()
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect as gone:
        raise InvalidRequest(message="The body ended too early.", code="body_cut") from gone


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
