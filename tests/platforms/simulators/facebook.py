"""One Page speaking to the Facebook simulator, and a place whose files Facebook can fetch."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Side, at, good
from tests.platforms.simulators.instagram import bad

PERSON = "122000000000001"
BACK = "https://app.example/callback"
__all__ = ["BACK", "PERSON", "Facebook", "bad", "good"]


class Facebook(Side):
    """The first demo Page, with its own token, and a place whose files Facebook can fetch."""

    platform = "facebook"

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", f"/v26.0{path}", params=query))

    async def edge(self, edge: str, files: Any = None, **params: Any) -> httpx2.Response:
        """A call that makes something on one of the Page's edges."""
        return await self.call("POST", f"/v26.0/{self.id}/{edge}", data=params, files=files)

    async def made(self, edge: str, files: Any = None, **params: Any) -> dict[str, Any]:
        return good(await self.edge(edge, files, **params))

    async def staged(self, **params: Any) -> str:
        """A photo that nobody sees."""
        return (await self.made("photos", {"source": ("a.jpg", media.jpeg())}, published="false", **params))[
            "id"
        ]

    async def uploaded(self, edge: str, data: bytes) -> str:
        """The film of a reel or a story, on the upload host."""
        begun = await self.made(edge, upload_phase="start")
        headers = {"authorization": f"OAuth {self.token}", "offset": "0", "file_size": str(len(data))}
        path = urlsplit(begun["upload_url"]).path
        assert good(await self.call("POST", path, headers=headers, content=data)) == {"success": True}
        return begun["video_id"]

    async def status(self, video: str) -> dict[str, Any]:
        return (await self.get(f"/{video}", fields="status"))["status"]

    async def settled(self, video: str) -> dict[str, Any]:
        """A video's status, once it is not processing any more."""
        for _ in range(20):
            status = await self.status(video)
            if status["video_status"] != "processing":
                return status
        raise AssertionError("the video was never done")

    async def code(self, *, scope: str | None = None, **more: str) -> str:
        """An authorization code of the demo app."""
        asked = {
            "client_id": self.account["clientId"],
            "redirect_uri": BACK,
            "scope": scope or ",".join(self.account["scopes"]),
            "sandbox_decision": "approve",
        }
        page = await self.running.http.get(f"{self.url}/v26.0/dialog/oauth", params=asked | more)
        return parse_qs(urlsplit(page.headers["location"]).query)["code"][0]

    async def redeem(self, code: str, **more: str) -> httpx2.Response:
        asked = self.app | {"redirect_uri": BACK, "code": code}
        return await self.running.http.post(f"{self.url}/v26.0/oauth/access_token", data=asked | more)

    @property
    def app(self) -> dict[str, str]:
        return {"client_id": self.account["clientId"], "client_secret": self.account["clientSecret"]}

    async def person(self, *, long: bool = True, **more: str) -> str:
        """A person's token, of sixty days or of hours."""
        token = good(await self.redeem(await self.code(**more)))["access_token"]
        if not long:
            return token
        asked = self.app | {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
        return good(await self.running.http.get(f"{self.url}/oauth/access_token", params=asked))[
            "access_token"
        ]


at_facebook = partial(at, Facebook)
