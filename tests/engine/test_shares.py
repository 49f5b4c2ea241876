"""What a project's uploads and schedules take of a process: a share of its seats, by turns (RELIABILITY G12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from polypost import bulk, clock
from polypost.api.http import answers
from polypost.bulk.run import BATCH, TURN
from polypost.engine import Engine
from polypost.engine.embedded import EmbeddedEngine
from polypost.engine.pgqueuer import PgQueuerEngine, install
from polypost.intake import BodyReader, Reading
from polypost.intake.partial_validation import PartialValidation
from polypost.integrations import Vault
from polypost.integrations import service as integrations
from polypost.planning import materializer, schedules
from polypost.planning.templates import Template
from polypost.platforms.base import Account, Tokens
from polypost.posts import accept, sweep, timeline, waits
from polypost.posts.orders import NewTarget
from polypost.storage import Store, metadata, open_store
from polypost.storage.postgres import PostgresStore
from polypost.webhooks import work as deliveries
from polypost.webhooks.tables import subscriptions
from tests.engine.suite import PATIENCE
from tests.unit.test_posts import Desk

pytestmark = pytest.mark.anyio
SEATS = 8


@pytest.fixture
async def store(store_url: str | None, tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(tmp_path / "data", store_url)
    await store.write(metadata.create_all)
    if store_url is not None:
        await install(store_url)
    yield store
    await store.close()


def engine_on(store: Store, url: str | None) -> Engine:
    """An engine of its kind, not started."""
    if url is None:
        return EmbeddedEngine(store, workers=SEATS)
    assert isinstance(store, PostgresStore)
    return PgQueuerEngine(store, url, workers=SEATS)


class Floor:
    """An engine with the uploads' handler at work, and projects that upload."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self.store = store
        self.engine = engine
        self.published: list[str] = []
        self.changed = asyncio.Condition()

    async def publish(self, target_id: str) -> None:
        """Stands for the publisher: who has a seat is out."""
        async with self.changed:
            self.published.append(target_id)
            self.changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(condition)

    async def desk(self) -> Desk:
        desk = await Desk(self.store).open()
        desk.context = replace(desk.context, engine=self.engine)
        return desk

    async def upload(self, desk: Desk, name: str, rows: int) -> str:
        """A dry run whose rows say whose they are."""
        project = desk.project.id
        bulk_id = await self.store.write(
            lambda db: bulk.begin(db, project, api_key_id="key", fingerprint=0, form="csv", dry_run=True)
        )
        new = [bulk.NewRow(number, number, {"of": name}) for number in range(1, rows + 1)]

        def keep(db: Any) -> None:
            bulk.add_rows(db, project, bulk_id, new)
            how = {"total": rows, "api_key_id": "key", "fingerprint": 0, "key": bulk_id}
            bulk.finish(db, self.engine, project, bulk_id, **how)

        await self.store.write(keep)
        return bulk_id


class Fine(Reading[Any]):
    """Of a body with which nothing is wrong."""

    def problems(self, *_: Any) -> list[Any]:
        return []


@asynccontextmanager
async def floor(
    store: Store, url: str | None, read: Callable[[dict[str, Any]], Awaitable[None]]
) -> AsyncIterator[Floor]:
    """At work until the end; `read` is called with each row's body."""
    engine = engine_on(store, url)
    at_work = Floor(store, engine)
    desk = await at_work.desk()
    unused: Any = None

    class Reads(BodyReader):
        async def read(self, model: Any, raw: dict[str, Any]) -> Reading[Any]:
            await read(raw)
            return Fine(PartialValidation(raw, []), desk.order(after=3600), [], False)

    engine.on(accept.KIND, at_work.publish)
    run = bulk.BulkRun(store, desk.context, Reads(store, unused, unused, horizon=unused))
    engine.on(bulk.KIND, run.run)
    engine.watch(bulk.KIND, bulk.due)
    await engine.start()
    try:
        yield at_work
    finally:
        await engine.stop()


