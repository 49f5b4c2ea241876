"""What becomes of uploaded bytes: a video, or the thumbnail of one."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import MAY_UPLOAD, UNAUDITED_CLIENT, Auth, Caller
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.networks.youtube.media_rules import Examined, examine_video, good_thumbnail
from polypost.sandbox.networks.youtube.metadata import READABLE, checked, parts
from polypost.sandbox.networks.youtube.quota import Quota
from polypost.sandbox.networks.youtube.sessions import Session, Sessions
from polypost.sandbox.networks.youtube.videos import Videos, tagged
from polypost.sandbox.simkit import Exchange, Network, Refused, SimPost, exchange

# Faults that refuse an upload at its beginning, each with YouTube's answer.
AT_OPENING: Mapping[str, Callable[[], Response]] = {
    "quota_exceeded": errors.quota_exceeded,
    "uploads_per_day": errors.uploads_per_day,
    "upload_limit": errors.upload_limit,
}
# Faults that spoil a video after its upload: how it ends, and the reason.
AT_PROCESSING = {
    "processing_failed": ("failed", "conversion"),
    "rejected_duplicate": ("rejected", "duplicate"),
}


class Intake(ABC):
    """One kind of upload, from its first request to what it made.

    `most` is the largest file in bytes, `troubles` are the faults that refuse an upload at its beginning, `methods`
    begin one.
    """

    most: int
    methods: frozenset[str] = frozenset({"POST"})
    troubles: Mapping[str, Callable[[], Response]] = MappingProxyType({})

    def __init__(self, net: Network, auth: Auth, quota: Quota, videos: Videos) -> None:
        self._net = net
        self._auth = auth
        self._quota = quota
        self._videos = videos

    @abstractmethod
    def enter(self, request: Request) -> Caller:
        """Who uploads, counted against the quota. Raises Refused."""

    @abstractmethod
    def order(self, request: Request) -> dict[str, Any]:
        """What the query says of the upload. Raises Refused (400)."""

    @abstractmethod
    def complete(self, caller: Caller, order: dict[str, Any], body: Any) -> dict[str, Any]:
        """The order with what the resource in the body adds. Raises Refused (400, 403, 404)."""

    def before(self, request: Request) -> None:
        """The last chance to refuse at the beginning: where a rule strikes."""
        call = exchange(request)
        for name, answer in self.troubles.items():
            if call.fault(name):
                raise Refused(answer())

    @abstractmethod
    async def make(self, call: Exchange, sessions: Sessions, session: Session, size: int) -> dict[str, Any]:
        """Make it, and the answer; both are stored with the session. Raises Refused."""


class VideoIntake(Intake):
    """`videos.insert`."""

    most = limit("video_bytes")
    troubles = AT_OPENING

    def enter(self, request: Request) -> Caller:
        """May upload, has a channel, and the day's uploads are not used up."""
        caller = self._auth.enter(request, MAY_UPLOAD)
        # Counted before anything is judged: invalid requests cost too (Quota costs).
        self._quota.upload(caller.project)
        if exchange(request).fault("no_channel"):
            message = "Unauthorized"
            raise errors.refused(
                401,
                "youtubeSignupRequired",
                message,
                domain="youtube.header",
                location="Authorization",
                kind="header",
            )
        return caller

    def order(self, request: Request) -> dict[str, Any]:
        """The parts, and whether subscribers hear of it."""
        asked = parts(request, READABLE)
        return {
            "parts": asked,
            "notify": request.query_params.get("notifySubscribers", "true").lower() not in {"false", "0"},
        }

    def complete(self, caller: Caller, order: dict[str, Any], body: Any) -> dict[str, Any]:
        """The metadata of the new video."""
        return order | {"made": checked(body, order["parts"])}

    async def make(self, call: Exchange, sessions: Sessions, session: Session, size: int) -> dict[str, Any]:
        """The video is there from the end of its upload on, also while it is processed."""
        account = self._net.accounts.get(session.account_id)
        assert account is not None
        look = partial(examine_video, long_allowed=account.data["long_uploads"] == "allowed")
        examined = await asyncio.to_thread(look, self._net.blobs.path(session.blob))
        # The examination is awaited, so the same end may have been asked for twice; one video comes of it.
        again = sessions.get(session.id)
        if again is not None and again.result is not None:
            return again.result
        for name, (ends, reason) in AT_PROCESSING.items():
            if call.fault(name):
                examined = Examined(examined.facts, ends, reason)
        locked = session.project == UNAUDITED_CLIENT or call.fault("forced_private") is not None
        async with call.commit():
            with self._net.store.transaction():
                post = self._videos.add(
                    account,
                    session.order["made"],
                    session.blob,
                    examined,
                    name=session.order["name"],
                    extra=call.seconds("processing"),
                    locked=locked,
                )
                result = self._answer(post, session.order["parts"])
                sessions.change(session, result=result, received=size)
        return result

    def _answer(self, post: SimPost, asked: list[str]) -> dict[str, Any]:
        body = self._videos.resource(post, asked, owner=True)
        # The lock on the uploads of an unaudited app shows only when the video is read again.
        if post.raw["locked"] and "status" in body:
            body["status"]["privacyStatus"] = post.raw["status"]["privacyStatus"]
        return body


