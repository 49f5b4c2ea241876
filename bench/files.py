"""A web server of files, and a world that may fetch them."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import World


@contextmanager
def served(folder: Path) -> Iterator[tuple[World, str, list[str]]]:
    """A running world, the address of the files in `folder`, and the paths that were asked for so far."""
    fetched: list[str] = []

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def do_GET(self) -> None:
            fetched.append(self.path)
            super().do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{files.server_port}"
        world = World(
            folder / "world",
            env={
                "POLYPOST_ALLOW_ADDRESSES": place,
                "POLYPOST_LEASE_SECONDS": "30",
                "POLYPOST_HEARTBEAT_SECONDS": "10",
            },
        )
        world.start()
        try:
            # What its start leaves to do is not what is measured.
            time.sleep(2)
            yield world, f"http://{place}", fetched
        finally:
            world.stop()
            files.shutdown()
