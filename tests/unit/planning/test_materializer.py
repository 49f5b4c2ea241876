"""Who makes a schedule's posts: several at once, after crashes, after a long stop, when zones change."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, select, update

from polypost import access, clock
from polypost.access import Project
from polypost.doctor import findings
from polypost.engine.embedded import EmbeddedEngine
from polypost.errors import PaymentRequired
from polypost.events import outbox
from polypost.integrations import Vault
from polypost.integrations import service as integrations
from polypost.media import tables as media_tables
from polypost.planning import materializer, schedules
from polypost.planning.materializer import Materializer
from polypost.planning.tables import occurrences
from polypost.planning.tables import schedules as schedule_rows
from polypost.planning.templates import Template
from polypost.platforms.base import Account, Tokens
from polypost.posts import accept, changes
from polypost.posts.orders import Context, NewTarget
from polypost.posts.tables import posts, targets
from polypost.storage import Store, metadata, open_store

assert media_tables
HORIZON = clock.HORIZON
# Nobody publishes here: what is due waits.
UNDONE = {"open targets that nothing will wake"}


class Desk:
    """A project with an account, and the services as an entrance calls them."""

    def __init__(self, store: Store, limit: int | None = None) -> None:
        self.store = store
        self.limit = limit
        self.context = Context(EmbeddedEngine(store), lambda _: 1, "embedded")
        self.maker = Materializer(store, self.context, HORIZON)
        self.project: Project
        self.account = ""

    async def open(self) -> Desk:
        def make(db: Connection) -> None:
            self.project = access.create_project(db, "test", credits=self.limit)
            self.account = integrations.add(
                db, Vault(bytes(32)), self.project.id, Account("1"), Tokens("token"), platform="twitter"
            ).id

        await self.store.write(make)
        return self

    def template(self, rule: str = "FREQ=DAILY", *, after: float = 3600, **more: Any) -> Template:
        starts = (clock.now() + timedelta(seconds=after)).replace(tzinfo=None, microsecond=0)
        values: dict[str, Any] = {
            "name": None,
            "content": "hello",
            "targets": [NewTarget("twitter", self.account)],
            "media": (),
            "timezone": "UTC",
            "rule": rule,
            "starts_at": starts,
        }
        return Template(**(values | more))

    async def create(self, template: Template) -> str:
        made, _ = await self.store.write(
            lambda db: schedules.create(db, self.context, self.project, template, horizon=HORIZON)
        )
        return made.id

    async def rows(self) -> list[Any]:
        query = select(occurrences).order_by(occurrences.c.at)
        return list(await self.store.read(lambda db: db.execute(query).all()))

    async def live(self) -> list[Any]:
        query = select(posts).where(posts.c.deleted_at.is_(None)).order_by(posts.c.scheduled_for)
        return list(await self.store.read(lambda db: db.execute(query).all()))

    async def healthy(self) -> None:
        found = await self.store.read(lambda db: findings(db, clock.now()))
        assert [each for each in found if each.message not in UNDONE] == []


def test_makers_at_once_make_each_post_once(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = await Desk(store).open()
        schedule = await desk.create(desk.template())
        for days in (3, 1, 2):
            clock.advance(days * 86400)
            await asyncio.gather(*(desk.maker.run(schedule) for _ in range(8)))
        # Hours and days have passed: the last week's worth stands ahead, each day with one post.
        rows = await desk.rows()
        assert Counter(row.state for row in rows) == {"made": 13}
        assert [row.at for row in rows] == [post.scheduled_for for post in await desk.live()]
        await desk.healthy()

    with_store(story)


def test_after_a_long_stop_nothing_is_caught_up(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = await Desk(store).open()
        schedule = await desk.create(desk.template())
        clock.advance(90 * 86400)
        # More than one round makes: each leaves the rest to the next.
        for _ in range(4):
            await desk.maker.run(schedule)
        rows = await desk.rows()
        states = Counter(row.state for row in rows if row.at <= clock.now())
        # Seven stood on the calendar before the stop; of the rest, only the newest is not too late.
        assert states == {"made": 8, "missed": len(rows) - 7 - 8}
        missed = [row for row in rows if row.state == "missed"]
        assert {row.reason_code for row in missed} == {"missed_window"}
        late = [row for row in rows if row.state == "made" and row.at <= clock.now()][-1]
        assert clock.now() - late.at < timedelta(days=1)
        events = await store.read(lambda db: db.execute(select(outbox.c.type)).scalars().all())
        assert events.count("schedule.skipped") == len(missed)

    with_store(story)


def test_what_cannot_be_paid_is_said_and_tried_again(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = await Desk(store, limit=7).open()
        schedule = await desk.create(desk.template())
        clock.advance(86400)
        await desk.maker.run(schedule)
        (skipped,) = [row for row in await desk.rows() if row.state == "skipped"]
        assert skipped.reason_code == "insufficient_credits"
        assert "credits" in skipped.reason
        due = await store.read(
            lambda db: materializer.due(
                db, until=clock.now() + materializer.AGAIN, limit=10, unrung_since=None
            )
        )
        assert [wake_up.key for wake_up in due] == [schedule]
        await store.write(lambda db: access.change_project(db, desk.project.id, credits=9))
        clock.advance(materializer.AGAIN.total_seconds())
        await desk.maker.run(schedule)
        assert {row.state for row in await desk.rows()} == {"made"}
        await desk.healthy()

    with_store(story)


def test_a_disabled_project_makes_nothing(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = await Desk(store).open()
        schedule = await desk.create(desk.template())
        await store.write(lambda db: access.change_project(db, desk.project.id, disabled=True))
        clock.advance(86400)
        await desk.maker.run(schedule)
        assert [row.reason_code for row in await desk.rows() if row.state == "skipped"] == [
            "project_disabled"
        ]
        assert len(await desk.live()) == 7

    with_store(story)


def test_posts_follow_when_a_zone_changes(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = await Desk(store).open()
        schedule = await desk.create(desk.template(timezone="Europe/Berlin"))
        right = [row.at for row in await desk.rows()]
        hour = 3_600_000_000

        def as_if_the_zone_had_been_another(db: Connection) -> None:
            for table, names in ((posts, ["scheduled_for"]), (targets, ["due_at", "next_at"])):
                for name in names:
                    db.exec_driver_sql(f"UPDATE {table.name} SET {name} = {name} + {hour}")
            db.exec_driver_sql(f"UPDATE occurrences SET at = at + {hour}")
            db.execute(update(schedule_rows).values(tzdata="2000a"))

        await store.write(as_if_the_zone_had_been_another)
        edited = (await desk.live())[2]
        await store.write(lambda db: changes.touch(db, edited.id, clock.now(), content="mine"))
        await desk.maker.follow_zones()
        due = await store.read(
            lambda db: materializer.due(db, until=clock.now(), limit=10, unrung_since=None)
        )
        assert [wake_up.key for wake_up in due] == [schedule]
        await desk.maker.run(schedule)
        moved = [post.scheduled_for for post in await desk.live()]
        # What somebody has edited is a post like others: it moves by the release that its own row names.
        assert moved == [*right[:2], right[2] + timedelta(hours=1), *right[3:]]
        assert len(await desk.rows()) == 7
        await desk.maker.follow_zones()
        assert (
            await store.read(lambda db: materializer.due(db, until=clock.now(), limit=10, unrung_since=None))
            == []
        )
        await desk.healthy()

    with_store(story)


def test_the_sweeper_rings_once(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        desk = await Desk(store).open()
        schedule = await desk.create(desk.template(after=10))
        clock.advance(50)
        now = clock.now()
        for expected in ([schedule], []):
            found = await store.write(
                lambda db: materializer.due(db, until=now, limit=10, unrung_since=now - timedelta(seconds=30))
            )
            assert [wake_up.key for wake_up in found] == expected

    with_store(story)


class Crash(Exception):
    """The process dies in the middle of a transaction."""


class Life(RuleBasedStateMachine):
    """Users, makers that die at any place, and time that passes in leaps."""

    def __init__(self) -> None:
        super().__init__()
        self.before = clock._Advance.seconds
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="polypost-life-")
        self.schedules: list[str] = []
        self.seen: dict[str, tuple[str, datetime]] = {}

    def do(self, story: Any) -> Any:
        return self.runner.run(story)

    @initialize(rule=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH,SA", "FREQ=DAILY;COUNT=9"]))
    def begin(self, rule: str) -> None:
        async def open_all() -> None:
            self.store = open_store(Path(self.folder.name), None)
            await self.store.write(metadata.create_all)
            self.desk = await Desk(self.store, limit=20).open()
            self.schedules.append(await self.desk.create(self.desk.template(rule)))

        self.do(open_all())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.do(self.store.close())
        self.runner.close()
        self.folder.cleanup()
        clock._Advance.seconds = self.before

    @rule(hours=st.sampled_from([1, 20, 30, 100, 400]))
    def pass_time(self, hours: int) -> None:
        clock.advance(hours * 3600)

    @rule()
    def wake_up(self) -> None:
        self.do(self.desk.maker.run(self.schedules[0]))

    @rule(steps=st.integers(0, 6))
    def die(self, steps: int) -> None:
        """A maker that dies after some of its posts: nothing of this round may be left."""

        def write(db: Connection) -> None:
            left = steps

            def one(*given: Any) -> Any:
                nonlocal left
                if left == 0:
                    raise Crash
                left -= 1
                return true(*given)

            true, accept.create = accept.create, one  # type: ignore[assignment]  # a stand-in counts calls
            try:
                materializer.make(db, self.desk.context, self.schedules[0], horizon=HORIZON)
            finally:
                accept.create = true
            raise Crash

        with pytest.raises(Crash):
            self.do(self.store.write(write))

    @rule(what=st.sampled_from(["pause", "resume", "text", "times"]), day=st.integers(1, 3))
    def ask(self, what: str, day: int) -> None:
        desk, schedule = self.desk, self.schedules[0]

        def write(db: Connection) -> None:
            now = schedules.get(db, desk.project.id, schedule).template
            if what == "pause":
                schedules.pause(db, desk.project.id, schedule)
            elif what == "resume":
                schedules.resume(db, desk.context, desk.project, schedule, horizon=HORIZON)
            else:
                other = desk.template(f"FREQ=DAILY;INTERVAL={day}") if what == "times" else now
                other = desk.template(
                    other.rule, content=f"text {day}", timezone=other.timezone, starts_at=other.starts_at
                )
                schedules.change(db, desk.context, desk.project, schedule, other, horizon=HORIZON)

        try:
            self.do(self.store.write(write))
        except PaymentRequired:
            return

    @rule(place=st.integers(0, 6), edit=st.booleans())
    def touch_a_post(self, place: int, edit: bool) -> None:
        waiting = [post for post in self.do(self.desk.live()) if post.status == "scheduled"]
        if place < len(waiting):
            post = waiting[place]
            if edit:
                self.do(self.store.write(lambda db: changes.touch(db, post.id, clock.now(), content="mine")))
            else:
                self.do(self.store.write(lambda db: changes.cancel(db, self.desk.project.id, post.id)))

    @invariant()
    def one_post_for_each_occurrence(self) -> None:
        if not self.schedules:
            return
        rows, live = self.do(self.desk.rows()), self.do(self.desk.live())
        made = {row.post_id: row for row in rows if row.post_id is not None}
        assert len(made) == len([row for row in rows if row.post_id is not None])
        assert len({row.at for row in rows}) == len(rows)
        # Every post belongs to an occurrence, and no two stand at one hour.
        assert {post.id for post in live} <= set(made)
        hours = Counter(post.scheduled_for for post in live)
        assert not hours or max(hours.values()) == 1
        for post in live:
            assert post.scheduled_for == made[post.id].at
        self.do(self.desk.healthy())

    @invariant()
    def a_paused_schedule_has_nothing_ahead(self) -> None:
        if not self.schedules:
            return
        found = self.do(
            self.store.read(lambda db: schedules.get(db, self.desk.project.id, self.schedules[0]))
        )
        if found.status == "paused":
            ahead = [post for post in self.do(self.desk.live()) if post.scheduled_for > clock.now()]
            assert {post.status for post in ahead} <= {"draft"}


Life.TestCase.settings = settings(
    max_examples=6,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLife = Life.TestCase
