"""`make bench`: acceptance against the floor, schedule lag, idle memory, a large video, a thousand posts at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psutil
from tests.databases import postgres
from tests.processes import World

from bench.load import Cost, measure, request_bytes

REQUESTS = 3000
FLOOR_TIMES = 3
CONNECTIONS = 16
ROUNDS = 3
LAGS = 100


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def _floor(place: str) -> Iterator[tuple[int, int]]:
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.floor", str(port), place], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _bodies(world: World, count: int) -> list[bytes]:
    """The contract's cross-post example, scheduled far ahead, two targets."""
    hour = (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="milliseconds")
    platforms = [{"platform": name, "accountId": world.accounts[name]} for name in ("twitter", "instagram")]
    picture = httpx2.get(f"{world.sandbox.ready['sandboxUrl']}/_sandbox", trust_env=False).json()[
        "demoMedia"
    ][0]
    return [
        json.dumps(
            {
                "content": f"Check out our new product launch! 🚀 {number}",
                "scheduledFor": hour,
                "timezone": "America/New_York",
                "platforms": platforms,
                "mediaItems": [{"type": "image", "url": picture}],
            },
            ensure_ascii=False,
        ).encode()
        for number in range(count)
    ]


def acceptance(folder: Path, database_url: str | None, floor_place: str) -> dict[str, float]:
    """CPU of an accepted post and of the floor, in turn; the median of their ratios."""
    world = World(
        folder,
        database_url=database_url,
        env={
            "POLYPOST_RATE_LIMIT_PER_MINUTE": "10000000",
            "POLYPOST_LEASE_SECONDS": "30",
            "POLYPOST_HEARTBEAT_SECONDS": "10",
        },
    )
    world.start()
    ours: list[Cost] = []
    floors: list[Cost] = []
    try:
        with _floor(floor_place) as (floor_port, floor_pid):
            port = int(world.url.rpartition(":")[2])
            headers = {"x-access-key": world.key}
            for number in range(ROUNDS + 1):
                bodies = _bodies(world, REQUESTS)
                # The kernel counts CPU in steps of 10 ms, which is much for a round of the floor.
                floor_requests = [request_bytes("floor", "/", body, {}) for body in bodies] * FLOOR_TIMES
                our_requests = [request_bytes("polypost", "/v1/posts", body, headers) for body in bodies]
                floor = asyncio.run(measure("127.0.0.1", floor_port, floor_pid, floor_requests, CONNECTIONS))
                our = asyncio.run(measure("127.0.0.1", port, world.server.pid, our_requests, CONNECTIONS))
                if number:
                    floors.append(floor)
                    ours.append(our)
    finally:
        world.stop()
    ratios = [our.microseconds / floor.microseconds for our, floor in zip(ours, floors, strict=True)]
    return {
        "accepted posts per CPU second": round(1e6 / statistics.median(cost.microseconds for cost in ours)),
        "CPU µs per post": round(statistics.median(cost.microseconds for cost in ours)),
        "CPU µs of the floor": round(statistics.median(cost.microseconds for cost in floors)),
        "ratio": round(statistics.median(ratios), 2),
        "ratio min": round(min(ratios), 2),
        "ratio max": round(max(ratios), 2),
    }


def schedule_lag(folder: Path, database_url: str | None) -> dict[str, float]:
    """Milliseconds from a post's instant to its being visible on the network, one post at a time."""
    world = World(
        folder,
        database_url=database_url,
        env={"POLYPOST_LEASE_SECONDS": "30", "POLYPOST_HEARTBEAT_SECONDS": "10"},
    )
    world.start(workers=1 if database_url else 0)
    world.control("POST", "limits", json={"enforced": False})
    due: dict[str, datetime] = {}
    try:
        with world.client() as client:
            begin = datetime.now(UTC) + timedelta(seconds=3)
            for number in range(LAGS):
                at = begin + timedelta(milliseconds=300 * number)
                text = f"lag {number}"
                due[text] = at
                body = {
                    "content": text,
                    "scheduledFor": at.isoformat(timespec="microseconds"),
                    "platforms": [{"platform": "twitter", "accountId": world.accounts["twitter"]}],
                }
                answer = client.post("/v1/posts", json=body)
                assert answer.status_code == 202, answer.text
            time.sleep(0.3 * LAGS + 6)
        lags = sorted(
            (datetime.fromisoformat(post["time"]) - due[post["text"]]).total_seconds() * 1000
            for post in world.visible("twitter")
            if post["text"] in due
        )
    finally:
        world.stop()
    assert len(lags) == LAGS, f"{len(lags)} of {LAGS} came"
    return {
        "lag p50 ms": round(lags[len(lags) // 2], 1),
        "lag p99 ms": round(lags[int(len(lags) * 0.99) - 1], 1),
        "earliest ms": round(lags[0], 1),
    }


def idle_memory(folder: Path) -> dict[str, float]:
    """Resident megabytes of `polypost serve` without a sandbox, idle."""
    world = World(folder)
    world.server.arguments = ("serve", "--json", "--port", "0")
    world.server.start()
    try:
        time.sleep(3)
        memory = psutil.Process(world.server.pid).memory_full_info()
        return {"idle RSS MB": round(memory.rss / 1e6, 1), "idle PSS MB": round(memory.pss / 1e6, 1)}
    finally:
        world.server.stop()


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["accept", "lag", "memory", "video", "scale"])
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="polypost-bench-") as name, postgres() as new_database:
        folder = Path(name)
        if only in {None, "memory"}:
            _print("memory", idle_memory(folder / "memory"))
        if only in {None, "accept"}:
            _print("accept on SQLite", acceptance(folder / "a", None, str(folder / "floor.db")))
            _print("accept on PostgreSQL", acceptance(folder / "b", new_database(), new_database()))
        if only in {None, "lag"}:
            _print("schedule lag on SQLite", schedule_lag(folder / "c", None))
            _print("schedule lag on PostgreSQL", schedule_lag(folder / "d", new_database()))
        if only in {None, "video"}:
            from bench.video import large_video

            _print("290 MB video", large_video(folder / "video"))
        if only in {None, "scale"}:
            from bench.scale import thousand

            _print("1,000 posts, limits off", thousand(folder / "scale", new_database(), limits=False))
            _print("1,000 posts, limits on", thousand(folder / "limits", new_database(), limits=True))


def _print(title: str, figures: dict[str, float]) -> None:
    print(f"{title}: " + ", ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
