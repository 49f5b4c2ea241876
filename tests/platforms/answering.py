"""A network in a few lines: a loopback server that answers each request by a function, and a session that asks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

from polypost.integrations import AccountSession
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, Tokens


@dataclass
class Asked:
    """A request as it arrived; `raw` is its query before it was decoded."""

    method: str
    path: str
    raw: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw, keep_blank_values=True))

    def every(self, name: str) -> list[str]:
        """The values of a parameter."""
        return parse_qs(self.raw, keep_blank_values=True)[name]

    def one(self, name: str) -> str:
        """The only value of a parameter."""
        (value,) = self.every(name)
        return value

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def fields(self) -> dict[str, str]:
        """The parameters of the query and of a form."""
        return (self._encoded() or {}) | self.query

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form, in either of the two ways to send one."""
        encoded = self._encoded()
        if encoded is not None:
            return encoded
        parts = [part for part in self._parts() if not part.get_filename()]
        return {_name(part): part.get_payload(decode=True).decode() for part in parts}

    @property
    def segment(self) -> bytes:
        """The file of an upload."""
        (data,) = [part.get_payload(decode=True) for part in self._parts() if part.get_filename()]
        return data

    def _encoded(self) -> dict[str, str] | None:
        kind = self.headers.get("content-type", "")
        if not kind.startswith("application/x-www-form-urlencoded"):
            return None
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def _parts(self) -> list[Any]:
        kind = self.headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            return []
        whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + self.body)
        return list(whole.iter_parts())


def _name(part: Message) -> str:
    return str(part.get_param("name", header="content-disposition"))


# None hangs up without a word, a number when so many bytes of the body have come.
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]] | int | None
Answers = Callable[[Asked], Answer]


class Loopback:
    """A server in a network's place: `http` leads to it, `asked` holds what arrived."""

    platform: str
    http: NetworkClient

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def upto(self, asked: Asked, length: int) -> int:
        """How much of the body is read."""
        return length

    def answer_to(self, asked: Asked) -> Answer:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._networks = Networks({self.platform: url})
        self.http = self._networks.client(self.platform)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._networks.aclose()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in head[1:] if line)
            headers = {name.lower(): value for name, _, value in pairs}
            method, target, _ = head[0].split()
            url = urlsplit(target)
            asked = Asked(method, url.path, url.query, headers)
            length = self.upto(asked, int(headers.get("content-length", 0)))
            asked.body = await reader.readexactly(length)
            self.asked.append(asked)
            answer = self.answer_to(asked)
            if isinstance(answer, tuple):
                await _send(writer, *answer)
        finally:
            writer.close()


async def _send(
    writer: asyncio.StreamWriter, status: int, body: Any, headers: Mapping[str, str] | None = None
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    await writer.drain()


class Net(Loopback):
    """What a test talks to: `session` asks, `answers` may be changed on the way."""

    session: AccountSession

    def __init__(self, platform: str, answers: Answers) -> None:
        super().__init__()
        self.platform = platform
        self.answers = answers

    def answer_to(self, asked: Asked) -> Answer:
        return self.answers(asked)

    def always(self, status: int, body: Any, **headers: str) -> None:
        """Give the same answer to everything; underscores in names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers = lambda _: (status, body, named)


def with_answers(
    platform: str,
    account: Account,
    answers: Answers,
    story: Callable[[Net], Awaitable[None]],
    **extra: Any,
) -> None:
    """Run a story; `extra` is what the account's tokens came with."""

    async def main() -> None:
        async with Net(platform, answers) as net:
            net.session = AccountSession(net.http, Tokens("token-1", extra=extra), account)
            await story(net)

    asyncio.run(main())
