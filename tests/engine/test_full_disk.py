"""A file system that takes no more bytes: nothing is promised that is not stored, health says it, and it passes."""

from __future__ import annotations

import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.contract.tenant import later
from tests.engine.day import lines, samples, value
from tests.processes import World

CLIENTS = 8
MORE_BYTES = 300_000


def allow_file_size(world: World, most: int) -> None:
    """Let no file of the server grow beyond this; -1 lifts the limit."""
    _, highest = resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE, (most, highest))


def test_a_full_disk_loses_no_post(tmp_path: Path) -> None:
    world = World(tmp_path, env={"POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000"})
    world.start()
    body = {
        "content": "x" * 200,
        "platforms": [{"platform": "twitter", "accountId": world.accounts["twitter"]}],
        "scheduledFor": later(3600),
    }
    accepted: list[str] = []
    refused: list[str] = []

    def send(_: int) -> None:
        with world.client() as client:
            while len(refused) < 3 * CLIENTS:
                answer = client.post("/v1/posts", json=body)
                if answer.status_code == 202:
                    accepted.append(answer.json()["postId"])
                else:
                    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
                    assert int(answer.headers["retry-after"]) > 0
                    refused.append(answer.text)

    try:
        log = world.folder / "data" / "polypost.db-wal"
        allow_file_size(world, log.stat().st_size + MORE_BYTES)
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(send, range(CLIENTS)))
        with world.client() as client:
            ready = client.get("/healthz/ready")
            assert ready.status_code == 503
            assert "store" in ready.json()["checks"]["store"]["reason"].lower()
            assert value(samples(world.url), "polypost_store_ok") == 0
            assert any(line["event"] == "store unavailable" for line in lines(world.server.log))
            allow_file_size(world, resource.RLIM_INFINITY)
            assert client.post("/v1/posts", json=body).status_code == 202
            end = time.monotonic() + 30
            while client.get("/healthz/ready").status_code != 200:
                assert time.monotonic() < end
                time.sleep(0.5)
        world.server.kill()
        world.start_server()
        with world.client() as client:
            assert all(client.get(f"/v1/posts/{post_id}").status_code == 200 for post_id in accepted)
            assert client.get("/v1/posts").json()["total"] == len(accepted) + 1
        assert world.command("doctor")["ok"]
    finally:
        world.stop()
    assert accepted
