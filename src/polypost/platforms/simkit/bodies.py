"""Request bodies in every dress that real clients use, without holding large ones in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from polypost.platforms.simkit.traffic import exchange

IN_MEMORY = 24 * 1024 * 1024
PIECE = 1024 * 1024


class BadBody(Exception):
    """The body is not what its content type says, or a JSON body is larger than 24 MB."""


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters of a call: `values` from query and body (the body wins), `files` from multipart parts with a name."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, UploadFile] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A value as text; numbers and booleans as JSON writes them, `default` when it is absent."""
        value = self.values.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)


async def read_json(request: Request) -> Any:
    """The JSON body. Raises BadBody for anything that is not JSON."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > IN_MEMORY:
            raise BadBody("the JSON body is too large")
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadBody("the body is not JSON") from error


async def read_params(request: Request) -> Params:
    """Parameters from query, form, multipart or a JSON object; files are spooled to disk beyond 1 MB.

    Raises BadBody.
    """
    values: dict[str, Any] = dict(request.query_params)
    files: dict[str, UploadFile] = {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        form = await request.form(max_part_size=IN_MEMORY)
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = value
                exchange(request).files.append(value)
            else:
                values[name] = value
    elif kind == "application/json":
        body = await read_json(request)
        if not isinstance(body, dict):
            raise BadBody("the body is not a JSON object")
        values.update(body)
    return Params(values, files)


async def pieces(file: UploadFile) -> AsyncIterator[bytes]:
    """An uploaded file in pieces of 1 MB."""
    while piece := await file.read(PIECE):
        yield piece
