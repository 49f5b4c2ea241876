"""A process whose wall clock leaps a day ahead under an engine, once it has begun to work; prints what was begun before and after the hold.

Nobody may set a machine's clock for a test: here the standard library's own `datetime.now` is ahead, from before the
first import of Polypost on.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection


class Wall(dt.datetime):
    """The clock on this process's wall."""

    ahead = dt.timedelta()

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Wall:
        """The hour that it shows."""
        return super().now(tz) + cls.ahead


async def story(where: str) -> None:
    """A chore that is due when the clock has leapt, and what makes the engine believe the time again."""
    from polypost import clock
    from polypost.storage import metadata
    from tests.engine.suite import KIND, Listener, wake_up
    from tests.engine.test_engines import TestEmbedded, TestPgQueuer

    place, suite = (where, TestPgQueuer()) if "://" in where else (Path(where), TestEmbedded())
    store = await suite.open_store(place)
    await store.write(metadata.create_all)
    engine, listener = suite.make(store, place, workers=1), Listener()
    engine.on(KIND, listener)
    await engine.start()
    await store.write(partial(wake_up("before"), engine))
    await listener.heard("before")
    Wall.ahead = dt.timedelta(days=1)
    await store.write(partial(wake_up("after"), engine))
    # Time enough for an engine that believes the clock.
    await asyncio.sleep(1)
    held, told = list(listener.begun), engine.clock_trouble()
    if "://" in where:
        # The database's clock did not leap with this one: it is believed when it is right again, which a process
        # that is slow to reach its database learns after its own chores have seen the clock.
        read = store.read

        async def late(work: Callable[[Connection], Any]) -> Any:
            await asyncio.sleep(0.5)
            return await read(work)

        store.read = late  # type: ignore[method-assign]  # the way to the database is long from here on
        Wall.ahead = dt.timedelta()
    else:
        clock.advance(clock.JumpWatch.HOLD + 1)
    await listener.heard("after")
    await engine.stop()
    await store.close()
    print(json.dumps({"held": held, "believed": listener.begun, "told": [told, engine.clock_trouble()]}))


if __name__ == "__main__":
    dt.datetime = Wall  # type: ignore[misc]  # this process's clock is the test's
    asyncio.run(story(sys.argv[1]))
