"""One account that speaks to the Reddit simulator."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Side, speaking

AGENT = "test:polypost-suite:1.0 (by /u/demo)"


class Reddit(Side):
    """One account speaking to Reddit."""

    platform = "reddit"

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"user-agent": AGENT} | more.pop("headers", {})
        return await super().call(method, path, headers=headers, **more)

    async def read(self, path: str, **query: Any) -> Any:
        answer = await self.call("GET", path, params={"raw_json": 1, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def submit(self, title: str | None = "Hello", **fields: Any) -> httpx2.Response:
        form = {"sr": "sandbox", "kind": "self", "api_type": "json", "resubmit": "true"}
        form |= {} if title is None else {"title": title}
        return await self.call("POST", "/api/submit", data={**form, **fields})

    async def made(self, title: str = "Hello", **fields: Any) -> dict[str, Any]:
        answer = await self.submit(title, **fields)
        assert answer.json()["json"]["errors"] == [], answer.text
        return answer.json()["json"]["data"]

    async def refused(self, title: str | None = "Hello", **fields: Any) -> str:
        """The code of a refusal that comes with status 200 and without data."""
        answer = await self.submit(title, **fields)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"json"}
        assert "data" not in answer.json()["json"]
        (error,) = answer.json()["json"]["errors"]
        return error[0]

    async def lease(self, mimetype: str = "image/png", name: str = "a.png") -> dict[str, Any]:
        answer = await self.call(
            "POST", "/api/media/asset.json", data={"filepath": name, "mimetype": mimetype}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, lease: dict[str, Any], data: bytes, **changed: str) -> httpx2.Response:
        """Bytes to the bucket of a lease, on the simulator's own scheme."""
        fields = {field["name"]: field["value"] for field in lease["args"]["fields"]} | changed
        scheme = self.url.partition("//")[0]
        action = f"{scheme}{lease['args']['action']}"
        return await self.running.http.post(action, data=fields, files={"file": ("a", data)})

    async def uploaded(self, data: bytes | None = None, mimetype: str = "image/png") -> tuple[str, str]:
        """An asset's id and its address."""
        lease = await self.lease(mimetype)
        sent = await self.send(lease, media.png(64, 48) if data is None else data)
        assert sent.status_code == 201, sent.text
        key = next(field["value"] for field in lease["args"]["fields"] if field["name"] == "key")
        return lease["asset"]["asset_id"], f"https:{lease['args']['action']}/{key}"

    async def mine(self, **query: Any) -> list[dict[str, Any]]:
        found = await self.read(f"/user/{self.account['username']}/submitted", **query)
        return [child["data"] for child in found["data"]["children"]]

    async def token_call(self, path: str = "access_token", **form: Any) -> httpx2.Response:
        pair = f"{self.account['clientId']}:{self.account['clientSecret']}"
        headers = {"authorization": f"Basic {b64encode(pair.encode()).decode()}", "user-agent": AGENT}
        return await self.running.http.post(f"{self.url}/api/v1/{path}", data=form, headers=headers)


speaker = partial(speaking, Reddit)
