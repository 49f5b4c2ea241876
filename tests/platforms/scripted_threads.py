"""A loopback server that answers as Threads is known to answer in rare cases, and posts to send it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.platforms.run import MemoryFile, MemoryRun

from polypost.outbound import Networks
from polypost.platforms.base import Account, Post
from polypost.platforms.threads import CONNECTOR
from polypost.probe import Facts

ACCOUNT = Account("2487")
CONTAINERS, PUBLISH = "POST /v1.0/2487/threads", "POST /v1.0/2487/threads_publish"
QUOTA = "GET /v1.0/2487/threads_publishing_limit"
STATUS = "GET /v1.0/c1"


@dataclass
class Call:
    path: str
    fields: dict[str, str]
    headers: dict[str, str]


class Script:
    """Answers by method and path with what a test lined up; the last answer of a line is given for ever.

    An answer is `(status, JSON or bytes, headers)`, or None for a connection that ends without one.
    """

    def __init__(self) -> None:
        self.lines: dict[str, list[Any]] = {}
        self.calls: dict[str, list[Call]] = defaultdict(list)

    def on(self, route: str, *answers: Any) -> None:
        self.lines[route] = list(answers)

    async def __aenter__(self) -> Script:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._networks = Networks({"threads": f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"})
        self.http = self._networks.client("threads")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._networks.aclose()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split()
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        url = urlsplit(target)
        line = self.lines.get(f"{method} {url.path}", [(404, {"error": {"code": 100, "error_subcode": 33}})])
        answer = line.pop(0) if len(line) > 1 else line[0]
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = parse_qs(f"{url.query}&{body.decode()}", keep_blank_values=True)
        fields = {name: values[0] for name, values in asked.items()}
        self.calls[f"{method} {url.path}"].append(Call(url.path, fields, headers))
        if answer is None:
            return
        status, content, more = (*answer, {})[:3]
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        lines = [f"HTTP/1.1 {status} -", f"content-length: {len(raw)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)
        await writer.drain()


class PublicFile(MemoryFile):
    """A file that the network pulls from another address than the one the user gave."""

    @property
    def public_url(self) -> str:
        return f"https://pull.example/{self.url.rpartition('/')[2]}"


def media(kind: str, name: str = "file") -> PublicFile:
    facts = Facts(kind, "image/jpeg" if kind == "image" else "video/mp4", 1000)
    return PublicFile(bytes(1000), facts, f"https://media.example/{name}")


def post(
    *items: PublicFile, text: str = "Hello #world", extra: dict[str, PublicFile] | None = None, **options: Any
) -> Post:
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), extra or {})


def refused(code: int, subcode: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "error": {"code": code, "error_subcode": subcode, "message": "no", "type": "OAuthException"} | more
    }


def quota(used: int = 1, replies: int = 0) -> dict[str, Any]:
    return {
        "data": [
            {
                "quota_usage": used,
                "config": {"quota_total": 250, "quota_duration": 86400},
                "reply_quota_usage": replies,
                "reply_config": {"quota_total": 1000, "quota_duration": 86400},
            }
        ]
    }


def well_behaved(net: Script) -> None:
    net.on(QUOTA, (200, quota()))
    net.on(CONTAINERS, (200, {"id": "c1"}))
    net.on(STATUS, (200, {"id": "c1", "status": "FINISHED"}))
    net.on(PUBLISH, (200, {"id": "m1"}))
    net.on("GET /v1.0/m1", (200, {"id": "m1", "permalink": "https://www.threads.net/@demo/post/abc"}))


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, ACCOUNT, "token-1", **kept)


def with_network(story: Any) -> Any:
    async def main() -> Any:
        async with Script() as net:
            well_behaved(net)
            return await story(net)

    return asyncio.run(main())
