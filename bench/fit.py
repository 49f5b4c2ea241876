"""Media made to fit: a picture of 12 megapixels to six networks, and a MOV of two minutes in 1080p to four."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
from tests import any_media
from tests.processes import World

from bench.files import served

PICTURE = ("twitter", "instagram", "facebook", "threads", "linkedin", "bluesky")
VIDEO = ("twitter", "instagram", "linkedin", "bluesky")


class _Watch(threading.Thread):
    """The largest memory of the server and of its decoders, in bytes, until it is ended."""

    def __init__(self, server: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._ended = threading.Event()
        self.own = self.decoder = 0

    def run(self) -> None:
        """Look every few hundredths of a second."""
        while not self._ended.wait(0.03):
            try:
                self.own = max(self.own, self._server.memory_full_info().pss)
                for child in self._server.children():
                    self.decoder = max(self.decoder, child.memory_info().rss)
            except psutil.Error:
                continue

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()


def fitting(folder: Path, *, quick: bool) -> dict[str, dict[str, float]]:
    """By file: CPU of server and decoders, memory of both, and how long it took."""
    folder.mkdir(parents=True)
    seconds = 5.0 if quick else 120.0
    (folder / "photo.heic").write_bytes(any_media.still("HEIF", 4000, 3000))
    (folder / "clip.mov").write_bytes(
        any_media.video("mov", width=1920, height=1080, fps=30, seconds=seconds)
    )
    with served(folder) as (world, files, _):
        return {
            "12 megapixels to six": _published(world, PICTURE, "image", f"{files}/photo.heic"),
            f"{seconds:.0f} s of 1080p to four": _published(world, VIDEO, "video", f"{files}/clip.mov"),
        }


def _published(world: World, names: tuple[str, ...], kind: str, url: str) -> dict[str, float]:
    server = psutil.Process(world.server.pid)
    before, idle = server.cpu_times(), server.memory_full_info().pss
    watch, began = _Watch(server), time.monotonic()
    watch.start()
    with world.client() as client:
        body = {
            "content": f"A {kind} for {len(names)}",
            "publishNow": True,
            "platforms": [world.target(name) for name in names],
            "mediaItems": [{"type": kind, "url": url}],
        }
        made = client.post("/v1/posts", json=body, headers={"Prefer": "respond-async"}).json()
    post = world.settle([made["postId"]], seconds=1800)[made["postId"]]
    watch.end()
    assert post["status"] == "published", post
    after = server.cpu_times()
    return {
        "server CPU s": round(after.user + after.system - before.user - before.system, 2),
        "decoders CPU s": round(
            after.children_user + after.children_system - before.children_user - before.children_system, 2
        ),
        "server peak MB": round(watch.own / 1e6, 1),
        "server peak above idle MB": round((watch.own - idle) / 1e6, 1),
        "decoder peak MB": round(watch.decoder / 1e6, 1),
        "seconds": round(time.monotonic() - began, 1),
    }
