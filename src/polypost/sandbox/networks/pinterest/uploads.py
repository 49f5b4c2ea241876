"""Videos on their way: registered, posted to the bucket as a form, worked on, ready or failed."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.pinterest import bucket, errors, paging, schema
from polypost.sandbox.networks.pinterest.auth import Auth
from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.networks.pinterest.media_rules import examine_video
from polypost.sandbox.networks.pinterest.rates import READ, WRITE
from polypost.sandbox.simkit import Account, Document, Media, Network, Refused, exchange, media_of

UPLOAD, KEY = "upload", "upload_key"
REGISTERED, PROCESSING, SUCCEEDED, FAILED = "registered", "processing", "succeeded", "failed"


@dataclass(frozen=True, slots=True)
class Upload:
    """One video; `posted` is when its bytes came, None before."""

    id: str
    media: Media | None
    fields: dict[str, str]
    posted: float | None
    looks: int
    wrong: str
    extra: float

    @property
    def status(self) -> str:
        """Pinterest's word for how far it is."""
        if self.posted is None:
            return REGISTERED
        waited = clock.now().timestamp() - self.posted - self.extra
        # A client that looks often sees the video ready at a known look; one that only waits gets there too.
        if waited < 0 or (self.looks < limit("processing_looks") and waited < limit("processing_seconds")):
            return PROCESSING
        return FAILED if self.wrong else SUCCEEDED


class Uploads:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth) -> None:
        self._auth = auth
        self._net = net

    async def register(self, request: Request) -> Response:
        """`POST /v5/media`."""
        caller = self._auth.enter(request, WRITE, "pins:read", "pins:write")
        body = await schema.body_of(request)
        schema.needed(body, "media_type")
        schema.choice(body, "media_type", ("video",))
        media_id = self._net.snowflake()
        fields = _form_fields(caller.account, media_id)
        expires = clock.now() + timedelta(seconds=limit("upload_seconds"))
        stored = {"fields": fields, "posted": None, "media": None, "looks": 0, "wrong": "", "extra": 0.0}
        with self._net.store.transaction():
            self._net.documents.put(UPLOAD, media_id, stored, account_id=caller.account.id)
            self._net.documents.put(KEY, fields["key"], {"upload": media_id}, expires=expires)
        return JSONResponse(
            {
                "media_id": media_id,
                "media_type": "video",
                "upload_url": f"{self._net.url}/",
                "upload_parameters": fields,
            },
            201,
        )

    async def list(self, request: Request) -> Response:
        """`GET /v5/media`."""
        caller = self._auth.enter(request, READ, "pins:read")
        found = self._net.documents.of_account(UPLOAD, caller.account.id)[::-1]
        return JSONResponse(
            paging.answer_all(found, paging.asked(request), lambda each: _view(_upload(each)))
        )

    async def get(self, request: Request) -> Response:
        """`GET /v5/media/{id}`: its status."""
        caller = self._auth.enter(request, READ, "pins:read")
        upload = self.find(schema.numeric(request.path_params["media_id"]), caller.account)
        if upload is None:
            raise errors.refused("media")
        if upload.status == PROCESSING:
            self._net.documents.update(UPLOAD, upload.id, looks=upload.looks + 1)
        return JSONResponse(_view(upload))

    def find(self, media_id: str, account: Account) -> Upload | None:
        """The account's video with this id."""
        found = self._net.documents.get(UPLOAD, media_id)
        return _upload(found) if found is not None and found.account_id == account.id else None

    async def receive(self, request: Request) -> Response:
        """`POST` to the bucket: the form has every field that was given, and the file at its end."""
        # S3 refuses a token beside a signed form.
        if "authorization" in request.headers:
            raise errors.bucket_error(400, "InvalidArgument", "Only one auth mechanism allowed")
        if exchange(request).fault("policy_expired"):
            raise errors.bucket_error(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        blob, most = self._net.blobs.new(), limit("video_bytes")
        try:
            form = await bucket.read(request, self._net.blobs.path(blob), most)
            upload = self._awaiting(form.fields)
            if not form.file:
                raise errors.bucket_error(
                    400, "InvalidArgument", "POST requires exactly one file upload per request."
                )
            if form.size > most:
                raise errors.bucket_error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum")
        except Refused:
            self._net.blobs.delete(blob)
            raise
        self._arrived(request, upload, blob)
        return Response(status_code=204, headers={"etag": f'"{secrets.token_hex(16)}"'})

    def _awaiting(self, sent: dict[str, str]) -> Upload:
        key = self._net.documents.get(KEY, sent.get("key", ""))
        found = None if key is None else self._net.documents.get(UPLOAD, key.body["upload"])
        if key is None or found is None:
            raise errors.bucket_error(403, "AccessDenied", "Access Denied")
        if key.expired:
            raise errors.bucket_error(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        upload = _upload(found)
        for name, value in upload.fields.items():
            if name not in sent:
                raise errors.bucket_error(
                    403, "AccessDenied", f"Invalid according to Policy: Policy Condition failed: {name}"
                )
            if sent[name] != value:
                raise errors.bucket_error(
                    403, "SignatureDoesNotMatch", "The request signature we calculated does not match"
                )
        if strange := sorted(set(sent) - set(upload.fields)):
            raise errors.bucket_error(
                403, "AccessDenied", f"Invalid according to Policy: Extra input fields: {strange[0]}"
            )
        return upload

    def _arrived(self, request: Request, upload: Upload, blob: str) -> None:
        call = exchange(request)
        # Then the upload stays `registered`, however long one waits.
        if call.fault("upload_unseen"):
            return
        facts, wrong = examine_video(self._net.blobs.path(blob))
        if call.fault("processing_failed"):
            wrong = "It was asked to fail."
        self._net.documents.update(
            UPLOAD,
            upload.id,
            posted=clock.now().timestamp(),
            media=None if facts is None else media_of(blob, facts),
            wrong=wrong,
            looks=0,
            extra=call.seconds("processing"),
        )


def _form_fields(account: Account, media_id: str) -> dict[str, str]:
    now = clock.now()
    day = f"{now:%Y%m%d}"
    key = f"uploads/{secrets.token_hex(1)}/{secrets.token_hex(1)}/3:video:{account.id}:{media_id}"
    policy = base64.b64encode(json.dumps({"conditions": [{"key": key}]}).encode()).decode()
    return {
        "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}",
        "x-amz-signature": hashlib.sha256(policy.encode()).hexdigest(),
        "x-amz-security-token": secrets.token_urlsafe(60),
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "key": key,
        "policy": policy,
        "x-amz-credential": f"SANDBOX/{day}/us-east-1/s3/aws4_request",
        # A field of the form like the others, not only a header.
        "Content-Type": "multipart/form-data",
    }


def _upload(found: Document) -> Upload:
    body = found.body
    return Upload(
        found.id, body["media"], body["fields"], body["posted"], body["looks"], body["wrong"], body["extra"]
    )


def _view(upload: Upload) -> dict[str, Any]:
    return {"media_id": upload.id, "media_type": "video", "status": upload.status}
