"""rupload.facebook.com: the bytes of a video in one stream, in several after a break, or by an address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.instagram.auth import PUBLISH, Auth
from polypost.sandbox.networks.instagram.containers import Containers, purpose
from polypost.sandbox.networks.instagram.intake import Intake
from polypost.sandbox.networks.instagram.media_rules import most_bytes
from polypost.sandbox.simkit import Network, Params, Refused, meta
from polypost.sandbox.simkit.containers import AWAITING, Container

DONE = {"success": True, "message": "Upload successful."}


class Uploads:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, containers: Containers, intake: Intake) -> None:
        self._auth = auth
        self._net = net
        self._containers = containers
        self._intake = intake

    async def send(self, request: Request) -> Response:
        """`POST /ig-api-upload/{container}`: bytes from `offset` on, or a `file_url` and no body."""
        container = self._mine(request)
        if container.stage != AWAITING or container.expired:
            raise _failed("ProcessingFailedError", "The container takes no bytes")
        if url := request.headers.get("file_url"):
            if not await self._intake.sent(container, url):
                raise _failed("ProcessingFailedError", "Request processing failed")
            return JSONResponse(DONE)
        offset, total = _number(request, "offset"), _number(request, "file_size")
        if not 0 < total <= most_bytes(purpose(container), video=True):
            raise _failed("ProcessingFailedError", "The file is empty or too large")
        received = self._net.blobs.size(container.blob)
        if offset > received or (container.total is not None and total != container.total):
            raise _failed(
                "OffsetInvalidError", f"Request starting offset is invalid, {received} bytes are here"
            )
        self._containers.change(container, total=total)
        await self._receive(request, container, offset, total)
        return JSONResponse(DONE)

    async def _receive(self, request: Request, container: Container, offset: int, total: int) -> None:
        blobs = self._net.blobs
        # What an earlier attempt left behind the offset would stay in the file if this one is shorter.
        with blobs.path(container.blob).open("r+b") as file:
            file.truncate(offset)
        size = await blobs.receive(container.blob, request.stream(), offset=offset, limit=total - offset)
        if offset + size > total:
            raise _failed("ProcessingFailedError", "There are more bytes than file_size says")
        if offset + size == total and not await self._intake.finish(container):
            raise _failed("ProcessingFailedError", "Request processing failed")

    async def progress(self, request: Request) -> Response:
        """`GET /ig-api-upload/{container}`: the offset at which to go on."""
        return JSONResponse({"offset": self._net.blobs.size(self._mine(request).blob)})

    def _mine(self, request: Request) -> Container:
        params = Params(dict(request.query_params))
        caller = self._auth.caller(request, params, PUBLISH)
        container = self._containers.get(str(request.path_params["container"]), caller.account.id)
        if container is None or not container.blob:
            raise meta.missing(str(request.path_params["container"]), "post")
        return container


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise _failed("ProcessingFailedError", f"The header {name} must be a number of bytes")
    return int(text)


def _failed(kind: str, message: str) -> Refused:
    body = {"debug_info": {"retriable": kind == "OffsetInvalidError", "type": kind, "message": message}}
    return Refused(JSONResponse(body, 400))
