"""A process whose wall clock leaps a day ahead under the embedded engine; prints what was begun before and after the hold.

Nobody may set a machine's clock for a test: here the standard library's own `datetime.now` is ahead, from before the
first import of Polypost on.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from functools import partial
from pathlib import Path


class Wall(dt.datetime):
    """The clock on this process's wall."""

    ahead = dt.timedelta()

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Wall:
        """The hour that it shows."""
        return super().now(tz) + cls.ahead


async def story(folder: Path) -> None:
    """A chore that is due when the clock has leapt, and the minute until the new time is believed."""
    from polypost import clock
    from polypost.engine.embedded import EmbeddedEngine
    from polypost.storage import metadata, open_store
    from tests.engine.suite import KIND, Listener, ring

    async def has_looked() -> None:
        """Two rounds of the engine: what the first launches has begun by the second."""
        for _ in range(2):
            since = clock.monotonic()
            while clock.monotonic() - await engine.silence() <= since:
                await asyncio.sleep(0.01)

    store = open_store(folder)
    await store.write(metadata.create_all)
    engine, listener = EmbeddedEngine(store), Listener()
    engine.on(KIND, listener)
    await engine.start()
    await store.write(partial(ring("before"), engine))
    await listener.heard("before")
    Wall.ahead = dt.timedelta(days=1)
    await store.write(partial(ring("after"), engine))
    await has_looked()
    held = list(listener.begun)
    clock.advance(clock.JumpWatch.HOLD + 1)
    await listener.heard("after")
    await engine.stop()
    await store.close()
    print(json.dumps({"held": held, "believed": listener.begun}))


if __name__ == "__main__":
    dt.datetime = Wall  # type: ignore[misc]  # this process's clock is the test's
    asyncio.run(story(Path(sys.argv[1])))
