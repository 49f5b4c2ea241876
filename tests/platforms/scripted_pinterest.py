"""A loopback server that answers as Pinterest is known to answer in rare cases, and posts to send it."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryFile, MemoryRun
from tests.platforms.scripted import filled

from polypost.platforms.base import Account, Post
from polypost.platforms.pinterest import CONNECTOR
from polypost.probe import Facts

ACCOUNT = Account("813744220000000001", "demo")
BOARD = "549755885175"
PINS, MEDIA, BUCKET = "POST /v5/pins", "POST /v5/media", "POST /bucket/"
STATUS, LIST = "GET /v5/media/12345", f"GET /v5/boards/{BOARD}/pins"
FIELDS = {"x-amz-date": "20261124T000000Z", "key": "uploads/1", "Content-Type": "multipart/form-data"}


class Script(scripted.Script):
    platform = "pinterest"

    def well_behaved(self) -> None:
        self.on(PINS, (201, {"id": "813744226420795884"}))
        ticket = {"media_id": "12345", "media_type": "video", "upload_parameters": FIELDS}
        self.on(MEDIA, (201, ticket | {"upload_url": "https://bucket.example/bucket/"}))
        self.on(BUCKET, (204, b""))
        self.on(STATUS, (200, {"media_id": "12345", "media_type": "video", "status": "succeeded"}))
        self.on(LIST, (200, {"items": [], "bookmark": None}))


class PrivateFile(MemoryFile):
    """A file that Pinterest cannot fetch."""

    @property
    def pullable(self) -> bool:
        return False


def picture(
    name: str = "a.jpg", size: int = 1000, *, mime: str = "image/jpeg", private: bool = False
) -> MemoryFile:
    kind = PrivateFile if private else MemoryFile
    return kind(filled(size), Facts("image", mime, size), f"https://media.example/{name}")


def film(size: int = 1000) -> MemoryFile:
    return MemoryFile(bytes(size), Facts("video", "video/mp4", size), "https://media.example/a.mp4")


def post(
    *items: MemoryFile, text: str = "Hello", extra: dict[str, MemoryFile] | None = None, **options: Any
) -> Post:
    asked = CONNECTOR.options.model_validate({"boardId": BOARD} | options)
    return Post("tgt_1", text, items, asked, extra or {})


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, ACCOUNT, "token-1", **kept)
