"""One account speaking to the Threads simulator, and a place whose files Threads can fetch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.helpers import Play, playing

DAY = 86_400
API = "/v1.0"


class Threads:
    """One account speaking to Threads, and a place whose files Threads can fetch."""

    def __init__(self, running: Play, account: dict[str, Any], files: Files) -> None:
        self.running = running
        self.url = running.info.urls["threads"]
        self.account = account
        self.id = account["platformUserId"]
        self.token = account["accessToken"]
        self.files = files

    async def other(self) -> Threads:
        """The second demo account."""
        return Threads(self.running, (await self.running.accounts("threads"))[1], self.files)

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.running.http.request(method, self.url + path, headers=headers, **more)

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

    async def page(self, path: str) -> str:
        answer = await self.running.http.get(self.url + path.removeprefix("https://www.threads.net"))
        assert answer.status_code == 200, answer.text
        return answer.text

    async def permalink(self, post_id: str) -> str:
        return (await self.get(post_id, fields="permalink"))["permalink"]

    async def posts(self) -> list[dict[str, Any]]:
        return await self.running.posts("threads")

    async def fault(self, fault: str, **more: Any) -> None:
        await self.running.fault("threads", fault, **({"times": 1} | more))


@dataclass
class Files:
    """A tiny web server for the media that Threads fetches."""

    url: str = ""
    served: dict[str, bytes] = field(default_factory=dict)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[Any] = field(default_factory=list)

    def add(self, name: str, data: bytes) -> str:
        self.served[f"/{name}"] = data
        return f"{self.url}/{name}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.append(asyncio.current_task())
        data = self.served.get((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        await self.answers.wait()
        status = "404 Not Found" if data is None else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(data or b'')}\r\nConnection: close\r\n\r\n"
        # A fetch that gave up has closed its end by now.
        with suppress(ConnectionError):
            writer.write(head.encode() + (data or b""))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def finish(self) -> None:
        """Let every call under way come to its end."""
        self.answers.set()
        await asyncio.gather(*self.calls)


@asynccontextmanager
async def at_threads(folder: Path, *, port: int | None = None) -> AsyncIterator[Threads]:
    """The first demo account of a sandbox in a folder; the media server is at `port` if one is given."""
    files = Files()
    files.answers.set()
    server = await asyncio.start_server(files.serve, "127.0.0.1", port or 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    files.url = f"http://{address}"
    async with server:
        async with playing(folder, allow=[address]) as running:
            yield Threads(running, (await running.accounts("threads"))[0], files)
        await files.finish()


def telling(folder: Path) -> Callable[[Any], None]:
    """Runs a story with the first demo account, against a sandbox of its own."""

    def told(story: Any) -> None:
        async def main() -> None:
            async with at_threads(folder) as threads:
                await story(threads)

        asyncio.run(main())

    return told


def good(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return answer.json()


def bad(answer: httpx2.Response, code: int, subcode: int | None = None, status: int = 400) -> dict[str, Any]:
    """The error of an answer, whose numbers must be these and whose envelope must be whole."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert error["type"] in {"OAuthException", "THApiException", "GraphMethodException"}
    assert error["message"]
    assert error["fbtrace_id"].startswith("A")
    assert isinstance(error["is_transient"], bool)
    return error
