"""The sandbox with one of its Reddit accounts, for whole stories."""

from __future__ import annotations

from typing import Any

from tests.platforms import sandboxed
from tests.platforms.run import MemoryFile

from polypost.platforms.base import Post
from polypost.platforms.reddit import CONNECTOR


class Room(sandboxed.Room):
    platform = "reddit"

    async def read(self, path: str) -> Any:
        """What the API shows the account."""
        headers = {"authorization": f"Bearer {self.credentials['accessToken']}", "user-agent": "test:room:1"}
        answer = await self.web.get(path, headers=headers, params={"raw_json": 1})
        answer.raise_for_status()
        return answer.json()

    async def shown(self) -> list[dict[str, Any]]:
        """The account's posts as the API lists them, newest first."""
        listed = await self.read(f"/user/{self.account.username}/submitted")
        return [child["data"] for child in listed["data"]["children"]]


def post(
    text: str = "Hello", *files: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    """A target for r/sandbox unless told otherwise."""
    chosen = CONNECTOR.options.model_validate({"subreddit": "sandbox", **options})
    return Post("target-1", text, files, chosen, {file.url: file for file in further})
