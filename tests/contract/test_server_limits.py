"""The server against clients that are slow, greedy, wrong or gone; raw sockets on loopback, both event loops."""

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

from polypost.api import body, errors
from polypost.api.presence import client_gone
from polypost.api.server import Limits, Server, server
from polypost.errors import PolypostError

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
            async def __call__(this, *asgi: Any) -> None:  # noqa: N805
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
        self.loop.call_soon_threadsafe(self.server.stop)

    def open_connections(self) -> int:
        return len(self.server.server_state.connections)


Start = Callable[..., Web]


@pytest.fixture(params=["asyncio", "uvloop"])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
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
        if web.thread.is_alive():
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


# Slow clients


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"G", b"GET /size HTTP/1.1\r\nHost: local"])
def test_headers_that_do_not_come_are_answered_408(start: Start, sent: bytes) -> None:
    [answer] = start(head_seconds=0.2).ask(sent)
    refused(answer, 408, "headers_timeout")


def test_headers_that_trickle_get_no_more_time(start: Start) -> None:
    client = start(head_seconds=0.3).connect(b"GET /size HTTP/1.1\r\n")
    client.settimeout(0.05)
    received = b""
    for _ in range(200):
        try:
            client.sendall(b"a: b\r\n")
            received += client.recv(65536)
            break
        except TimeoutError:
            continue
    client.settimeout(PATIENCE)
    [answer] = answers(received + everything(client))
    refused(answer, 408, "headers_timeout")


def test_slow_headers_of_a_second_request_on_a_connection(start: Start) -> None:
    client = start(head_seconds=0.2).connect(get("/size"))
    assert one_answer(client) == (200, b"0")
    client.sendall(b"GET /size HT")
    [answer] = answers(everything(client))
    refused(answer, 408, "headers_timeout")


def test_late_headers_behind_a_running_request_wait_for_its_answer(start: Start) -> None:
    web = start(head_seconds=0.2)
    client = web.connect(get("/hold?1"))
    web.stage.entered.get(timeout=PATIENCE)
    client.sendall(b"GET /size")
    client.settimeout(0.4)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(PATIENCE)
    web.stage.orders.put("answer")
    first, second = answers(everything(client))
    assert first == (200, b"held 1")
    refused(second, 408, "headers_timeout")


def test_a_body_that_does_not_come_is_answered_408_and_frees_the_request(start: Start) -> None:
    web = start(body_seconds=0.2)
    client = web.connect(post("/deaf", b"")[:-4].replace(b": 0", b": 5") + b"\r\n\r\nab")
    [answer] = answers(everything(client))
    refused(answer, 408, "body_timeout")
    assert web.stage.seen.get(timeout=PATIENCE) == "cut"


