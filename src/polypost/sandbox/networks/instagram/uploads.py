"""rupload.facebook.com: the bytes of a video in one stream, in several after a break, or by an address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.instagram.auth import PUBLISH, Auth
from polypost.sandbox.networks.instagram.containers import Containers, purpose
from polypost.sandbox.networks.instagram.intake import Intake
from polypost.sandbox.networks.instagram.media_rules import most_bytes
from polypost.sandbox.simkit import Network, Params, meta
from polypost.sandbox.simkit.containers import AWAITING, Container
from polypost.sandbox.simkit.meta import upload_failed, upload_header

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
            raise upload_failed("ProcessingFailedError", "The container takes no bytes")
        if url := request.headers.get("file_url"):
            if not await self._intake.sent(container, url):
                raise upload_failed("ProcessingFailedError", "Request processing failed")
            return JSONResponse(DONE)
        offset, total = upload_header(request, "offset"), upload_header(request, "file_size")
        if not 0 < total <= most_bytes(purpose(container), video=True):
            raise upload_failed("ProcessingFailedError", "The file is empty or too large")
        received = self._net.blobs.size(container.blob)
        if offset > received or (container.total is not None and total != container.total):
            raise upload_failed(
                "OffsetInvalidError",
                f"Request starting offset is invalid, {received} bytes are here",
                retriable=True,
            )
        self._containers.change(container, total=total)
        await self._receive(request, container, offset, total)
        # Also for a part: the answer is the same whether more is to come or not.
        return JSONResponse(DONE)

    async def _receive(self, request: Request, container: Container, offset: int, total: int) -> None:
        blobs = self._net.blobs
        # What an earlier attempt left behind the offset would stay in the file if this one is shorter.
        with blobs.path(container.blob).open("r+b") as file:
            file.truncate(offset)
        size = await blobs.receive(container.blob, request.stream(), offset=offset, limit=total - offset)
        if offset + size > total:
            raise upload_failed("ProcessingFailedError", "There are more bytes than file_size says")
        if offset + size == total and not await self._intake.finish(container):
            raise upload_failed("ProcessingFailedError", "Request processing failed")

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
