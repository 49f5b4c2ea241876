"""What is forgotten and when, in steps short enough that nobody waits for them; done every few minutes beside the work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from polypost import access, bulk, clock
from polypost.access import clients, grants, people, request_log
from polypost.approvals import asking, links
from polypost.conversations import sent
from polypost.planning import occurrence_rows, queues
from polypost.posts import deliveries, keys, thinning
from polypost.settings import Kept
from polypost.storage import STEP, Store, in_steps
from polypost.webhooks import work

# A key may stand a day longer than its time, and no key outlives its post.
_AFTER_KEYS = timedelta(days=2)


async def clean(store: Store, kept: Kept) -> None:
    """Forget what is over by now; media have housekeeping of their own, because their files are on a machine."""
    now = clock.now()
    before = now - kept.history
    steps: tuple[tuple[Callable[[Connection], int], int], ...] = (
        (partial(sent.clean, now=now), STEP),
        (partial(keys.clean, now=now, kept=kept.keys), STEP),
        (partial(work.clean, before=now - kept.deliveries), STEP),
        (partial(thinning.thin, before=before, now=now), thinning.STEP),
        (bulk.clean, 1),
    )
    for step, size in steps:
        await in_steps(store, step, size=size)
    for project in await store.read(access.list_projects):
        erase = partial(
            _erase, project_id=project.id, before=now - max(kept.deleted, kept.keys + _AFTER_KEYS)
        )
        await in_steps(store, erase, size=thinning.STEP)
    await store.write(partial(_once, now=now))
    await request_log.clean(store, kept.requests)


def _erase(db: Connection, project_id: str, before: datetime) -> int:
    """Take some posts that were deleted before that instant out of every room; returns how many."""
    ids = thinning.overdue(db, project_id, before, thinning.STEP)
    if ids:
        asking.forget(db, project_id, ids)
        queues.forget(db, project_id, ids)
        occurrence_rows.forget(db, project_id, ids)
        thinning.erase(db, project_id, ids)
    return len(ids)


def _once(db: Connection, now: datetime) -> None:
    """What is never much."""
    deliveries.forget_servers(db, now)
    people.clean(db, now)
    grants.clean(db, now)
    clients.clean(db, now)
    links.clean(db, now)
    asking.clean(db)
