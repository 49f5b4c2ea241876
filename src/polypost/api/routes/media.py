"""`/media/…`: this server's own copies, for networks that pull files; the signed address is the key (RELIABILITY O6)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from polypost.api.openapi.documented import Shape, documented
from polypost.entrance.services import services
from polypost.errors import NotFound
from polypost.intake.bodies import Closed, Text
from polypost.media import kinds


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class UploadBody(Closed):
    """`POST /v1/media/upload`; `size` in bytes lets clients send the file in several parts."""

    filename: Annotated[Text, Field(min_length=1, max_length=1000)]
    mimeType: Annotated[Text, Field(min_length=1, max_length=255)]
    size: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=2**53)] | None = None


class UploadData(Shape):
    """Where the file goes to and where it is read; `maxBytes` is what the server takes of this type."""

    uploadUrl: str
    publicUrl: str
    expiresAt: datetime
    maxBytes: int
    resumable: bool


class UploadAnswer(Shape):
    """The answer to `POST /v1/media/upload`."""

    success: Literal[True]
    data: UploadData


class StoredData(Shape):
    """A file that is here; `sha256` in hex, `mimeType` by the bytes."""

    publicUrl: str
    filename: str
    size: int
    mimeType: str
    sha256: str


class StoredAnswer(Shape):
    """The answer to a PUT of the file."""

    success: Literal[True]
    data: StoredData


router = APIRouter()
_HEADERS = {"Cache-Control": "private, max-age=3600"}


@router.head("/media/{token}/{name}")
@router.get("/media/{token}/{name}")
@documented(
    None,
    open=True,
    media_type="application/octet-stream",
    also={206: "A range of the file.", 416: "The file has no such range."},
    errors=(404,),
)
async def lend(request: Request, token: str, name: str) -> Response:
    """The file, whole or a range of it; open."""
    found = await services(request).media.lent(token)
    if found is None:
        raise NotFound("There is no such file, or its address is too old.", code="media_not_found")
    return FileResponse(
        found.path,
        media_type=found.facts.mime,
        filename=kinds.download_name(name, found.facts.mime),
        content_disposition_type="attachment",
        headers=_HEADERS,
    )
