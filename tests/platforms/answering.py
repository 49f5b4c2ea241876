"""A network in a few lines: a loopback server that answers each request by a function, and a session that asks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from polypost.integrations import AccountSession
from polypost.outbound import Networks
from polypost.platforms.base import Account, Tokens


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; `raw` is its query before it was decoded."""

    method: str
    path: str
    raw: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.raw, keep_blank_values=True)

    def one(self, name: str) -> str:
        """The only value of a parameter."""
        (value,) = self.query[name]
        return value

    @property
    def json(self) -> Any:
        return json.loads(self.body)


# None hangs up without a word.
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]] | None
Answers = Callable[[Asked], Answer]


@dataclass
class Net:
    """What a test talks to: `session` asks, `asked` holds what arrived, `answers` may be changed on the way."""

    session: AccountSession
    answers: Answers
    asked: list[Asked] = field(default_factory=list)

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
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                asked = await _read(reader)
                net.asked.append(asked)
                answer = net.answers(asked)
                if answer is None:
                    return
                status, body, *more = answer
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", "Connection: close"]
                lines += [f"{name}: {value}" for name, value in (more[0] if more else {}).items()]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
                await writer.drain()
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        networks = Networks({platform: f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        session = AccountSession(networks.client(platform), Tokens("token-1", extra=extra), account)
        net = Net(session, answers)
        try:
            await story(net)
        finally:
            await networks.aclose()
            server.close()
            await server.wait_closed()

    asyncio.run(main())


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    method, target, _ = head[0].split()
    url = urlsplit(target)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, url.path, url.query, headers, body)
