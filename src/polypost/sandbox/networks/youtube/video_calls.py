"""`videos.list`, `update`, `delete`, `rate`, and `search.list` of one's own videos."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import MAY_READ, MAY_WRITE, Auth, Caller
from polypost.sandbox.networks.youtube.categories import CATEGORIES, LANGUAGES, OWNER, REGIONS
from polypost.sandbox.networks.youtube.lists import (
    ids,
    listed,
    no_filter,
    page,
    resource,
    shown,
    uploads_of,
    yes,
)
from polypost.sandbox.networks.youtube.metadata import READABLE, checked, parts
from polypost.sandbox.networks.youtube.quota import Quota
from polypost.sandbox.networks.youtube.videos import OWNER_ONLY, Videos, privacy, tagged
from polypost.sandbox.simkit import Network, SimPost

RATINGS = frozenset({"like", "dislike", "none"})
LOOKING = frozenset({"status", "processingDetails"})


class VideoCalls:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, quota: Quota, videos: Videos) -> None:
        self._auth = auth
        self._quota = quota
        self._videos = videos
        self._net = net

    async def list(self, request: Request) -> Response:
        """`GET /youtube/v3/videos` by id, by chart, or by the caller's rating."""
        caller = self._enter(request, "list", public="myRating" not in request.query_params)
        asked = parts(request, READABLE)
        if "id" in request.query_params:
            found = [post for video_id in ids(request) if (post := self._videos.get(video_id))]
        elif "myRating" in request.query_params:
            wanted = request.query_params["myRating"]
            mine = uploads_of(request, self._net, caller.account.id)
            found = [post for post in mine if post.raw["ratings"].get(caller.account.id) == wanted]
        elif request.query_params.get("chart") == "mostPopular":
            found = []
        else:
            raise no_filter("chart", "id", "myRating")
        seen = [post for post in found if self._videos.visible(post, caller.account.id)]
        if OWNER_ONLY & set(asked) and any(post.account_id != caller.account.id for post in seen):
            message = (
                "The request cannot access user rating information or file details of another user's video."
            )
            raise errors.refused(403, "forbidden", message, location="id")
        items = [self._videos.resource(post, asked, owner=self._owns(caller, post)) for post in seen]
        for post in seen:
            if LOOKING & set(asked) and self._owns(caller, post):
                self._videos.look(post)
        if "id" in request.query_params:
            return shown(request, listed("videoListResponse", items))
        return shown(request, page(request, "videoListResponse", items))

    async def update(self, request: Request) -> Response:
        """`PUT /youtube/v3/videos`: each part that is named is replaced whole."""
        caller = self._enter(request, "write", MAY_WRITE)
        asked = parts(request, READABLE)
        body = await resource(request)
        post = self._own(caller, str(body.get("id", "")))
        old = {
            "snippet": post.raw["snippet"],
            # A scheduled video whose time has come counts as public, whatever was stored.
            "status": post.raw["status"] | {"privacyStatus": privacy(post)},
        }
        made = checked(body, asked, old=old)
        if made.get("status", {}).get("privacyStatus", "private") != "private" and post.raw["locked"]:
            message = "The request attempts to set an invalid privacy setting for the video."
            raise errors.refused(
                403, "forbiddenPrivacySetting", message, location="body.status.privacyStatus", kind="other"
            )
        post = self._videos.change(post, **made)
        return shown(request, self._videos.resource(post, asked, owner=True))

    async def delete(self, request: Request) -> Response:
        """`DELETE /youtube/v3/videos?id=`."""
        caller = self._enter(request, "write", MAY_WRITE)
        post = self._own(caller, request.query_params.get("id", ""))
        self._net.posts.delete(post.id)
        return Response(status_code=204)

    async def rate(self, request: Request) -> Response:
        """`POST /youtube/v3/videos/rate`."""
        caller = self._enter(request, "write", MAY_WRITE)
        rating = request.query_params.get("rating", "")
        if rating not in RATINGS:
            raise errors.bad_parameter("rating", f"Invalid value '{rating[:20]}'.", "invalidRating")
        post = self._seen(caller, request.query_params.get("id", ""))
        ratings = {**post.raw["ratings"], caller.account.id: rating}
        self._videos.change(post, ratings=ratings)
        return Response(status_code=204)

    async def rating(self, request: Request) -> Response:
        """`GET /youtube/v3/videos/getRating`."""
        caller = self._enter(request, "list")
        posts = [self._seen(caller, video_id) for video_id in ids(request)]
        items = [
            {"videoId": post.id, "rating": post.raw["ratings"].get(caller.account.id, "none")}
            for post in posts
        ]
        return shown(request, tagged({"kind": "youtube#videoGetRatingResponse", "items": items}))

    async def search(self, request: Request) -> Response:
        """`GET /youtube/v3/search`: the caller's videos with `forMine`, a channel's or everybody's public ones without."""
        query = request.query_params
        caller = self._auth.enter(request, MAY_READ, public=not yes(request, "forMine"))
        self._quota.search(caller.project)
        parts(request, ("id", "snippet"))
        if query.get("type", "video") != "video" and not yes(request, "forMine"):
            return shown(request, page(request, "searchListResponse", []))
        mine = yes(request, "forMine")
        channels = [caller.account.id] if mine else [query.get("channelId", "")]
        if channels == [""]:
            channels = [account.id for account in self._net.accounts.all(100)]
        found = [post for channel in channels for post in uploads_of(request, self._net, channel)]
        words = query.get("q", "").casefold().split()
        hits = [
            post
            for post in found
            if (mine or privacy(post) == "public")
            and all(word in f"{post.raw['snippet']['title']} {post.text}".casefold() for word in words)
        ]
        hits.sort(key=lambda post: post.seq, reverse=True)
        return shown(request, page(request, "searchListResponse", [self._hit(post) for post in hits]))

    def _hit(self, post: SimPost) -> dict[str, Any]:
        snippet = self._videos.resource(post, ["snippet"], owner=False)["snippet"]
        names = (
            "publishedAt",
            "channelId",
            "channelTitle",
            "title",
            "description",
            "thumbnails",
            "liveBroadcastContent",
        )
        return tagged(
            {
                "kind": "youtube#searchResult",
                "id": {"kind": "youtube#video", "videoId": post.id},
                "snippet": {name: snippet[name] for name in names},
            }
        )

    async def categories(self, request: Request) -> Response:
        """`GET /youtube/v3/videoCategories` by region or id."""
        self._enter(request, "list", public=True)
        parts(request, ("snippet", "id"))
        wanted = ids(request)
        if not wanted and "regionCode" not in request.query_params:
            raise no_filter("id", "regionCode")
        items = [
            tagged(
                {
                    "kind": "youtube#videoCategory",
                    "id": number,
                    "snippet": {"title": title, "assignable": assignable, "channelId": OWNER},
                }
            )
            for number, (title, assignable) in CATEGORIES.items()
            if not wanted or number in wanted
        ]
        if wanted and not items:
            raise errors.not_found("video category", "videoCategoryNotFound", "youtube.videoCategory")
        return shown(request, tagged({"kind": "youtube#videoCategoryListResponse", "items": items}))

    async def languages(self, request: Request) -> Response:
        """`GET /youtube/v3/i18nLanguages`."""
        return self._i18n(request, "i18nLanguage", "hl", LANGUAGES)

    async def regions(self, request: Request) -> Response:
        """`GET /youtube/v3/i18nRegions`."""
        return self._i18n(request, "i18nRegion", "gl", REGIONS)

    def _i18n(self, request: Request, kind: str, code: str, names: dict[str, str]) -> Response:
        self._enter(request, "list", public=True)
        parts(request, ("snippet", "id"))
        items = [
            tagged({"kind": f"youtube#{kind}", "id": each, "snippet": {code: each, "name": name}})
            for each, name in names.items()
        ]
        return shown(request, tagged({"kind": f"youtube#{kind}ListResponse", "items": items}))

    async def needs_media(self, request: Request) -> Response:
        """`POST /youtube/v3/videos` on the address without `/upload`: there is no video in it."""
        self._enter(request, "list", MAY_WRITE)
        raise errors.refused(400, "mediaBodyRequired", "The request does not include the video content.")

    def _enter(
        self, request: Request, cost: str, scopes: frozenset[str] = MAY_READ, *, public: bool = False
    ) -> Caller:
        caller = self._auth.enter(request, scopes, public=public)
        self._quota.units(caller.project, cost)
        return caller

    def _seen(self, caller: Caller, video_id: str) -> SimPost:
        post = self._videos.get(video_id)
        if post is None or not self._videos.visible(post, caller.account.id):
            raise errors.not_found("video", "videoNotFound")
        return post

    def _own(self, caller: Caller, video_id: str) -> SimPost:
        post = self._seen(caller, video_id)
        if not self._owns(caller, post):
            message = "The request might not be properly authorized."
            raise errors.refused(403, "forbidden", message)
        return post

    def _owns(self, caller: Caller, post: SimPost) -> bool:
        return post.account_id == caller.account.id
