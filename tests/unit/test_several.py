"""Orders that are accepted in one transaction: each with its own answer, and the same rows as by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.engine.stand_ins import Stop, Watched
from tests.unit.test_posts import Desk

from polypost import access, clock
from polypost.credits import funds
from polypost.credits.tables import ledger
from polypost.engine import WakeUp
from polypost.engine.embedded import EmbeddedEngine
from polypost.errors import InvalidRequest, KeyReused, PaymentRequired
from polypost.events import outbox
from polypost.intake import Submission, Submitter
from polypost.intake.acceptance import Acceptance
from polypost.intake.in_flight import InFlight
from polypost.integrations import service as integrations
from polypost.platforms.base import MediaRef
from polypost.posts import accept, deliveries
from polypost.posts.orders import CREATE, Accepted, NewPost
from polypost.posts.several import Creation, create_several
from polypost.posts.tables import posts, targets
from polypost.storage import Store, open_store
from polypost.storage.hot import DRIVER

on_postgresql = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
TABLES = (posts, targets, ledger, outbox)
OWN = {
    "id",
    "post_id",
    "target_id",
    "subject",
    "created_at",
    "updated_at",
    "at",
    "due_at",
    "next_at",
    "rung_at",
    "spread_at",
}


@dataclass
class Entrance:
    """What stands between a request and the store, without the wire."""

    desk: Desk
    in_flight: InFlight

    @classmethod
    async def open(cls, store: Store, **more: Any) -> Entrance:
        desk = await Desk(store, **more).open()
        return cls(desk, cls.at(desk, store))

    @staticmethod
    def at(desk: Desk, store: Store, server: str = "embedded") -> InFlight:
        return InFlight(store, Acceptance(store, seconds=20), server=server, shared=desk.context.shared)

    async def accept(
        self, order: NewPost, *, project: Any = None, in_flight: InFlight | None = None, gone: bool = False
    ) -> Accepted:
        flight, project = in_flight or self.in_flight, project or self.desk.project
        who = access.Principal(project, order.api_key_id, ())
        submitter = Submitter(who, order.idempotency_key, _gone if gone else _there)
        asked = Submission(submitter, CREATE, order.fingerprint)
        make = Creation(self.desk.context, project, order)
        with await flight.enter(asked):
            taken = await flight.accept(asked, make)
            await flight.answering(asked, taken.accepted.post_id)
        return taken.accepted

    async def accept_all(self, orders: Sequence[NewPost]) -> list[Any]:
        return await asyncio.gather(*map(self.accept, orders), return_exceptions=True)


class Noting(EmbeddedEngine):
    """Rings for nobody, and notes for which targets."""

    def __init__(self, store: Store, rung: list[str]) -> None:
        super().__init__(store)
        self._rung = rung

    def wake(self, db: Connection, wake_ups: Sequence[WakeUp]) -> None:
        self._rung += [wake_up.key for wake_up in wake_ups]


async def _there() -> bool:
    return False


async def _gone() -> bool:
    return True


async def transactions(store: Store) -> list[int]:
    """How many posts were made at each instant, which a transaction has one of; the largest first."""
    made = await store.read(lambda db: db.execute(select(posts.c.created_at)).scalars().all())
    return sorted(Counter(made).values(), reverse=True)


def orders(desk: Desk, count: int, **more: Any) -> list[NewPost]:
    return [
        desk.order(f"text {number}", fingerprint=number, **({"after": 3600} | more))
        for number in range(count)
    ]


async def rows(store: Store, made: Accepted) -> list[list[dict[str, Any]]]:
    """All that an acceptance wrote, without ids and instants."""

    def look(db: Connection) -> list[list[dict[str, Any]]]:
        mine = select(targets.c.id).where(targets.c.post_id == made.post_id)
        found = (
            select(posts).where(posts.c.id == made.post_id),
            select(targets).where(targets.c.post_id == made.post_id).order_by(targets.c.position),
            select(ledger).where(ledger.c.target_id.in_(mine)).order_by(ledger.c.integration_id),
            select(outbox).where(outbox.c.subject == made.post_id),
        )
        return [
            [
                {name: value for name, value in row._mapping.items() if name not in OWN}
                for row in db.execute(query)
            ]
            for query in found
        ]

    said = await store.read(look)
    for (event,) in said[3:]:
        assert event["payload"].pop("postId") == made.post_id
        for name in ("id", "postId", "createdAt", "scheduledFor"):
            event["payload"]["post"].pop(name)
        event["payload"].pop("scheduledFor")
    for row in said[0]:
        row.pop("scheduled_for")
    return said


@on_postgresql
def test_orders_of_one_transaction_write_what_each_writes_by_itself(with_store):
    async def story(store):
        desk = await Desk(store).open()
        drafts = [each._replace(content="the same", raw={}) for each in orders(desk, 3)]
        alone = await store.write(lambda db: accept.create(db, desk.context, desk.project, drafts[0]))
        asked = [Creation(desk.context, desk.project, each) for each in drafts[1:]]
        both = await store.write(lambda db: create_several(db, asked))
        wanted = await rows(store, alone)
        wanted[0][0]["fingerprint"] = None
        for made in both:
            found = await rows(store, made)
            found[0][0]["fingerprint"] = None
            assert found == wanted
        assert len({made.post_id for made in both}) == 2
        assert {made.scheduled_for for made in both} == {each.when.instant for each in drafts[1:]}
        await desk.healthy()

    with_store(story)


def test_requests_that_come_together_share_their_transactions(with_store):
    async def story(store):
        entrance = await Entrance.open(store)
        made = await entrance.accept_all(orders(entrance.desk, 12))
        assert len({each.post_id for each in made}) == 12
        assert await transactions(store) == ([12] if store.dialect == "postgresql" else [1] * 12)
        # Due now: each target is rung for, too.
        rung: list[str] = []
        engine = Noting(store, rung)
        entrance.desk.context = replace(entrance.desk.context, engine=engine)
        now = [
            each._replace(when=None, fingerprint=100 + place)
            for place, each in enumerate(orders(entrance.desk, 3))
        ]
        due = await entrance.accept_all(now)
        assert [each.status for each in due] == ["publishing"] * 3
        rows_of = [await entrance.desk.targets(each.post_id) for each in due]
        assert sorted(rung) == sorted(row.id for found in rows_of for row in found)
        await entrance.desk.healthy()

    with_store(story)


def test_what_is_wrong_with_one_is_told_to_that_one(with_store):
    async def story(store):
        entrance = await Entrance.open(store)
        drafts = orders(entrance.desk, 4)
        drafts[1] = drafts[1]._replace(targets=[replace(drafts[1].targets[0], integration_id="int_none")])
        said = await entrance.accept_all(drafts)
        assert isinstance(said[1], InvalidRequest)
        assert [problem.code for problem in said[1].problems] == ["unknown_account"]
        assert await transactions(store) == ([3] if store.dialect == "postgresql" else [1] * 3)
        await entrance.desk.healthy()

    with_store(story)


def test_accounts_of_another_project_are_not_found_among_those_of_the_group(with_store):
    async def story(store):
        entrance = await Entrance.open(store)
        other = await Desk(store).open()
        theirs = orders(other, 1)[0]._replace(fingerprint=7)
        stolen = theirs._replace(fingerprint=8)
        said = await asyncio.gather(
            *(entrance.accept(each) for each in orders(entrance.desk, 2)),
            entrance.accept(theirs, project=other.project),
            entrance.accept(stolen),
            return_exceptions=True,
        )
        assert isinstance(said[3], InvalidRequest)
        owners = await store.read(
            lambda db: [
                db.execute(select(posts.c.project_id).where(posts.c.id == each.post_id)).scalar_one()
                for each in said[:3]
            ]
        )
        assert owners == [entrance.desk.project.id] * 2 + [other.project.id]
        await entrance.desk.healthy()

    with_store(story)


def test_equal_bodies_at_once_are_as_many_posts_as_clients_that_wait(with_store):
    async def story(store):
        entrance = await Entrance.open(store)
        equal = entrance.desk.order("equal", after=3600, fingerprint=1)
        made = await entrance.accept_all(
            [
                *orders(
                    entrance.desk,
                    3,
                ),
                equal,
                equal,
                equal,
            ]
        )
        assert len({each.post_id for each in made}) == 6
        assert not any(each.replayed for each in made)
        await entrance.desk.healthy()

    with_store(story)


@asynccontextmanager
async def another_server(folder: Path, store_url: str | None) -> AsyncIterator[Store]:
    """The same database, as another server has it."""
    store = open_store(folder, store_url)
    try:
        yield store
    finally:
        await store.close()


@on_postgresql
def test_equal_bodies_at_two_servers_do_not_hold_the_others_up(with_store, tmp_path, store_url):
    async def story(store):
        entrance = await Entrance.open(store)
        desk = entrance.desk
        stop = Stop()

        def and_stop(db: Connection) -> None:
            accept.create(db, replace(desk.context, server="other"), desk.project, equal)
            stop.wait()

        equal, *others = orders(desk, 4)
        async with another_server(tmp_path, store_url) as other:
            there = asyncio.create_task(other.write(and_stop))
            await stop.reached()
            here = asyncio.create_task(entrance.accept(equal))
            # Answered while the other server's transaction is still open.
            made = await entrance.accept_all(others)
            assert len({each.post_id for each in made}) == 3
            assert not here.done()
            stop.go_on()
            await there
            # Its answer never comes, and that server gives no sign of life.
            assert (await here).replayed
        await desk.healthy()

    with_store(story)


@on_postgresql
def test_posts_are_stored_in_the_order_of_their_bodies_however_they_come(with_store):
    async def story(store):
        desk = await Desk(store).open()
        asked = [Creation(desk.context, desk.project, each) for each in reversed(orders(desk, 5))]
        stored: list[Any] = []

        def note(sql: str, values: Any) -> None:
            if sql.startswith("INSERT INTO posts"):
                stored.append(values)

        def watched(db: Connection) -> list[Accepted | None]:
            driver = db.info[DRIVER]
            db.info[DRIVER] = Watched(driver, note)
            try:
                return create_several(db, asked)
            finally:
                db.info[DRIVER] = driver

        made = await store.write(watched)
        # Two servers that both store some of them wait for each other in one direction only.
        assert tuple(range(5)) in stored[0]
        at = [each.when.instant for each in (creation.order for creation in asked)]
        assert [each.scheduled_for for each in made] == at

    with_store(story)


@on_postgresql
def test_two_servers_with_the_same_bodies_in_another_order_both_go_on(with_store, tmp_path, store_url):
    async def story(store):
        entrance = await Entrance.open(store)
        desk = entrance.desk
        drafts = orders(desk, 8)
        async with another_server(tmp_path, store_url) as other:
            second = Entrance.at(desk, other, "other")
            said = await asyncio.gather(
                *(entrance.accept(each) for each in drafts),
                *(entrance.accept(each, in_flight=second) for each in reversed(drafts)),
            )
            await second.tell()
        # Neither group has broken at the other.
        assert (await transactions(store))[0] == 8
        made = {each.post_id for each in said}
        stored = await store.read(lambda db: set(db.execute(select(posts.c.id)).scalars()))
        assert made == stored
        await desk.healthy()

    with_store(story)


@pytest.mark.parametrize("lost", [False, True])
def test_the_repeat_of_a_lost_answer_among_others_is_that_post(with_store, lost):
    async def story(store):
        entrance = await Entrance.open(store)
        desk = entrance.desk
        drafts = orders(desk, 4)
        first = await entrance.accept(drafts[1])
        await entrance.in_flight.tell()
        if lost:
            await store.write(lambda db: deliveries.lose(db, desk.project.id, first.post_id))
        said = await entrance.accept_all(drafts)
        assert [each.replayed for each in said] == [False, lost, False, False]
        assert (said[1].post_id == first.post_id) is lost
        assert len({each.post_id for each in said}) == 4
        await desk.healthy()

    with_store(story)


def test_a_body_that_would_not_be_taken_any_more_finds_its_lost_answer_and_leaves_nothing(with_store):
    async def story(store):
        desk = await Desk(store).open()
        order = desk.order(after=60, fingerprint=1)
        made = await desk.create(order)
        await store.write(lambda db: deliveries.lose(db, desk.project.id, made.post_id))
        await store.write(lambda db: integrations.disconnect(db, desk.project.id, desk.accounts[0]))
        again = await desk.create(order)
        assert (again.post_id, again.replayed) == (made.post_id, True)
        assert await store.read(lambda db: db.execute(select(posts.c.id)).scalars().all()) == [made.post_id]

    with_store(story)


def test_a_request_whose_client_has_gone_finds_among_others_what_its_repeat_made(with_store):
    async def story(store):
        entrance = await Entrance.open(store)
        drafts = orders(entrance.desk, 3)
        repeat = await entrance.accept(drafts[0])
        await entrance.in_flight.tell()
        first, *_ = await asyncio.gather(
            entrance.accept(drafts[0], gone=True), *(entrance.accept(each) for each in drafts[1:])
        )
        assert (first.post_id, first.replayed) == (repeat.post_id, True)
        await entrance.desk.healthy()

    with_store(story)


UPLOAD = MediaRef("image", "https://example.com/uploads/upl_0123456789abcdef0123456789abcdef/picture.jpg")


@on_postgresql
def test_what_asks_or_locks_more_than_its_own_post_goes_by_itself(with_store):
    async def story(store):
        desk = await Desk(store).open()
        creation = Creation(desk.context, desk.project, orders(desk, 1)[0])
        assert creation.joins
        keyed = creation.order._replace(idempotency_key="key")
        holding = creation.order._replace(media=[UPLOAD])
        window = replace(desk.project, dedupe_window_seconds=60)
        limited = replace(desk.project, credit_limit=3)
        embedded = replace(desk.context, shared=False)
        for changed in (
            {"order": keyed},
            {"order": holding},
            {"project": window},
            {"project": limited},
            {"context": embedded},
        ):
            assert not replace(creation, **changed).joins, changed

    with_store(story)


def test_a_project_with_a_limit_goes_by_itself_and_spends_no_more(with_store):
    async def story(store):
        entrance = await Entrance.open(store)
        limited = await Desk(store, limit=4).open()
        free = orders(entrance.desk, 4)
        dear = [each._replace(fingerprint=50 + place) for place, each in enumerate(orders(limited, 3))]
        said = await asyncio.gather(
            *(entrance.accept(each) for each in free),
            *(entrance.accept(each, project=limited.project) for each in dear),
            return_exceptions=True,
        )
        assert sum(isinstance(each, PaymentRequired) for each in said) == 1
        assert sum(isinstance(each, Accepted) for each in said) == 6
        await entrance.desk.healthy()

    with_store(story)


def test_balances_that_are_kept_no_more_go_with_the_group(with_store):
    async def story(store):
        entrance = await Entrance.open(store, limit=100)
        desks = [entrance.desk, await Desk(store, limit=100).open()]
        asked = []
        for place, desk in enumerate(desks):
            mine = [each._replace(fingerprint=10 * place + each.fingerprint) for each in orders(desk, 3)]
            # From then on the project's balance is kept.
            await entrance.accept(mine.pop(), project=desk.project)
            free = await store.write(
                lambda db, desk=desk: access.change_project(db, desk.project.id, credits="unlimited")
            )
            asked += [entrance.accept(each, project=free) for each in mine]
        await asyncio.gather(*asked)
        for desk in desks:
            await desk.healthy()
            left = await store.write(
                lambda db, desk=desk: funds.balance(db, desk.project.id, desk.project, clock.now()).left
            )
            assert left == 94

    with_store(story)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_together_each_answer_is_true(with_store, seed):
    async def story(store):
        random = Random(seed)
        entrance = await Entrance.open(store)
        desk = entrance.desk
        limited = await Desk(store, limit=6).open()

        def draw(number: int) -> tuple[str, Any, NewPost]:
            kind = random.choice(["good", "now", "bad", "equal", "keyed", "limited", "both"])
            order = orders(desk, 1, after=None if kind == "now" else 3600)[0]
            order = order._replace(content=f"{number}", fingerprint=1000 + number)
            if kind == "bad":
                order = order._replace(targets=[replace(order.targets[0], integration_id="int_none")])
            if kind == "equal":
                order = order._replace(content="equal", fingerprint=1)
            if kind in {"keyed", "both"}:
                order = order._replace(idempotency_key="both" if kind == "both" else f"key{number}")
            if kind == "limited":
                theirs = orders(limited, 1)[0]
                order = theirs._replace(content=f"{number}", fingerprint=1000 + number)
                return kind, limited.project, order
            return kind, desk.project, order

        drawn = [draw(number) for number in range(40)]
        said = await asyncio.gather(
            *(entrance.accept(order, project=project) for _, project, order in drawn), return_exceptions=True
        )
        refused = {"bad": InvalidRequest, "limited": PaymentRequired, "both": KeyReused}
        made = []
        for (kind, _, order), verdict in zip(drawn, said, strict=True):
            if isinstance(verdict, Accepted):
                assert kind != "bad"
                made.append((verdict.post_id, order.content))
            else:
                assert isinstance(verdict, refused[kind]), (kind, verdict)
        stored = await store.read(
            lambda db: {(row.id, row.content) for row in db.execute(select(posts.c.id, posts.c.content))}
        )
        assert set(made) == stored
        assert len(made) == len(stored)
        kinds = Counter(
            kind for (kind, *_), verdict in zip(drawn, said, strict=True) if isinstance(verdict, Accepted)
        )
        wanted = Counter(kind for kind, *_ in drawn)
        assert kinds["limited"] == min(wanted["limited"], 3)
        assert kinds["both"] == min(wanted["both"], 1)
        await desk.healthy()

    with_store(story)
