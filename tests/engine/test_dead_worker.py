"""A worker that is killed in the middle of a job: another one takes the job over when the lease is out."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from polypost.engine import LOOKAHEAD, WakeUp
from polypost.engine.pgqueuer import MOURN_SECONDS, PgQueuerEngine, install
from polypost.storage import metadata
from polypost.storage.postgres import PostgresStore
from tests.databases import fresh_database as fresh
from tests.engine.suite import KIND, PATIENCE, Listener, wake_up
from tests.engine.test_two_workers import count, until
from tests.processes import World

LEASE = timedelta(seconds=2)

# It says on its standard output that it has the job, and never ends it.
WORKER = f"""
import asyncio, sys
from datetime import datetime, timedelta
from polypost.engine.pgqueuer import PgQueuerEngine
from polypost.storage.postgres import PostgresStore

async def hold(key):
    print(key, flush=True)
    await asyncio.Event().wait()

async def main(url):
    engine = PgQueuerEngine(
        PostgresStore(url), url, workers=2, lease=timedelta(seconds={LEASE.total_seconds()}), owner="run_dead"
    )
    engine.on({KIND!r}, hold)
    await engine.start()
    await asyncio.Event().wait()

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.anyio
async def test_the_job_of_a_killed_worker_is_rung_again(fresh_database: str) -> None:
    store = PostgresStore(fresh_database)
    await store.write(metadata.create_all)
    await install(fresh_database)
    engine = PgQueuerEngine(store, fresh_database, workers=1, lease=LEASE)
    listener = Listener()
    engine.on(KIND, listener)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, fresh_database, stdout=asyncio.subprocess.PIPE
    )
    try:
        await store.write(partial(wake_up("job"), engine))
        assert worker.stdout is not None
        assert await asyncio.wait_for(worker.stdout.readline(), PATIENCE) == b"job\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    await engine.start()
    await listener.heard("job")
    await engine.stop()
    await store.close()


@pytest.mark.anyio
async def test_a_death_is_heard_of_and_only_a_death(fresh_database: str) -> None:
    store = PostgresStore(fresh_database)
    await store.write(metadata.create_all)
    await install(fresh_database)
    dead, heard = list[str](), asyncio.Event()
    looks: list[timedelta] = []
    engine = PgQueuerEngine(store, fresh_database, workers=1, owner="run_living")

    def heir(_db: Connection, worker_id: str, _now: datetime) -> tuple[list[WakeUp], bool]:
        dead.append(worker_id)
        # The first time something is left, so that it is asked once more.
        if len(dead) == 2:
            heard.set()
        return [], len(dead) == 1

    def overdue(
        _db: Connection, *, until: datetime, limit: int, unrung_since: datetime | None
    ) -> list[WakeUp]:
        assert unrung_since is not None
        looks.append(until - unrung_since)
        return []

    engine.inherit(heir)
    engine.on(KIND, Listener())
    engine.watch(KIND, overdue)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, fresh_database, stdout=asyncio.subprocess.PIPE
    )
    try:
        await store.write(partial(wake_up("job"), engine))
        assert worker.stdout is not None
        assert await asyncio.wait_for(worker.stdout.readline(), PATIENCE) == b"job\n"
        await engine.start()
        await asyncio.sleep(2.5 * MOURN_SECONDS)
        assert dead == []
        assert LOOKAHEAD not in looks
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    await asyncio.wait_for(heard.wait(), PATIENCE)
    await asyncio.sleep(2.5 * MOURN_SECONDS)
    assert dead == ["run_dead", "run_dead"]
    # Once for all that it may have had in memory, however lately that was rung.
    assert looks.count(LOOKAHEAD) == 1
    await engine.stop()
    await store.close()


def test_the_accounts_of_a_killed_worker_do_not_wait_for_its_lease(tmp_path: Path, postgres_url: str) -> None:
    """With a lease of an hour, and a call under way when the worker dies."""
    env = {"POLYPOST_LEASE_SECONDS": "3600", "POLYPOST_HEARTBEAT_SECONDS": "1"}
    world = World(tmp_path, database_url=fresh(postgres_url), env=env)
    world.start(workers=1)
    try:
        world.control("POST", "limits", json={"enforced": False})
        slow = {"platform": "twitter", "fault": "slow", "times": 1, "seconds": 3600}
        world.control("POST", "faults", json=slow)
        body = {"content": "killed", "publishNow": True, "platforms": [world.target("twitter")]}
        with world.client() as client:
            client.post("/v1/posts", json=body, headers={"prefer": "respond-async"})
            until(lambda: count(world, "killed"))
            world.workers[0].kill()
            world.workers[0].start()
            following = client.post("/v1/posts", json=body | {"content": "following"}).json()["postId"]
        assert world.settle([following])[following]["status"] == "published"
        assert [count(world, text) for text in ("killed", "following")] == [1, 1]
    finally:
        world.stop()
