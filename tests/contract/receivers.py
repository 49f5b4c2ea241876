"""A receiver of webhooks: a real web server on loopback that answers what a test tells it and keeps what came."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 20.0


@dataclass(frozen=True)
class Received:
    """One request: headers with small letters, and the body's bytes."""

    at: float
    headers: dict[str, str]
    body: bytes


@dataclass
class Box:
    """One name's requests; `answers` gives the statuses of the next ones, then `rule` decides (200 by itself)."""

    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    rule: Callable[[int], int] = field(default=lambda _: 200)
    gate: threading.Event | None = None


class Receiver:
    """The server; every name under it has a box of its own."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        host, port = server.server_address[:2]
        self.address = f"{host!s}:{port}"
        self.boxes: defaultdict[str, Box] = defaultdict(Box)
        self.news = threading.Condition()

    def url(self, name: str) -> str:
        return f"http://{self.address}/{name}"

    def take(self, name: str, received: Received) -> int:
        """Keep a request and say what to answer."""
        with self.news:
            box = self.boxes[name]
            box.received.append(received)
            status = box.answers.pop(0) if box.answers else box.rule(len(box.received))
            self.news.notify_all()
        if box.gate is not None:
            box.gate.wait(PATIENCE)
        return status

    def wait(self, name: str, count: int = 1, *, seconds: float = PATIENCE) -> list[Received]:
        """All requests of a name, once there are `count`."""
        end = time.monotonic() + seconds
        with self.news:
            while len(self.boxes[name].received) < count:
                left = end - time.monotonic()
                assert left > 0, f"{name} has {len(self.boxes[name].received)} of {count}"
                self.news.wait(left)
            return list(self.boxes[name].received)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.receiver.take(self.path.strip("/"), Received(time.time(), headers, body))  # type: ignore[attr-defined]  # the receiver hangs at its server
        try:
            self.send_response(status)
            if status in {301, 302, 307}:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # With the usual five, a burst of deliveries finds the door shut.
    request_queue_size = 256


@contextmanager
def on_receiver() -> Iterator[Receiver]:
    """A receiver while the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    receiver = server.receiver = Receiver(server)  # type: ignore[attr-defined]  # the receiver hangs at its server
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    running.start()
    try:
        yield receiver
    finally:
        for box in receiver.boxes.values():
            if box.gate is not None:
                box.gate.set()
        server.shutdown()
        server.server_close()
        running.join()
