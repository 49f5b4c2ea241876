"""For uploaders by the lexicon of 2026: a video in parts, which may come in any order and again, finished once."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.bluesky.blobs import Blobs
from polypost.sandbox.networks.bluesky.bodies import needed, read_body, whole
from polypost.sandbox.networks.bluesky.errors import refused
from polypost.sandbox.networks.bluesky.limits import limit, span
from polypost.sandbox.networks.bluesky.sessions import Sessions
from polypost.sandbox.networks.bluesky.video import UPLOADED_FOR, VIDEO, VIDEO_TYPES, Video
from polypost.sandbox.simkit import Account, Document, Network

UPLOAD = "video_upload"
CREATED, COMPLETED, ABORTED, EXPIRED = "created", "completed", "aborted", "expired"


class Parts:
    """The handlers."""

    def __init__(self, net: Network, sessions: Sessions, blobs: Blobs, video: Video) -> None:
        self._sessions = sessions
        self._blobs = blobs
        self._net = net
        self._video = video

    async def start(self, request: Request) -> Response:
        """`startUpload`: the size is exact, the rest of what is told serves to refuse early."""
        account = self._account(request)
        body = await read_body(request, sizeBytes=int, mimeType=str)
        size = body["sizeBytes"]
        if body["mimeType"] not in VIDEO_TYPES:
            raise refused(400, "UnsupportedContentType", "The declared MIME type is not supported")
        if not 0 < size <= limit("video_bytes"):
            raise refused(400, "VideoTooLarge", "The file exceeds the cap of a video")
        length = body.get("durationMs")
        if isinstance(length, int) and length > limit("video_seconds") * 1000:
            raise refused(400, "VideoTooLong", "The declared duration exceeds the limit")
        self._video.refuse_more(account, size)
        uploads = self._net.documents.of_account(UPLOAD, account.id)
        if sum(_state(each) == CREATED for each in uploads) >= limit("open_uploads"):
            raise refused(400, "TooManyOpenUploads", "The account has reached its open upload limit")
        job = secrets.token_hex(10)
        expires = clock.now() + span("upload_life_seconds")
        kept = {
            "state": CREATED,
            "size": size,
            "name": self._net.blobs.new(),
            "received": [],
            "completed": None,
        }
        document = self._net.documents.put(UPLOAD, job, kept, account_id=account.id, expires=expires)
        return JSONResponse(_sizes(document))

    async def part(self, request: Request) -> Response:
        """`uploadPart`: numbered from 1, exactly as long as it must be."""
        document = self._open(request, needed(request, "jobId"))
        number = whole(request, "partNumber", 0, 1, 1_000_000)
        expected = _length(document.body["size"], number)
        if not expected:
            raise refused(400, "InvalidPartNumber", "The part number is outside the valid range")
        if request.headers.get("content-length") != str(expected):
            raise refused(400, "PartSizeMismatch", f"The part must have {expected} bytes")
        offset = (number - 1) * limit("part_bytes")
        got = await self._net.blobs.receive(
            document.body["name"], request.stream(), offset=offset, limit=expected
        )
        if got != expected:
            raise refused(400, "PartSizeMismatch", f"The part must have {expected} bytes")
        fresh = self._net.documents.get(UPLOAD, document.id) or document
        received = sorted({*fresh.body["received"], number})
        self._net.documents.update(UPLOAD, document.id, received=received)
        return JSONResponse({"partNumber": number, "sizeBytes": expected})

    async def finish(self, request: Request) -> Response:
        """`finishUpload`: again and again with the same answer."""
        body = await read_body(request, jobId=str)
        document = self._own(request, body["jobId"])
        if document.body["state"] == COMPLETED:
            return JSONResponse(_outcome(document.body))
        document = self._open(request, body["jobId"])
        missing = sorted(set(range(1, _count(document.body["size"]) + 1)) - set(document.body["received"]))
        if missing:
            raise refused(400, "MissingParts", ", ".join(map(str, missing)))
        account = self._account(request)
        blob = self._blobs.keep(account, document.body["name"], VIDEO_TYPES[0])
        known = self._net.documents.get(VIDEO, f"{account.id}/{blob.cid}")
        if known is None:
            status = self._video.begin(request, account, blob)
        else:
            status = {"jobId": known.body["job"], "did": account.id, "state": "JOB_STATE_COMPLETED"}
            status["blob"] = blob.reference
        self._net.documents.update(UPLOAD, document.id, state=COMPLETED, completed=status)
        return JSONResponse(_outcome({"completed": status}))

    async def status(self, request: Request) -> Response:
        """`getUploadStatus`."""
        document = self._own(request, needed(request, "jobId"))
        state = _state(document)
        more = _outcome(document.body) if state == COMPLETED else {}
        return JSONResponse(
            {**_sizes(document), "receivedParts": document.body["received"], "state": state, **more}
        )

    async def abort(self, request: Request) -> Response:
        """`abortUpload`: ends one that is open, and tells the end of any other."""
        body = await read_body(request, jobId=str)
        document = self._own(request, body["jobId"])
        state = _state(document)
        if state == CREATED:
            state = ABORTED
            self._net.documents.update(UPLOAD, document.id, state=state)
        done = document.body["completed"]
        return JSONResponse({"state": state, **({"completedJobId": done["jobId"]} if done else {})})

    def _account(self, request: Request) -> Account:
        return self._sessions.service(request, UPLOADED_FOR)

    def _own(self, request: Request, job: str) -> Document:
        account = self._account(request)
        document = self._net.documents.get(UPLOAD, job)
        if document is None or document.account_id != account.id:
            raise refused(400, "UploadNotFound", "The job ID is unknown")
        return document

    def _open(self, request: Request, job: str) -> Document:
        document = self._own(request, job)
        state = _state(document)
        if state == EXPIRED:
            raise refused(400, "UploadExpired", "The upload session expired before completion")
        if state == ABORTED:
            raise refused(400, "UploadAborted", "The session was aborted")
        if state == COMPLETED:
            raise refused(400, "UploadAlreadyCompleted", "The session has already completed")
        return document


def _state(document: Document) -> str:
    state = str(document.body["state"])
    return EXPIRED if state == CREATED and document.expired else state


def _count(size: int) -> int:
    return -(-size // limit("part_bytes"))


def _length(size: int, number: int) -> int:
    part = limit("part_bytes")
    return max(0, min(part, size - (number - 1) * part))


def _sizes(document: Document) -> dict[str, Any]:
    assert document.expires is not None
    return {
        "jobId": document.id,
        "partSizeBytes": limit("part_bytes"),
        "partCount": _count(document.body["size"]),
        "expiresAt": clock.iso(document.expires),
    }


def _outcome(body: dict[str, Any]) -> dict[str, Any]:
    status = body["completed"]
    return {"completedJobId": status["jobId"], "jobStatus": status}
