"""Bytes on their way: rupload.facebook.com for reels and stories, and the Resumable Upload API of apps."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import PUBLISH, Auth
from polypost.sandbox.networks.facebook.library import AWAITING, Library, Video
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.networks.facebook.params import number
from polypost.sandbox.networks.facebook.videos import HANDLE, Videos
from polypost.sandbox.simkit import Document, Network, Params, exchange
from polypost.sandbox.simkit.meta import SUCCESS, upload_failed, upload_header

UPLOAD = "app_upload"
# The file types that the Resumable Upload API takes.
APP_TYPES = frozenset({"application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4"})


class Uploads:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, library: Library, films: Videos) -> None:
        self._auth = auth
        self._net = net
        self._library = library
        self._videos = films

    async def send(self, request: Request) -> Response:
        """`POST /video-upload/{video}`: bytes from `offset` on, or a `file_url` and no body."""
        video = self._mine(request)
        if video.stage != AWAITING or video.expired:
            raise upload_failed("ProcessingFailedError", "This upload takes no more bytes")
        if exchange(request).fault("upload_timeout"):
            raise upload_failed("PartialRequestError", "The upload timed out", retriable=True)
        if url := request.headers.get("file_url"):
            if not await self._library.fetch(url, video.blob, limit("video_bytes")):
                raise upload_failed("ProcessingFailedError", "The file could not be fetched")
            return self._arrived(self._library.change(video, total=self._library.received(video)))
        offset, total = upload_header(request, "offset"), upload_header(request, "file_size")
        here = self._library.received(video)
        if not 0 < total <= limit("video_bytes") or video.total not in {None, total}:
            raise upload_failed("ProcessingFailedError", "The header file_size is not right")
        # An offset before the end is fine: what is here from it on is sent anew.
        if offset > here:
            raise upload_failed(
                "OffsetInvalidError", f"The offset is wrong: {here} bytes are here", retriable=True
            )
        video = self._library.change(video, total=total)
        # What an earlier attempt left behind the offset would stay in the file if this one is shorter.
        with self._net.blobs.path(video.blob).open("r+b") as file:
            file.truncate(offset)
        size = await self._net.blobs.receive(
            video.blob, request.stream(), offset=offset, limit=total - offset
        )
        if offset + size > total:
            raise upload_failed("ProcessingFailedError", "There are more bytes than file_size says")
        return self._arrived(video) if offset + size == total else JSONResponse(SUCCESS)

    def _arrived(self, video: Video) -> Response:
        if self._videos.examine(video).media is None:
            raise upload_failed("ProcessingFailedError", "Request processing failed")
        return JSONResponse(SUCCESS)

    async def progress(self, request: Request) -> Response:
        """`GET /video-upload/{video}`: the offset at which to go on."""
        return JSONResponse({"offset": self._library.received(self._mine(request))})

    def _mine(self, request: Request) -> Video:
        caller = self._auth.caller(request, Params(dict(request.query_params)), PUBLISH)
        video = self._library.video(str(request.path_params["video"]), caller.acting.id)
        if video is None:
            raise errors.missing(str(request.path_params["video"]), "post")
        return video

    async def open(self, request: Request) -> Response:
        """`POST /{app}/uploads`: a session of the Resumable Upload API."""
        caller = await self._auth.enter(request)
        params = caller.params
        kind = params.text("file_type")
        if kind not in APP_TYPES:
            raise errors.invalid("Param file_type must be a type that can be uploaded")
        session = f"upload:{secrets.token_urlsafe(24)}"
        body = {"blob": self._net.blobs.new(), "total": number(params, "file_length")}
        self._net.documents.put(UPLOAD, session, body, account_id=caller.token.account_id)
        return JSONResponse({"id": session})

    async def fill(self, request: Request) -> Response:
        """`POST /upload:…`: bytes from `file_offset` on; the last ones are answered with a handle."""
        session = self._own(request)
        here, total = self._net.blobs.size(session.body["blob"]), session.body["total"]
        if upload_header(request, "file_offset") != here:
            raise errors.wrong_offset(here, total)
        size = await self._net.blobs.receive(
            session.body["blob"], request.stream(), offset=here, limit=total - here
        )
        if size > total - here:
            raise errors.refused("upload_failed")
        if here + size < total:
            return JSONResponse({"id": session.id, "file_offset": here + size})
        handle = f"4::{secrets.token_urlsafe(48)}"
        self._net.documents.put(HANDLE, handle, {"blob": session.body["blob"]})
        return JSONResponse({"h": handle})

    async def filled(self, request: Request) -> Response:
        """`GET /upload:…`: the offset at which to go on."""
        session = self._own(request)
        return JSONResponse({"id": session.id, "file_offset": self._net.blobs.size(session.body["blob"])})

    def _own(self, request: Request) -> Document:
        caller = self._auth.caller(request, Params(dict(request.query_params)))
        name = f"upload:{request.path_params['session']}"
        found = self._net.documents.get(UPLOAD, name)
        if found is None or found.account_id != caller.token.account_id:
            raise errors.missing(name, request.method.lower())
        return found
