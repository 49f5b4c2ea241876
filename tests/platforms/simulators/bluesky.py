"""One account that speaks to the Bluesky simulator."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, Side, speaking

from polypost import clock

POST = "app.bsky.feed.post"
EMBED = "app.bsky.embed"


class Bluesky(Side):
    """One account speaking to its server."""

    platform = "bluesky"

    def __init__(self, running: Play, account: dict[str, Any], *files: Any) -> None:
        super().__init__(running, account, *files)
        self.did = self.id
        self.handle = account["username"]
        self.refresh_token = account["refreshToken"]

    async def call(
        self,
        method: str,
        name: str,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx2.Response:
        """Call a method; `token` None for a stranger, empty for the account's own."""
        shown = {} if token is None else {"authorization": f"Bearer {token or self.token}"}
        return await self.running.http.request(
            method, f"{self.url}/xrpc/{name}", headers={**shown, **(headers or {})}, **more
        )

    async def get(self, name: str, *, token: str | None = "", **params: Any) -> httpx2.Response:
        return await self.call("GET", name, token=token, params=params)

    async def post(self, name: str, *, token: str | None = "", **body: Any) -> httpx2.Response:
        # Escaped, so that even half a character gets there.
        kind = {"content-type": "application/json"}
        return await self.call("POST", name, token=token, content=json.dumps(body), headers=kind)

    def record(self, text: str = "Hello", **more: Any) -> dict[str, Any]:
        return {"$type": POST, "text": text, "createdAt": clock.iso(clock.now()), **more}

    async def create(self, text: str = "Hello", *, rkey: str | None = None, **more: Any) -> httpx2.Response:
        key = {"rkey": rkey} if rkey else {}
        body = {"repo": self.did, "collection": POST, "record": self.record(text, **more), **key}
        return await self.post("com.atproto.repo.createRecord", **body)

    async def made(self, text: str = "Hello", **more: Any) -> dict[str, Any]:
        answer = await self.create(text, **more)
        assert answer.status_code == 200, answer.text
        return {"uri": answer.json()["uri"], "cid": answer.json()["cid"]}

    async def put(self, record: dict[str, Any], rkey: str, **more: Any) -> httpx2.Response:
        body = {"repo": self.did, "collection": POST, "rkey": rkey, "record": record, **more}
        return await self.post("com.atproto.repo.putRecord", **body)

    async def upload(self, data: bytes, kind: str = "image/png") -> dict[str, Any]:
        answer = await self.call(
            "POST", "com.atproto.repo.uploadBlob", content=data, headers={"content-type": kind}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["blob"]

    async def picture(self, **more: Any) -> dict[str, Any]:
        """An image of an embed."""
        return {"image": await self.upload(media.png(30, 20)), "alt": "", **more}

    async def service_token(self, method: str = "com.atproto.repo.uploadBlob", **more: Any) -> str:
        query = {"aud": "did:web:pds.example.com", "lxm": method, **more}
        answer = await self.get("com.atproto.server.getServiceAuth", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["token"]

    async def film(self, data: bytes | None = None, **more: Any) -> httpx2.Response:
        """Send a film to the video service."""
        return await self.call(
            "POST",
            "app.bsky.video.uploadVideo",
            token=await self.service_token(),
            headers={"content-type": "video/mp4"},
            params={"did": self.did, "name": "a.mp4", **more},
            content=data or media.mp4(),
        )


def error_of(answer: httpx2.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["error"], body["message"]


speaker = partial(speaking, Bluesky)
