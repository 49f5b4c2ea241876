"""A loopback server that answers as TikTok is known to answer, also in rare cases, and posts to send it."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryFile, MemoryRun

from polypost.platforms.base import Account, Post
from polypost.platforms.tiktok import CONNECTOR
from polypost.probe import Facts

ACCOUNT = Account("open-1", "demo")
CREATOR = "POST /v2/post/publish/creator_info/query/"
VIDEO, INBOX = "POST /v2/post/publish/video/init/", "POST /v2/post/publish/inbox/video/init/"
PHOTOS, STATUS = "POST /v2/post/publish/content/init/", "POST /v2/post/publish/status/fetch/"
PUT = "PUT /video/"
PUBLIC = 7234567890123456789
# The smallest chunk that the connector sends, and a file that needs three of them.
CHUNK = 5 * 1024 * 1024
THREE = 3 * CHUNK + 100


class Script(scripted.Script):
    platform = "tiktok"

    def sent(self, route: str, number: int = 0) -> Any:
        """The JSON of a call."""
        return self.calls[route][number].json

    def well_behaved(self) -> None:
        self.on(CREATOR, (200, creator()))
        self.on(VIDEO, (200, opened()))
        self.on(INBOX, (200, opened("v_inbox_file~v2.1")))
        self.on(PHOTOS, (200, said({"publish_id": "p_pub_url~v2.1"})))
        self.on(STATUS, (200, state("PUBLISH_COMPLETE", PUBLIC)))
        self.on(PUT, (201, b""))


def said(data: dict[str, Any] | None = None, code: str = "ok", message: str = "") -> dict[str, Any]:
    return {"data": data or {}, "error": {"code": code, "message": message, "log_id": "2026"}}


def creator(**more: Any) -> dict[str, Any]:
    return said(
        {
            "creator_username": "demo",
            "creator_nickname": "Demo",
            "privacy_level_options": ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
            "comment_disabled": False,
            "duet_disabled": False,
            "stitch_disabled": False,
            "max_video_post_duration_sec": 300,
        }
        | more
    )


def state(word: str, *ids: Any, reason: str = "", uploaded: int | None = 0) -> dict[str, Any]:
    known = {"status": word, "fail_reason": reason, "publicaly_available_post_id": list(ids)}
    return said(known | ({} if uploaded is None else {"uploaded_bytes": uploaded}))


def opened(
    publish_id: str = "v_pub_file~v2-1.1", query: str = "upload_id=1&upload_token=t"
) -> dict[str, Any]:
    return said(
        {"publish_id": publish_id, "upload_url": f"https://open-upload.tiktokapis.com/video/?{query}"}
    )


def film(size: int = 1000, **facts: Any) -> MemoryFile:
    known = Facts("video", "video/mp4", size, **({"duration": 10.0, "width": 720, "height": 1280} | facts))
    return MemoryFile(bytes(size), known, "https://media.example/a.mp4")


def photo(name: str = "a.jpg") -> MemoryFile:
    return MemoryFile(b"x", Facts("image", "image/jpeg", 1), f"https://media.example/{name}")


def post(*items: MemoryFile, text: str = "Hello #world", **options: Any) -> Post:
    return Post("tgt_1", text, items or (film(),), CONNECTOR.options.model_validate(options))


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, ACCOUNT, "act.1", **kept)
