"""Queries and answers of bulk uploads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from polypost.api.http.filters import split_list
from polypost.api.openapi.described import Shape

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


class RowShape(Shape):
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
    rows: list[RowShape]
    rowsTotal: int


class BulksAnswer(Shape):
    """The project's uploads, the newest first."""

    success: bool
    total: int
    bulks: list[BulkShape]
