"""The media addresses of X: dedicated ones, the one with `command`, one shot, and v1.1 as older clients use it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.twitter.auth import Auth, Caller
from polypost.sandbox.networks.twitter.errors import invalid
from polypost.sandbox.networks.twitter.library import RECEIVING, Library, Upload
from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.networks.twitter.media_rules import CATEGORIES, MEDIA_TYPES, kind_of, most_bytes
from polypost.sandbox.networks.twitter.progress import begun, described
from polypost.sandbox.networks.twitter.rates import Rates
from polypost.sandbox.simkit import BadBody, Network, Params, exchange, pieces, read_json, read_params

PROCESSING_FAILED = "processing_failed"
INITIALIZE = frozenset({"media_type", "total_bytes", "media_category", "additional_owners", "shared"})


class Uploads:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, rates: Rates, library: Library) -> None:
        self._net = net
        self._auth = auth
        self._rates = rates
        self._library = library

    async def initialize(self, request: Request) -> Response:
        """`POST /2/media/upload/initialize`."""
        caller = await self._enter(request, "initialize")
        params = await _params(request)
        if unknown := sorted(set(params.values) - INITIALIZE):
            raise invalid(
                f"[$.{unknown[0]}: is not defined in the schema]", {unknown[0]: [params.text(unknown[0])]}
            )
        return _data(begun(self._begin(caller, params)))

    async def append(self, request: Request) -> Response:
        """`POST /2/media/upload/{id}/append`."""
        caller = await self._enter(request, "append")
        upload = self._own(caller, request.path_params["id"])
        return _data(await self._append(upload, await _params(request)))

    async def finalize(self, request: Request) -> Response:
        """`POST /2/media/upload/{id}/finalize`."""
        caller = await self._enter(request, "finalize")
        upload = await self._finalize(request, caller, self._own(caller, request.path_params["id"]))
        return _data(described(upload))

    async def status(self, request: Request) -> Response:
        """`GET /2/media/upload?media_id=…&command=STATUS`."""
        caller = await self._enter(request, "status")
        return _data(described(self._status(caller, request.query_params.get("media_id", ""))))

    async def upload(self, request: Request) -> Response:
        """`POST /2/media/upload`: one shot, or the older form with `command`."""
        caller = await self._enter(request, "upload")
        params = await _params(request)
        match params.text("command"):
            case "":
                # v2 demands the category, v1.1 did without.
                return _data(described(await self._one_shot(request, caller, params, must_name=True)))
            case "INIT":
                return _data(begun(self._begin(caller, params)))
            case "APPEND":
                return _data(await self._append(self._own(caller, params.text("media_id")), params))
            case "FINALIZE":
                upload = await self._finalize(request, caller, self._own(caller, params.text("media_id")))
                return _data(described(upload))
        raise invalid(
            "The command is not one of INIT, APPEND, FINALIZE.", {"command": [params.text("command")]}
        )

    async def upload_v1(self, request: Request) -> Response:
        """`/1.1/media/upload.json`, the retired address that older clients still speak to."""
        caller = await self._enter(request, "upload")
        params = await _params(request)
        match params.text("command"):
            case "STATUS":
                return _v1(described(self._status(caller, params.text("media_id")), error=True))
            case "INIT":
                # v1.1 said 202, 204 and 201 where v2 says 200.
                return _v1(begun(self._begin(caller, params)), 202)
            case "APPEND":
                await self._append(self._own(caller, params.text("media_id")), params)
                return Response(status_code=204)
            case "FINALIZE":
                upload = await self._finalize(request, caller, self._own(caller, params.text("media_id")))
                return _v1(described(upload), 201)
        return _v1(described(await self._one_shot(request, caller, params, must_name=False)))

    async def metadata(self, request: Request) -> Response:
        """`POST /2/media/metadata`: the alternative text."""
        caller = await self._enter(request, "metadata")
        body = await _object(request)
        text = (body.get("metadata") or {}).get("alt_text", {}).get("text")
        upload = self._own(caller, body.get("id"))
        if text is not None:
            self._describe(upload, text)
        return _data({"id": upload.id, "associated_metadata": body.get("metadata") or {}})

    async def metadata_v1(self, request: Request) -> Response:
        """`POST /1.1/media/metadata/create.json`."""
        caller = await self._enter(request, "metadata")
        body = await _object(request)
        self._describe(self._own(caller, body.get("media_id")), (body.get("alt_text") or {}).get("text"))
        return Response(status_code=200)

    async def subtitles(self, request: Request) -> Response:
        """`POST /2/media/subtitles`."""
        caller = await self._enter(request, "metadata")
        body = await _object(request)
        upload = self._own(caller, body.get("id"))
        track = body.get("subtitles")
        if upload.kind != "video" or not isinstance(track, dict):
            raise invalid("Subtitles need a video and a track.", {"id": [upload.id]})
        self._own(caller, track.get("id"))
        answer = {
            "id": upload.id,
            "media_category": body.get("media_category"),
            "associated_subtitles": track,
        }
        return _data(answer)

    async def _enter(self, request: Request, endpoint: str) -> Caller:
        caller = await self._auth.user(request, "media.write")
        self._rates.take(request, caller, endpoint)
        return caller

    def _own(self, caller: Caller, media_id: Any) -> Upload:
        upload = self._library.get(str(media_id))
        if upload is None or upload.expired or caller.account.id not in upload.owners:
            raise invalid(
                "The media id is not known or does not belong to you.", {"media_id": [str(media_id)]}
            )
        return upload

    def _begin(self, caller: Caller, params: Params) -> Upload:
        media_type = params.text("media_type")
        category = params.text(
            "media_category", "tweet_video" if media_type.startswith("video/") else "tweet_image"
        )
        total = _number(params, "total_bytes")
        if category not in CATEGORIES:
            raise invalid("The media category is not one of the known ones.", {"media_category": [category]})
        if media_type not in MEDIA_TYPES:
            raise invalid("The media type is not one of the known ones.", {"media_type": [media_type]})
        kind = kind_of(category)
        if media_type.partition("/")[0] != {"image": "image", "gif": "image", "video": "video"}.get(
            kind, "text"
        ):
            raise invalid("The media type does not fit the category.", {"media_type": [media_type]})
        if not 0 < total <= most_bytes(kind):
            raise invalid("The file is too large for its category, or empty.", {"total_bytes": [str(total)]})
        owners = params.values.get("additional_owners") or []
        owners = owners.split(",") if isinstance(owners, str) else owners
        return self._library.begin(
            caller,
            category=category,
            media_type=media_type,
            total=total,
            owners=tuple(str(o) for o in owners),
        )

    async def _append(self, upload: Upload, params: Params) -> dict[str, Any]:
        index = _number(params, "segment_index")
        if not 0 <= index < limit("segments"):
            raise invalid("The segment index is out of range.", {"segment_index": [str(index)]})
        if upload.stage != RECEIVING:
            raise invalid("The upload is complete already.", {"media_id": [upload.id]})
        size = await self._library.add_segment(upload, index, _media(params))
        if not 0 < size <= limit("segment_bytes"):
            raise invalid("The segment is empty or too large.", {"segment_index": [str(index)]})
        return {"expires_at": int(upload.expires_at)}

    async def _finalize(self, request: Request, caller: Caller, upload: Upload) -> Upload:
        if upload.stage != RECEIVING:
            return upload
        if self._library.received(upload) != upload.total:
            raise invalid("The segments do not add up to total_bytes.", {"media_id": [upload.id]})
        await self._library.join(upload)
        return self._finish(request, caller, upload)

    def _finish(self, request: Request, caller: Caller, upload: Upload) -> Upload:
        extra = exchange(request).seconds("processing") if upload.processed else 0.0
        fails = upload.processed and exchange(request).fault(PROCESSING_FAILED) is not None
        upload = self._library.finish(caller, upload, extra_seconds=extra, fails=fails)
        if upload.wrong and not upload.processed:
            raise invalid(upload.wrong, {"media": [upload.id]})
        return upload

    async def _one_shot(self, request: Request, caller: Caller, params: Params, *, must_name: bool) -> Upload:
        category = params.text("media_category") or ("" if must_name else "tweet_image")
        if category not in CATEGORIES:
            raise invalid("A known media_category is required.", {"media_category": [category]})
        upload = self._library.begin(caller, category=category, media_type=None, total=0)
        blobs = self._net.blobs
        size = await blobs.receive(upload.blob, _media(params), limit=most_bytes(upload.kind))
        if size > most_bytes(upload.kind):
            raise invalid("The file is too large for its category.", {"media_category": [category]})
        return self._finish(request, caller, upload)

    def _status(self, caller: Caller, media_id: str) -> Upload:
        upload = self._own(caller, media_id)
        # An image has no status: “Not found” (xurl, issue 18).
        if not upload.processed or upload.stage == RECEIVING:
            raise invalid("Not found", {"media_id": [media_id]})
        return upload

    def _describe(self, upload: Upload, text: Any) -> None:
        if not isinstance(text, str) or not 0 < len(text) <= limit("alt_text_characters"):
            raise invalid(
                "The alternative text must have 1 to 1000 characters.", {"alt_text": [str(text)[:100]]}
            )
        self._library.describe(upload, text)


def _data(data: dict[str, Any]) -> Response:
    return JSONResponse({"data": data})


def _v1(data: dict[str, Any], status: int = 200) -> Response:
    media_id = data.pop("id")
    return JSONResponse({"media_id": int(media_id), "media_id_string": media_id, **data}, status)


async def _params(request: Request) -> Params:
    try:
        return await read_params(request)
    except BadBody as error:
        raise invalid(f"The body cannot be read: {error}.") from error


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = await read_json(request)
    except BadBody as error:
        raise invalid(f"The body cannot be read: {error}.") from error
    if not isinstance(body, dict):
        raise invalid("The body is not a JSON object.")
    return body


def _number(params: Params, name: str) -> int:
    text = params.text(name)
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise invalid(f"{name} must be a whole number.", {name: [text]})
    return int(text)


async def _media(params: Params) -> AsyncIterator[bytes]:
    """The bytes of `media` (a file part, or base64 in JSON or a form) or of v1.1's `media_data`."""
    file = params.files.get("media")
    if file is not None:
        async for piece in pieces(file):
            yield piece
        return
    text = params.text("media") or params.text("media_data")
    if not text.isascii() or "\0" in text:
        yield _unnamed(text)
        return
    try:
        yield base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise invalid("media is neither a file nor base64.") from error


def _unnamed(text: str) -> bytes:
    """The bytes of a part without a file name, which the form's reader took for text: as UTF-8 where it is that.

    The most used Node client sends its segments so.
    """
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
