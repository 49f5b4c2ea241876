"""For google-api-python-client and apps that subtitle: `captions`, uploaded as files, listed, given back and removed."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import MAY_COMMENT, Auth, Caller
from polypost.sandbox.networks.youtube.intake import Intake
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.networks.youtube.lists import listed, member, shown
from polypost.sandbox.networks.youtube.lists import resource as read_resource
from polypost.sandbox.networks.youtube.metadata import parts
from polypost.sandbox.networks.youtube.quota import Quota
from polypost.sandbox.networks.youtube.sessions import Session, Sessions
from polypost.sandbox.networks.youtube.videos import Videos, stamp, tagged
from polypost.sandbox.simkit import Document, Exchange, Network, SimPost

CAPTION = "caption"
PARTS = ("id", "snippet")
DOMAIN = "youtube.caption"


class CaptionIntake(Intake):
    """`captions.insert`, and `captions.update` with another file."""

    most = limit("caption_bytes")
    methods = frozenset({"POST", "PUT"})

    def __init__(self, net: Network, auth: Auth, quota: Quota, videos: Videos, captions: Captions) -> None:
        super().__init__(net, auth, quota, videos)
        self._captions = captions

    def enter(self, request: Request) -> Caller:
        """May change what belongs to a video."""
        caller = self._auth.enter(request, MAY_COMMENT)
        self._quota.units(caller.project, "caption")
        return caller

    def order(self, request: Request) -> dict[str, Any]:
        """Which parts the resource has."""
        return {"parts": parts(request, PARTS), "change": request.method == "PUT"}

    def complete(self, caller: Caller, order: dict[str, Any], body: Any) -> dict[str, Any]:
        """The track's video, language and name; a language has one track of a name."""
        if order["change"]:
            track = self._captions.track(caller, str(member(body, "id") or ""))
            return order | {"track_id": track.id, "draft": _draft(body, track)}
        video_id, language = member(body, "snippet", "videoId"), member(body, "snippet", "language")
        name = member(body, "snippet", "name")
        if not isinstance(video_id, str) or not isinstance(language, str) or not isinstance(name, str):
            message = (
                "The request contains invalid metadata values, which prevent the track from being created."
            )
            raise errors.refused(400, "invalidMetadata", message, domain=DOMAIN)
        if len(name) > limit("caption_name_characters"):
            raise errors.refused(400, "nameTooLong", "The specified name is too long.", domain=DOMAIN)
        post = self._videos.get(video_id)
        if post is None or post.account_id != caller.account.id:
            raise errors.not_found("video", "videoNotFound", DOMAIN, "body.snippet.videoId")
        tracks = self._net.documents.of_account(CAPTION, post.id)
        if any((each.body["language"], each.body["name"]) == (language, name) for each in tracks):
            message = "The specified video already has a caption track with the given language and name."
            raise errors.refused(409, "captionExists", message, domain=DOMAIN)
        draft = member(body, "snippet", "isDraft") is True
        return order | {"video": post.id, "language": language, "track": name, "draft": draft}

    async def make(self, call: Exchange, sessions: Sessions, session: Session, size: int) -> dict[str, Any]:
        """The track is there at once."""
        if not size:
            message = "The request does not include the caption track contents."
            raise errors.refused(400, "contentRequired", message, domain=DOMAIN)
        order = session.order
        if order["change"]:
            self._net.documents.update(CAPTION, order["track_id"], draft=order["draft"], blob=session.blob)
            changed = self._net.documents.get(CAPTION, order["track_id"])
            result = resource(changed) if changed else {}
            sessions.change(session, result=result, received=size)
            return result
        stored = {
            "language": order["language"],
            "name": order["track"],
            "draft": order["draft"],
            "blob": session.blob,
        }
        # The owner column holds the video, so that its tracks can be listed.
        made = self._net.documents.put(CAPTION, secrets.token_urlsafe(33), stored, account_id=order["video"])
        result = resource(made)
        sessions.change(session, result=result, received=size)
        return result


class Captions:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, quota: Quota, videos: Videos) -> None:
        self._auth = auth
        self._quota = quota
        self._videos = videos
        self._net = net

    async def list(self, request: Request) -> Response:
        """`GET /youtube/v3/captions?videoId=`."""
        caller = self._enter(request, "write")
        parts(request, PARTS)
        post = self._own(caller, request.query_params.get("videoId", ""))
        tracks = self._net.documents.of_account(CAPTION, post.id)
        body = listed("captionListResponse", [resource(each) for each in tracks])
        # captions.list has no pages.
        del body["pageInfo"]
        return shown(request, body)

    async def download(self, request: Request) -> Response:
        """`GET /youtube/v3/captions/{id}`: the file as it was uploaded."""
        track = self.track(self._enter(request, "caption"), str(request.path_params["id"]))
        return FileResponse(self._net.blobs.path(track.body["blob"]), media_type="application/octet-stream")

    async def change(self, request: Request) -> Response:
        """`PUT /youtube/v3/captions`: whether it is a draft; another file goes to the upload address."""
        caller = self._enter(request, "write")
        parts(request, PARTS)
        body = await read_resource(request)
        track = self.track(caller, str(body.get("id", "")))
        self._net.documents.update(CAPTION, track.id, draft=_draft(body, track))
        return shown(request, resource(self.track(caller, track.id)))

    async def delete(self, request: Request) -> Response:
        """`DELETE /youtube/v3/captions?id=`."""
        track = self.track(self._enter(request, "write"), request.query_params.get("id", ""))
        self._net.documents.delete(CAPTION, track.id)
        return Response(status_code=204)

    def _enter(self, request: Request, cost: str) -> Caller:
        caller = self._auth.enter(request, MAY_COMMENT)
        self._quota.units(caller.project, cost)
        return caller

    def track(self, caller: Caller, name: str) -> Document:
        """The caller's track of this id. Raises Refused (404)."""
        track = self._net.documents.get(CAPTION, name)
        if track is None:
            raise errors.not_found("caption track", "captionNotFound", DOMAIN)
        self._own(caller, track.account_id or "")
        return track

    def _own(self, caller: Caller, video_id: str) -> SimPost:
        post = self._videos.get(video_id)
        if post is None or post.account_id != caller.account.id:
            raise errors.not_found("video", "videoNotFound", DOMAIN, "videoId")
        return post


def _draft(body: Any, track: Document) -> bool:
    given = member(body, "snippet", "isDraft") if isinstance(body, dict) else None
    return given if isinstance(given, bool) else bool(track.body["draft"])


def resource(track: Document) -> dict[str, Any]:
    """`youtube#caption`."""
    snippet = {
        "videoId": track.account_id,
        "lastUpdated": stamp(track.created),
        "trackKind": "standard",
        "language": track.body["language"],
        "name": track.body["name"],
        "audioTrackType": "unknown",
        "isCC": False,
        "isLarge": False,
        "isEasyReader": False,
        "isDraft": track.body["draft"],
        "isAutoSynced": False,
        "status": "serving",
    }
    return tagged({"kind": "youtube#caption", "id": track.id, "snippet": snippet})
