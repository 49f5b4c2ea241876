"""One account speaking to the TikTok simulator, and a place whose files TikTok can fetch."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Side, at

PUBLISH = "/v2/post/publish"
INFO = {"title": "Hello #world", "privacy_level": "PUBLIC_TO_EVERYONE"}


class TikTok(Side):
    """One account, its token, and the files it may name."""

    platform = "tiktok"

    async def post(self, path: str, **body: Any) -> httpx2.Response:
        return await self.call("POST", path, json=body)

    async def creator(self) -> dict[str, Any]:
        return good(await self.post(f"{PUBLISH}/creator_info/query/"))

    async def init(
        self, size: int, chunk: int | None = None, count: int = 1, *, inbox: bool = False, **info: Any
    ) -> httpx2.Response:
        source = {
            "source": "FILE_UPLOAD",
            "video_size": size,
            "chunk_size": chunk or size,
            "total_chunk_count": count,
        }
        if inbox:
            return await self.post(f"{PUBLISH}/inbox/video/init/", source_info=source)
        return await self.post(f"{PUBLISH}/video/init/", post_info=INFO | info, source_info=source)

    async def pull(self, url: Any, **info: Any) -> httpx2.Response:
        source = {"source": "PULL_FROM_URL", "video_url": url}
        return await self.post(f"{PUBLISH}/video/init/", post_info=INFO | info, source_info=source)

    async def photos(
        self, *urls: Any, mode: str = "DIRECT_POST", cover: Any = 0, **info: Any
    ) -> httpx2.Response:
        return await self.post(
            f"{PUBLISH}/content/init/",
            media_type="PHOTO",
            post_mode=mode,
            post_info=INFO | info,
            source_info={
                "source": "PULL_FROM_URL",
                "photo_images": list(urls),
                "photo_cover_index": cover,
            },
        )

    async def put(
        self, url: str, data: bytes, first: int, last: int, total: int, **headers: str
    ) -> httpx2.Response:
        """One chunk, sent as clients do: without a token of the account."""
        sent = {"content-type": "video/mp4", "content-range": f"bytes {first}-{last}/{total}"} | headers
        parts = urlsplit(url)
        return await self.running.http.put(
            f"{self.url}{parts.path}?{parts.query}", content=data, headers=sent
        )

    async def sent(self, data: bytes | None = None, **more: Any) -> str:
        """A video, sent whole; its publish_id."""
        film = data or media.mp4(seconds=10, width=720, height=1280)
        opened = good(await self.init(len(film), **more))
        answer = await self.put(opened["upload_url"], film, 0, len(film) - 1, len(film))
        assert answer.status_code == 201, answer.text
        return opened["publish_id"]

    async def look(self, publish_id: str) -> dict[str, Any]:
        return good(await self.post(f"{PUBLISH}/status/fetch/", publish_id=publish_id))

    async def settled(self, publish_id: str) -> dict[str, Any]:
        """The status, once it is not PROCESSING any more."""
        for _ in range(20):
            seen = await self.look(publish_id)
            if not seen["status"].startswith("PROCESSING"):
                return seen
            await self.running.control("POST", "clock", advance=2.1)
        raise AssertionError("it was never done")

    async def number(self, publish_id: str) -> str:
        """The id of a public post, once it is told."""
        await self.settled(publish_id)
        for _ in range(5):
            if ids := (await self.look(publish_id))["publicaly_available_post_id"]:
                return str(ids[0])
        raise AssertionError("its id was never told")

    def photo(self, name: str = "a.jpg", data: bytes | None = None) -> str:
        return self.files.add(name, data or media.jpeg())

    async def unlimited(self) -> None:
        await self.running.control("POST", "limits", enforced=False)

    later = Side.advance


at_tiktok = partial(at, TikTok)


def good(answer: httpx2.Response) -> dict[str, Any]:
    """The data of an answer, whose envelope must be whole."""
    body = answer.json()
    assert (answer.status_code, body["error"]["code"], body["error"]["message"]) == (200, "ok", ""), (
        answer.text
    )
    assert body["error"]["log_id"].isalnum()
    return body["data"]


def bad(answer: httpx2.Response, code: str, status: int = 400) -> None:
    """The answer is this refusal, in a whole envelope."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["data"] == {}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    assert body["error"]["log_id"].isalnum()
