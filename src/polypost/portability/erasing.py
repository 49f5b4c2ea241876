"""A project taken out of the store for good, in short steps; the same once more goes on where it ended."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Delete, Table, delete, select, update

from polypost import access
from polypost.access import people
from polypost.access.tables import projects
from polypost.errors import Conflict
from polypost.integrations.tables import data_keys, integrations
from polypost.media.tables import media_files, upload_holds, uploads
from polypost.portability.rows import exactly, of_project, pages, tables
from polypost.posts import changes
from polypost.posts.tables import posts
from polypost.storage import Store

# Longer than any process takes to refuse the keys of a project that is disabled, and to write down what they asked.
SETTLE_SECONDS = 3.0
# Posts that are cancelled in one transaction.
_CANCELLED = 50


class StillPublishing(Conflict):
    """Posts of the project are on their way."""

    code = "still_publishing"


async def erase(store: Store, project_id: str, *, over: datetime, settle: float = SETTLE_SECONDS) -> int:
    """Cancel what waits, then delete every row of the project and the project itself; returns how many rows.

    Its keys are refused from the start. Files go with the housekeeping of the machine that has them: their rows are
    over at `over`, and are the last to go. The first that goes is the key that opens its tokens. Raises NotFound,
    StillPublishing.
    """
    await store.write(lambda db: access.change_project(db, project_id, disabled=True))
    await asyncio.sleep(settle)
    erased = 0
    while found := await _pass(store, project_id, over):
        erased += found
    await store.write(lambda db: _end(db, project_id))
    return erased


async def _pass(store: Store, project_id: str, over: datetime) -> int:
    """Go through all tables once; how many rows went."""
    await _cancel(store, project_id)
    erased = 0
    # First what opens the tokens; the accounts last, because of some rows only they say whose those are.
    for table in sorted(tables(), key=lambda each: (each is not data_keys, each is integrations)):
        if table in {media_files, uploads}:
            await store.write(partial(_let_go, table=table, project_id=project_id, over=over))
            continue
        async for page in pages(store, table, project_id):
            gone = delete(table).where(exactly(table, page), of_project(table, project_id))
            erased += await store.write(partial(_delete, gone=gone))
    return erased


async def _cancel(store: Store, project_id: str) -> None:
    while await store.write(lambda db: _cancel_some(db, project_id)):
        pass
    open_ = select(posts.c.id).where(
        posts.c.project_id == project_id, posts.c.status.in_(["scheduled", "publishing"])
    )
    left = await store.read(lambda db: db.execute(open_.limit(1000)).scalars().all())
    if left:
        raise StillPublishing(
            f"{len(left)} posts of this project are being published, such as {left[0]}.",
            next_step="Its keys are refused by now; run this again when those posts have ended.",
        )


def _cancel_some(db: Connection, project_id: str) -> int:
    waiting = select(posts.c.id).where(posts.c.project_id == project_id, posts.c.status == "scheduled")
    ids = db.execute(waiting.order_by(posts.c.id).limit(_CANCELLED)).scalars().all()
    cancelled = 0
    for post_id in ids:
        if changes.changeable(db, project_id, post_id) is not None:
            cancelled += changes.cancel(db, project_id, post_id)
    return cancelled


def _delete(db: Connection, gone: Delete) -> int:
    return db.execute(gone).rowcount


def _let_go(db: Connection, table: Table, project_id: str, over: datetime) -> None:
    db.execute(delete(upload_holds).where(upload_holds.c.project_id == project_id))
    db.execute(update(table).where(table.c.project_id == project_id).values(delete_at=over))


def _end(db: Connection, project_id: str) -> None:
    db.execute(delete(projects).where(projects.c.id == project_id))
    people.note(db, "project_erased", project=project_id)
