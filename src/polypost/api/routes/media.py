"""`/media/…`: this server's own copies, for networks that pull files; the signed address is the key (RELIABILITY O6)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from polypost.api.openapi.described import says
from polypost.api.services import services
from polypost.errors import NotFound
from polypost.media import kinds

router = APIRouter()
_HEADERS = {"Cache-Control": "private, max-age=3600"}


@router.head("/media/{token}/{name}")
@router.get("/media/{token}/{name}")
@says(
    None,
    open=True,
    media_type="*/*",
    also={206: "A range of the file.", 416: "The file has no such range."},
    errors=(404,),
    id="lendMedia",
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
