"""Request bodies: strict JSON within limits, whatever the content type says (RELIABILITY A5, A6)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from polypost.entrance.raw import read
from polypost.errors import InvalidRequest, Problem
from polypost.intake.strict_json import parse

_NO_FORM = (
    "Send one JSON object. A file goes up in two steps: POST /v1/media/upload with "
    '{"filename": "a.jpg", "mimeType": "image/jpeg"}, then PUT the file itself to the uploadUrl of the answer.'
)


async def json_object(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """The request's JSON object; an empty body is `{}` where it is optional."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise InvalidRequest([Problem("", "The body is a form, not JSON.", _NO_FORM, "invalid_json")])
    raw = await read(request)
    return {} if optional and not raw.strip() else parse(raw)
