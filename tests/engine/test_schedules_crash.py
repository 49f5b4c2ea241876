"""Recurring posts when their maker is killed, with one process and with two workers on PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select, update

from polypost import access, clock
from polypost.doctor import findings
from polypost.engine.embedded import EmbeddedEngine
from polypost.engine.queue import install
from polypost.integrations import Vault
from polypost.integrations import service as integrations
from polypost.planning import schedules
from polypost.planning.tables import occurrences
from polypost.planning.tables import schedules as rows
from polypost.planning.templates import Template
from polypost.platforms.base import Account, Tokens
from polypost.posts.orders import Context, NewTarget
from polypost.posts.tables import posts
from polypost.storage import Store, open_store, schema
from tests.processes import FAST, MASTER_KEY, Process

T = TypeVar("T")
# Between the post and the row that says which occurrence it is; the fourth of a week's seven.
POINT = "P20@4"
AHEAD = 7
PATIENCE = 60.0


class Place:
    """A data folder or database, and the processes on it."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        self.folder = folder
        self.url = database_url
        self.env = {**FAST, "POLYPOST_DATA": str(folder), "POLYPOST_MASTER_KEY": MASTER_KEY}
        if database_url is not None:
            self.env["POLYPOST_DATABASE_URL"] = database_url

    def process(self, *arguments: str) -> Process:
        return Process(*arguments, "--json", log=self.folder / "process.log", env=self.env)

    def on_store(self, story: Callable[[Store], Awaitable[T]]) -> T:
        async def main() -> T:
            store = open_store(self.folder, self.url)
            try:
                return await story(store)
            finally:
                await store.close()

        return asyncio.run(main())

    def prepare(self) -> None:
        """A schedule that nobody has looked at yet; its posts are for tomorrow and later."""
        schema.upgrade(self.folder, self.url)
        if self.url is not None:
            asyncio.run(install(self.url))

        async def story(store: Store) -> None:
            context = Context(EmbeddedEngine(store), lambda _: 1, "embedded")

            def write(db: Connection) -> None:
                project = access.create_project(db, "test")
                account = integrations.add(
                    db,
                    Vault(base64.b64decode(MASTER_KEY)),
                    project.id,
                    Account("1"),
                    Tokens("token"),
                    platform="twitter",
                )
                starts = (clock.now() + timedelta(days=1)).replace(tzinfo=None, microsecond=0)
                targets = [NewTarget("twitter", account.id)]
                template = Template(None, "hello", targets, (), "UTC", "FREQ=DAILY", starts)
                made, _ = schedules.create(db, context, project, template, horizon=clock.HORIZON)
                schedules.pause(db, project.id, made.id)
                now = clock.now()
                db.execute(update(rows).values(status="active", done_until=now, wake_at=now, rung_at=None))

            await store.write(write)
            assert await made(store) == []

        self.on_store(story)

    def check(self) -> None:
        """Each occurrence has its post, and there is no other."""

        async def story(store: Store) -> None:
            end = time.monotonic() + PATIENCE
            while len(found := await made(store)) < AHEAD:
                assert time.monotonic() < end, "it does not happen"
                await asyncio.sleep(0.05)
            live = select(posts.c.id, posts.c.scheduled_for).where(posts.c.deleted_at.is_(None))
            waiting = await store.read(lambda db: db.execute(live.order_by(posts.c.scheduled_for)).all())
            assert [tuple(row) for row in waiting] == [(row.post_id, row.at) for row in found]
            assert len(found) == AHEAD
            assert await store.read(lambda db: findings(db, clock.now())) == []

        self.on_store(story)


async def made(store: Store) -> list[Any]:
    query = select(occurrences).order_by(occurrences.c.at)
    return list(await store.read(lambda db: db.execute(query).all()))


def survive(place: Place, processes: list[Process]) -> None:
    place.prepare()
    try:
        for process in processes:
            process.launch(POLYPOST_FAIL_POINT=POINT)
        # The first to pass leaves a mark; the other may have been armed before that, and then dies too.
        end = time.monotonic() + PATIENCE
        while all(process.alive() for process in processes):
            assert time.monotonic() < end, "nobody dies"
            time.sleep(0.02)
        for process in processes:
            process.kill()
            process.launch()
        place.check()
    finally:
        for process in processes:
            process.kill()


def test_a_killed_maker_leaves_all_of_a_post_or_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, None)
    survive(place, [place.process("serve", "--port", "0")])


def test_two_workers_that_are_killed_make_each_post_once(tmp_path: Path, fresh_database: str) -> None:
    place = Place(tmp_path, fresh_database)
    survive(place, [place.process("worker") for _ in range(2)])
