"""The upload host: the bytes of a video in chunks, one after the other."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.networks.tiktok.media_rules import VIDEO_TYPES, examine
from polypost.sandbox.networks.tiktok.pulls import longest
from polypost.sandbox.networks.tiktok.tasks import AWAITING, FAILED, Task, Tasks
from polypost.sandbox.simkit import Network, Refused, exchange

UPLOAD = "upload"
# Trouble of the upload host alone, by the name of the fault, and the status with which it answers.
TROUBLE = {"upload_url_expired": 403, "upload_unknown": 404, "upload_busy": 503}
_RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})", re.ASCII)


class Uploads:
    """The handler, and the addresses it serves."""

    def __init__(self, net: Network, tasks: Tasks) -> None:
        self._net = net
        self._tasks = tasks

    def open(self, task: Task) -> str:
        """The address to which the bytes of a task are sent; it works for an hour and needs no token."""
        upload_id, token = self._net.snowflake(), secrets.token_urlsafe(16)
        expires = clock.now() + timedelta(seconds=limit("upload_url_seconds"))
        self._net.documents.put(
            UPLOAD, upload_id, {"task": task.id, "token": token}, account_id=task.account_id, expires=expires
        )
        return f"{self._net.url}/video/?upload_id={upload_id}&upload_token={token}"

    async def put(self, request: Request) -> Response:
        """`PUT /video/?upload_id=…&upload_token=…`; answers have a status and no body."""
        document = self._net.documents.get(UPLOAD, request.query_params.get("upload_id", ""))
        task = None if document is None else self._tasks.get(document.body["task"])
        if document is None or task is None:
            return Response(status_code=404)
        call = exchange(request)
        call.identify(task.account_id)
        for name, status in TROUBLE.items():
            if call.fault(name):
                return Response(status_code=status)
        token = request.query_params.get("upload_token", "")
        if document.expired or not secrets.compare_digest(token.encode(), document.body["token"].encode()):
            return Response(status_code=403)
        if task.stage == FAILED and not task.body["received"]:
            return Response(status_code=404)
        asked = _RANGE.fullmatch(request.headers.get("content-range", "").strip())
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if asked is None or kind not in VIDEO_TYPES or int(asked[3]) != task.body["size"]:
            return Response(status_code=400)
        return await self._take(request, task, int(asked[1]), int(asked[2]))

    async def _take(self, request: Request, task: Task, first: int, last: int) -> Response:
        if task.stage != AWAITING or first != task.body["received"]:
            return _progress(task, 416)
        end = chunk_end(task, first)
        declared = request.headers.get("content-length")
        if last != end or (declared is not None and declared != str(last - first + 1)):
            return Response(status_code=400)
        wanted = last - first + 1
        got = await self._net.blobs.receive(task.body["blob"], request.stream(), offset=first, limit=wanted)
        return Response(status_code=400) if got != wanted else await self._stored(request, task, first, last)

    async def _stored(self, request: Request, task: Task, first: int, last: int) -> Response:
        task = self._tasks.again(task)
        if task.stage != AWAITING or first != task.body["received"]:
            # Two callers sent the same chunk at once, and this one was the slower.
            return _progress(task, 416)
        if last + 1 < task.body["size"]:
            self._tasks.change(task, received=last + 1)
            return _progress(self._tasks.again(task), 206)
        try:
            async with exchange(request).commit():
                self._complete(task)
        except Refused as refused:
            # This host has no bodies, whatever it refuses.
            return Response(status_code=refused.response.status_code)
        return _progress(self._tasks.again(task), 201)

    def _complete(self, task: Task) -> None:
        """All bytes are here: from now on the post makes itself."""
        self._tasks.change(task, received=task.body["size"])
        path = self._net.blobs.path(task.body["blob"])
        media, wrong = examine(path, video=True, longest=longest(self._net, task))
        if wrong is not None or media is None:
            self._tasks.fail(task, wrong or "internal")
        else:
            self._tasks.arrive(task, [media])


def chunk_end(task: Task, first: int) -> int:
    """The last byte of the chunk that begins at `first`; the final one takes what is left over."""
    size, chunk, count = task.body["size"], task.body["chunk"], task.body["count"]
    return int(size - 1 if first // chunk >= count - 1 else first + chunk - 1)


def _progress(task: Task, status: int) -> Response:
    received, size = task.body["received"], task.body["size"]
    # With no byte there is no range to name (RFC 9110, 14.4).
    shown = f"bytes 0-{received - 1}/{size}" if received else f"bytes */{size}"
    return Response(status_code=status, headers={"content-range": shown})
