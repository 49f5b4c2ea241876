"""Request bodies in every dress that real clients use, without holding large ones in memory."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.datastructures import UploadFile
from starlette.requests import Request

from polypost.sandbox.simkit.traffic import exchange

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
    return _parsed(await _whole(request))


async def read_params(request: Request) -> Params:
    """Parameters from query, form, multipart or a JSON object; files are spooled to disk beyond 1 MB.

    Raises BadBody.
    """
    values: dict[str, Any] = dict(request.query_params)
    files: dict[str, UploadFile] = {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind:
        # Old clients send forms without saying so.
        values.update(parse_qsl((await _whole(request)).decode(errors="replace"), keep_blank_values=True))
    elif kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        form = await request.form(max_part_size=IN_MEMORY)
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = value
                exchange(request).files.append(value)
            else:
                values[name] = value
    elif kind == "application/json":
        # Clients that name the type with every call name it without a body too.
        body = await _whole(request)
        told = _parsed(body) if body.strip() else {}
        if not isinstance(told, dict):
            raise BadBody("the body is not a JSON object")
        values.update(told)
    return Params(values, files)


async def read_text_params(request: Request) -> Params:
    """As `read_params`; JSON can carry halves of surrogate pairs, which are no text and raise BadBody too."""
    params = await read_params(request)
    try:
        json.dumps(params.values, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadBody(str(error)) from error
    return params


async def _whole(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > IN_MEMORY:
            raise BadBody("the JSON body is too large")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadBody("the body is not JSON") from error


def app_of(request: Request, params: Params) -> tuple[str, str]:
    """Id and secret of the app that calls: parameters, else HTTP Basic as OAuth 2 describes it."""
    named, secret = params.text("client_id"), params.text("client_secret")
    user, password = (not secret and basic(request)) or (named, secret)
    return named or user, password


def basic(request: Request) -> tuple[str, str] | None:
    """Name and password by HTTP Basic, percent-decoded as OAuth 2 wants them; None without."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return unquote_plus(user), unquote_plus(password)


def bearer(request: Request, *others: str) -> str:
    """The token in the Authorization header, empty without one; `others` are schemes taken besides Bearer."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in {"bearer", *others} else ""


async def pieces(file: UploadFile) -> AsyncIterator[bytes]:
    """An uploaded file in pieces of 1 MB."""
    while piece := await file.read(PIECE):
        yield piece