async def test_a_text_goes_out_while_another_project_uploads_many_files(
    store: Store, store_url: str | None
) -> None:
    gate, begun = asyncio.Event(), 0

    async def read(_: dict[str, Any]) -> None:
        nonlocal begun
        begun += 1
        await gate.wait()

    async with floor(store, store_url, read) as at_work:
        try:
            loud, quiet = await at_work.desk(), await at_work.desk()
            for number in range(2 * SEATS):
                await at_work.upload(loud, f"loud {number}", 3)
            post = await quiet.create(quiet.order("Text", accounts=quiet.accounts[:1]))
            (target,) = await quiet.targets(post.post_id)
            await at_work.until(lambda: target.id in at_work.published)
            # One upload of a project at a time: on SQLite each batch is a turn of the only writer.
            assert begun <= 1
        finally:
            gate.set()


async def test_uploads_of_one_project_are_worked_on_by_turns(store: Store, store_url: str | None) -> None:
    rows, of_turn = BATCH * (TURN + 2), BATCH * TURN
    order: list[str] = []
    begun, gate, both = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def read(body: dict[str, Any]) -> None:
        order.append(body["of"])
        begun.set()
        await gate.wait()
        if len(order) == 2 * rows:
            both.set()

    async with floor(store, store_url, read) as at_work:
        try:
            desk = await at_work.desk()
            await at_work.upload(desk, "first", rows)
            await asyncio.wait_for(begun.wait(), PATIENCE)
            await at_work.upload(desk, "second", rows)
            # Both rings are there before the first turn ends.
            after = await desk.create(desk.order("Text", accounts=desk.accounts[:1]))
            (target,) = await desk.targets(after.post_id)
            await at_work.until(lambda: target.id in at_work.published)
            gate.set()
            await asyncio.wait_for(both.wait(), PATIENCE)
        finally:
            gate.set()
    turns = ["first"] * of_turn + ["second"] * of_turn
    assert order == turns + ["first"] * 2 * BATCH + ["second"] * 2 * BATCH


async def test_a_stop_waits_for_one_turn_of_an_upload(store: Store, store_url: str | None) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()
    judged = 0

    async def read(_: dict[str, Any]) -> None:
        nonlocal judged
        begun.set()
        await gate.wait()
        judged += 1

    async with floor(store, store_url, read) as at_work:
        desk = await at_work.desk()
        await at_work.upload(desk, "file", BATCH * (TURN + 2))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        stopping = asyncio.create_task(at_work.engine.stop())
        await asyncio.sleep(0.1)
        gate.set()
        await stopping
        assert judged == BATCH * TURN


async def test_rings_of_every_kind_carry_their_project(store: Store, store_url: str | None) -> None:
    heard: list[Any] = []

    class Noting(EmbeddedEngine):
        def wake(self, db: Any, wake_ups: Any) -> None:
            heard.extend(wake_ups)

    floor_of = Floor(store, Noting(store))
    desk = await floor_of.desk()
    await desk.create(desk.order())
    await floor_of.upload(desk, "file", 1)
    now = clock.now()
    starts = (now + timedelta(hours=1)).replace(tzinfo=None, microsecond=0)
    account = NewTarget("instagram", desk.accounts[0])
    media = desk.order().media
    template = Template(None, "hello", [account], media, "UTC", "FREQ=DAILY", starts)
    await store.write(
        lambda db: schedules.create(db, desk.context, desk.project, template, horizon=clock.HORIZON) and None
    )
    hook = {
        "id": "whk_1",
        "project_id": desk.project.id,
        "origin": "webhooks",
        "channel": "webhook",
        "event_types": [],
        "only_scheduled": False,
        "enabled": True,
        "matching_since": now,
        "next_at": now,
        "epoch": 0,
        "created_at": now,
        "updated_at": now,
    }
    await store.write(lambda db: db.execute(insert(subscriptions), hook) and None)
    until = now + timedelta(days=30)
    for source in (sweep.due, bulk.due, materializer.due, deliveries.due):
        for since in (None, now):
            found = await store.write(
                lambda db, due=source, since=since: due(db, until=until, limit=9, unrung_since=since)
            )
            assert found or since is not None
            heard += found
    assert {wake_up.kind for wake_up in heard} == {accept.KIND, bulk.KIND, materializer.KIND, "deliver"}
    assert {wake_up.share for wake_up in heard} == {desk.project.id}


