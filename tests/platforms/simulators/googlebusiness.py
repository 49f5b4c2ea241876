"""One login speaking to the Google Business simulator, and a place whose files Google can fetch."""

from __future__ import annotations

from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, Side, good

LIVE, REJECTED, PROCESSING = "LIVE", "REJECTED", "PROCESSING"


class Google(Side):
    """One login, and the location whose demo account it is."""

    platform = "googlebusiness"

    def __init__(self, running: Play, account: dict[str, Any], *files: Any) -> None:
        super().__init__(running, account, *files)
        self.home = self.id

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", path, params=query))

    async def post(self, **body: Any) -> httpx2.Response:
        told = {"languageCode": "en", "summary": "Open today", "topicType": "STANDARD"} | body
        told = {name: value for name, value in told.items() if value is not None}
        return await self.call("POST", f"/v4/{self.home}/localPosts", json=told)

    async def posted(self, **body: Any) -> dict[str, Any]:
        return good(await self.post(**body))

    def photo(self, name: str = "a.jpg", data: bytes | None = None) -> list[dict[str, str]]:
        url = self.files.add(name, data or media.jpeg(1200, 900))
        return [{"mediaFormat": "PHOTO", "sourceUrl": url}]

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"/v4/{self.home}/localPosts", **query)).get(
            "localPosts", []
        )
        return found

    visible = Side.posts

    async def token_call(self, path: str = "/token", **form: str) -> httpx2.Response:
        """A call to the identity server in the demo app's name, unless another is named."""
        app = {"client_id": self.account["clientId"], "client_secret": self.account["clientSecret"]}
        return await self.running.http.post(self.url + path, data={**app, **form})

    async def page(self, path: str, status: int = 200) -> str:
        place = path.replace("https://local.google.com", "").replace("https://maps.google.com", "")
        return await super().page(place, status)


def bad(answer: httpx2.Response, status: int, word: str) -> dict[str, Any]:
    """The error of a refusal, whose status and word must be these."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert (error["code"], error["status"]) == (status, word)
    return error


def broken(answer: httpx2.Response, code: int, field: str | None = None) -> str:
    """The sentence of a post that does not fit."""
    (detail,) = bad(answer, 400, "INVALID_ARGUMENT")["details"]
    (entry,) = detail["errorDetails"]
    assert (entry["code"], entry.get("field")) == (code, field), entry
    return str(entry["message"])
