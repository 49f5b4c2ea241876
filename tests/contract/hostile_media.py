"""A web server that the Polypost under test may reach, and that plays tricks on whoever fetches from it."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = b"internal-status-page-7f3a"


@dataclass
class Stage:
    """The addresses of the tricks; `reached` are connections to the canary, which nobody may make.

    `shelf` holds files by path, which are given as they are; none has a trick's path.
    """

    port: int
    canary: int
    reached: list[tuple[str, int]] = field(default_factory=list)
    shelf: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, content: bytes) -> str:
        """The address of a file with this content."""
        path = f"shelf/{name}"
        self.shelf[path] = content
        return self.url(path)

    @property
    def address(self) -> str:
        """What the server's operator allows."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """The address of a trick."""
        return f"http://{self.address}/{path}"


class _Tricks(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stage: Stage

    def do_GET(self) -> None:
        trick = self.path.strip("/").partition("?")[0].partition(".")[0]
        if (kept := self.stage.shelf.get(self.path.strip("/"))) is not None:
            self._say(200, kept)
        elif trick == "redirect":
            self._say(302, b"", Location=f"http://127.0.0.1:{self.stage.canary}/secret")
        elif trick == "metadata":
            self._say(302, b"", Location="http://169.254.169.254/latest/meta-data/")
        elif trick == "loop":
            self._say(302, b"", Location="/loop")
        elif trick == "page":
            self._say(200, b"<!doctype html><title>x</title>" + SECRET, **{"Content-Type": "image/jpeg"})
        elif trick == "svg":
            self._say(200, b'<svg xmlns="http://www.w3.org/2000/svg"></svg>')
        elif trick == "packed":
            self._say(200, gzip.compress(bytes(100_000)), **{"Content-Encoding": "gzip"})
        elif trick == "empty":
            self._say(200, b"")
        elif trick == "huge":
            self.send_response(200)
            self.send_header("Content-Length", str(10**12))
            self.end_headers()
            self.close_connection = True
        elif trick == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"\xff\xd8\xff\xe0")
            self.close_connection = True
        else:
            self._say(int(trick) if trick.isdigit() else 404, SECRET)

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


@contextmanager
def on_stage() -> Iterator[Stage]:
    """The server and its canary, while the block runs."""
    canary = socket.create_server(("127.0.0.1", 0))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tricks)
    stage = Stage(server.server_address[1], canary.getsockname()[1])
    server.RequestHandlerClass = type("Tricks", (_Tricks,), {"stage": stage})

    def watch() -> None:
        while True:
            try:
                connection, peer = canary.accept()
            except OSError:
                return
            stage.reached.append(peer)
            connection.close()

    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    try:
        yield stage
    finally:
        server.shutdown()
        server.server_close()
        canary.shutdown(socket.SHUT_RDWR)
        canary.close()
        for thread in threads:
            thread.join()
