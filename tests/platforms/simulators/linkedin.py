"""One member that speaks to the LinkedIn simulator."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, Side, good, speaking

VERSION = "202609"
BACK = "https://app.example/back"


class LinkedIn(Side):
    """A member with a token, speaking Rest.li."""

    platform = "linkedin"

    def __init__(self, running: Play, account: dict[str, Any], *files: Any) -> None:
        super().__init__(running, account, *files)
        self.organization = f"urn:li:organization:{5_000_001 if account['username'] == 'demo' else 5_000_002}"

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "LinkedIn-Version": VERSION,
            "X-Restli-Protocol-Version": "2.0.0",
            **more.pop("headers", {}),
        }
        sent = {name: value for name, value in headers.items() if value}
        return await self.running.http.request(method, self.url + path, headers=sent, **more)

    def body(self, commentary: str = "Hello", **more: Any) -> dict[str, Any]:
        return {
            "author": self.id,
            "commentary": commentary,
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED"},
            "lifecycleState": "PUBLISHED",
            **more,
        }

    async def share(self, commentary: str = "Hello", **more: Any) -> httpx2.Response:
        return await self.call("POST", "/rest/posts", json=self.body(commentary, **more))

    async def made(self, commentary: str = "Hello", **more: Any) -> str:
        answer = await self.share(commentary, **more)
        assert answer.status_code == 201, answer.text
        return answer.headers["x-restli-id"]

    async def read(self, urn: str) -> dict[str, Any]:
        return good(await self.call("GET", f"/rest/posts/{quote(urn, safe='')}"))

    async def listed(self, **query: Any) -> dict[str, Any]:
        params = {"q": "author", "author": self.id, **query}
        return good(await self.call("GET", "/rest/posts", params=params))

    async def announce(self, kind: str, **more: Any) -> dict[str, Any]:
        body = {"initializeUploadRequest": {"owner": self.id, **more}}
        return good(await self.call("POST", f"/rest/{kind}s?action=initializeUpload", json=body))["value"]

    async def upload(self, kind: str, data: bytes, **more: Any) -> str:
        value = await self.announce(kind, **more)
        sent = await self.call("PUT", value["uploadUrl"].removeprefix(self.url), content=data)
        assert sent.status_code == 201, sent.text
        return value[kind]

    async def picture(self, data: bytes | None = None) -> str:
        return await self.upload("image", data or media.png(64, 48))

    async def film(self, data: bytes, order: list[int] | None = None) -> str:
        value = await self.announce("video", fileSizeBytes=len(data))
        tags = []
        for part in value["uploadInstructions"]:
            piece = data[part["firstByte"] : part["lastByte"] + 1]
            sent = await self.running.http.put(part["uploadUrl"], content=piece)
            assert sent.status_code == 200, sent.text
            tags.append(sent.headers["etag"])
        ids = [tags[place] for place in order or range(len(tags))]
        finished = await self.finish(value["video"], ids)
        assert (finished.status_code, finished.content) == (200, b"")
        return value["video"]

    async def finish(self, video: str, ids: list[str]) -> httpx2.Response:
        body = {"finalizeUploadRequest": {"video": video, "uploadToken": "", "uploadedPartIds": ids}}
        return await self.call("POST", "/rest/videos?action=finalizeUpload", json=body)

    async def status(self, urn: str) -> dict[str, Any]:
        resource = f"{urn.split(':')[2]}s"
        return (await self.call("GET", f"/rest/{resource}/{quote(urn, safe='')}")).json()

    async def consent(self, client_id: str, *scopes: str, **more: str) -> dict[str, str]:
        """What comes back to the app after a consent."""
        params = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": BACK,
            "state": "s",
            "scope": " ".join(scopes),
            "sandbox_decision": "approve",
            "sandbox_account": self.id,
            **more,
        }
        address = f"{self.url}/oauth/v2/authorization"
        answer = await self.running.http.get(address, params=params)
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    async def form(self, path: str, client_id: str = "strangers-app", **more: str) -> httpx2.Response:
        data = {"client_id": client_id, "client_secret": "any", **more}
        return await self.running.http.post(f"{self.url}/oauth/v2/{path}", data=data)

    async def login(self, client_id: str, *scopes: str) -> dict[str, Any]:
        code = (await self.consent(client_id, *scopes))["code"]
        answer = await self.form(
            "accessToken", client_id, grant_type="authorization_code", code=code, redirect_uri=BACK
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


def code_of(answer: httpx2.Response) -> str:
    """The telling mark of an error, wherever it stands."""
    body = answer.json()
    inputs = body.get("errorDetails", {}).get("inputErrors", [])
    return inputs[0]["code"] if inputs else body.get("code", "")


speaker = partial(speaking, LinkedIn)
