"""How an upload of many posts is waited for, for the API and the dashboard alike."""

from __future__ import annotations

import asyncio

from polypost import bulk
from polypost.bulk import Bulk
from polypost.entrance.services import Services


async def until_done(rooms: Services, project_id: str, bulk_id: str, seconds: float) -> Bulk:
    """The upload once nothing more will happen to it, or after so many seconds. Raises NotFound."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with rooms.store.signals.listen(f"bulk:{bulk_id}") as heard:
        while True:
            found = await rooms.store.read(lambda db: bulk.find(db, project_id, bulk_id))
            left = end - loop.time()
            if found.done or left <= 0:
                return found
            await heard.wait(min(1.0, left))
