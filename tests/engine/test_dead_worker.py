"""A worker that is killed in the middle of a job: another one takes the job over when the lease is out."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta
from functools import partial

import pytest

from polypost.engine.pgqueuer import PgQueuerEngine, install
from polypost.storage import metadata
from polypost.storage.postgres import PostgresStore
from tests.engine.suite import KIND, PATIENCE, Listener, ring

LEASE = timedelta(seconds=2)

# It says on its standard output that it has the job, and never ends it.
WORKER = f"""
import asyncio, sys
from datetime import timedelta
from polypost.engine.pgqueuer import PgQueuerEngine
from polypost.storage.postgres import PostgresStore

async def hold(key):
    print(key, flush=True)
    await asyncio.Event().wait()

async def main(url):
    engine = PgQueuerEngine(PostgresStore(url), url, workers=2, lease=timedelta(seconds={LEASE.total_seconds()}))
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
        await store.write(partial(ring("job"), engine))
        assert worker.stdout is not None
        assert await asyncio.wait_for(worker.stdout.readline(), PATIENCE) == b"job\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    await engine.start()
    await listener.heard("job")
    await engine.stop()
    await store.close()
