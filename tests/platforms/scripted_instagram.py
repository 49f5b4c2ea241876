"""A loopback server that answers as Instagram is known to answer in rare cases, and posts to send it."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryRun
from tests.platforms.scripted import PublicFile, filled

from polypost.platforms.base import Account, Post
from polypost.platforms.instagram import CONNECTOR
from polypost.probe import Facts

ACCOUNT = Account("1784")
CONTAINERS, PUBLISH = "POST /v26.0/1784/media", "POST /v26.0/1784/media_publish"
QUOTA = "GET /v26.0/1784/content_publishing_limit"


class Script(scripted.Script):
    platform = "instagram"

    def well_behaved(self) -> None:
        self.on(
            QUOTA,
            (200, {"data": [{"quota_usage": 1, "config": {"quota_total": 50, "quota_duration": 86400}}]}),
        )
        self.on(CONTAINERS, (200, {"id": "c1", "uri": "https://rupload.facebook.com/ig-api-upload/v26.0/c1"}))
        self.on("POST /ig-api-upload/v26.0/c1", (200, {"success": True}))
        self.on("GET /v26.0/c1", (200, {"status_code": "FINISHED", "status": "ready"}))
        self.on(PUBLISH, (200, {"id": "m1"}))
        self.on("GET /v26.0/m1", (200, {"id": "m1", "permalink": "https://www.instagram.com/p/abc/"}))


def media(kind: str, name: str = "file", size: int = 1000) -> PublicFile:
    facts = Facts(kind, "image/jpeg" if kind == "image" else "video/mp4", size)
    return PublicFile(filled(size), facts, f"https://media.example/{name}")


def post(
    *items: PublicFile, text: str = "Hello #world", extra: dict[str, PublicFile] | None = None, **options: Any
) -> Post:
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), extra or {})


def refused(code: int, subcode: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "error": {"code": code, "error_subcode": subcode, "message": "no", "type": "OAuthException"} | more
    }


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, ACCOUNT, "token-1", **kept)
