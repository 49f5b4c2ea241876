"""`channels`: whose channel it is and what stands on it; and lists that a demo channel has empty."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import MAY_READ, MAY_WRITE, Auth, Caller
from polypost.sandbox.networks.youtube.lists import (
    ids,
    listed,
    member,
    no_filter,
    page,
    resource,
    shown,
    uploads_of,
    yes,
)
from polypost.sandbox.networks.youtube.metadata import parts
from polypost.sandbox.networks.youtube.quota import Quota
from polypost.sandbox.networks.youtube.videos import Videos, privacy, stamp, tagged
from polypost.sandbox.simkit import Account, Network, exchange

ABOUT = ("description", "keywords", "country", "defaultLanguage")
CHANNEL_PARTS = (
    "auditDetails", "brandingSettings", "contentDetails", "contentOwnerDetails", "id", "localizations", "snippet",
    "statistics", "status", "topicDetails",
)  # fmt: skip


def uploads_playlist(channel_id: str) -> str:
    """The playlist of everything a channel has uploaded: its id with another beginning."""
    return f"UU{channel_id[2:]}"


class Channels:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, quota: Quota, videos: Videos) -> None:
        self._auth = auth
        self._quota = quota
        self._videos = videos
        self._net = net

    async def channels(self, request: Request) -> Response:
        """`GET /youtube/v3/channels` of the caller, by id, or by handle."""
        caller = self._read(request)
        asked = parts(request, CHANNEL_PARTS)
        query = request.query_params
        if yes(request, "mine"):
            found = [] if exchange(request).fault("no_channel") else [caller.account]
        elif "id" in query:
            found = [account for each in ids(request) if (account := self._net.accounts.get(each))]
        elif "forHandle" in query:
            named = self._net.accounts.by_username(query["forHandle"].removeprefix("@"))
            found = [named] if named else []
        else:
            raise no_filter(
                "id", "managedByMe", "forUsername", "mine", "mySubscribers", "categoryId", "forHandle"
            )
        body = listed("channelListResponse", [self._channel(account, asked, caller) for account in found])
        if not found:
            # A Google account without a channel: the list is not empty but absent.
            del body["items"]
        return shown(request, body)

    def _channel(self, account: Account, asked: list[str], caller: Caller) -> dict[str, Any]:
        image = self._net.avatar_url(account.id)
        sizes = {"default": 88, "medium": 240, "high": 800}
        values: dict[str, Any] = {
            "snippet": {
                "title": account.name,
                "description": account.data.get("description", ""),
                "customUrl": f"@{account.username}",
                "publishedAt": stamp(account.created),
                "thumbnails": {name: {"url": image, "width": s, "height": s} for name, s in sizes.items()},
                "localized": {"title": account.name, "description": account.data.get("description", "")},
            },
            "contentDetails": {"relatedPlaylists": {"likes": "LL", "uploads": uploads_playlist(account.id)}},
            "statistics": {
                "viewCount": "0",
                "subscriberCount": str(account.data["subscribers"]),
                "hiddenSubscriberCount": False,
                "videoCount": str(self._net.posts.count(account.id)),
            },
            "status": {"privacyStatus": "public", "isLinked": True, "madeForKids": False},
            "brandingSettings": {
                "channel": {
                    "title": account.name,
                    **{name: account.data[name] for name in ABOUT if account.data.get(name)},
                }
            },
            "topicDetails": {},
        }
        if account.id == caller.account.id:
            values["status"]["longUploadsStatus"] = account.data["long_uploads"]
        body = {"kind": "youtube#channel", "id": account.id}
        return tagged(body | {name: values[name] for name in asked if name in values})

    async def change(self, request: Request) -> Response:
        """`PUT /youtube/v3/channels`: the texts of the caller's channel."""
        caller = self._write(request)
        asked = parts(request, CHANNEL_PARTS)
        body = await resource(request)
        if body.get("id") != caller.account.id:
            message = "The request is not properly authorized to change the channel."
            raise errors.refused(403, "channelForbidden", message, domain="youtube.channel")
        about = member(body, "brandingSettings", "channel")
        if isinstance(about, dict):
            # The part is replaced whole.
            self._net.accounts.update(caller.account.id, **{name: str(about.get(name, "")) for name in ABOUT})
        account = self._net.accounts.get(caller.account.id) or caller.account
        return shown(request, self._channel(account, asked, caller))

    async def activities(self, request: Request) -> Response:
        """`GET /youtube/v3/activities` of the caller or of a channel: its uploads."""
        caller = self._read(request)
        asked = parts(request, ("contentDetails", "id", "snippet"))
        channel = caller.account.id if yes(request, "mine") else request.query_params.get("channelId", "")
        if not channel:
            raise no_filter("channelId", "home", "mine")
        items = []
        for post in uploads_of(request, self._net, channel):
            if post.account_id == caller.account.id or privacy(post) == "public":
                video = self._videos.resource(post, ["snippet"], owner=False)["snippet"]
                names = ("publishedAt", "channelId", "title", "description", "thumbnails", "channelTitle")
                values = {
                    "snippet": {**{name: video[name] for name in names}, "type": "upload"},
                    "contentDetails": {"upload": {"videoId": post.id}},
                }
                body = {"kind": "youtube#activity", "id": f"MTUxNTEx{post.id}"}
                items.append(tagged(body | {part: values[part] for part in asked if part in values}))
        return shown(request, page(request, "activityListResponse", items))

    async def subscriptions(self, request: Request) -> Response:
        """`GET /youtube/v3/subscriptions`: nobody here follows anybody."""
        return self._empty(request, "subscriptionListResponse", "channelId", "id", "mine", "mySubscribers")

    async def sections(self, request: Request) -> Response:
        """`GET /youtube/v3/channelSections`: the demo channels have none."""
        return self._empty(request, "channelSectionListResponse", "channelId", "id", "mine")

    def _empty(self, request: Request, kind: str, *filters: str) -> Response:
        self._read(request)
        parts(request, ("contentDetails", "id", "localizations", "snippet", "subscriberSnippet", "targeting"))
        if not set(filters) & set(request.query_params):
            raise no_filter(*filters)
        return shown(request, page(request, kind, []))

    def _read(self, request: Request) -> Caller:
        public = not yes(request, "mine")
        caller = self._auth.enter(request, MAY_READ, public=public)
        self._quota.units(caller.project, "list")
        return caller

    def _write(self, request: Request) -> Caller:
        caller = self._auth.enter(request, MAY_WRITE)
        self._quota.units(caller.project, "write")
        return caller
