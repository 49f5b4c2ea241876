"""A loopback server that answers as Reddit is known to answer, in the order that a test lined up."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryFile, MemoryRun

from polypost.platforms.base import Account
from polypost.probe import Facts

ACCOUNT = Account("4cixf", username="polly")
SUBMIT, LEASE, BUCKET = "POST /api/submit", "POST /api/media/asset.json", "POST /"
GALLERY, POLL = "POST /api/submit_gallery_post.json", "POST /api/submit_poll_post"
CONVERT, COMMENT, LISTING = (
    "POST /api/convert_rte_body_format",
    "POST /api/comment",
    "GET /user/polly/submitted",
)


class Script(scripted.Script):
    platform = "reddit"


def run_on(net: Script, account: Account = ACCOUNT, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, account, "token-1", **kept)


def made(post_id: str = "4bbe4m", *, full: bool = False, title: str = "test_title") -> tuple[int, Any]:
    """The answer of a successful submission; the younger calls give a full name."""
    url = f"https://www.reddit.com/r/python/comments/{post_id}/{title}/"
    data = (
        {"url": url, "id": f"t3_{post_id}"} if full else {"url": url, "id": post_id, "name": f"t3_{post_id}"}
    )
    return 200, {"json": {"errors": [], "data": data}}


def unnamed() -> tuple[int, Any]:
    data = {
        "user_submitted_page": "https://www.reddit.com/user/polly/submitted/",
        "websocket_url": "wss://k8s-lb.wss.redditmedia.com/key?m=x",
    }
    return 200, {"json": {"errors": [], "data": data}}


def said(code: str, message: str = "Said so.", field: str | None = "sr", **more: Any) -> tuple[int, Any]:
    return 200, {"json": {**more, "errors": [[code, message, field]]}}


def lease(asset_id: str = "4pr7xi4z80g41", key: str = "rte_images/4pr7xi4z80g41") -> tuple[int, Any]:
    fields = [
        {"name": "acl", "value": "private"},
        {"name": "key", "value": key},
        {"name": "success_action_status", "value": "201"},
        {"name": "policy", "value": "e30="},
    ]
    args = {"action": "//reddit-uploaded-media.s3-accelerate.amazonaws.com", "fields": fields}
    return 200, {"args": args, "asset": {"asset_id": asset_id, "processing_state": "incomplete"}}


def uploads(net: Script) -> None:
    """Let every upload succeed."""
    net.on(LEASE, lease())
    net.on(BUCKET, (201, b"<PostResponse><Location>x</Location></PostResponse>"))


def listed(*posts: dict[str, Any], after: str | None = None) -> tuple[int, Any]:
    return 200, {
        "kind": "Listing",
        "data": {"after": after, "children": [{"kind": "t3", "data": p} for p in posts]},
    }


def picture(data: bytes = b"p" * 1000, url: str = "https://media.example.com/a.png") -> MemoryFile:
    return MemoryFile(data, Facts("image", "image/png", len(data), 64, 48), url)


def film(data: bytes = b"f" * 1000) -> MemoryFile:
    facts = Facts("video", "video/mp4", len(data), 640, 360, duration=5.0)
    return MemoryFile(data, facts, "https://media.example.com/a.mp4")
