"""Videos in Facebook's three ways: `/{page}/videos`, and with uploads of their own `/video_reels` and `/video_stories`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import Auth, Caller
from polypost.sandbox.networks.facebook.library import FAILED, HERE, Library, Video
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.networks.facebook.media_rules import REEL, STORY, VIDEO
from polypost.sandbox.networks.facebook.media_rules import video as video_facts
from polypost.sandbox.networks.facebook.params import number, schedule, words
from polypost.sandbox.networks.facebook.posting import Posting
from polypost.sandbox.networks.facebook.timeline import Timeline
from polypost.sandbox.simkit import Account, Exchange, Network, exchange, media_of, origin, pieces
from polypost.sandbox.simkit.meta import SUCCESS, flag

SESSION, HANDLE = "upload_session", "upload_handle"
STATES = ("PUBLISHED", "DRAFT", "SCHEDULED")
UPLOAD_HOST = "rupload.facebook.com"


class Videos:
    """The handlers."""

    def __init__(
        self, net: Network, auth: Auth, library: Library, timeline: Timeline, posting: Posting
    ) -> None:
        self._auth = auth
        self._net = net
        self._library = library
        self._timeline = timeline
        self._posting = posting

    async def videos(self, request: Request) -> Response:
        """`POST /{page}/videos`: in phases, or at once as a file, by its address, or by the handle of an upload."""
        caller, page = await self._posting.enter(request)
        phase = caller.params.text("upload_phase")
        if phase == "start":
            return self._start(caller, page)
        if phase == "transfer":
            return await self._transfer(request, caller, page)
        if phase == "finish":
            video = self._session(caller, page)
            if self._library.received(video) < (video.total or 0):
                raise errors.refused("upload_failed")
            await self._complete(request, caller, page, video)
            return JSONResponse(SUCCESS)
        if phase == "cancel":
            self._library.forget(VIDEO, self._session(caller, page).id)
            return JSONResponse(SUCCESS)
        if phase:
            raise errors.invalid("Param upload_phase must be one of {start, transfer, finish, cancel}")
        return await self._at_once(request, caller, page)

    def _start(self, caller: Caller, page: Account) -> Response:
        total = number(caller.params, "file_size")
        if not 0 < total <= limit("video_bytes"):
            raise errors.invalid("Param file_size is out of range")
        video = self._library.add_video(page.id, VIDEO, total=total, app=caller.token.client_id)
        session = self._library.new_id()
        self._net.documents.put(SESSION, session, {"video": video.id}, account_id=page.id)
        return JSONResponse({"upload_session_id": session, "video_id": video.id, **_offsets(0, total)})

    def _session(self, caller: Caller, page: Account) -> Video:
        session = caller.params.text("upload_session_id")
        found = self._net.documents.get(SESSION, session) if session else None
        video = self._library.video(found.body["video"], page.id) if found else None
        if video is None or video.finished or video.expired:
            raise errors.refused("upload_expired")
        return video

    async def _transfer(self, request: Request, caller: Caller, page: Account) -> Response:
        video = self._session(caller, page)
        here, total = self._library.received(video), video.total or 0
        if exchange(request).fault("upload_timeout"):
            raise errors.refused("upload_timeout")
        # 1363037 names the offset at which to go on, which clients are to follow.
        if number(caller.params, "start_offset") != here or exchange(request).fault("wrong_offset"):
            raise errors.wrong_offset(here, min(here + limit("chunk_bytes"), total))
        chunk = caller.params.files.get("video_file_chunk")
        if chunk is None:
            raise errors.invalid("The parameter video_file_chunk is required")
        size = await self._net.blobs.receive(video.blob, pieces(chunk), offset=here, limit=total - here)
        if size > total - here:
            with self._net.blobs.path(video.blob).open("r+b") as file:
                file.truncate(here)
            raise errors.refused("upload_failed")
        if here + size == total:
            self.examine(video)
        return JSONResponse(_offsets(here + size, total))

    async def _at_once(self, request: Request, caller: Caller, page: Account) -> Response:
        params = caller.params
        file, url = params.files.get("source"), params.text("file_url").strip()
        handle = params.text("fbuploader_video_file_chunk")
        if file is None and not url and not handle:
            raise errors.invalid("The parameter file_url or source is required")
        video = self._library.add_video(page.id, VIDEO, app=caller.token.client_id)
        arrived = True
        if file is not None:
            arrived = await self._from_form(video, file)
        elif handle:
            video = self._from_handle(video, handle)
        else:
            arrived = await self._library.fetch(url, video.blob, limit("video_bytes"))
        await self._complete(request, caller, page, video, arrived=arrived, simple=file is not None)
        return JSONResponse({"id": video.id})

    async def _from_form(self, video: Video, file: UploadFile) -> bool:
        most = limit("simple_video_bytes")
        return await self._net.blobs.receive(video.blob, pieces(file), limit=most) <= most

    def _from_handle(self, video: Video, handle: str) -> Video:
        found = self._net.documents.get(HANDLE, handle)
        if found is None:
            raise errors.invalid("Param fbuploader_video_file_chunk must be the handle of a finished upload")
        return self._library.change(video, blob=found.body["blob"])

    async def _complete(
        self,
        request: Request,
        caller: Caller,
        page: Account,
        video: Video,
        *,
        arrived: bool = True,
        simple: bool = False,
    ) -> None:
        """All bytes are here: examine them, and publish unless it is for later or for nobody."""
        params = caller.params
        published = flag(params, "published", default=True)
        scheduled = schedule(params, published=published)
        title = words(params, "title", "name", most="title_characters")
        description = words(params, "description", most="message_characters")
        thumb = params.files.get("thumb")
        cover = (await self._library.image(thumb, ""))["blob"] if thumb is not None else None
        if video.stage != HERE:
            video = self.examine(video, arrived=arrived, simple=simple)
        call = exchange(request)
        changes = {"title": title, "description": description, "thumb": cover, "scheduled": scheduled}
        if video.stage == FAILED:
            # Meta takes a video first and looks at it afterwards: only its status tells.
            self._library.change(video, finished=True, **changes)
            return
        if published:
            self._timeline.check(call)
        video = self._begin(video, call, changes, finished=not published)
        if published and video.wrong is None:
            async with call.commit():
                self._timeline.show(page, self._library.change(video, finished=True))

    def _begin(self, video: Video, call: Exchange, changes: dict[str, Any], *, finished: bool) -> Video:
        """The work on it begins now."""
        wrong = "The video could not be processed." if call.fault("processing_failed") else video.wrong
        began = {"begun": clock.now().timestamp(), "extra": call.seconds("processing"), "looks": 0}
        done = finished or wrong is not None
        return self._library.change(video, finished=done, wrong=wrong, **began, **changes)

    def examine(self, video: Video, *, arrived: bool = True, simple: bool = False) -> Video:
        """Look at the bytes: what is no video fails at once, a reel or story against the rules in the work on it."""
        facts, wrong = video_facts(self._net.blobs.path(video.blob), video.kind)
        if simple and facts is not None and (facts.duration or 0) > limit("simple_video_seconds"):
            wrong = "The video is too long for this way of uploading."
        if not arrived or facts is None:
            return self._library.change(video, stage=FAILED, wrong=wrong or "The file could not be fetched.")
        if video.kind == VIDEO and wrong:
            return self._library.change(video, stage=FAILED, wrong=wrong)
        return self._library.change(
            video,
            stage=HERE,
            media=media_of(video.blob, facts, kind="video" if facts.kind == "video" else "image"),
            wrong=wrong,
        )

    async def reels(self, request: Request) -> Response:
        """`POST /{page}/video_reels`: start, then the upload elsewhere, then finish."""
        return await self._phases(request, REEL)

    async def stories(self, request: Request) -> Response:
        """`POST /{page}/video_stories`: the same for a story of a day."""
        return await self._phases(request, STORY)

    async def _phases(self, request: Request, kind: str) -> Response:
        caller, page = await self._posting.enter(request)
        phase = caller.params.text("upload_phase").lower()
        if phase == "start":
            video = self._library.add_video(page.id, kind, app=caller.token.client_id)
            version = request.path_params.get("version", 26.0)
            url = f"{origin(request, known_as=UPLOAD_HOST)}/video-upload/v{version}/{video.id}"
            return JSONResponse({"video_id": video.id, "upload_url": url})
        if phase != "finish":
            raise errors.invalid("Param upload_phase must be one of {start, finish}")
        video_id = caller.params.text("video_id")
        found = self._library.video(video_id, page.id)
        if found is None or found.kind != kind:
            raise errors.missing(video_id, "post")
        return await self._finish(request, caller, page, found)

    async def _finish(self, request: Request, caller: Caller, page: Account, video: Video) -> Response:
        if video.expired:
            raise errors.refused("upload_expired")
        if video.stage != HERE:
            raise errors.refused("upload_failed")
        # Whether a `finish` may be repeated is not documented; here the second one is refused.
        if video.post is not None:
            raise errors.invalid("This video is published already")
        params, call = caller.params, exchange(request)
        # Stories have no state: finishing one publishes it.
        state = params.text("video_state").upper() or ("PUBLISHED" if video.kind == STORY else "")
        if state not in STATES:
            raise errors.invalid(f"Param video_state must be one of {{{', '.join(STATES)}}}")
        changes: dict[str, Any] = {
            "state": state,
            "title": words(params, "title", most="title_characters"),
            "description": words(params, "description", most="message_characters"),
            "scheduled": schedule(params, published=False) if state == "SCHEDULED" else None,
        }
        if state == "SCHEDULED" and changes["scheduled"] is None:
            raise errors.invalid("The parameter scheduled_publish_time is required")
        if state != "PUBLISHED":
            self._begin(video, call, changes, finished=True)
            return JSONResponse(SUCCESS)
        return await self._publish(page, video, call, changes)

    async def _publish(
        self, page: Account, video: Video, call: Exchange, changes: dict[str, Any]
    ) -> Response:
        self._timeline.check(call)
        if video.kind == REEL:
            self._count_reel(page)
        video = self._begin(video, call, changes, finished=False)
        answer: dict[str, Any] = dict(SUCCESS)
        async with call.commit():
            video = self._library.change(video, finished=True)
            # A video against the rules is taken all the same and fails in the work on it, which its status tells.
            shown = self._timeline.show(page, video).id if video.wrong is None else None
            answer["post_id"] = shown or self._timeline.new_id(page, video.kind)
        return JSONResponse(answer)

    def _count_reel(self, page: Account) -> None:
        most, day = limit("reels_per_day"), timedelta(hours=24)
        if not self._net.buckets.take("reels", page.id, limit=most, window=day).ok:
            raise errors.refused("reel_quota")

    async def change(self, request: Request, caller: Caller, page: Account, video: Video) -> Response:
        """`POST /{video}`: its text, or `published=true` for one that was kept back."""
        params, changes = caller.params, dict[str, Any]()
        if "description" in params.values:
            changes["description"] = words(params, "description", most="message_characters")
        if "name" in params.values or "title" in params.values:
            changes["title"] = words(params, "name", "title", most="title_characters")
        show = flag(params, "published", default=False) and video.post is None
        if not changes and "published" not in params.values:
            raise errors.invalid("There is nothing to change")
        if not show:
            self._library.change(video, **changes)
            return JSONResponse(SUCCESS)
        if not video.finished or video.wrong is not None:
            raise errors.invalid("This video cannot be published")
        call = exchange(request)
        self._timeline.check(call)
        async with call.commit():
            self._timeline.show(page, self._library.change(video, **changes))
        return JSONResponse(SUCCESS)

    async def set_thumbnail(self, request: Request) -> Response:
        """`POST /{video}/thumbnails`: an image of one's own."""
        caller = await self._auth.enter(request)
        page = caller.acting
        caller.require("pages_manage_posts")
        video = self._library.video(str(request.path_params["id"]), page.id)
        if video is None:
            raise errors.missing(str(request.path_params["id"]), "post")
        if exchange(request).fault("thumbnail_refused"):
            raise errors.refused("thumbnail_refused")
        file = next(iter(caller.params.files.values()), None)
        if file is None:
            raise errors.invalid("The parameter source is required")
        cover = await self._library.image(file, "")
        self._library.change(video, thumb=cover["blob"])
        return JSONResponse(SUCCESS)


def _offsets(start: int, total: int) -> dict[str, str]:
    # Both are strings, and equal when all is there (Graph API: Page videos).
    return {"start_offset": str(start), "end_offset": str(min(start + limit("chunk_bytes"), total))}
