"""A year of a server in rows: real posts are published once, told again for every day, and housekeeping goes on beside.

`python -m tests.engine.year --each 20` prints what the store holds on the way; a post here is the mean of those below.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from polypost import clock, housekeeping
from polypost.access.request_log import RequestLog
from polypost.access.tables import requests
from polypost.credits import balances
from polypost.credits.tables import ledger
from polypost.events import outbox
from polypost.media import Signer, Uploads, expire, hold
from polypost.media.tables import media_files, upload_holds, uploads
from polypost.posts import accept, changes
from polypost.posts.tables import attempts, idempotency, posts, targets, timeline
from polypost.settings import Settings
from polypost.storage import Store, earliest_id, metadata, new_id, open_store, random_hex, together
from polypost.webhooks.tables import deliveries, delivery_attempts
from tests.engine.room import Room, play
from tests.media import png

# What a post leaves for as long as it is kept, and what goes.
OF_POSTS: tuple[Table, ...] = (posts, targets, attempts, ledger)
PASSING: tuple[Table, ...] = (
    timeline,
    outbox,
    idempotency,
    deliveries,
    delivery_attempts,
    media_files,
    uploads,
    upload_holds,
    requests,
)
_ID = re.compile(r"\b([a-z]{2,4})_([0-9a-f]{12})([0-9a-f]{20})\b")
_KINDS = frozenset({"post", "tgt", "att", "tl", "evt", "dlv", "med", "req", "try", "upl"})


@dataclass(frozen=True)
class Day:
    """What the store holds at the end of a day: rows by table, and bytes of its file or tables that are in use."""

    number: int
    rows: Mapping[str, int]
    used: int


Rows = dict[Table, list[dict[str, Any]]]


async def seeds(room: Room) -> Rows:
    """What `filled` leaves, as rows."""
    await filled(room)
    return await room.store.read(lambda db: _taken(db, room.project.id))


async def filled(room: Room) -> None:
    """A handful of posts as they go: one text, one picture on two networks, one that fails, one that is deleted."""
    await room.start()
    text_ = "A sentence as people write it, with a link https://example.com/a. " * 3
    done = [
        await room.post(text_),
        await room.post(text_, accounts=room.pair, media=(room.picture,)),
        await room.post("Later " + text_, after=120.0),
    ]
    await room.fault("duplicate", times=None)
    done.append(await room.post("Refused " + text_))
    await room.settle(done[-1])
    await room.no_faults()
    gone = await room.post("Deleted " + text_)
    await room.settle(*done, gone)
    await room.store.write(lambda db: changes.remove(db, room.project.id, gone))
    await _keyed(room)
    await _uploaded(room, done[0])
    log = RequestLog(room.store)
    for _ in range(2 * len(done)):
        body = json.dumps({"content": text_}).encode()
        log.note(
            room.project.id,
            (new_id("req"), clock.monotonic(), "POST", "/v1/posts", b"", 202, 0.01, "key_1", body, None),
        )
    await log.flush()
    await room.stop()


def _uploads(room: Room) -> Uploads:
    return Uploads(room.store, room.folder / "uploads", host="test", signer=Signer(lambda: [b"secret"]))


async def _uploaded(room: Room, post_id: str) -> None:
    """A file that an ended post shows, and one that nobody used."""
    names = ("shown.png", "unused.png")
    keep = _uploads(room).keep
    base, project = "http://127.0.0.1:9", room.project.id
    shown, _ = [(await keep(project, png(8, 8), base=base, filename=name))[0] for name in names]

    def ended(db: Connection) -> None:
        hold(db, project, post_id, [shown])
        expire(db, [post_id])

    await room.store.write(ended)


async def _keyed(room: Room) -> None:
    order = room.draft("With a key")._replace(idempotency_key="key-0", fingerprint=7)
    made = await room.store.write(lambda db: accept.create(db, room.context, room.project, order))
    await room.settle(made.post_id)


def _taken(db: Connection, project_id: str) -> Rows:
    found = {}
    for table in (*OF_POSTS, *PASSING):
        rows = db.execute(select(table).where(table.c.project_id == project_id))
        found[table] = [dict(row._mapping) for row in rows]
    for said in found[outbox]:
        said["spread_at"] = said["at"]
        _delivered(found, said)
    return found


def _delivered(found: Rows, said: Mapping[str, Any]) -> None:
    """As if somebody had subscribed to everything."""
    delivery, at = new_id("dlv"), said["at"]
    mine = {"project_id": said["project_id"]}
    row = mine | {
        "id": delivery,
        "subscription_id": "sub",
        "event_id": said["id"],
        "event_type": said["type"],
    }
    times = {"event_at": at, "first_try_at": at, "created_at": at, "ended_at": at}
    body = json.dumps(said["payload"])
    found[deliveries].append(row | times | {"body": body, "state": "delivered", "next_at": None, "tries": 1})
    tried = {"id": new_id("try"), "delivery_id": delivery, "at": at, "milliseconds": 20}
    found[delivery_attempts].append(mine | tried | {"status": 200, "reason": None})


class Again:
    """Tells the same rows again for a later time: ids and instants move along, and nothing is the same row twice."""

    def __init__(self, later: timedelta) -> None:
        self._later = later
        self._ids: dict[str, str] = {}
        self._suffix = f"{random_hex()[:8]}"

    def rows(self, seeds: Rows) -> Rows:
        """All of them."""
        return {table: [self._row(row) for row in rows] for table, rows in seeds.items()}

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: self._value(value) for name, value in row.items()}
        for name in ("proof_id", "path"):
            if told.get(name):
                told[name] = f"{told[name]}-{self._suffix}"
        if "key" in told:
            told["key"] = f"{told['key']}-{self._suffix}"
        return told

    def _value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value + self._later
        if isinstance(value, str):
            return _ID.sub(self._other, value)
        if isinstance(value, dict):
            return {name: self._value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value(each) for each in value]
        return value

    def _other(self, found: re.Match[str]) -> str:
        if found[1] not in _KINDS:
            return found[0]
        known = self._ids.get(found[0])
        if known is None:
            at = int(found[2], 16) / 1000 + self._later.total_seconds()
            known = self._ids[found[0]] = f"{earliest_id(found[1], at)}{random_hex()}"
        return known


def _insert(db: Connection, told: Rows) -> None:
    for table, rows in told.items():
        if rows:
            db.execute(insert(table), rows)
    for row in told[ledger]:
        if row["kind"] == "settle":
            month = row["at"].year * 100 + row["at"].month
            named = (row["project_id"], month, row["integration_id"], row["platform"])
            together(db, [balances.spending(*named, row["amount"])])


def look(db: Connection, number: int) -> Day:
    """What there is now."""
    rows = {
        table.name: db.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (*OF_POSTS, *PASSING)
    }
    if db.dialect.name == "sqlite":
        pages, free, size = (
            db.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return Day(number, rows, (pages - free) * size)
    names = [table.name for table in metadata.sorted_tables]
    used = sum(db.execute(select(func.pg_total_relation_size(name))).scalar_one() for name in names)
    return Day(number, rows, used)


async def year(room: Room, *, days: int = 365, step: int = 1, each: int = 1) -> list[Day]:
    """Let the days pass, `step` at a time, with `each` times the seeds every time; what there was after each."""
    first, kept, files = await seeds(room), Settings().kept, _uploads(room)
    seen = []
    for day in range(step, days + 1, step):
        clock.advance(step * 86400)
        later = timedelta(days=day)
        for _ in range(each):
            await room.store.write(partial(_insert, told=Again(later).rows(first)))
        await housekeeping.clean(room.store, kept)
        await room.media.clean(clock.now())
        await files.clean(clock.now())
        seen.append(await room.store.read(lambda db, day=day: look(db, day)))
    return seen


def main() -> None:
    """Print how a year goes by."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--each", type=int, default=20, help="times the seven posts a day")
    given = asked.parse_args()

    async def run(store: Store) -> None:
        await store.write(metadata.create_all)

        async def story(room: Room) -> None:
            for day in await year(room, days=given.days, each=given.each):
                if day.number % 30 == 0 or day.number == given.days:
                    print(json.dumps({"day": day.number, "bytes": day.used, **day.rows}))

        await play(story)(store)

    async def opened() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(Path(folder), None)
            try:
                await run(store)
            finally:
                await store.close()

    asyncio.run(opened())


if __name__ == "__main__":
    main()
