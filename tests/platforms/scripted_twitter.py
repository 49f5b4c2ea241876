"""A loopback server that answers as X is known to answer, in the order that a test lined up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.platforms.run import MemoryFile, MemoryRun

from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, MediaKind, Post
from polypost.platforms.twitter import CONNECTOR
from polypost.probe import Facts

ACCOUNT = Account("12", username="polly", metadata={"subscription_type": "None"})
CREATE, ME, TOKEN = "POST /2/tweets", "GET /2/users/me", "POST /2/oauth2/token"
OPEN, STATUS, LISTING = "POST /2/media/upload/initialize", "GET /2/media/upload", "GET /2/users/12/tweets"

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]] | None


@dataclass
class Asked:
    """A request as it arrived; `form` holds the fields of a form, `segment` the file of an upload."""

    route: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    form: dict[str, str] = field(default_factory=dict)
    segment: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Script:
    """Answers by method and path: (status, JSON or bytes, headers), or None to hang up after reading.

    The last answer of a route is given for ever. Uploads work unless a test says otherwise.
    """

    def __init__(self) -> None:
        self.lines: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []

    def on(self, route: str, *answers: Answer) -> None:
        self.lines[route] = list(answers)

    def of(self, route: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.route == route]

    @property
    def routes(self) -> list[str]:
        return [asked.route for asked in self.asked]

    def uploads(self, media_id: str = "71", **closed: Any) -> None:
        """Let uploads succeed under one id; `closed` are further members of the closing answer."""
        self.on(OPEN, (200, {"data": {"id": media_id, "expires_after_secs": 86_400}}))
        self.on(f"POST /2/media/upload/{media_id}/append", (200, {"data": {"expires_at": 1}}))
        self.on(f"POST /2/media/upload/{media_id}/finalize", (200, {"data": {"id": media_id, **closed}}))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            method, target, _ = head[0].split()
            asked = _asked(
                method, target, headers, await reader.readexactly(int(headers.get("content-length", 0)))
            )
            self.asked.append(asked)
            line = self.lines.get(asked.route, [(404, {"title": "Not Found"})])
            answer = line.pop(0) if len(line) > 1 else line[0]
            if answer is not None:
                await _send(writer, answer)
        finally:
            writer.close()


def _asked(method: str, target: str, headers: dict[str, str], body: bytes) -> Asked:
    url = urlsplit(target)
    asked = Asked(f"{method} {url.path}", dict(parse_qsl(url.query)), headers, body)
    kind = headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        asked.form = dict(parse_qsl(body.decode()))
    elif kind.startswith("multipart/form-data"):
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        for part in message.iter_parts():
            content = part.get_payload(decode=True)
            if part.get_filename():
                asked.segment = content
            else:
                asked.form[part.get_param("name", header="content-disposition")] = content.decode()
    return asked


async def _send(writer: asyncio.StreamWriter, answer: tuple[Any, ...]) -> None:
    status, body, *more = answer
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (more[0] if more else {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    await writer.drain()


Story = Callable[[Script, NetworkClient], Awaitable[None]]


def tell(story: Story) -> None:
    """Run a story against a script of its own."""

    async def main() -> None:
        script = Script()
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0, limit=2**24)
        networks = Networks({"twitter": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        try:
            await story(script, networks.client("twitter"))
        finally:
            await networks.aclose()
            server.close()
            await server.wait_closed()

    asyncio.run(main())


def run_on(http: NetworkClient, account: Account = ACCOUNT, **kept: Any) -> MemoryRun:
    return MemoryRun(http, account, "token-1", **kept)


def post(
    text: str = "Hello", *media: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    """A post with options in their wire form; `further` holds the files of the thread."""
    parsed = CONNECTOR.options.model_validate(options)
    return Post("t1", text, media, parsed, {file.url: file for file in further})


def picture(data: bytes = b"x" * 64, url: str = "https://media.example.com/a.png") -> MemoryFile:
    return MemoryFile(data, Facts("image", "image/png", len(data), 100, 100), url)


def film(data: bytes = b"v" * 64, url: str = "https://media.example.com/a.mp4") -> MemoryFile:
    facts = Facts(
        "video", "video/mp4", len(data), 1280, 720, duration=10.0, video_codec="h264", audio_codec="aac"
    )
    return MemoryFile(data, facts, url)


def thread_media(file: MemoryFile, kind: MediaKind | None = None) -> dict[str, str]:
    return {"type": kind or file.facts.kind, "url": file.url}


def created(number: int | str, **headers: str) -> Answer:
    return 201, {"data": {"id": str(number), "text": "…"}}, headers
