"""A process on PostgreSQL whose wall clock is wrong from its start; prints what it says, begins and holds back.

`python -m tests.engine.wrong_clock ADDRESS SECONDS` with by how many seconds its clock is ahead; with a data folder
behind it prints what `polypost doctor` finds there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from functools import partial
from pathlib import Path

from tests.engine.leap import Wall


async def story(where: str, ahead: float) -> None:
    """An API's engine and a worker's, a ring now and one in a moment, and the clock set right at the end if need be."""
    from polypost import clock
    from polypost.engine import WakeUp
    from polypost.engine.pgqueuer import install
    from polypost.storage import metadata
    from tests.engine.suite import KIND, Listener
    from tests.engine.test_engines import TestPgQueuer

    Wall.ahead = dt.timedelta(seconds=ahead)
    suite, listener = TestPgQueuer(), Listener()
    await install(where)
    store = await suite.open_store(where)
    await store.write(metadata.create_all)
    api = suite.make(store, where, workers=1)
    await api.start(work=False)
    said = {"api": api.clock_trouble(), "error": (clock.now() - _true()).total_seconds()}
    worker = suite.make(store, where, workers=1)
    worker.on(KIND, listener)
    await worker.start()
    said["worker"] = worker.clock_trouble()
    due = {"now": _true(), "soon": _true() + dt.timedelta(seconds=2)}
    wake_ups = [WakeUp(KIND, key, at) for key, at in due.items()]
    await store.write(partial(lambda engine, db: engine.wake(db, wake_ups), worker))
    if said["worker"] is not None:
        await asyncio.sleep(3)
        said["held"] = list(listener.begun)
        Wall.ahead = dt.timedelta()
    await listener.heard(*due)
    said |= {
        "begun": listener.begun,
        "early": [key for key, at in due.items() if listener.times[key] < at],
        "then": worker.clock_trouble(),
    }
    await worker.stop()
    await api.stop()
    await store.close()
    print(json.dumps(said))


async def findings(where: str, folder: str, ahead: float) -> None:
    """What the doctor says on this machine."""
    from polypost.cli import admin
    from polypost.settings import Settings
    from polypost.storage import schema

    Wall.ahead = dt.timedelta(seconds=ahead)
    await asyncio.to_thread(schema.upgrade, Path(folder), where)
    report = await admin.doctor(Settings(data=Path(folder), database_url=where))
    print(json.dumps([(each.rule, each.message) for each in report.findings]))


def _true() -> dt.datetime:
    """The hour without this process's error; the database's machine is this one."""
    return Wall.now(dt.UTC) - Wall.ahead


if __name__ == "__main__":
    dt.datetime = Wall  # type: ignore[misc]  # this process's clock is the test's
    address, seconds, *behind = sys.argv[1:]
    asyncio.run(findings(address, behind[0], float(seconds)) if behind else story(address, float(seconds)))
