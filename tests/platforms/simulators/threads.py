"""One account speaking to the Threads simulator, and a place whose files Threads can fetch."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Side, at, good
from tests.platforms.simulators.instagram import refused

DAY = 86_400
API = "/v1.0"


class Threads(Side):
    """One account speaking to Threads, and a place whose files Threads can fetch."""

    platform = "threads"

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", f"{API}/{path}", params=query))

    async def contain(self, **params: Any) -> httpx2.Response:
        return await self.call("POST", f"{API}/{self.id}/threads", data={"media_type": "TEXT"} | params)

    async def contained(self, **params: Any) -> str:
        return good(await self.contain(**params))["id"]

    async def settled(self, container: str) -> dict[str, Any]:
        """The container's status, once it is not IN_PROGRESS any more."""
        for _ in range(100):
            status = await self.get(container, fields="status,error_message")
            if status["status"] != "IN_PROGRESS":
                return status
            await asyncio.sleep(0.02)
        raise AssertionError("the container was never done")

    async def finished(self, container: str) -> str:
        """The container, once it is FINISHED."""
        status = await self.settled(container)
        assert status["status"] == "FINISHED", status
        return container

    async def publish(self, container: str) -> httpx2.Response:
        return await self.call("POST", f"{API}/me/threads_publish", data={"creation_id": container})

    async def published(self, **params: Any) -> str:
        container = await self.finished(await self.contained(**params))
        return good(await self.publish(container))["id"]

    async def text(self, text: str = "Hello", **more: Any) -> str:
        return await self.published(text=text, **more)

    async def picture(self, text: str = "Hello", **more: Any) -> str:
        source = self.files.add("a.jpg", media.jpeg())
        return await self.published(media_type="IMAGE", image_url=source, text=text, **more)

    async def items(self, count: int) -> str:
        """The ids of so many finished carousel items, with commas."""
        source = self.files.add("a.jpg", media.jpeg(300, 300))
        made = [
            await self.contained(media_type="IMAGE", image_url=source, is_carousel_item="true")
            for _ in range(count)
        ]
        return ",".join([await self.finished(each) for each in made])

    def film(self, name: str = "a.mp4", **shape: Any) -> str:
        return self.files.add(name, media.mp4(**({"width": 1080, "height": 1920} | shape)))

    async def page(self, path: str, status: int = 200) -> str:
        return await super().page(path.removeprefix("https://www.threads.net"), status)

    async def permalink(self, post_id: str) -> str:
        return (await self.get(post_id, fields="permalink"))["permalink"]


at_threads = partial(at, Threads)
bad = partial(refused, {"OAuthException", "THApiException", "GraphMethodException"})
