"""A loopback server that answers as Facebook is known to answer in rare cases, and posts to send it."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryFile, MemoryRun
from tests.platforms.scripted import filled

from polypost.platforms.base import Account, Post
from polypost.platforms.facebook import CONNECTOR
from polypost.probe import Facts

PAGE = Account("111")
FEED, PHOTOS, VIDEOS = "POST /v26.0/111/feed", "POST /v26.0/111/photos", "POST /v26.0/111/videos"
REELS, POSTS = "POST /v26.0/111/video_reels", "GET /v26.0/111/published_posts"
ACCOUNTS = "GET /v26.0/me/accounts"


class Script(scripted.Script):
    platform = "facebook"

    def well_behaved(self) -> None:
        self.on(FEED, (200, {"id": "111_1"}))
        self.on(
            "GET /v26.0/111_1",
            (200, {"id": "111_1", "permalink_url": "https://www.facebook.com/111/posts/1"}),
        )
        self.on(PHOTOS, (200, {"id": "7"}))
        self.on(POSTS, (200, {"data": []}))
        start = {"upload_session_id": "s1", "video_id": "9", "start_offset": "0", "end_offset": "600"}
        self.on(
            VIDEOS,
            (200, start),
            (200, {"start_offset": "1000", "end_offset": "1000"}),
            (200, {"success": True}),
        )
        self.on(
            "GET /v26.0/9",
            (200, {"id": "9", "status": {"video_status": "ready"}, "permalink_url": "/111/videos/9/"}),
        )
        self.on("POST /v26.0/9", (200, {"success": True}))
        self.on(
            REELS,
            (200, {"video_id": "9", "upload_url": "https://rupload.facebook.com/video-upload/v26.0/9"}),
            (200, {"success": True}),
        )
        self.on("POST /video-upload/v26.0/9", (200, {"success": True}))


def media(kind: str, size: int = 1000) -> MemoryFile:
    facts = Facts(kind, "image/jpeg" if kind == "image" else "video/mp4", size)
    return MemoryFile(filled(size), facts, f"https://media.example/{kind}")


def post(*items: MemoryFile, text: str = "Hello", **options: Any) -> Post:
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options))


def refused(code: int, subcode: int = 0, **more: Any) -> dict[str, Any]:
    error = {"code": code, "message": "no", "type": "OAuthException"} | more
    return {"error": error | ({"error_subcode": subcode} if subcode else {})}


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, PAGE, "page-token", **kept)
