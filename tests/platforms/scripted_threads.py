"""A loopback server that answers as Threads is known to answer in rare cases, and posts to send it."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryRun
from tests.platforms.scripted import PublicFile
from tests.platforms.scripted_instagram import media, refused

from polypost.platforms.base import Account, Post
from polypost.platforms.threads import CONNECTOR

ACCOUNT = Account("2487")
CONTAINERS, PUBLISH = "POST /v1.0/2487/threads", "POST /v1.0/2487/threads_publish"
QUOTA = "GET /v1.0/2487/threads_publishing_limit"
STATUS = "GET /v1.0/c1"
__all__ = ["MemoryRun", "PublicFile", "Script", "media", "post", "quota", "refused", "run_on"]


class Script(scripted.Script):
    platform = "threads"

    def well_behaved(self) -> None:
        self.on(QUOTA, (200, quota()))
        self.on(CONTAINERS, (200, {"id": "c1"}))
        self.on(STATUS, (200, {"id": "c1", "status": "FINISHED"}))
        self.on(PUBLISH, (200, {"id": "m1"}))
        self.on("GET /v1.0/m1", (200, {"id": "m1", "permalink": "https://www.threads.net/@demo/post/abc"}))


def post(
    *items: PublicFile, text: str = "Hello #world", extra: dict[str, PublicFile] | None = None, **options: Any
) -> Post:
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), extra or {})


def quota(used: int = 1, replies: int = 0) -> dict[str, Any]:
    return {
        "data": [
            {
                "quota_usage": used,
                "config": {"quota_total": 250, "quota_duration": 86400},
                "reply_quota_usage": replies,
                "reply_config": {"quota_total": 1000, "quota_duration": 86400},
            }
        ]
    }


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, ACCOUNT, "token-1", **kept)