class ThumbnailIntake(Intake):
    """`thumbnails.set`."""

    # Larger files are taken and refused when they are looked at; this only bounds what is stored.
    most = 50 * 1024 * 1024

    def enter(self, request: Request) -> Caller:
        """May upload."""
        caller = self._auth.enter(request, MAY_UPLOAD)
        self._quota.units(caller.project, "thumbnail")
        return caller

    def order(self, request: Request) -> dict[str, Any]:
        """Which video."""
        video_id = request.query_params.get("videoId", "")
        if not video_id:
            raise errors.bad_parameter("videoId", "Required parameter: videoId", "missingRequiredParameter")
        if exchange(request).fault("thumbnail_forbidden"):
            message = (
                "The authenticated user doesn't have permissions to upload and set custom video thumbnails."
            )
            raise errors.refused(403, "forbidden", message, domain="youtube.thumbnail")
        if exchange(request).fault("thumbnail_rate"):
            message = (
                "The channel has uploaded too many thumbnails recently. Please try the request again later."
            )
            raise errors.refused(429, "uploadRateLimitExceeded", message, domain="youtube.thumbnail")
        return {"video": video_id}

    def complete(self, caller: Caller, order: dict[str, Any], body: Any) -> dict[str, Any]:
        """The video must be there and the caller's."""
        post = self._videos.get(order["video"])
        if post is None:
            raise errors.not_found("video", "videoNotFound", location="videoId")
        if post.account_id != caller.account.id:
            message = "The thumbnail can't be set for the specified video. The request might not be properly authorized."
            raise errors.refused(403, "forbidden", message, domain="youtube.thumbnail")
        return order

    async def make(self, call: Exchange, sessions: Sessions, session: Session, size: int) -> dict[str, Any]:
        """The image takes the place of the one before."""
        if not size:
            raise errors.refused(400, "mediaBodyRequired", "The request does not include the image content.")
        good = await asyncio.to_thread(good_thumbnail, self._net.blobs.path(session.blob))
        post = self._videos.get(session.order["video"])
        if post is None:
            raise errors.not_found("video", "videoNotFound", location="videoId")
        if not good:
            message = "The provided image content is invalid."
            raise errors.refused(400, "invalidImage", message, domain="youtube.thumbnail")
        self._videos.change(post, thumbnail=session.blob)
        result = tagged(
            {
                "kind": "youtube#thumbnailSetResponse",
                "items": [self._videos.thumbnails(session.order["video"])],
            }
        )
        sessions.change(session, result=result, received=size)
        return result
