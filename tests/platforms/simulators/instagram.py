"""One account speaking to the Instagram simulator, and a place whose files Instagram can fetch."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Side, at, good

DAY = 86_400


class Instagram(Side):
    """One account speaking to Instagram, and a place whose files Instagram can fetch."""

    platform = "instagram"

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", path, params=query))

    async def contain(self, **params: Any) -> httpx2.Response:
        return await self.call("POST", f"/v26.0/{self.id}/media", data=params)

    async def contained(self, **params: Any) -> str:
        return good(await self.contain(**params))["id"]

    async def settled(self, container: str) -> dict[str, Any]:
        """The container's status, once it is not IN_PROGRESS any more."""
        for _ in range(50):
            status = await self.get(f"/v26.0/{container}", fields="status_code,status")
            if status["status_code"] != "IN_PROGRESS":
                return status
            await asyncio.sleep(0.02)
        raise AssertionError("the container was never done")

    async def finished(self, container: str) -> str:
        """The container, once it is FINISHED."""
        status = await self.settled(container)
        assert status["status_code"] == "FINISHED", status
        return container

    async def publish(self, container: str) -> httpx2.Response:
        return await self.call("POST", f"/v26.0/{self.id}/media_publish", data={"creation_id": container})

    async def published(self, **params: Any) -> str:
        container = await self.finished(await self.contained(**params))
        return good(await self.publish(container))["id"]

    async def picture(self, caption: str = "Hello", **more: Any) -> str:
        return await self.published(image_url=self.files.add("a.jpg", media.jpeg()), caption=caption, **more)

    def film(self, name: str = "a.mp4", **shape: Any) -> str:
        return self.files.add(name, media.mp4(**({"width": 1080, "height": 1920} | shape)))


at_instagram = partial(at, Instagram)


def refused(
    types: set[str], answer: httpx2.Response, code: int, subcode: int | None = None, status: int = 400
) -> dict[str, Any]:
    """The error of an answer of Meta's, whose numbers must be these and whose envelope must be whole."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert error["type"] in types
    assert error["message"]
    assert error["fbtrace_id"].startswith("A")
    assert isinstance(error["is_transient"], bool)
    return error


bad = partial(refused, {"OAuthException", "GraphMethodException"})
