"""Raw sockets against the server: an application the test steers, and what the server sends back."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvloop
from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from polypost.api.http import body, errors
from polypost.api.http.disconnects import client_gone
from polypost.api.http.server import Limits, Server, server

PATIENCE = 10.0


class Stage:
    """The application under the server: the test decides when it goes on, and hears what it saw."""

    def __init__(self) -> None:
        self.entered: queue.Queue[str] = queue.Queue()
        self.seen: queue.Queue[Any] = queue.Queue()
        self.orders: queue.Queue[str] = queue.Queue()
        self.app = FastAPI(lifespan=self._lifespan)
        errors.install(self.app)
        for path, call in {
            "/size": self.size,
            "/hold": self.hold,
            "/disconnect": self.disconnect,
            "/deaf": self.deaf,
            "/blocked": self.blocked,
            "/endless": self.endless,
            "/headers": self.headers,
            "/refuse": self.refuse,
        }.items():
            self.app.router.routes.append(Route(path, call, methods=["GET", "POST"]))

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> Any:
        yield
        self.seen.put("closed")

    async def size(self, request: Request) -> Response:
        """The API's own reader of bodies."""
        return Response(str(len(await body.read(request))))

    async def hold(self, request: Request) -> Response:
        """Answers when told so; `gone?` asks whether the client is there."""
        await request.body()
        self.entered.put(request.url.query)
        while (order := await asyncio.to_thread(self.orders.get)) != "answer":
            assert order == "gone?"
            self.seen.put(await client_gone(request))
        return Response(f"held {request.url.query}")

    async def disconnect(self, request: Request) -> Response:
        """Waits for the client to leave."""
        await request.body()
        self.entered.put(request.url.query)
        while (await request.receive())["type"] != "http.disconnect":
            continue
        self.seen.put(await request.is_disconnected())
        return Response("nobody reads this")

    async def deaf(self, request: Request) -> Response:
        """Waits for a body that may never be complete."""
        self.entered.put("deaf")
        try:
            await request.body()
        except ClientDisconnect:
            self.seen.put("cut")
            raise
        return Response("whole")

    async def blocked(self, request: Request) -> Response:
        """Holds up the whole loop, so that only the kernel can know."""
        self.entered.put("blocked")
        assert self.orders.get(timeout=PATIENCE) == "look"
        self.seen.put(await client_gone(request))
        return Response("late")

    async def endless(self, request: Request) -> Response:
        """Sends more than any buffer holds."""

        async def pieces() -> Any:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)

        class Watched(StreamingResponse):
            async def __call__(this, *asgi: Any) -> None:  # noqa: N805  # the outer `self` is used as well
                try:
                    await super().__call__(*asgi)
                finally:
                    self.seen.put("stopped")

        return Watched(pieces())

    async def headers(self, request: Request) -> Response:
        """What the application sees as headers after the whole body."""
        await request.body()
        return Response(json.dumps([name for name, _ in request.headers.items()]))

    async def refuse(self, request: Request) -> Response:
        """Answers without reading the body."""
        return Response("no", 413)


@dataclass
class Web:
    """A running server and its clients."""

    stage: Stage
    server: Server
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    clients: list[socket.socket]
    stopping: bool = False

    def connect(self, data: bytes = b"") -> socket.socket:
        """A client that has sent `data`."""
        client = socket.create_connection(("127.0.0.1", self.server.port), timeout=PATIENCE)
        self.clients.append(client)
        client.sendall(data)
        return client

    def ask(self, data: bytes) -> list[tuple[int, bytes]]:
        """All answers to `data`, read until the server closes."""
        return answers(everything(self.connect(data)))

    def stop(self) -> None:
        """Ask it to end, once: the loop may be closed a moment before its thread is gone."""
        if not self.stopping:
            self.stopping = True
            self.loop.call_soon_threadsafe(self.server.stop)

    def open_connections(self) -> int:
        return len(self.server.server_state.connections)


Start = Callable[..., Web]


@pytest.fixture(params=["asyncio", "uvloop"])
def servers(request: pytest.FixtureRequest) -> Iterator[Start]:
    """`start(head_seconds=0.2)`: a server with these limits in a thread of its own."""
    running: list[Web] = []

    def begin(**limits: Any) -> Web:
        stage, ready = Stage(), threading.Event()
        holder: list[asyncio.AbstractEventLoop] = []
        web = server(
            stage.app,
            host="127.0.0.1",
            port=0,
            limits=Limits(**{"linger": 0.2} | limits),
            on_ready=lambda _: ready.set(),
        )

        async def main() -> None:
            holder.append(asyncio.get_running_loop())
            await web.serve()

        def run() -> None:
            factory = uvloop.new_event_loop if request.param == "uvloop" else None
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(main())

        thread = threading.Thread(target=run)
        thread.start()
        assert ready.wait(PATIENCE)
        running.append(Web(stage, web, holder[0], thread, []))
        return running[-1]

    yield begin
    for web in running:
        for client in web.clients:
            client.close()
        web.stop()
        web.thread.join(PATIENCE)
        assert not web.thread.is_alive()


def everything(client: socket.socket) -> bytes:
    """What the server sends until it closes; a reset ends it as well."""
    received = b""
    try:
        while piece := client.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def answers(received: bytes) -> list[tuple[int, bytes]]:
    """(status, body) of each answer in a stream of answers with a content length."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0].startswith(b"HTTP/1.1 ")
        lengths = [int(line[16:]) for line in lines if line.lower().startswith(b"content-length: ")]
        found.append((int(lines[0].split()[1]), rest[: lengths[0] if lengths else 0]))
        received = rest[lengths[0] if lengths else 0 :]
    return found


def one_answer(client: socket.socket) -> tuple[int, bytes]:
    """The next answer on a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += client.recv(65536)
    head, _, rest = received.partition(b"\r\n\r\n")
    length = next(int(x[16:]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length: "))
    while len(rest) < length:
        rest += client.recv(65536)
    assert len(rest) == length
    return int(head.split()[1]), rest


def refused(answer: tuple[int, bytes], status: int, code: str) -> None:
    """Assert that an answer is the server's own refusal in the contract's shape."""
    said = json.loads(answer[1])
    assert (answer[0], said["code"], said["success"]) == (status, code, False)
    assert said["message"]
    assert said["requestId"].startswith("req_")


def reset(client: socket.socket) -> None:
    """Close with a reset instead of a FIN."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def post(path: str, content: bytes, *headers: str) -> bytes:
    length = f"Content-Length: {len(content)}"
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", length, *headers, "", ""]
    return "\r\n".join(lines).encode() + content


CLOSE = "Connection: close"
