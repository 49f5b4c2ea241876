"""A loopback server that answers as LinkedIn is known to answer, in the order that a test lined up."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.platforms.run import MemoryFile, MemoryRun
from tests.platforms.scripted_twitter import Script, Story

from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account
from polypost.probe import Facts

ACCOUNT = Account("urn:li:person:abc", username="polly", kind="person")
CREATE, LISTING, TOKEN = "POST /rest/posts", "GET /rest/posts", "POST /oauth/v2/accessToken"
OPEN_IMAGE, OPEN_VIDEO = "POST /rest/images", "POST /rest/videos"
URN = "urn:li:share:7000000000000000001"


def tell(story: Story) -> None:
    """Run a story against a script of its own."""

    async def main() -> None:
        script = Script()
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0, limit=2**24)
        networks = Networks({"linkedin": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        try:
            await story(script, networks.client("linkedin"))
        finally:
            await networks.aclose()
            server.close()
            await server.wait_closed()

    asyncio.run(main())


def run_on(http: NetworkClient, account: Account = ACCOUNT, **kept: Any) -> MemoryRun:
    return MemoryRun(http, account, "token-1", **kept)


def picture(data: bytes = b"x" * 64) -> MemoryFile:
    return MemoryFile(data, Facts("image", "image/png", len(data), 100, 100))


def film(data: bytes = b"v" * 64) -> MemoryFile:
    return MemoryFile(data, Facts("video", "video/mp4", len(data), 1280, 720, duration=10.0))
