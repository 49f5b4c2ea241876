"""A loopback server that answers as X is known to answer, in the order that a test lined up."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.answering import Answer
from tests.platforms.run import MemoryFile, MemoryRun

from polypost.platforms.base import Account, MediaKind, Post
from polypost.platforms.twitter import CONNECTOR
from polypost.probe import Facts

ACCOUNT = Account("12", username="polly", metadata={"subscription_type": "None"})
CREATE = "POST /2/tweets"
OPEN, STATUS, LISTING = "POST /2/media/upload/initialize", "GET /2/media/upload", "GET /2/users/12/tweets"


class Script(scripted.Script):
    platform = "twitter"

    def uploads(self, media_id: str = "71", **closed: Any) -> None:
        """Let uploads succeed under one id; `closed` are further members of the closing answer."""
        self.on(OPEN, (200, {"data": {"id": media_id, "expires_after_secs": 86_400}}))
        self.on(f"POST /2/media/upload/{media_id}/append", (200, {"data": {"expires_at": 1}}))
        self.on(f"POST /2/media/upload/{media_id}/finalize", (200, {"data": {"id": media_id, **closed}}))


def run_on(net: Script, account: Account = ACCOUNT, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, account, "token-1", **kept)


def post(
    text: str = "Hello", *media: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    """A post with options in their wire form; `further` holds the files of the thread."""
    parsed = CONNECTOR.options.model_validate(options)
    return Post("t1", text, media, parsed, {file.url: file for file in further})


def picture(data: bytes = b"x" * 64, url: str = "https://media.example.com/a.png") -> MemoryFile:
    return MemoryFile(data, Facts("image", "image/png", len(data), 100, 100), url)


def film(data: bytes = b"v" * 64, url: str = "https://media.example.com/a.mp4") -> MemoryFile:
    facts = Facts(
        "video", "video/mp4", len(data), 1280, 720, duration=10.0, video_codec="h264", audio_codec="aac"
    )
    return MemoryFile(data, facts, url)


def thread_media(file: MemoryFile, kind: MediaKind | None = None) -> dict[str, str]:
    return {"type": kind or file.facts.kind, "url": file.url}


def created(number: int | str, **headers: str) -> Answer:
    return 201, {"data": {"id": str(number), "text": "…"}}, headers
