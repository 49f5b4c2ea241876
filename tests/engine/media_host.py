"""A media host that misbehaves: films that trickle until the test lets them come, and answers that fail before they are well."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests import media

# Above the server's floor of 50 kB/s, under which it would give a film up.
PIECE_BYTES, PIECE_SECONDS = 16 * 1024, 0.2
STUMBLES = ("busy", "reset", "cut", "limited")


class MediaHost:
    """Serves `/film/…` (trickles while `held`), `/picture/…`, and `/<stumble>/…`, a picture that fails once before."""

    def __init__(self, film_bytes: int) -> None:
        self.film = media.mp4(size=film_bytes)
        self.picture = media.jpeg(640, 640)
        self.asked: Counter[str] = Counter()
        self.through: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._come = threading.Event()
        handler = type("Handler", (_Handler,), {"host": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def url(self, path: str, name: str = "127.0.0.1") -> str:
        """The address of a file, by this name of the host."""
        return f"http://{name}:{self.port}/{path}"

    def let_come(self) -> None:
        """What trickled comes at once from now on."""
        self._come.set()

    def held(self, seconds: float) -> bool:
        """Whether films still trickle after `seconds`; returns at once when they do not."""
        return not self._come.wait(seconds)

    def count(self, path: str) -> int:
        """Note a request; returns how many of this path there were before."""
        with self._lock:
            self.asked[path] += 1
            return self.asked[path] - 1

    @contextmanager
    def running(self) -> Iterator[MediaHost]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.let_come()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: MediaHost

    def do_GET(self) -> None:
        kind = self.path.strip("/").partition("/")[0]
        first = self.host.count(self.path) == 0
        self.close_connection = True
        if kind == "film":
            # A server that ends, or is killed, closes its connections.
            with suppress(OSError):
                self._trickle()
        elif first and kind in STUMBLES:
            self._stumble(kind)
        else:
            self._say(200, self.host.picture)

    def _trickle(self) -> None:
        film = memoryview(self.host.film)
        self._say(200, b"", len(film))
        sent = 0
        while sent < len(film):
            piece = PIECE_BYTES if self.host.held(PIECE_SECONDS) else len(film)
            self.wfile.write(film[sent : sent + piece])
            sent += piece
        self.host.through[self.path] += 1

    def _stumble(self, kind: str) -> None:
        if kind == "reset":
            # With nothing to linger for, closing sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif kind == "cut":
            self._say(200, self.host.picture[:1000], len(self.host.picture))
        else:
            self._say(503 if kind == "busy" else 429, b"")

    def _say(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return
