"""For google-api-python-client and apps that keep lists of videos: `playlists`, `playlistItems`, the uploads first."""

from __future__ import annotations

import secrets
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import MAY_READ, MAY_WRITE, Auth, Caller
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.networks.youtube.lists import (
    ids,
    member,
    no_filter,
    page,
    resource,
    shown,
    uploads_of,
    yes,
)
from polypost.sandbox.networks.youtube.metadata import PRIVACY, parts
from polypost.sandbox.networks.youtube.quota import Quota
from polypost.sandbox.networks.youtube.videos import Videos, privacy, stamp, tagged
from polypost.sandbox.simkit import Document, Network, SimPost

PLAYLIST, ITEM = "playlist", "playlist_item"
PLAYLIST_PARTS = ("contentDetails", "id", "localizations", "player", "snippet", "status")
ITEM_PARTS = ("contentDetails", "id", "snippet", "status")


class Playlists:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, quota: Quota, videos: Videos) -> None:
        self._auth = auth
        self._quota = quota
        self._videos = videos
        self._net = net

    async def playlists(self, request: Request) -> Response:
        """`GET /youtube/v3/playlists` of the caller, of a channel, or by id."""
        caller = self._read(request)
        asked = parts(request, PLAYLIST_PARTS)
        query = request.query_params
        if yes(request, "mine") or "channelId" in query:
            owner = caller.account.id if yes(request, "mine") else query["channelId"]
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
        stored = _about(body)
        made = self._net.documents.put(
            PLAYLIST, "PL" + secrets.token_urlsafe(24), stored, account_id=caller.account.id
        )
        return shown(request, self._playlist(made, asked))

    async def change_playlist(self, request: Request) -> Response:
        """`PUT /youtube/v3/playlists`."""
        caller = self._write(request)
        asked = parts(request, PLAYLIST_PARTS)
        body = await resource(request)
        playlist = self._own(caller, str(body.get("id", "")))
        self._net.documents.update(PLAYLIST, playlist.id, **_about(body, playlist.body))
        return shown(request, self._playlist(self._own(caller, playlist.id), asked))

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
        if not playlist_id and ids(request):
            return shown(
                request, page(request, "playlistItemListResponse", self._by_id(request, caller, asked))
            )
        if not playlist_id:
            raise no_filter("id", "playlistId")
        # The playlist of uploads is named after its channel.
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
            stored = self._items(playlist.id)
            pairs = ((item.id, self._videos.get(item.body["video"])) for item in stored)
            entries = [(name, post, playlist_id) for name, post in pairs if post is not None]
        wanted = request.query_params.get("videoId")
        items = [
            self._item(name, post, playlist_id, place, asked)
            for place, (name, post, playlist_id) in enumerate(entries)
            if wanted in (None, post.id)
        ]
        return shown(request, page(request, "playlistItemListResponse", items))

    def _by_id(self, request: Request, caller: Caller, asked: list[str]) -> list[dict[str, Any]]:
        found = []
        for item in filter(None, (self._net.documents.get(ITEM, name) for name in ids(request))):
            playlist = self._net.documents.get(PLAYLIST, item.account_id or "")
            post = self._videos.get(item.body["video"])
            if playlist is None or post is None:
                continue
            if playlist.account_id == caller.account.id or playlist.body["privacyStatus"] != "private":
                place = [each.id for each in self._items(playlist.id)].index(item.id)
                found.append(self._item(item.id, post, playlist.id, place, asked))
        return found

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
        post = self._videos.get(video_id)
        if post is None or not self._videos.visible(post, caller.account.id):
            raise errors.not_found("video", "videoNotFound", "youtube.playlistItem", "body")
        name = "UEw" + secrets.token_urlsafe(36)
        # The owner column holds the playlist, so that its items can be listed.
        self._net.documents.put(ITEM, name, {"video": post.id}, account_id=playlist.id)
        place = len(self._net.documents.of_account(ITEM, playlist.id)) - 1
        return shown(request, self._item(name, post, playlist.id, place, asked))

    async def move_item(self, request: Request) -> Response:
        """`PUT /youtube/v3/playlistItems`: another place in the list."""
        caller = self._write(request)
        asked = parts(request, ITEM_PARTS)
        body = await resource(request)
        item = self._net.documents.get(ITEM, str(body.get("id", "")))
        if item is None:
            raise errors.not_found("playlist item", "playlistItemNotFound", "youtube.playlistItem")
        playlist = self._own(caller, item.account_id or "")
        post = self._videos.get(item.body["video"])
        if post is None or member(body, "snippet", "resourceId", "videoId") != post.id:
            raise errors.not_found("video", "videoNotFound", "youtube.playlistItem", "body")
        rest = [each.id for each in self._items(playlist.id) if each.id != item.id]
        place = member(body, "snippet", "position")
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place <= len(rest):
            place = len(rest) if place is None else _no_place()
        rest.insert(place, item.id)
        with self._net.store.transaction():
            for number, name in enumerate(rest):
                self._net.documents.update(ITEM, name, place=number)
        return shown(request, self._item(item.id, post, playlist.id, place, asked))

    def _items(self, playlist_id: str) -> list[Document]:
        """In their order: as they were added, unless somebody has moved one."""
        stored = self._net.documents.of_account(ITEM, playlist_id)
        return [
            each for _, each in sorted(enumerate(stored), key=lambda pair: pair[1].body.get("place", pair[0]))
        ]

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
        video = self._videos.resource(post, ["snippet"], owner=True)["snippet"]
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
        public = not yes(request, "mine")
        caller = self._auth.enter(request, MAY_READ, public=public)
        self._quota.units(caller.project, "list")
        return caller

    def _write(self, request: Request) -> Caller:
        caller = self._auth.enter(request, MAY_WRITE)
        self._quota.units(caller.project, "write")
        return caller

    def _own(self, caller: Caller, playlist_id: str) -> Document:
        playlist = self._net.documents.get(PLAYLIST, playlist_id)
        if playlist is None:
            raise errors.not_found("playlist", "playlistNotFound", "youtube.playlist", "playlistId")
        if playlist.account_id != caller.account.id:
            message = "The request is not properly authorized to change the playlist."
            raise errors.refused(403, "playlistForbidden", message, domain="youtube.playlist")
        return playlist


def _about(body: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a playlist is from now on; of an old one the parts that are not named stay. Raises Refused (400)."""
    title = member(body, "snippet", "title")
    if not isinstance(title, str) or not 0 < len(title.strip()) <= limit("playlist_title_characters"):
        raise errors.refused(
            400, "playlistTitleRequired", "The request must specify a playlist title.",
            domain="youtube.playlist", location="body.snippet.title", kind="other",
        )  # fmt: skip
    privacy_status = member(body, "status", "privacyStatus") or (old or {}).get("privacyStatus", "public")
    if privacy_status not in PRIVACY:
        raise errors.bad_request("Invalid value at 'playlist.status.privacy_status'")
    return {
        "title": title,
        "description": str(member(body, "snippet", "description") or ""),
        "privacyStatus": privacy_status,
    }


def _no_place() -> NoReturn:
    message = "The playlist item position is not valid."
    raise errors.refused(
        400, "invalidPlaylistItemPosition", message, domain="youtube.playlistItem", location="body.snippet.position",
        kind="other",
    )  # fmt: skip
