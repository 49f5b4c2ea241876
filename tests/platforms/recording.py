"""A wire-tap in front of a simulator: passes every exchange on and keeps it whole, bytes as they were."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from polypost.sandbox.simkit.server import Ports, drop, listen

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"}


@dataclass(frozen=True)
class Exchange:
    """One call: header names are in lower case, `path` is as sent (percent-encoded), bodies are bytes."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int
    answer_headers: dict[str, str]
    answer: bytes

    @property
    def params(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a form body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def sent(self) -> Any:
        """The request's JSON."""
        return json.loads(self.body)

    @property
    def received(self) -> Any:
        """The answer's JSON."""
        return json.loads(self.answer)


@dataclass
class Recording:
    """What went through; `url` stands in for the network."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list)


@asynccontextmanager
async def recording(behind: object) -> AsyncIterator[Recording]:
    """A recorder on a port of its own before the simulator at `behind` (`http://127.0.0.1:8301`, or what prints as that).

    The `Host` header is passed on as it came, so that addresses a network makes from it lead here again.
    """
    sock = listen("127.0.0.1", 0)
    kept = Recording(f"http://127.0.0.1:{sock.getsockname()[1]}")
    async with httpx2.AsyncClient(timeout=60, trust_env=False, follow_redirects=False) as client:

        async def pass_on(request: Request) -> Response:
            body = await request.body()
            path = request.scope["raw_path"].decode("ascii").partition("?")[0]
            query = request.scope["query_string"].decode("ascii")
            sent = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]]
            try:
                answer = await client.request(
                    request.method,
                    f"{str(behind).rstrip('/')}{path}{f'?{query}' if query else ''}",
                    headers=[(name, value) for name, value in sent if name not in HOP_BY_HOP],
                    content=body,
                )
            except httpx2.TransportError:
                # The network hung up, so the caller is hung up on; the exchange has no answer to keep.
                await drop(request.scope)
                return Response()
            got = {name.lower(): value for name, value in answer.headers.items()}
            kept.exchanges.append(
                Exchange(
                    request.method, path, query, dict(sent), body, answer.status_code, got, answer.content
                )
            )
            shown = {name: value for name, value in got.items() if name not in HOP_BY_HOP}
            return Response(answer.content, answer.status_code, shown)

        port = Ports({sock: Starlette(routes=[Route("/{rest:path}", pass_on, methods=METHODS)])})
        await port.start()
        try:
            yield kept
        finally:
            await port.stop()
            sock.close()
