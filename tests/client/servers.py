"""Small servers on loopback that answer as a test wants, and note what they were asked."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Said:
    """An answer; with `lost` the request is carried out and the connection dies instead of it."""

    status: int = 200
    body: Any = field(default_factory=lambda: {"success": True})
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False


@dataclass
class Small:
    """A running server: its address, and every request that came."""

    url: str
    asked: list[Asked]

    def calls(self) -> list[str]:
        """Methods and paths in order, without queries."""
        return [f"{each.method} {each.path.partition('?')[0]}" for each in self.asked]


@contextmanager
def answering(answer: Callable[[Asked], Said]) -> Iterator[Small]:
    """A server whose answers are those of `answer`."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536

        def handle_one(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
            said = answer(asked[-1])
            if said.lost:
                cut(self.connection)
                self.close_connection = True
                return
            text = b"" if said.body is None else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in {"Content-Type": "application/json", **said.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_one  # noqa: N815  # its names

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Small(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def losing(url: str, lost: Callable[[Asked], bool]) -> Iterator[Small]:
    """A way to the server at `url` on which the answers to some requests are lost after they were carried out."""

    def passed(asked: Asked) -> Said:
        headers = {name: value for name, value in asked.headers.items() if name != "connection"}
        found = httpx2.request(
            asked.method, url + asked.path, content=asked.body, headers=headers, timeout=60, trust_env=False
        )
        if lost(asked):
            return Said(lost=True)
        kept = {"x-request-id", "retry-after", "upload-offset", "upload-length", "tus-resumable"}
        return Said(
            found.status_code,
            found.json() if found.content else None,
            {name: value for name, value in found.headers.items() if name in kept},
        )

    with answering(passed) as small:
        yield small


def cut(connection: socket.socket) -> None:
    """End a connection in the middle."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
