"""A 60 s film of `size` bytes to X (chunks) and Instagram (resumable) together: fetched once, streamed, never whole in memory."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
from tests.media import write_mp4

from bench.files import served


def _pss(pids: list[int]) -> float:
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 1e6


def large_video(folder: Path, *, size: int) -> dict[str, float]:
    """Peak PSS above idle in MB, how often the file was fetched, and how long it took."""
    folder.mkdir(parents=True)
    write_mp4(folder / "film.mp4", seconds=60, width=1280, height=720, size=size)
    with served(folder) as (world, files, fetched), world.client() as client:
        idle = peak = _pss([world.server.pid])
        body = {
            "content": "A large film",
            "publishNow": True,
            "platforms": [world.target(name) for name in ("twitter", "instagram")],
            "mediaItems": [{"type": "video", "url": f"{files}/film.mp4"}],
        }
        began = time.monotonic()
        answer = client.post("/v1/posts", json=body, headers={"Prefer": "respond-async"}).json()
        while True:
            peak = max(peak, _pss([world.server.pid]))
            post = client.get(f"/v1/posts/{answer['postId']}").json()["post"]
            if post["status"] in {"published", "partial", "failed"}:
                break
            time.sleep(0.05)
        seconds = time.monotonic() - began
    assert post["status"] == "published", post
    return {
        "peak PSS above idle MB": round(peak - idle, 1),
        "fetched by us": len(fetched),
        "seconds": round(seconds, 1),
    }