async def test_what_waits_for_its_projects_share_says_so_once(store: Store, store_url: str | None) -> None:
    gate = asyncio.Event()
    at_work = Floor(store, engine_on(store, store_url))

    async def publish(target_id: str) -> None:
        await at_work.publish(target_id)
        await gate.wait()

    at_work.engine.on(accept.KIND, publish)
    at_work.engine.watch(accept.KIND, sweep.due)
    at_work.engine.note(accept.KIND, waits.note_share)
    loud, quiet = await at_work.desk(), await at_work.desk()
    accounts = [await another_account(store, loud) for _ in range(SEATS)]
    assert at_work.engine.numbers() == {}
    await at_work.engine.start()
    try:
        rows = await loud.targets((await loud.create(loud.order(accounts=accounts))).post_id)
        await at_work.until(lambda: len(at_work.published) == SEATS - 2)
        other = await quiet.create(quiet.order(accounts=quiet.accounts[:1]))
        await at_work.until(lambda: len(at_work.published) == SEATS - 1)
        late = [row for row in rows if row.id not in at_work.published]
        async with asyncio.timeout(PATIENCE):
            while [row.id for row in await waiting(loud, rows[0].post_id)] != [row.id for row in late]:
                await at_work.engine._sweep()
                await asyncio.sleep(0.1)
        await at_work.engine._sweep()
        lines = await store.read(lambda db: timeline.read(db, loud.project.id, rows[0].post_id))
        assert sorted(line.target_id for line in lines) == sorted(row.id for row in late)
        shown = answers.target((await waiting(loud, rows[0].post_id))[0])
        assert (shown["waitingFor"], shown["status"], "nextAt" in shown) == ("share", "pending", False)
        assert await waiting(quiet, other.post_id) == []
        # The operator's view: numbers for readiness, the projects for the doctor. Nothing here claims its target.
        assert at_work.engine.numbers() == {"seats": SEATS, "taken": SEATS - 1, "aside": 0, "waiting": 2}
        now = clock.now()
        overdue, seconds = await store.read(lambda db: waits.overdue(db, now))
        assert (overdue, seconds > 0) == (SEATS + 1, True)
        found = await store.read(lambda db: waits.by_project(db, now))
        assert [(each.project_id, each.reason, each.count) for each in found] == sorted(
            [
                (loud.project.id, "share", 2),
                (loud.project.id, "worker", SEATS - 2),
                (quiet.project.id, "worker", 1),
            ]
        )
        assert found[0].due_since == min(row.due_at for row in late)
        claimed = await loud.claim(late[0].id)
        assert (await loud.targets(claimed.target.post_id))[rows.index(late[0])].wait_reason is None
    finally:
        gate.set()
        await at_work.engine.stop()


async def another_account(store: Store, desk: Desk) -> str:
    name = f"user {clock.now().timestamp()}"

    def add(db: Any) -> str:
        account = Account(name, name)
        return integrations.add(
            db, Vault(bytes(32)), desk.project.id, account, Tokens("token"), platform="instagram"
        ).id

    return await store.write(add)


async def waiting(desk: Desk, post_id: str) -> list[Any]:
    """The post's targets that wait for their project's share."""
    return [row for row in await desk.targets(post_id) if row.wait_reason == waits.SHARE]
