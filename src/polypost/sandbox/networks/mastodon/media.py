"""The media addresses: upload in both versions, looking, describing, removing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.mastodon import rates
from polypost.sandbox.networks.mastodon.answers import Answers
from polypost.sandbox.networks.mastodon.auth import Auth
from polypost.sandbox.networks.mastodon.errors import invalid, not_found, refused
from polypost.sandbox.networks.mastodon.intake import Sent, read
from polypost.sandbox.networks.mastodon.library import Focus, Library, Upload
from polypost.sandbox.networks.mastodon.rules import Rules
from polypost.sandbox.networks.mastodon.text import graphemes
from polypost.sandbox.simkit import Caller, Network, exchange, pieces

FAILED = "Error processing thumbnail for uploaded media"
IN_USE = "Media attachment is currently used by a status"


class MediaCalls:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, answers: Answers, library: Library, rules: Rules) -> None:
        self._auth = auth
        self._answers = answers
        self._rules = rules
        self._net = net
        self._library = library

    async def upload(self, request: Request) -> Response:
        """`POST /api/v2/media`: 200 for what is ready, 202 for what is worked on."""
        upload = await self._take(request)
        return JSONResponse(self._answers.media(upload), 200 if upload.ready else 202)

    async def upload_v1(self, request: Request) -> Response:
        """`POST /api/v1/media`, which answers when the work is done."""
        upload = await self._take(request)
        upload = self._library.change(upload.id, ready_at=0.0)
        return JSONResponse(self._answers.media(upload))

    async def _take(self, request: Request) -> Upload:
        caller = self._auth.user(request, "write:media", what=rates.MEDIA)
        sent = await read(request)
        file = sent.files.get("file")
        if file is None:
            raise invalid("File can't be blank")
        alt = sent.text("description")
        self._describable(alt)
        blob = self._net.blobs.new()
        most = max(self._rules.limit("video_bytes"), self._rules.limit("image_bytes"))
        size = await self._net.blobs.receive(blob, pieces(file), limit=most)
        if size > most:
            self._net.blobs.delete(blob)
            # As the front end of a server does, which has a limit of its own.
            raise refused(413, "Payload Too Large")
        try:
            found = self._library.examine(self._net.blobs.path(blob), file.content_type or "")
        except ValueError as wrong:
            self._net.blobs.delete(blob)
            raise invalid(str(wrong)) from wrong
        call = exchange(request)
        if call.fault("thumbnail_failed"):
            self._net.blobs.delete(blob)
            raise refused(500, FAILED)
        failed = call.fault("processing_failed") is not None
        # An image is ready at once; to fail later it has to be worked on.
        work = call.seconds("processing") + (1 if failed else 0)
        focus = _focus(sent)
        return self._library.add(
            caller.account.id, blob, found, alt=alt, focus=focus, work=work, failed=failed
        )

    def _describable(self, alt: str) -> None:
        most = self._rules.limit("alt_text_characters")
        if graphemes(alt) > most:
            raise invalid(f"Description is too long (maximum is {most} characters)")

    def _own(self, request: Request, caller: Caller) -> Upload:
        upload = self._library.get(request.path_params["id"])
        if upload is None or upload.account_id != caller.account.id:
            raise not_found()
        return upload

    def _waiting(self, request: Request, caller: Caller) -> Upload:
        upload = self._own(request, caller)
        if not upload.waiting:
            raise not_found()
        return upload

    async def look(self, request: Request) -> Response:
        """`GET /api/v1/media/{id}`: 206 while it is worked on, 404 as soon as it hangs on a post."""
        caller = self._auth.user(request, "write:media")
        upload = self._waiting(request, caller)
        if not upload.ready:
            return JSONResponse(self._answers.media(upload), 206)
        if upload.failed:
            raise refused(422, FAILED)
        return JSONResponse(self._answers.media(upload))

    async def describe(self, request: Request) -> Response:
        """`PUT /api/v1/media/{id}`: description and focus, before it hangs on a post."""
        caller = self._auth.user(request, "write:media")
        upload, sent = self._waiting(request, caller), await read(request)
        alt = sent.text("description") if "description" in sent.values else upload.alt
        self._describable(alt)
        upload = self._library.change(upload.id, alt=alt, focus=_focus(sent) or upload.focus)
        return JSONResponse(self._answers.media(upload))

    async def remove(self, request: Request) -> Response:
        """`DELETE /api/v1/media/{id}`, since 4.4 and only while it hangs on no post."""
        caller = self._auth.user(request, "write:media")
        if self._rules.older(request):
            raise not_found()
        upload = self._own(request, caller)
        if upload.status_id is not None:
            raise refused(422, IN_USE)
        self._library.forget(upload)
        return JSONResponse({})


def _focus(sent: Sent) -> Focus | None:
    parts = sent.text("focus").split(",")
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return None
    return (x, y) if -1 <= x <= 1 and -1 <= y <= 1 else None
