"""The sandbox with one of its Bluesky accounts, for whole stories."""

from __future__ import annotations

from typing import Any

from tests.platforms import sandboxed
from tests.platforms.run import MemoryFile

from polypost.platforms.base import App, Post
from polypost.platforms.bluesky import CONNECTOR
from polypost.storage import new_id

APP = App("", "")


class Room(sandboxed.Room):
    platform = "bluesky"

    async def records(self) -> list[dict[str, Any]]:
        """The records of the posts, oldest first."""
        return [post["raw"]["record"] for post in await self.posts()]

    async def calls(self) -> list[str]:
        """What was asked of the simulator, oldest first."""
        return [entry["path"].removeprefix("/xrpc/").rpartition(".")[2] for entry in await self.requests()]


def post(
    text: str = "Hello", *files: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    """A post with options in their wire form; `further` holds the files that options name."""
    parsed = CONNECTOR.options.model_validate(options)
    # Every target is another one: its key follows from it.
    return Post(new_id("tgt"), text, files, parsed, {file.url: file for file in (*files, *further)})
