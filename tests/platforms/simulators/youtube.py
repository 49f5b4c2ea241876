"""One channel that speaks to the YouTube simulator, as the public documents say one speaks to YouTube."""

from __future__ import annotations

from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Side, good

UNIT = 262_144
UPLOAD = "/upload/youtube/v3/videos"
API = "/youtube/v3"


class YouTube(Side):
    """One channel speaking to YouTube."""

    platform = "youtube"

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return await super().call(method, path.removeprefix(self.url), **more)

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", API + path, params=query))

    async def opened(self, total: int | None = None, **parts: Any) -> str:
        """A new session's address."""
        answer = await self.open(total, **parts)
        assert (answer.status_code, answer.content) == (200, b""), answer.text
        return answer.headers["location"]

    async def open(self, total: int | None = None, **parts: Any) -> httpx2.Response:
        body = parts or {"snippet": {"title": "A title"}, "status": {"privacyStatus": "public"}}
        headers = {"x-upload-content-type": "video/mp4"}
        if total is not None:
            headers["x-upload-content-length"] = str(total)
        query = {"uploadType": "resumable", "part": ",".join(body)}
        return await self.call("POST", UPLOAD, params=query, headers=headers, json=body)

    async def put(
        self, session: str, data: bytes, begin: int = 0, total: int | str = "*", **headers: str
    ) -> httpx2.Response:
        span = f"{begin}-{begin + len(data) - 1}" if data else "*"
        return await self.call(
            "PUT", session, content=data, headers={"content-range": f"bytes {span}/{total}", **headers}
        )

    async def ask(self, session: str, total: int | str = "*") -> httpx2.Response:
        return await self.put(session, b"", 0, total)

    async def video(self, data: bytes | None = None, **parts: Any) -> str:
        """A video, uploaded whole."""
        data = film() if data is None else data
        session = await self.opened(len(data), **parts)
        answer = await self.call("PUT", session, content=data)
        video_id: str = good(answer)["id"]
        return video_id

    async def one(self, video_id: str, part: str = "snippet,status") -> dict[str, Any]:
        (item,) = (await self.get("/videos", id=video_id, part=part))["items"]
        return item


def film(**shape: Any) -> bytes:
    return media.mp4(**({"size": 600_000} | shape))


def bad(answer: httpx2.Response, status: int, reason: str, domain: str | None = None) -> dict[str, Any]:
    """The error of an answer, which must have this reason and a whole envelope."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    (entry,) = error["errors"]
    assert (error["code"], entry["reason"]) == (status, reason)
    assert error["message"]
    assert domain in (None, entry["domain"])
    return error
