"""A 60 s film of `size` bytes to X (chunks) and Instagram (resumable) together: fetched once, streamed, never whole in memory."""

from __future__ import annotations

import http.server
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from tests.media import write_mp4
from tests.processes import World


class _Counting(http.server.SimpleHTTPRequestHandler):
    fetched: list[str] = []  # noqa: RUF012  # one server a run

    def do_GET(self) -> None:
        self.fetched.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
        return


def _pss(pids: list[int]) -> float:
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 1e6


def large_video(folder: Path, *, size: int) -> dict[str, float]:
    """Peak PSS above idle in MB, how often the file was fetched, and how long it took."""
    folder.mkdir(parents=True)
    write_mp4(folder / "film.mp4", seconds=60, width=1280, height=720, size=size)
    handler = type("Handler", (_Counting,), {"fetched": []})
    files = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *args: handler(*args, directory=str(folder))
    )
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
        with world.client() as client:
            time.sleep(2)
            idle = _pss([world.server.pid])
            body = {
                "content": "A large film",
                "publishNow": True,
                "platforms": [
                    {"platform": name, "accountId": world.accounts[name]} for name in ("twitter", "instagram")
                ],
                "mediaItems": [{"type": "video", "url": f"http://{place}/film.mp4"}],
            }
            began = time.monotonic()
            answer = client.post("/v1/posts", json=body, headers={"Prefer": "respond-async"}).json()
            peak = idle
            while True:
                peak = max(peak, _pss([world.server.pid]))
                post = client.get(f"/v1/posts/{answer['postId']}").json()["post"]
                if post["status"] in {"published", "partial", "failed"}:
                    break
                time.sleep(0.05)
        assert post["status"] == "published", post
        fetched = len(handler.fetched)
    finally:
        world.stop()
        files.shutdown()
        files.server_close()
    return {
        "peak PSS above idle MB": round(peak - idle, 1),
        "fetched by us": fetched,
        "seconds": round(time.monotonic() - began, 1),
    }
