"""CPU of an accepted post at 1, 16 and 64 connections, beside the floor, and what it asks of the store."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.processes import World

from bench.load import cpu_seconds, request_bytes, send
from bench.report import FLOOR, Figures, step
from bench.side import Side, in_turn
from bench.store import Ledger, ledger

# Requests of a round by number of connections: shorter rounds tell equal trees apart by more than 3 %.
CONNECTIONS = {1: 300, 16: 1000, 64: 1000}


@contextmanager
def _floor(place: str) -> Iterator[tuple[int, int]]:
    """Port and process id of the bare server."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
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
    image = world.demo_image()
    return [
        json.dumps(
            {
                "content": f"Check out our new product launch! 🚀 {number}",
                "scheduledFor": hour,
                "timezone": "America/New_York",
                "platforms": platforms,
                "mediaItems": [{"type": "image", "url": image}],
            },
            ensure_ascii=False,
        ).encode()
        for number in range(count)
    ]


def acceptance(store: str, sides: list[Side], floor_place: str, figures: Figures, *, quick: bool) -> None:
    """Rounds in turn after one to warm up; then a few posts by themselves, to count what the store does."""
    rounds = range(1, 2) if quick else range(15)
    floor_store = ledger(floor_place if store == "PostgreSQL" else None, Path(floor_place))
    with _floor(floor_place) as (floor_port, floor_pid):
        for number in rounds:
            step(f"accept on {store}: round {number} of {rounds[-1]}" + ("" if number else ", to warm up"))
            for connections, count in CONNECTIONS.items():
                requests = connections if quick else count
                name = f"accept on {store}, connections {connections}: CPU µs"
                found = {side.tree.name: cost(side, requests, connections) for side in in_turn(sides, number)}
                bodies = [request_bytes("floor", "/", each, {}) for each in _bodies(sides[0].world, requests)]
                found[FLOOR] = _cost(
                    floor_port, lambda: cpu_seconds([floor_pid]), floor_store, bodies, connections
                )
                for tree, (application, database) in found.items() if number else ():
                    figures.add(name, tree, application)
                    if database:
                        figures.add(f"{name} of PostgreSQL", tree, database)
                        figures.add(f"{name} of both", tree, application + database)
    for side in sides:
        sample = 20 if quick else side.store.sample
        mark = side.store.mark()
        cost(side, sample, 1)
        for what, count in side.store.since(mark).items():
            figures.add(f"accept on {store}, connections 1: {what}", side.tree.name, count / sample)


def cost(side: Side, requests: int, connections: int) -> tuple[float, float]:
    """CPU microseconds a post, of ours and of the database's backends."""
    headers = {"x-access-key": side.world.key}
    bodies = [request_bytes("polypost", "/v1/posts", body, headers) for body in _bodies(side.world, requests)]
    return _cost(side.port, side.cpu, side.store, bodies, connections)


def _cost(
    port: int, application: Callable[[], float], store: Ledger, bodies: list[bytes], connections: int
) -> tuple[float, float]:
    before, database = application(), store.cpu_mark()
    asyncio.run(send("127.0.0.1", port, bodies, connections))
    # What an answer leaves behind, as its hand-out to webhooks, is part of what the post costs.
    time.sleep(0.2)
    spent = application() - before, store.cpu_since(database)
    return spent[0] / len(bodies) * 1e6, spent[1] / len(bodies) * 1e6
