"""One account speaking to the Mastodon simulator."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, Side, at, good


class Mastodon(Side):
    """A demo account; `call` shows its token."""

    platform = "mastodon"

    def __init__(self, running: Play, account: dict[str, Any], *files: Any) -> None:
        super().__init__(running, account, *files)
        self.number = self.id.partition("@")[0]

    async def call(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx2.Response:
        headers = more.pop("headers", {}) | ({"idempotency-key": key} if key else {})
        return await super().call(method, path, headers=headers, **more)

    async def open(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """A call without a token."""
        return await self.running.http.request(method, f"{self.url}{path}", **more)

    async def post(self, text: str = "Hello", *, key: str | None = None, **more: Any) -> dict[str, Any]:
        return good(await self.call("POST", "/api/v1/statuses", key=key, json={"status": text, **more}))

    async def upload(
        self, data: bytes | None = None, kind: str = "image/png", **form: str
    ) -> httpx2.Response:
        files = {"file": ("a", media.png(30, 20) if data is None else data, kind)}
        return await self.call("POST", "/api/v2/media", files=files, data=form)

    async def picture(self, **form: str) -> str:
        return str(good(await self.upload(**form))["id"])

    async def older(self) -> None:
        """The server is one before 4.3 from now on."""
        await self.running.fault("mastodon", "older_server")

    visible, as_other = Side.posts, Side.other


at_mastodon = partial(at, Mastodon)


def bad(answer: httpx2.Response, status: int, words: str = "") -> str:
    """The sentence of a refusal."""
    assert answer.status_code == status, answer.text
    error = answer.json()
    assert set(error) <= {"error", "error_description"}
    assert words in error["error"]
    return str(error["error"])
