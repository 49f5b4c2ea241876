"""One account that speaks to the X simulator."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Side, speaking

from polypost import clock


class X(Side):
    """One account speaking to X."""

    platform = "twitter"

    async def tweet(self, text: str | None = None, **body: Any) -> httpx2.Response:
        return await self.call("POST", "/2/tweets", json=body if text is None else {"text": text, **body})

    async def made(self, text: str | None = None, **body: Any) -> str:
        answer = await self.tweet(text, **body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["id"]

    async def mine(self, **query: Any) -> dict[str, Any]:
        answer = await self.call("GET", f"/2/users/{self.id}/tweets", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def upload(
        self, data: bytes, category: str, media_type: str, *, order: list[int] | None = None
    ) -> Any:
        size = 40_000
        begin = {"media_type": media_type, "total_bytes": len(data), "media_category": category}
        begun = (await self.call("POST", "/2/media/upload/initialize", json=begin)).json()["data"]
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        for index in order or range(len(parts)):
            sent = await self.call(
                "POST",
                f"/2/media/upload/{begun['id']}/append",
                data={"segment_index": str(index)},
                files={"media": ("part", parts[index])},
            )
            assert sent.status_code == 200, sent.text
            assert sent.json()["data"]["expires_at"] > clock.now().timestamp()
        return await self.call("POST", f"/2/media/upload/{begun['id']}/finalize")

    async def picture(self, data: bytes | None = None) -> str:
        answer = await self.call(
            "POST",
            "/2/media/upload",
            files={"media": ("a.jpg", data or media.jpeg(64, 48), "image/jpeg")},
            data={"media_category": "tweet_image"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["id"]


speaker = partial(speaking, X)
