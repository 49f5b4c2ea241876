"""Objects of the bucket, handed on through this server, for buckets that nobody may read."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from polypost.entrance.services import Services
from polypost.errors import NotFound, ServiceUnavailable, Unavailable
from polypost.media import kinds

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)


async def from_bucket(request: Request, rooms: Services, row: Row[Any]) -> Response:
    """The object, whole or a range of it. Raises NotFound, ServiceUnavailable."""
    bucket = rooms.uploads.bucket
    assert bucket is not None
    try:
        size = await bucket.size(row.path)
    except Unavailable as trouble:
        raise ServiceUnavailable(
            trouble.message, code=trouble.code, headers={"Retry-After": "10"}
        ) from trouble
    if size is None:
        raise NotFound(
            "There is no such file, or it has not been uploaded completely.", code="media_not_found"
        )
    shown = FileResponse(
        "",
        media_type=row.mime,
        filename=kinds.download_name(row.filename, row.mime),
        content_disposition_type="attachment",
    )
    headers = {
        "Content-Type": row.mime,
        "Content-Disposition": shown.headers["content-disposition"],
        "Accept-Ranges": "bytes",
        "Cache-Control": "public, no-cache",
    }
    first, end, status = 0, size, 200
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is not None and (wanted[1] or wanted[2]):
        first, end = _span(wanted[1], wanted[2], size)
        if first >= end:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - first)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(bucket.read(row.path, first, end), status, headers)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