def test_a_body_that_trickles_gets_no_more_time(start: Start) -> None:
    web = start(body_seconds=0.3)
    client = web.connect(b"POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.settimeout(0.05)
    received = b""
    for _ in range(200):
        try:
            client.sendall(b"1\r\na\r\n")
            received += client.recv(65536)
            break
        except TimeoutError:
            continue
    client.settimeout(PATIENCE)
    [answer] = answers(received + everything(client))
    refused(answer, 408, "body_timeout")
    assert web.stage.seen.get(timeout=PATIENCE) == "cut"


def test_a_long_body_that_keeps_up_the_rate_passes(start: Start) -> None:
    web = start(body_seconds=0.1, body_rate=100)
    client = web.connect(b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n")
    quiet = threading.Event()
    for _ in range(3):
        client.sendall(b"x" * 1000)
        quiet.wait(0.15)
    assert one_answer(client) == (200, b"3000")


def test_a_client_that_does_not_read_its_answer_is_dropped(start: Start) -> None:
    web = start(answer_seconds=0.2)
    web.connect(get("/endless"))
    assert web.stage.seen.get(timeout=PATIENCE) == "stopped"


def test_an_answer_before_the_body_reaches_a_client_that_still_sends(start: Start) -> None:
    web = start()
    client = web.connect(
        b"POST /refuse HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n"
    )
    client.sendall(b"x" * 299_999)
    assert answers(everything(client)) == [(413, b"no")]


def test_the_rest_of_a_refused_body_does_not_keep_the_connection(start: Start) -> None:
    client = start(body_seconds=0.2).connect(
        b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"
    )
    assert answers(everything(client)) == [(413, b"no")]


def test_a_connection_goes_on_after_the_rest_of_a_refused_body(start: Start) -> None:
    client = start(keep_alive=0.3).connect(b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nx")
    assert one_answer(client) == (413, b"no")
    client.sendall(b"yz" + get("/size"))
    assert one_answer(client) == (200, b"0")
    assert everything(client) == b""


@pytest.mark.parametrize("before", [b"", get("/size")])
def test_an_idle_connection_is_closed_without_an_answer(start: Start, before: bytes) -> None:
    web = start(keep_alive=0.2, head_seconds=PATIENCE)
    client = web.connect(before + get("/size"))
    assert [status for status, _ in answers(everything(client))] == [200] * (2 if before else 1)


# Greedy clients


@pytest.mark.parametrize("pieces", [1, 50])
@pytest.mark.parametrize("whole", [True, False])
def test_huge_headers_are_answered_431(start: Start, *, pieces: int, whole: bool) -> None:
    each = 100_000 // pieces
    lines = "".join(f"x-{place}: {'a' * each}\r\n" for place in range(pieces))
    data = f"GET /size HTTP/1.1\r\nHost: a\r\n{lines}".encode()
    [answer] = start().ask(data + b"\r\n" if whole else data[:-2])
    refused(answer, 431, "headers_too_large")


def test_headers_up_to_the_limit_pass(start: Start) -> None:
    client = start().connect(get("/size", f"x-long: {'a' * 63_000}"))
    assert one_answer(client) == (200, b"0")


def test_too_many_headers_are_answered_431(start: Start) -> None:
    [answer] = start().ask(get("/size", *["a: b"] * 300))
    refused(answer, 431, "headers_too_large")


def test_a_huge_client_still_gets_its_refusal(start: Start) -> None:
    client = start(linger=0.5).connect()
    sender = threading.Thread(target=_send_all, args=(client, get("/size", f"a: {'b' * 3_000_000}")))
    sender.start()
    [answer] = answers(everything(client))
    sender.join(PATIENCE)
    refused(answer, 431, "headers_too_large")


def _send_all(client: socket.socket, data: bytes) -> None:
    try:
        client.sendall(data)
    except OSError:
        return


def test_a_huge_url_is_answered_414(start: Start) -> None:
    [answer] = start().ask(get("/size?" + "a" * 16_001))
    refused(answer, 414, "url_too_long")


def test_a_url_up_to_the_limit_passes(start: Start) -> None:
    assert one_answer(start().connect(get("/size?" + "a" * 15_900))) == (200, b"0")


def test_the_connection_after_the_200th_of_an_address_is_refused(start: Start) -> None:
    web = start()
    held = [web.connect(get("/size")) for _ in range(200)]
    assert {one_answer(client) for client in held} == {(200, b"0")}
    [answer] = answers(everything(web.connect()))
    refused(answer, 503, "too_many_connections")
    for client in held[:2]:
        client.sendall(get("/size", CLOSE))
        assert answers(everything(client)) == [(200, b"0")]
    assert one_answer(web.connect(get("/size"))) == (200, b"0")


def test_a_chunked_body_over_the_limit_of_the_api_is_answered_413(start: Start) -> None:
    client = start().connect(b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%s\r\n" % (50_000, b"x" * 50_000)
    for _ in range(11):
        client.sendall(chunk)
    status, said = one_answer(client)
    assert (status, json.loads(said)["code"]) == (413, "payload_too_large")


def test_endless_trailers_are_refused(start: Start) -> None:
    head = b"POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    [answer] = start().ask(head + b"x: y\r\n" * 300)
    refused(answer, 431, "headers_too_large")


def test_a_pipeline_has_an_end(start: Start) -> None:
    web = start(pipelined=4)
    client = web.connect(get("/hold?first") + get("/size") * 20)
    web.stage.entered.get(timeout=PATIENCE)
    web.stage.orders.put("answer")
    got = answers(everything(client))
    assert got[:-1] == [(200, b"held first"), *[(200, b"0")] * 4]
    refused(got[-1], 503, "pipeline_full")


# Wrong clients


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"\x00" * 100,
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_400(start: Start, sent: bytes) -> None:
    [answer] = start().ask(sent)
    refused(answer, 400, "malformed_request")


def test_a_body_that_breaks_is_answered_400_and_frees_the_request(start: Start) -> None:
    web = start()
    client = web.connect(b"POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    web.stage.entered.get(timeout=PATIENCE)
    client.sendall(b"zz\r\n")
    [answer] = answers(everything(client))
    refused(answer, 400, "malformed_request")
    assert web.stage.seen.get(timeout=PATIENCE) == "cut"


def test_garbage_behind_a_request_does_not_spoil_its_answer(start: Start) -> None:
    first, second = start().ask(get("/size") + b"\x00\x01\x02")
    assert first == (200, b"0")
    refused(second, 400, "malformed_request")


def test_a_broken_body_behind_a_request_does_not_spoil_its_answer(start: Start) -> None:
    web = start()
    broken = b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    client = web.connect(get("/hold?1") + broken)
    web.stage.entered.get(timeout=PATIENCE)
    web.stage.orders.put("answer")
    first, second = answers(everything(client))
    assert first == (200, b"held 1")
    refused(second, 400, "malformed_request")


@pytest.mark.parametrize("sent", [b"GET /size HTT", post("/deaf", b"abc")[:-1]])
def test_a_request_that_ends_too_early_is_answered_400(start: Start, sent: bytes) -> None:
    client = start().connect(sent)
    client.shutdown(socket.SHUT_WR)
    [answer] = answers(everything(client))
    refused(answer, 400, "request_cut")


def test_connecting_and_leaving_is_not_answered(start: Start) -> None:
    client = start().connect()
    client.shutdown(socket.SHUT_WR)
    assert everything(client) == b""


def test_trailers_do_not_become_headers(start: Start) -> None:
    head = b"POST /headers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = start().connect(head)
    client.sendall(b"1\r\na\r\n0\r\nX-Access-Key: other\r\n\r\n")
    assert json.loads(one_answer(client)[1]) == ["host", "transfer-encoding"]


# Pipelines, versions, expectations


def test_pipelined_requests_are_answered_in_order(start: Start) -> None:
    requests = [get("/size"), post("/size", b"abc"), post("/size", b"x" * 70_000), get("/size", CLOSE)]
    assert start().ask(b"".join(requests)) == [(200, b"0"), (200, b"3"), (200, b"70000"), (200, b"0")]


@pytest.mark.parametrize("size", [1, 2, 61])
def test_requests_may_come_in_pieces_of_any_size(start: Start, size: int) -> None:
    chunked = "\r\n".join(
        ["POST /size HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "3", "abc", "0", "", ""]
    )
    data = get("/size") + post("/size", b"abcd") + chunked.encode() + get("/size", CLOSE)
    client = start().connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for begin in range(0, len(data), size):
        client.sendall(data[begin : begin + size])
    assert answers(everything(client)) == [(200, b"0"), (200, b"4"), (200, b"3"), (200, b"0")]


def test_nothing_behind_a_closing_request_runs(start: Start) -> None:
    web = start()
    assert web.ask(get("/size", CLOSE) + get("/hold")) == [(200, b"0")]
    assert web.stage.entered.empty()


def test_http_1_0_is_answered_and_closed(start: Start) -> None:
    assert start().ask(b"GET /size HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") == [(200, b"0")]


@pytest.mark.parametrize("split", [1, 8, 60, 118])
def test_an_offered_upgrade_is_declined_and_the_connection_goes_on(start: Start, split: int) -> None:
    data = post("/size", b"abc", "Connection: upgrade", "Upgrade: h2c") + get("/size")
    client = start().connect(data[:split])
    client.sendall(data[split:])
    client.shutdown(socket.SHUT_WR)
    assert answers(everything(client)) == [(200, b"3"), (200, b"0")]


def test_100_continue_is_sent_when_the_body_is_wanted(start: Start) -> None:
    client = start().connect(post("/size", b"", "Expect: 100-continue").replace(b": 0", b": 3"))
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"abc")
    assert one_answer(client) == (200, b"3")


def test_an_answer_instead_of_100_continue_closes(start: Start) -> None:
    sent = post("/size", b"", "Expect: 100-continue").replace(b": 0", b": 600000")
    [(status, said)] = start().ask(sent)
    assert (status, json.loads(said)["code"]) == (413, "payload_too_large")


# Gone clients


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("sent", [get("/disconnect"), post("/disconnect", b"abc")])
def test_a_waiting_request_hears_that_its_client_left(
    start: Start, leave: Callable[[socket.socket], None], sent: bytes
) -> None:
    web = start()
    client = web.connect(sent)
    web.stage.entered.get(timeout=PATIENCE)
    leave(client)
    assert web.stage.seen.get(timeout=PATIENCE) is True


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("path", ["/disconnect", "/hold"])
def test_a_request_with_another_behind_it_hears_that_its_client_left(
    start: Start, leave: Callable[[socket.socket], None], path: str
) -> None:
    web = start()
    client = web.connect(get(f"{path}?1") + get(f"{path}?2"))
    assert web.stage.entered.get(timeout=PATIENCE) == "1"
    leave(client)
    if path == "/hold":
        web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is True
    web.stage.orders.put("answer")
    web.stop()
    web.thread.join(PATIENCE)
    assert web.stage.entered.empty()


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("sent", [get("/hold"), b"GET /hold HTTP/1.0\r\n\r\n", get("/hold", CLOSE)])
def test_asking_finds_a_client_that_has_just_left(
    start: Start, leave: Callable[[socket.socket], None], sent: bytes
) -> None:
    web = start()
    client = web.connect(sent)
    web.stage.entered.get(timeout=PATIENCE)
    leave(client)
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is True
    web.stage.orders.put("answer")


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_asking_knows_more_than_the_loop_has_read(
    start: Start, leave: Callable[[socket.socket], None]
) -> None:
    web = start()
    client = web.connect(get("/blocked"))
    web.stage.entered.get(timeout=PATIENCE)
    leave(client)
    web.stage.orders.put("look")
    assert web.stage.seen.get(timeout=PATIENCE) is True


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_client_that_only_stopped_sending_gets_its_answer(start: Start, version: bytes) -> None:
    web = start()
    client = web.connect(b"GET /hold?half HTTP/%s\r\nHost: a\r\n\r\n" % version)
    client.shutdown(socket.SHUT_WR)
    web.stage.entered.get(timeout=PATIENCE)
    for _ in range(12):
        web.stage.orders.put("gone?")
        assert web.stage.seen.get(timeout=PATIENCE) is False
    web.stage.orders.put("answer")
    assert answers(everything(client)) == [(200, b"held half")]


def test_a_client_that_stopped_sending_gets_all_its_answers(start: Start) -> None:
    web = start()
    client = web.connect(get("/hold?1") + get("/size") + get("/hold?2"))
    client.shutdown(socket.SHUT_WR)
    for _ in range(2):
        web.stage.entered.get(timeout=PATIENCE)
        web.stage.orders.put("gone?")
        assert web.stage.seen.get(timeout=PATIENCE) is False
        web.stage.orders.put("answer")
    assert answers(everything(client)) == [(200, b"held 1"), (200, b"0"), (200, b"held 2")]


def test_a_client_that_stopped_sending_and_then_left_is_gone(start: Start) -> None:
    web = start()
    client = web.connect(get("/hold"))
    web.stage.entered.get(timeout=PATIENCE)
    client.shutdown(socket.SHUT_WR)
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is False
    # Everything is read, so that the close sends no packet of its own.
    assert b"HTTP/1.1 ".startswith(client.recv(65536))
    client.close()
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is True
    web.stage.orders.put("answer")


def test_a_client_that_waits_is_not_gone(start: Start) -> None:
    web = start()
    client = web.connect(get("/hold"))
    web.stage.entered.get(timeout=PATIENCE)
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is False
    web.stage.orders.put("answer")
    assert one_answer(client) == (200, b"held ")


# The server's own life


def test_stopping_lets_a_running_request_end_and_closes_the_idle(start: Start) -> None:
    web = start()
    idle, client = web.connect(get("/size")), web.connect(get("/hold?x"))
    one_answer(idle)
    web.stage.entered.get(timeout=PATIENCE)
    web.stop()
    assert everything(idle) == b""
    web.stage.orders.put("answer")
    assert answers(everything(client)) == [(200, b"held x")]
    assert web.stage.seen.get(timeout=PATIENCE) == "closed"
    with pytest.raises(ConnectionRefusedError):
        web.connect()


def test_a_request_that_outlasts_the_shutdown_gets_no_answer(start: Start) -> None:
    web = start(shutdown_seconds=0.3)
    client = web.connect(get("/disconnect"))
    web.stage.entered.get(timeout=PATIENCE)
    web.stop()
    assert everything(client) == b""
    web.thread.join(PATIENCE)
    assert not web.thread.is_alive()


def test_several_servers_in_one_process(start: Start) -> None:
    webs = [start(connections_per_address=1) for _ in range(3)]
    assert len({web.server.port for web in webs}) == 3
    assert [one_answer(web.connect(get("/size"))) for web in webs] == [(200, b"0")] * 3


def test_a_taken_port_and_an_application_that_fails_are_errors(start: Start) -> None:
    web = start()

    @asynccontextmanager
    async def broken(app: FastAPI) -> Any:
        raise RuntimeError("no store")
        yield

    async def story() -> None:
        with pytest.raises(OSError, match="in use"):
            await server(web.stage.app, host="127.0.0.1", port=web.server.port).serve()
        with pytest.raises(PolypostError, match="did not start"):
            await server(FastAPI(lifespan=broken), host="127.0.0.1", port=0).serve()

    asyncio.run(story())


def test_connections_are_forgotten_when_they_end(start: Start) -> None:
    web = start()
    for _ in range(3):
        assert web.ask(get("/size", CLOSE)) == [(200, b"0")]
    web.stop()
    web.thread.join(PATIENCE)
    assert web.open_connections() == 0
    assert not web.server.config.addresses
