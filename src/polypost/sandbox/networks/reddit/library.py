"""Media on their way: leases, what arrives at the buckets, and what becomes of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.probe import TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.reddit import errors
from polypost.sandbox.networks.reddit.auth import Auth
from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.simkit import Document, Media, Network, Params, exchange, pieces

ASSET = "asset"
PREFIX = "rte_images"
# What may be leased, and which limit holds for it.
TYPES = {
    "image/png": "image_bytes",
    "image/jpeg": "image_bytes",
    "image/gif": "gif_bytes",
    "video/mp4": "video_bytes",
    "video/quicktime": "video_bytes",
}
_KEY = b"polypost sandbox"


@dataclass(frozen=True, slots=True)
class Asset:
    """An uploaded file, or one that is to come."""

    document: Document

    @property
    def id(self) -> str:
        """Its id: the last part of its key."""
        return self.document.id

    @property
    def kind(self) -> str | None:
        """`image`, `gif` or `video`; None for bytes that are none of these, or have not come."""
        facts = self.document.body.get("facts")
        return facts["kind"] if facts else None

    @property
    def media(self) -> Media:
        """As a post shows it."""
        facts = self.document.body["facts"]
        return Media(
            blob=self.document.body["blob"],
            kind=facts["kind"],
            mime=facts["mime"],
            width=facts.get("width"),
            height=facts.get("height"),
            duration=facts.get("duration"),
        )


class Library:
    """The handlers, and the way from a URL or an id to an asset."""

    def __init__(self, net: Network, auth: Auth) -> None:
        self._net = net
        self._auth = auth

    async def lease(self, request: Request) -> Response:
        """`POST /api/media/asset.json`: where the bytes go, and the form that has to go with them."""
        caller = await self._auth.enter(request, "submit")
        params = caller.params
        mime = params.text("mimetype").lower()
        if not params.text("filepath"):
            raise errors.bad_request("NO_FILEPATH", "filepath is required")
        if mime not in TYPES:
            raise errors.bad_request("INVALID_MIMETYPE", f"{mime or 'nothing'} is not a type of media")
        # Recorded ids have 13 characters.
        asset_id = secrets.token_hex(7)[:13]
        film = mime.startswith("video/")
        bucket = "reddit-uploaded-video" if film else "reddit-uploaded-media"
        expires = clock.now() + timedelta(seconds=limit("lease_seconds"))
        most = limit(TYPES[mime])
        # Keys may or may not stand in a folder (recordings); here those of pictures do.
        key = asset_id if film else f"{PREFIX}/{asset_id}"
        fields = _fields(key, mime, bucket, most, clock.iso(expires))
        body = {
            "key": key,
            "mime": mime,
            "bucket": bucket,
            "most": most,
            "fields": fields,
            "blob": None,
            "facts": None,
        }
        self._net.documents.put(ASSET, asset_id, body, account_id=caller.person.id, expires=expires)
        asset = {
            "asset_id": asset_id,
            "processing_state": "incomplete",
            "payload": {"filepath": params.text("filepath")},
            "websocket_url": self.socket_url(asset_id),
        }
        # Real leases name no scheme, and clients put https before it.
        action = f"//{urlsplit(self._net.url).netloc}"
        listed = [{"name": name, "value": value} for name, value in fields.items()]
        return JSONResponse({"args": {"action": action, "fields": listed}, "asset": asset})

    def socket_url(self, asset_id: str) -> str:
        """Where the news about an asset's post is told."""
        base = self._net.url.replace("http", "ws", 1)
        return f"{base}/{asset_id}?m={_signed(asset_id)[:32]}"

    async def receive(self, request: Request) -> Response:
        """`POST /` of a bucket: the form of a lease, its fields first and the file last."""
        # A file without a name is read as if it were a field.
        form = await request.form(max_part_size=limit("image_bytes"))
        items = [(name, _named(name, value)) for name, value in form.multi_items()]
        for _, value in items:
            if isinstance(value, UploadFile):
                exchange(request).files.append(value)
        fields: dict[str, str] = {}
        file: UploadFile | None = None
        # S3 reads no field behind the file.
        for name, value in items:
            if isinstance(value, UploadFile):
                file = value if name == "file" else None
                break
            fields[name] = value
        if file is None:
            return _xml_error(400, "InvalidArgument", "POST requires exactly one file upload per request.")
        document = self._net.documents.get(ASSET, fields.get("key", "").rpartition("/")[2])
        if document is None or document.body["fields"] != fields or document.body["blob"] is not None:
            return _xml_error(403, "AccessDenied", "Access Denied")
        if document.expired:
            return _xml_error(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        return await self._keep(document, file)

    async def _keep(self, document: Document, file: UploadFile) -> Response:
        most = document.body["most"]
        if (file.size or 0) > most:
            sizes = f"<ProposedSize>{file.size}</ProposedSize><MaxSizeAllowed>{most}</MaxSizeAllowed>"
            said = "Your proposed upload exceeds the maximum allowed size"
            return _xml_error(400, "EntityTooLarge", said, sizes)
        blob = self._net.blobs.new()
        await self._net.blobs.receive(blob, pieces(file), limit=most)
        try:
            facts: dict[str, Any] | None = probe(self._net.blobs.path(blob)).as_dict()
        except (Unsupported, TooManyPixels):
            facts = None
        self._net.documents.update(ASSET, document.id, blob=blob, facts=facts)
        host = f"https://{document.body['bucket']}.s3-accelerate.amazonaws.com"
        key = document.body["key"]
        body = (
            # The slash is percent-encoded here, and not in the key (recordings).
            f"<PostResponse><Location>{host}/{quote(key, safe='')}</Location><Bucket>{document.body['bucket']}</Bucket>"
            f'<Key>{key}</Key><ETag>"{blob}"</ETag></PostResponse>'
        )
        return _xml(201, body)

    def by_url(self, url: str, account_id: str) -> Asset | None:
        """The caller's asset behind the address of a bucket, on whatever host."""
        prefix, _, asset_id = unquote(urlsplit(url).path).strip("/").rpartition("/")
        return self.by_id(asset_id, account_id) if prefix in {"", PREFIX} else None

    def by_id(self, asset_id: str, account_id: str) -> Asset | None:
        """The caller's asset by its id."""
        document = self._net.documents.get(ASSET, asset_id)
        return None if document is None or document.account_id != account_id else Asset(document)

    async def convert(self, request: Request) -> Response:
        """`POST /api/convert_rte_body_format`: markdown with media to the editor's own form."""
        caller = await self._auth.enter(request, "submit")
        if caller.params.text("output_mode") != "rtjson":
            raise errors.bad_request("INVALID_OPTION", "output_mode must be rtjson")
        return JSONResponse({"output": to_richtext(caller.params), "assets": [], "output_mode": "rtjson"})


def to_richtext(params: Params) -> dict[str, Any]:
    """Paragraphs, and media each in a line of its own."""
    blocks: list[dict[str, Any]] = []
    for part in params.text("markdown_text").split("\n\n"):
        text = part.strip()
        kind, opened, rest = text.partition("](")
        if opened and kind in {"![img", "![gif", "![video"} and rest.endswith(")"):
            asset_id, _, caption = rest[:-1].partition(" ")
            blocks.append({"e": kind[2:], "id": asset_id, "c": caption.strip('"')})
        elif text:
            blocks.append({"e": "par", "c": [{"e": "text", "t": text}]})
    return {"document": blocks}


def _fields(key: str, mime: str, bucket: str, most: int, expires: str) -> dict[str, str]:
    conditions = [{"bucket": bucket}, {"key": key}, ["content-length-range", 0, most]]
    policy = base64.b64encode(json.dumps({"expiration": expires, "conditions": conditions}).encode()).decode()
    return {
        "acl": "private",
        "key": key,
        "X-Amz-Credential": "SANDBOX/20260101/us-east-1/s3/aws4_request",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": "20260101T000000Z",
        "success_action_status": "201",
        "content-type": mime,
        "x-amz-storage-class": "STANDARD",
        "x-amz-meta-ext": mime.partition("/")[2],
        "policy": policy,
        "X-Amz-Signature": _signed(policy),
    }


def _signed(text: str) -> str:
    return hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()


def _named(name: str, value: str | UploadFile) -> str | UploadFile:
    """The field `file` as a file: S3 takes one that comes without a name, as redditwarp sends it."""
    if name != "file" or isinstance(value, UploadFile):
        return value
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError:
        data = value.encode()
    return UploadFile(BytesIO(data), size=len(data), filename="")


def _xml_error(status: int, code: str, message: str, more: str = "") -> Response:
    return _xml(status, f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}</Error>")


def _xml(status: int, body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', status, media_type="application/xml")
