"""A store that is a copy is held: the server stands, shows what there is, and carries nothing out (RELIABILITY D3)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from polypost import clock
from polypost.errors import StoreUnavailable
from polypost.posts import waits
from polypost.storage import Store, lives
from polypost.storage.lives import Life
from polypost.storage.lock import DataLock

LOOK_SECONDS = 1.0
log = structlog.get_logger("polypost")


async def live(store: Store, file: Path | None, lock: DataLock | None) -> Life:
    """The store's present life; another one begins where `file` is not the one in which it lived before."""
    place = lives.place_of(file) if file is not None else None
    life = await store.read(lives.current)
    if life is None:
        return await store.write(lambda db: lives.begin(db, "new", clock.now(), place=place))
    if place is None or life.is_at(place):
        return life
    seen = lock.seen_at if lock is not None else None
    return await store.write(lambda db: lives.begin(db, "copied", clock.now(), place=place, copied_at=seen))


async def sentence(store: Store, life: Life) -> str:
    """What a held store waits for, for its operator."""
    due, _ = await store.read(lambda db: waits.overdue(db, clock.now()))
    what, last = (
        ("restored from a backup", "made") if life.cause == "restored" else ("copied or moved", "alive")
    )
    at = f", which was {last} at {clock.iso(life.copied_at)}" if life.copied_at is not None else ""
    many = f"{due} or more posts" if due >= waits.COUNTED else f"{due} post{'' if due == 1 else 's'}"
    return (
        f"This store was {what}{at}, and what went out since is not known here. {many} overdue and held; nothing is "
        "sent and no network is asked. Run `polypost restore --confirm moved` if no other server has used this store "
        "since, or `polypost restore --confirm older` if posts may have gone out since."
    )


async def word(store: Store) -> None:
    """Wait until somebody has said what became of the original."""
    while True:
        try:
            life = await store.read(lives.current)
        except StoreUnavailable as trouble:
            log.warning("the held store cannot be read", reason=trouble.message)
        else:
            if life is None or not life.held:
                return
        await asyncio.sleep(LOOK_SECONDS)
