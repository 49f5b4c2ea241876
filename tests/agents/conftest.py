"""Agents made from the official SDK alone, and people who decide for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.dashboard.conftest import members
from tests.worlds import embedded, local, new, no_faults, tenant, world, worlds

__all__ = ["embedded", "local", "members", "new", "no_faults", "tenant", "world", "worlds"]


class Documents:
    """A web server that has documents of clients, by path; what is no document is where it leads to."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}
        self.asked: list[str] = []
        self.url = ""


@pytest.fixture(scope="session")
def documents() -> Iterator[Documents]:
    """The web server of programs that say themselves who they are."""
    shelf = Documents()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append(self.path)
            found = shelf.said.get(self.path)
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 302 if isinstance(found, str) else 200)
            if isinstance(found, str):
                self.send_header("location", found)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield shelf
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def server_settings(documents: Documents) -> Mapping[str, str]:
    """What the servers are told."""
    return {
        "POLYPOST_AGENTS_OAUTH": "true",
        "POLYPOST_AGENTS_REGISTRATION": "true",
        "POLYPOST_ALLOW_ADDRESSES": documents.url.removeprefix("http://"),
    }
