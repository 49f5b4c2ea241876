"""Media uploads: the signed address, the bytes in one piece or by tus 1.0.0, and the file for everybody."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator, Awaitable
from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Row
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from polypost.api.http import answers, errors
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.http.bucket_proxy import from_bucket
from polypost.api.openapi.documented import documented
from polypost.api.routes.media import StoredAnswer, UploadAnswer, UploadBody
from polypost.entrance.address import own_address
from polypost.entrance.services import services
from polypost.errors import (
    InvalidRequest,
    NotFound,
    PolypostError,
    Problem,
    UnsupportedType,
)
from polypost.intake import bodies
from polypost.media import kinds
from polypost.media.receiver import Part
from polypost.media.upload_rows import BUCKET

router = APIRouter()

TUS = "1.0.0"
CHECKSUMS = ("sha1", "sha256", "md5")
PART_TYPE = "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
# The signed address is the key and no cookie is read, so pages of any origin may use it.
_FOR_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, Tus-Resumable, Upload-Expires, Upload-Length, Upload-Offset, ETag",
}
_METHODS = "PUT, HEAD, PATCH, POST, OPTIONS"


@router.post("/v1/media/upload")
@documented(UploadAnswer, body=UploadBody, errors=(413,))
async def ask(request: Request) -> Response:
    """An address that takes one file, and the public address that the file will have."""
    who = await principal(request, "draft", "publish", by_profile=True)
    rooms = services(request)
    body = bodies.read(UploadBody, await json_object(request))
    offer = await rooms.uploads.offer(
        who.project.id,
        base=own_address(request, rooms.settings),
        filename=kinds.bare_name(body.filename),
        mime=kinds.check(body.mimeType),
        length=body.size,
    )
    data = {
        "uploadUrl": offer.upload_url,
        "publicUrl": offer.public_url,
        "expiresAt": answers.stamp(offer.expires_at),
        "maxBytes": offer.most,
        "resumable": offer.resumable,
    }
    return answers.ok({"success": True, "data": data})


@router.put("/media/uploads/{token}")
@documented(StoredAnswer, errors=(404, 408, 409, 410, 413, 415, 503), open=True)
async def put(request: Request, token: str) -> Response:
    """The whole file; the same bytes again change nothing."""
    return await _answered(request, _put(request, token))


@router.patch("/media/uploads/{token}")
@documented(None, status=204, errors=(404, 408, 409, 410, 412, 413, 415, 423, 460, 503), open=True)
async def patch(request: Request, token: str) -> Response:
    """A piece of the file, by the tus protocol."""
    return await _answered(request, _patch(request, token))


@router.head("/media/uploads/{token}")
@documented(None, errors=(404, 410, 412, 503), open=True)
async def head(request: Request, token: str) -> Response:
    """How much of the file is here, by the tus protocol."""
    return await _answered(request, _head(request, token))


@router.options("/media/uploads/{token}")
@documented(None, status=204, open=True)
async def options(request: Request, token: str) -> Response:
    """What this server can do of the tus protocol, and what pages may ask."""
    allowed = "Content-Type, Tus-Resumable, Upload-Checksum, Upload-Length, Upload-Offset, X-HTTP-Method-Override, X-Requested-With, X-Request-ID"
    found = {
        "Tus-Version": TUS,
        "Tus-Extension": "checksum,expiration",
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Allow": _METHODS,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": allowed,
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers=_FOR_PAGES | found | {"Tus-Resumable": TUS})


@router.post("/media/uploads/{token}")
@documented(None, status=204, errors=(404, 405, 408, 409, 410, 412, 413, 415, 423, 460, 503), open=True)
async def instead(request: Request, token: str) -> Response:
    """PATCH or HEAD for clients that cannot send them: the method stands in `X-HTTP-Method-Override`."""
    asked = request.headers.get("x-http-method-override", "").upper()
    call = {"PATCH": _patch, "HEAD": _head}.get(asked)
    if call is None:
        said = f"This path takes {_METHODS}; POST only with X-HTTP-Method-Override: PATCH."
        return errors.answer(request, 405, "method_not_allowed", said, headers={"Allow": _METHODS})
    return await _answered(request, call(request, token))


@router.api_route("/media/uploads/{upload_id}/{name}", methods=["GET", "HEAD"])
@documented(None, errors=(404, 416, 503), open=True, media_type="application/octet-stream")
async def show(request: Request, upload_id: str, name: str) -> Response:
    """The uploaded file, whole or a range of it; open."""
    rooms = services(request)
    row = await rooms.uploads.readable(upload_id, name)
    if row is None:
        raise NotFound(
            "There is no such file, or it has not been uploaded completely.", code="media_not_found"
        )
    if row.host == BUCKET:
        return await from_bucket(request, rooms, row)
    tag = f'"{row.sha256}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": tag})
    return FileResponse(
        rooms.uploads.place(row),
        media_type=row.mime,
        filename=kinds.download_name(row.filename, row.mime),
        content_disposition_type="attachment",
        headers={"ETag": tag, "Cache-Control": "public, no-cache"},
    )


async def _put(request: Request, token: str) -> Response:
    rooms = services(request)
    row = await rooms.uploads.find(token)
    given = request.headers.get("content-type")
    if given is not None and not kinds.alike(row.mime, kinds.plain(given)):
        raise UnsupportedType(
            f"This upload was announced as {row.mime}, and the Content-Type is another one.",
            code="content_type_mismatch",
            next_step=f"Send it with Content-Type: {row.mime}.",
        )
    _plain_body(request)
    declared = request.headers.get("content-length", "")
    announced = int(declared) if _NUMBER.fullmatch(declared) else None
    kept = await rooms.uploads.put(row, _pieces(request), announced=announced)
    data = {
        "publicUrl": kept.url,
        "filename": kept.filename,
        "size": kept.size,
        "mimeType": kept.mime,
        "sha256": kept.sha256,
    }
    return answers.ok({"success": True, "data": data}, headers={"ETag": f'"{kept.sha256}"'})


async def _patch(request: Request, token: str) -> Response:
    if (refused := _other_version(request, needed=True)) is not None:
        return refused
    rooms = services(request)
    row = await rooms.uploads.find(token)
    if kinds.plain(request.headers.get("content-type", "")) != PART_TYPE:
        raise UnsupportedType(
            "A piece of a file is sent as another type.",
            code="content_type_mismatch",
            next_step=f"Send it with Content-Type: {PART_TYPE}, or the whole file with PUT.",
        )
    _plain_body(request)
    offset = _number(request, "Upload-Offset")
    if offset is None:
        raise _bad_header("Upload-Offset", "Send the offset at which this piece begins.")
    part = Part(offset, _number(request, "Upload-Length"), _checksum(request))
    safe = await rooms.uploads.append(row, part, _pieces(request))
    return Response(status_code=204, headers={"Upload-Offset": str(safe), "Upload-Expires": _expires(row)})


async def _head(request: Request, token: str) -> Response:
    if (refused := _other_version(request, needed=False)) is not None:
        return refused
    rooms = services(request)
    row = await rooms.uploads.settled(await rooms.uploads.find(token))
    whole = row.size if row.state == "complete" else row.length
    length = {"Upload-Defer-Length": "1"} if whole is None else {"Upload-Length": str(whole)}
    found = {"Upload-Offset": str(row.offset), "Upload-Expires": _expires(row), "Cache-Control": "no-store"}
    return Response(headers=found | length)


async def _answered(request: Request, call: Awaitable[Response]) -> Response:
    """The answer, or the error's, with what clients of the protocol and pages need to see on both."""
    try:
        response = await call
    except PolypostError as error:
        response = errors.from_error(request, error)
    response.headers.update(_FOR_PAGES | {"Tus-Resumable": TUS})
    return response


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            if piece:
                yield piece
    except ClientDisconnect as gone:
        raise InvalidRequest(message="The body ended too early.", code="body_cut") from gone


