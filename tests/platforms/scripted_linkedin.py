"""A loopback server that answers as LinkedIn is known to answer, in the order that a test lined up."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryFile, MemoryRun

from polypost.platforms.base import Account
from polypost.probe import Facts

ACCOUNT = Account("urn:li:person:abc", username="polly", kind="person")
CREATE, LISTING = "POST /rest/posts", "GET /rest/posts"
OPEN_IMAGE, OPEN_VIDEO = "POST /rest/images", "POST /rest/videos"
URN = "urn:li:share:7000000000000000001"


class Script(scripted.Script):
    platform = "linkedin"


def run_on(net: Script, account: Account = ACCOUNT, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, account, "token-1", **kept)


def picture(data: bytes = b"x" * 64) -> MemoryFile:
    return MemoryFile(data, Facts("image", "image/png", len(data), 100, 100))


def film(data: bytes = b"v" * 64) -> MemoryFile:
    return MemoryFile(data, Facts("video", "video/mp4", len(data), 1280, 720, duration=10.0))
