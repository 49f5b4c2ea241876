"""One account speaking to the Pinterest simulator, and a place whose files Pinterest can fetch."""

from __future__ import annotations

import asyncio
import base64
from functools import partial
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, Side, at

DAY = 86_400


class Pinterest(Side):
    """One account speaking to Pinterest."""

    platform = "pinterest"

    def __init__(self, running: Play, account: dict[str, Any], *files: Any) -> None:
        super().__init__(running, account, *files)
        self.board = account["options"]["boardId"]

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return await super().call(method, f"/v5{path}", **more)

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", path, params=query))

    async def pin(self, source: dict[str, Any] | None = None, **more: Any) -> httpx2.Response:
        body = {"board_id": self.board, "media_source": source or self.image()} | more
        return await self.call("POST", "/pins", json=body)

    async def pinned(self, source: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        return good(await self.pin(source, **more), 201)

    def image(self, name: str = "a.jpg", data: bytes | None = None) -> dict[str, Any]:
        return {"source_type": "image_url", "url": self.files.add(name, data or media.jpeg(400, 600))}

    async def registered(self) -> dict[str, Any]:
        return good(await self.call("POST", "/media", json={"media_type": "video"}), 201)

    async def send(self, ticket: dict[str, Any], data: bytes, **fields: str | None) -> httpx2.Response:
        """Post the form, with fields changed or, where None, left out."""
        sent = {**ticket["upload_parameters"], **fields}
        return await self.running.http.post(
            ticket["upload_url"],
            data={name: value for name, value in sent.items() if value is not None},
            files={"file": ("a.mp4", data, "video/mp4")},
        )

    async def film(self, data: bytes | None = None) -> str:
        """A film that has been worked on."""
        ticket = await self.registered()
        assert (await self.send(ticket, data or media.mp4(seconds=5))).status_code == 204
        assert await self.settled(ticket["media_id"]) == "succeeded"
        return str(ticket["media_id"])

    async def settled(self, media_id: str) -> str:
        """The status of a film, once it is not processing any more."""
        for _ in range(50):
            status = (await self.get(f"/media/{media_id}"))["status"]
            if status != "processing":
                return str(status)
            await asyncio.sleep(0.01)
        raise AssertionError("the film was never done")

    async def token_call(self, *, secret: str = "", **form: str) -> httpx2.Response:
        """A call to the token endpoint in the demo app's name."""
        pair = f"{self.account['clientId']}:{secret or self.account['clientSecret']}"
        basic = base64.b64encode(pair.encode()).decode()
        return await self.running.http.post(
            f"{self.url}/v5/oauth/token", data=form, headers={"authorization": f"Basic {basic}"}
        )

    as_other = Side.other


at_pinterest = partial(at, Pinterest)


def good(answer: httpx2.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["x-pinterest-rid"].isdecimal()
    return answer.json()


def bad(answer: httpx2.Response, status: int, code: int, words: str = "") -> str:
    """The sentence of a refusal, whose numbers must be these."""
    assert answer.status_code == status, answer.text
    error = answer.json()
    assert set(error) == {"code", "message"}
    assert error["code"] == code
    assert words in error["message"]
    assert answer.headers["x-pinterest-rid"].isdecimal()
    return str(error["message"])