def _other_version(request: Request, *, needed: bool) -> Response | None:
    given = request.headers.get("tus-resumable")
    if given == TUS or (given is None and not needed):
        return None
    said = f"This server speaks tus {TUS}. Send Tus-Resumable: {TUS}."
    return errors.answer(request, 412, "tus_version", said, headers={"Tus-Version": TUS})


def _plain_body(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        hint = "Send the file as it is, without a Content-Encoding header."
        raise InvalidRequest(
            [Problem("Content-Encoding", "Compressed bodies are not taken.", hint, "content_encoding")]
        )


def _number(request: Request, name: str) -> int | None:
    given = request.headers.get(name)
    if given is None:
        return None
    if not _NUMBER.fullmatch(given):
        raise _bad_header(name, "Send a number of bytes.")
    return int(given)


def _checksum(request: Request) -> tuple[str, bytes] | None:
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    algorithm, _, encoded = given.partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in CHECKSUMS or not digest:
        raise _bad_header("Upload-Checksum", f"Send one of {', '.join(CHECKSUMS)} and the digest in Base64.")
    return algorithm, digest


def _bad_header(name: str, hint: str) -> InvalidRequest:
    return InvalidRequest([Problem(name, "is missing or not valid", hint, "bad_header")])


def _expires(row: Row[Any]) -> str:
    return format_datetime(row.expires_at, usegmt=True)
