"""`channels.list` and `playlists`, `playlistItems`: whose channel it is, and lists of videos with the uploads first."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.platforms.simkit import Account, Document, SimPost, exchange
from polypost.platforms.youtube.simulator import errors
from polypost.platforms.youtube.simulator.auth import MAY_READ, MAY_WRITE, Caller
from polypost.platforms.youtube.simulator.limits import limit
from polypost.platforms.youtube.simulator.lists import (
    ids,
    listed,
    member,
    no_filter,
    page,
    resource,
    shown,
    uploads_of,
)
from polypost.platforms.youtube.simulator.metadata import PRIVACY, parts
from polypost.platforms.youtube.simulator.videos import privacy, stamp, tagged

if TYPE_CHECKING:
    from polypost.platforms.youtube.simulator.simulator import YouTubeSimulator

PLAYLIST, ITEM = "playlist", "playlist_item"
CHANNEL_PARTS = (
    "auditDetails", "brandingSettings", "contentDetails", "contentOwnerDetails", "id", "localizations", "snippet",
    "statistics", "status", "topicDetails",
)  # fmt: skip
PLAYLIST_PARTS = ("contentDetails", "id", "localizations", "player", "snippet", "status")
ITEM_PARTS = ("contentDetails", "id", "snippet", "status")


def uploads_playlist(channel_id: str) -> str:
    """The playlist of everything a channel has uploaded: its id with another beginning."""
    return f"UU{channel_id[2:]}"


class Channels:
    """The handlers."""

    def __init__(self, sim: YouTubeSimulator) -> None:
        self._sim = sim
        self._net = sim.net

    async def channels(self, request: Request) -> Response:
        """`GET /youtube/v3/channels` of the caller, by id, or by handle."""
        caller = self._read(request)
        asked = parts(request, CHANNEL_PARTS)
        query = request.query_params
        if query.get("mine") == "true":
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
        picture = self._net.avatar_url(account.id)
        sizes = {"default": 88, "medium": 240, "high": 800}
        values: dict[str, Any] = {
            "snippet": {
                "title": account.name,
                "description": "",
                "customUrl": f"@{account.username}",
                "publishedAt": stamp(account.created),
                "thumbnails": {name: {"url": picture, "width": s, "height": s} for name, s in sizes.items()},
                "localized": {"title": account.name, "description": ""},
            },
            "contentDetails": {"relatedPlaylists": {"likes": "LL", "uploads": uploads_playlist(account.id)}},
            "statistics": {
                "viewCount": "0",
                "subscriberCount": str(account.data["subscribers"]),
                "hiddenSubscriberCount": False,
                "videoCount": str(self._net.posts.count(account.id)),
            },
            "status": {"privacyStatus": "public", "isLinked": True, "madeForKids": False},
            "brandingSettings": {"channel": {"title": account.name}},
            "topicDetails": {},
        }
        if account.id == caller.account.id:
            values["status"]["longUploadsStatus"] = account.data["long_uploads"]
        body = {"kind": "youtube#channel", "id": account.id}
        return tagged(body | {name: values[name] for name in asked if name in values})

    async def playlists(self, request: Request) -> Response:
        """`GET /youtube/v3/playlists` of the caller, of a channel, or by id."""
        caller = self._read(request)
        asked = parts(request, PLAYLIST_PARTS)
        query = request.query_params
        if query.get("mine") == "true" or "channelId" in query:
            owner = caller.account.id if query.get("mine") == "true" else query["channelId"]
            found = self._net.documents.of_account(PLAYLIST, owner)[::-1]
        elif "id" in query:
            found = [each for name in ids(request) if (each := self._net.documents.get(PLAYLIST, name))]
        else:
            raise no_filter("id", "channelId", "mine")
        seen = [
            each
            for each in found
            if each.account_id == caller.account.id or each.body["privacyStatus"] != "private"
        ]
        return shown(request, page(request, "playlistListResponse", [self._playlist(p, asked) for p in seen]))

    async def make_playlist(self, request: Request) -> Response:
        """`POST /youtube/v3/playlists`."""
        caller = self._write(request)
        asked = parts(request, PLAYLIST_PARTS)
        body = await resource(request)
        title = member(body, "snippet", "title")
        if not isinstance(title, str) or not 0 < len(title.strip()) <= limit("playlist_title_characters"):
            raise errors.refused(
                400, "playlistTitleRequired", "The request must specify a playlist title.",
                domain="youtube.playlist", location="body.snippet.title", kind="other",
            )  # fmt: skip
        privacy_status = member(body, "status", "privacyStatus") or "public"
        if privacy_status not in PRIVACY:
            raise errors.bad_request("Invalid value at 'playlist.status.privacy_status'")
        stored = {
            "title": title,
            "description": str(member(body, "snippet", "description") or ""),
            "privacyStatus": privacy_status,
        }
        made = self._net.documents.put(
            PLAYLIST, "PL" + secrets.token_urlsafe(24), stored, account_id=caller.account.id
        )
        return shown(request, self._playlist(made, asked))

    async def delete_playlist(self, request: Request) -> Response:
        """`DELETE /youtube/v3/playlists?id=`."""
        caller = self._write(request)
        playlist = self._own(caller, request.query_params.get("id", ""))
        self._net.documents.delete(PLAYLIST, playlist.id)
        return Response(status_code=204)

    def _playlist(self, playlist: Document, asked: list[str]) -> dict[str, Any]:
        owner = self._net.accounts.get(playlist.account_id or "")
        about = {name: playlist.body[name] for name in ("title", "description")}
        values: dict[str, Any] = {
            "snippet": {
                **about,
                "publishedAt": stamp(playlist.created),
                "channelId": playlist.account_id,
                "channelTitle": owner.name if owner else "",
                "thumbnails": {},
                "localized": about,
            },
            "status": {"privacyStatus": playlist.body["privacyStatus"]},
            "contentDetails": {"itemCount": len(self._net.documents.of_account(ITEM, playlist.id))},
        }
        body = {"kind": "youtube#playlist", "id": playlist.id}
        return tagged(body | {name: values[name] for name in asked if name in values})

    async def items(self, request: Request) -> Response:
        """`GET /youtube/v3/playlistItems`: of the uploads newest first, of other playlists in their order."""
        caller = self._read(request)
        asked = parts(request, ITEM_PARTS)
        playlist_id = request.query_params.get("playlistId", "")
        if not playlist_id:
            raise no_filter("id", "playlistId")
        channel = f"UC{playlist_id[2:]}"
        if playlist_id.startswith("UU") and self._net.accounts.get(channel) is not None:
            posts = [p for p in uploads_of(request, self._net, channel) if self._listed(p, caller)]
            entries = [(f"{playlist_id}.{post.id}", post, playlist_id) for post in posts]
        else:
            playlist = self._net.documents.get(PLAYLIST, playlist_id)
            if playlist is None or (
                playlist.account_id != caller.account.id and playlist.body["privacyStatus"] == "private"
            ):
                raise errors.not_found("playlist", "playlistNotFound", "youtube.playlistItem", "playlistId")
            stored = self._net.documents.of_account(ITEM, playlist.id)
            pairs = ((item.id, self._sim.videos.get(item.body["video"])) for item in stored)
            entries = [(name, post, playlist_id) for name, post in pairs if post is not None]
        wanted = request.query_params.get("videoId")
        items = [
            self._item(name, post, playlist_id, place, asked)
            for place, (name, post, playlist_id) in enumerate(entries)
            if wanted in (None, post.id)
        ]
        return shown(request, page(request, "playlistItemListResponse", items))

    def _listed(self, post: SimPost, caller: Caller) -> bool:
        return post.account_id == caller.account.id or privacy(post) == "public"

    async def add_item(self, request: Request) -> Response:
        """`POST /youtube/v3/playlistItems`."""
        caller = self._write(request)
        asked = parts(request, ITEM_PARTS)
        body = await resource(request)
        playlist = self._own(caller, str(member(body, "snippet", "playlistId") or ""))
        kind = member(body, "snippet", "resourceId", "kind")
        video_id = member(body, "snippet", "resourceId", "videoId")
        if kind != "youtube#video" or not isinstance(video_id, str):
            raise errors.refused(
                400, "resourceIdRequired", "The request must contain a resource in which the snippet object specifies"
                " a resourceId.", domain="youtube.playlistItem", location="body.snippet.resourceId", kind="other",
            )  # fmt: skip
        post = self._sim.videos.get(video_id)
        if post is None or not self._sim.videos.visible(post, caller.account.id):
            raise errors.not_found("video", "videoNotFound", "youtube.playlistItem", "body")
        name = "UEw" + secrets.token_urlsafe(36)
        # The owner column holds the playlist, so that its items can be listed.
        self._net.documents.put(ITEM, name, {"video": post.id}, account_id=playlist.id)
        place = len(self._net.documents.of_account(ITEM, playlist.id)) - 1
        return shown(request, self._item(name, post, playlist.id, place, asked))

    async def remove_item(self, request: Request) -> Response:
        """`DELETE /youtube/v3/playlistItems?id=`."""
        caller = self._write(request)
        item = self._net.documents.get(ITEM, request.query_params.get("id", ""))
        if item is None:
            raise errors.not_found("playlist item", "playlistItemNotFound", "youtube.playlistItem")
        self._own(caller, item.account_id or "")
        self._net.documents.delete(ITEM, item.id)
        return Response(status_code=204)

    def _item(
        self, name: str, post: SimPost, playlist_id: str, place: int, asked: list[str]
    ) -> dict[str, Any]:
        video = self._sim.videos.resource(post, ["snippet"], owner=True)["snippet"]
        values: dict[str, Any] = {
            "snippet": {
                "publishedAt": video["publishedAt"],
                "channelId": video["channelId"],
                "title": video["title"],
                "description": video.get("description", ""),
                "thumbnails": video["thumbnails"],
                "channelTitle": video["channelTitle"],
                "videoOwnerChannelTitle": video["channelTitle"],
                "videoOwnerChannelId": video["channelId"],
                "playlistId": playlist_id,
                "position": place,
                "resourceId": {"kind": "youtube#video", "videoId": post.id},
            },
            "contentDetails": {"videoId": post.id, "videoPublishedAt": video["publishedAt"]},
            "status": {"privacyStatus": privacy(post)},
        }
        body = {"kind": "youtube#playlistItem", "id": name}
        return tagged(body | {part: values[part] for part in asked if part in values})

    def _read(self, request: Request) -> Caller:
        public = request.query_params.get("mine") != "true"
        caller = self._sim.auth.enter(request, MAY_READ, public=public)
        self._sim.quota.units(caller.project, "list")
        return caller

    def _write(self, request: Request) -> Caller:
        caller = self._sim.auth.enter(request, MAY_WRITE)
        self._sim.quota.units(caller.project, "write")
        return caller

    def _own(self, caller: Caller, playlist_id: str) -> Document:
        playlist = self._net.documents.get(PLAYLIST, playlist_id)
        if playlist is None:
            raise errors.not_found("playlist", "playlistNotFound", "youtube.playlist", "playlistId")
        if playlist.account_id != caller.account.id:
            message = "The request is not properly authorized to change the playlist."
            raise errors.refused(403, "playlistForbidden", message, domain="youtube.playlist")
        return playlist
