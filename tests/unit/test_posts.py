"""Acceptance, claims and changes on both stores, without any network."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.engine.stand_ins import Watched

from polypost import access, clock
from polypost.access import Project
from polypost.credits import service as credits
from polypost.doctor import findings
from polypost.engine.embedded import EmbeddedEngine
from polypost.errors import Conflict, InvalidRequest, KeyReused, LeaseLost, PaymentRequired
from polypost.events import outbox
from polypost.integrations import Vault
from polypost.integrations import service as integrations
from polypost.media import tables as media_tables
from polypost.platforms.base import Account, MediaRef, Tokens
from polypost.posts import accept, attempts, changes, deliveries, keys, lanes, queries, sweep, work
from polypost.posts.deliveries import ARRIVED, Arrival, EqualOpen
from polypost.posts.orders import Context, NewPost, NewTarget, When, fingerprint
from polypost.posts.states import State
from polypost.posts.tables import idempotency, posts
from polypost.posts.tables import lanes as lane_rows
from polypost.storage import Store, new_id
from polypost.storage.hot import DRIVER

assert media_tables
LEASE = timedelta(seconds=30)
PICTURE = MediaRef("image", "https://example.com/picture.jpg")


class Desk:
    """A project with two accounts, and the services as an entrance calls them."""

    def __init__(self, store: Store, limit: int | None = None) -> None:
        self.store = store
        self.limit = limit
        shared = store.dialect == "postgresql"
        self.context = Context(EmbeddedEngine(store), lambda _: 1, "embedded", shared=shared)
        self.project: Project
        self.accounts: list[str] = []

    async def open(self) -> Desk:
        def make(db: Connection) -> None:
            self.project = access.create_project(db, new_id("test"), credits=self.limit)
            vault = Vault(bytes(32))
            self.accounts = [
                integrations.add(
                    db,
                    vault,
                    self.project.id,
                    Account(str(number), f"user{number}"),
                    Tokens("token"),
                    platform="instagram",
                ).id
                for number in (1, 2)
            ]

        await self.store.write(make)
        return self

    def order(
        self,
        text: str = "hello",
        *,
        after: float | None = None,
        accounts: list[str] | None = None,
        **more: Any,
    ) -> NewPost:
        when = None if after is None else When(clock.now() + timedelta(seconds=after), "UTC")
        targets = [NewTarget("instagram", account) for account in (accounts or self.accounts)]
        return NewPost(text, targets, [PICTURE], when, "UTC", {"content": text}, api_key_id="key_1", **more)

    async def create(self, order: NewPost, arrival: Arrival = ARRIVED) -> accept.Accepted:
        """Accept as the entrance does: once more where an equal post was met whose answer is under way no more."""

        async def accepted(arrival: Arrival) -> accept.Accepted:
            return await self.store.write(
                lambda db: accept.create(db, self.context, self.project, order, arrival)
            )

        try:
            return await accepted(arrival)
        except EqualOpen as equal:
            if equal.server:
                raise
            return await accepted(replace(arrival, again=True))

    async def answered(self, order: NewPost) -> accept.Accepted:
        """Accepted, and its client has its answer."""
        made = await self.create(order)
        if self.context.shared:
            await self.store.write(lambda db: deliveries.settle(db, [made.post_id]))
        return made

    async def claim(self, target: str, at: Any = None, by: str = "run_1") -> Any:
        now = at or clock.now()
        return await self.store.write(lambda db: work.claim(db, target, by=by, lease=LEASE, now=now))

    async def targets(self, post_id: str) -> Any:
        return await self.store.read(lambda db: changes.targets_of(db, self.project.id, post_id))

    async def status(self, post_id: str) -> str:
        found = await self.store.read(lambda db: queries.one(db, self.project.id, post_id))
        return str(found.post.status)

    async def healthy(self) -> None:
        assert await self.store.read(lambda db: findings(db, clock.now())) == []


def test_acceptance_is_one_commit(with_store):
    async def story(store):
        desk = await Desk(store, limit=2).open()
        accepted = await desk.create(desk.order(after=60))
        rows = await desk.targets(accepted.post_id)
        assert [row.state for row in rows] == ["scheduled", "scheduled"]
        assert await store.read(lambda db: credits.used(db, desk.project.id)) == 2
        events = await store.read(lambda db: db.execute(select(outbox.c.type)).scalars().all())
        assert events == ["post.scheduled"]
        with pytest.raises(PaymentRequired):
            await desk.create(desk.order("another", after=60))
        total, _ = await store.read(
            lambda db: queries.many(
                db, desk.project.id, queries.Filters(), limit=10, offset=0, descending=True
            )
        )
        assert total == 1
        await desk.healthy()

    with_store(story)


async def statements(desk: Desk, order: NewPost) -> list[str]:
    """How each statement of an acceptance begins."""
    said: list[str] = []

    def watched(db: Connection) -> None:
        driver = db.info[DRIVER]
        db.info[DRIVER] = Watched(driver, lambda sql, _: said.append(" ".join(sql.split()[:5])))
        try:
            accept.create(db, desk.context, desk.project, order)
        finally:
            db.info[DRIVER] = driver

    await desk.store.write(watched)
    return [each.partition(" (")[0] for each in said]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_is_told_the_post_and_asked_for_the_accounts_and_told_the_rest(with_store):
    async def story(store):
        desk = await Desk(store).open()
        accounts = "SELECT integrations.id, integrations.updated_at FROM integrations"
        for order in (desk.order("one", after=60, fingerprint=1), desk.order("two", fingerprint=2)):
            assert await statements(desk, order) == ["WITH w0 AS"] * 2
        # Without a body to compare, the post is told with the rest.
        assert await statements(desk, desk.order("three", after=60)) == [accounts, "WITH w0 AS"]
        await desk.healthy()

    with_store(story)


def test_of_two_posts_in_one_transaction_the_one_that_is_too_dear_leaves_nothing(with_store):
    async def story(store):
        desk = await Desk(store, limit=2).open()

        def both(db: Connection) -> list[str]:
            made = []
            for order in (desk.order(after=60), desk.order("dear", after=60)):
                with contextlib.suppress(PaymentRequired):
                    made.append(accept.create(db, desk.context, desk.project, order).post_id)
            return made

        (made,) = await store.write(both)
        assert await store.read(lambda db: db.execute(select(posts.c.id)).scalars().all()) == [made]
        assert await store.read(lambda db: credits.used(db, desk.project.id)) == 2
        await desk.healthy()

    with_store(story)


def test_every_problem_is_named(with_store):
    async def story(store):
        desk = await Desk(store).open()
        order = desk.order(accounts=[desk.accounts[0], desk.accounts[0], "int_unknown"])
        with pytest.raises(InvalidRequest) as refused:
            await desk.create(order)
        assert [problem.path for problem in refused.value.problems] == [
            "platforms[1].accountId",
            "platforms[2].accountId",
        ]

    with_store(story)


def test_one_key_is_one_post_under_concurrency(with_store):
    async def story(store):
        desk = await Desk(store).open()
        order = desk.order(after=60, idempotency_key="k", fingerprint=1)
        answers = await asyncio.gather(*(desk.create(order) for _ in range(8)))
        assert len({answer.post_id for answer in answers}) == 1
        assert sum(not answer.replayed for answer in answers) == 1
        with pytest.raises(KeyReused):
            await desk.create(desk.order("other", after=60, idempotency_key="k", fingerprint=2))
        await desk.healthy()

    with_store(story)


def test_a_refused_order_does_not_burn_its_key(with_store):
    async def story(store):
        desk = await Desk(store).open()
        with pytest.raises(InvalidRequest):
            await desk.create(desk.order(accounts=["int_unknown"], idempotency_key="k", fingerprint=1))
        assert not (await desk.create(desk.order(idempotency_key="k", fingerprint=2))).replayed

    with_store(story)


def test_an_identical_body_is_a_replay_only_when_its_answer_was_lost(with_store):
    async def story(store):
        desk = await Desk(store).open()
        order = desk.order(after=60, fingerprint=fingerprint({"a": 1}))
        first = await desk.answered(order)
        second = await desk.answered(order)
        assert first.post_id != second.post_id
        await store.write(lambda db: deliveries.lose(db, desk.project.id, first.post_id))
        third = await desk.create(order)
        assert (third.post_id, third.replayed) == (first.post_id, True)
        fourth = await desk.answered(order)
        assert not fourth.replayed
        # Nobody hears the answer to a client that is gone, and it wanted one post.
        fifth = await desk.create(order, Arrival(gone=True))
        assert fifth.replayed
        assert fifth.post_id in {first.post_id, second.post_id, fourth.post_id}

    with_store(story)


def test_of_a_gone_client_the_repeat_finds_the_post(with_store):
    async def story(store):
        desk = await Desk(store).open()
        order = desk.order(after=60, fingerprint=11)
        first = await desk.create(order, Arrival(gone=True))
        assert not first.replayed
        if desk.context.shared:
            with pytest.raises(EqualOpen) as equal:
                await desk.create(order)
            assert (equal.value.post_id, equal.value.server) == (first.post_id, "embedded")
            await store.write(lambda db: deliveries.lose_if_open(db, first.post_id))
        again = await desk.create(order)
        assert (again.post_id, again.replayed) == (first.post_id, True)

    with_store(story)


def test_a_key_ends_a_week_after_its_use_and_not_before_its_post(with_store):
    async def story(store):
        desk = await Desk(store).open()
        soon = await desk.create(desk.order("soon", after=60, idempotency_key="a", fingerprint=1))
        far = await desk.create(desk.order("far", after=86400 * 9, idempotency_key="b", fingerprint=2))
        await store.write(lambda db: changes.cancel(db, desk.project.id, soon.post_id))

        async def known() -> list[str]:
            query = select(idempotency.c.post_id).order_by(idempotency.c.key)
            return list(await store.read(lambda db: db.execute(query).scalars().all()))

        async def clean(days: float, **kept: timedelta) -> None:
            await store.write(lambda db: keys.clean(db, clock.now() + timedelta(days=days), **kept))

        await clean(7.1, kept=timedelta(days=8))
        assert await known() == [soon.post_id, far.post_id]
        await clean(7.1)
        assert await known() == [far.post_id]
        await store.write(lambda db: changes.cancel(db, desk.project.id, far.post_id))
        await clean(8.2)
        assert await known() == []

    with_store(story)


def test_what_was_accepted_before_a_start_is_a_replay(with_store):
    async def story(store):
        desk = await Desk(store).open()
        order = desk.order(after=60, fingerprint=7)
        first = await desk.create(order)
        await store.write(lambda db: deliveries.lose_before_start(db, "embedded", clock.now()))
        assert (await desk.create(order)).post_id == first.post_id

    with_store(story)


def test_the_account_is_taken_in_due_order(with_store):
    async def story(store):
        desk = await Desk(store).open()
        account = desk.accounts[:1]
        late = await desk.create(desk.order("second", after=2, accounts=account))
        early = await desk.create(desk.order("first", after=1, accounts=account))
        now = clock.now() + timedelta(seconds=5)
        (second,) = await desk.targets(late.post_id)
        claimed = await desk.claim(second.id, now)
        assert claimed.target.post_id == early.post_id
        assert await desk.claim(second.id, now) is None
        (wake_up,) = await desk.store.write(lambda db: work.leave(db, claimed, now))
        assert (wake_up.key, wake_up.at, wake_up.lane) == (second.id, now, account[0])

    with_store(story)


def test_a_lost_lease_writes_nothing(with_store):
    async def story(store):
        desk = await Desk(store).open()
        accepted = await desk.create(desk.order(accounts=desk.accounts[:1]))
        (row,) = await desk.targets(accepted.post_id)
        first = await desk.claim(row.id)
        second = await desk.claim(row.id, clock.now() + LEASE + LEASE, by="run_2")
        assert second.epoch == first.epoch + 1
        with pytest.raises(LeaseLost):
            await store.write(lambda db: work.change(db, first, step="late"))
        with pytest.raises(LeaseLost):
            await store.write(
                lambda db: attempts.begin(db, attempts.Intent(first, "post", {}, LEASE), clock.now())
            )
        await store.write(lambda db: work.change(db, second, step="mine"))

    with_store(story)


def test_two_workers_never_own_two_targets_of_one_account(with_store):
    async def story(store):
        desk = await Desk(store).open()
        account = desk.accounts[:1]
        made = [await desk.create(desk.order(f"text {number}", accounts=account)) for number in range(6)]
        rows = [(await desk.targets(each.post_id))[0] for each in made]
        claims = await asyncio.gather(
            *(desk.claim(row.id, by=f"run_{place}") for place, row in enumerate(rows))
        )
        owned = [claim for claim in claims if isinstance(claim, work.Claim)]
        assert len(owned) == 1
        assert owned[0].target.post_id == made[0].post_id

    with_store(story)


def test_cancel_reschedule_and_edit_are_honest(with_store):
    async def story(store):
        desk = await Desk(store, limit=10).open()
        accepted = await desk.create(desk.order(after=60))
        hour = When(clock.now() + timedelta(hours=1), "UTC")
        await store.write(
            lambda db: changes.reschedule(db, desk.context, desk.project, accepted.post_id, hour)
        )
        assert (await desk.targets(accepted.post_id))[0].due_at == hour.instant
        smaller = desk.order("edited", accounts=desk.accounts[:1], after=7200)
        await store.write(lambda db: changes.edit(db, desk.context, desk.project, accepted.post_id, smaller))
        assert await store.read(lambda db: credits.used(db, desk.project.id)) == 1
        assert await store.write(lambda db: changes.cancel(db, desk.project.id, accepted.post_id))
        assert not await store.write(lambda db: changes.cancel(db, desk.project.id, accepted.post_id))
        assert await store.read(lambda db: credits.used(db, desk.project.id)) == 0
        assert await desk.status(accepted.post_id) == "draft"
        await store.write(
            lambda db: changes.reschedule(db, desk.context, desk.project, accepted.post_id, hour)
        )
        assert await desk.status(accepted.post_id) == "scheduled"
        await desk.healthy()

    with_store(story)


def test_what_a_worker_owns_cannot_be_changed(with_store):
    async def story(store):
        desk = await Desk(store).open()
        accepted = await desk.create(desk.order(after=1))
        rows = await desk.targets(accepted.post_id)
        await desk.claim(rows[0].id, clock.now() + timedelta(seconds=2))
        for change in (
            lambda db: changes.cancel(db, desk.project.id, accepted.post_id),
            lambda db: changes.remove(db, desk.project.id, accepted.post_id),
            lambda db: changes.edit(
                db, desk.context, desk.project, accepted.post_id, desk.order("new", after=60)
            ),
        ):
            with pytest.raises(Conflict):
                await store.write(change)
        states = [row.state for row in await desk.targets(accepted.post_id)]
        assert states == ["claimed", "scheduled"]
        assert await desk.status(accepted.post_id) == "publishing"

    with_store(story)


def test_cancels_race_claims_and_each_answer_is_true(with_store):
    async def story(store):
        desk = await Desk(store).open()

        async def race(number: int) -> None:
            accepted = await desk.create(
                desk.order(f"race {number}", accounts=[desk.accounts[number % 2]], after=0.01)
            )
            (row,) = await desk.targets(accepted.post_id)
            at = clock.now() + timedelta(seconds=1)

            async def cancel() -> bool:
                try:
                    return await store.write(lambda db: changes.cancel(db, desk.project.id, accepted.post_id))
                except Conflict:
                    return False

            claimed, cancelled = await asyncio.gather(desk.claim(row.id, at), cancel())
            own = isinstance(claimed, work.Claim) and claimed.target.id == row.id
            assert cancelled != own
            (after,) = await desk.targets(accepted.post_id)
            assert State(after.state) is (State.DRAFT if cancelled else State.CLAIMED)
            if own:
                await store.write(lambda db: work.leave(db, claimed, at))
                await store.write(lambda db: work.change(db, claimed, state="published", next_at=None))

        for number in range(40):
            await race(number)

    with_store(story)


def test_a_dead_process_is_taken_over_at_once(with_store):
    async def story(store):
        desk = await Desk(store).open()
        accepted = await desk.create(desk.order())
        rows = await desk.targets(accepted.post_id)
        for row in rows:
            await desk.claim(row.id)
        assert await store.write(lambda db: sweep.take_over(db, clock.now())) == 2
        now = clock.now()
        due = await store.read(lambda db: sweep.due(db, until=now, limit=10, unrung_since=None))
        assert {wake_up.key for wake_up in due} == {row.id for row in rows}

    with_store(story)


def test_a_second_ring_for_a_target_does_not_free_its_account(with_store):
    async def story(store):
        desk = await Desk(store).open()
        account = desk.accounts[:1]
        first = await desk.create(desk.order("first", accounts=account))
        second = await desk.create(desk.order("second", accounts=account))
        (row,) = await desk.targets(first.post_id)
        claims = await asyncio.gather(*(desk.claim(row.id, by=f"run_{number}") for number in range(4)))
        assert sum(isinstance(each, work.Claim) for each in claims) == 1
        (other,) = await desk.targets(second.post_id)
        assert await desk.claim(other.id) is None

    with_store(story)


def test_an_account_that_rests_begins_nothing_and_may_still_be_looked_at(with_store):
    async def story(store):
        desk = await Desk(store).open()
        account = desk.accounts[:1]
        doubtful = await desk.create(desk.order("in doubt", accounts=account))
        (row,) = await desk.targets(doubtful.post_id)
        claimed = await desk.claim(row.id)

        def doubt(db):
            attempts.begin(db, attempts.Intent(claimed, "post", {}, LEASE), clock.now())
            work.leave(db, claimed, clock.now())
            lanes.slow(db, account[0], clock.now() + timedelta(hours=1))

        await store.write(doubt)
        quiet = await desk.create(desk.order("quiet", accounts=account))
        now = clock.now() + LEASE + LEASE
        refused = await desk.claim((await desk.targets(quiet.post_id))[0].id, clock.now())
        assert isinstance(refused, work.Later)
        assert refused.at > now
        looked_at = await desk.claim(row.id, now)
        assert isinstance(looked_at, work.Claim)
        assert looked_at.target.id == row.id
        assert State((await desk.targets(doubtful.post_id))[0].state) is State.UNKNOWN
        (waiting,) = await desk.targets(quiet.post_id)
        assert (waiting.wait_reason, waiting.next_at) == ("rate_limited", refused.at)

    with_store(story)


def test_a_worker_that_wakes_up_does_not_prolong_what_another_has_taken_over(with_store):
    async def story(store):
        desk = await Desk(store).open()
        accepted = await desk.create(desk.order(accounts=desk.accounts[:1]))
        (row,) = await desk.targets(accepted.post_id)
        first = await desk.claim(row.id, by="run_1")
        now = clock.now() + LEASE + LEASE
        second = await desk.claim(row.id, now, by="run_2")
        late = now + timedelta(hours=1)
        await store.write(lambda db: work.beat(db, {row.id: first.epoch}, by="run_1", until=late))
        leases = select(lane_rows.c.lease_until)
        assert await store.read(lambda db: db.execute(leases).scalar_one()) == now + LEASE
        await store.write(lambda db: work.beat(db, {row.id: second.epoch}, by="run_2", until=late))
        assert await store.read(lambda db: db.execute(leases).scalar_one()) == late

    with_store(story)


def test_another_hour_begins_with_nothing_prepared(with_store):
    async def story(store):
        desk = await Desk(store).open()
        accepted = await desk.create(desk.order(after=1, accounts=desk.accounts[:1]))
        (row,) = await desk.targets(accepted.post_id)
        claimed = await desk.claim(row.id, clock.now() + timedelta(seconds=2))
        began = {"ready.began": "2026-01-01T00:00:00.000Z"}

        def pause(db):
            work.change(db, claimed, state="waiting", journal=began, tries=3, first_try_at=clock.now())
            work.leave(db, claimed, clock.now())

        await store.write(pause)
        hour = When(clock.now() + timedelta(hours=1), "UTC")
        await store.write(
            lambda db: changes.reschedule(db, desk.context, desk.project, accepted.post_id, hour)
        )
        (row,) = await desk.targets(accepted.post_id)
        assert (row.state, row.journal, row.tries, row.first_try_at) == ("scheduled", None, 0, None)

    with_store(story)


def test_a_clock_that_went_back_is_waited_for(with_store):
    async def story(store):
        desk = await Desk(store).open()
        accepted = await desk.create(desk.order(after=60, accounts=desk.accounts[:1]))
        (row,) = await desk.targets(accepted.post_id)
        assert isinstance(await desk.claim(row.id, row.due_at), work.Claim)
        back = row.due_at - timedelta(seconds=30)
        assert await store.write(lambda db: sweep.take_over(db, back)) == 1
        # Not at once again and again.
        assert await desk.claim(row.id, back) == work.Later(row.due_at)

    with_store(story)


def test_a_limit_postpones_what_is_due_within_it_and_nothing_else(with_store):
    async def story(store):
        desk = await Desk(store).open()
        account = desk.accounts[:1]
        until = clock.now() + timedelta(hours=1)
        made = [
            await desk.create(desk.order(str(after), after=after, accounts=account))
            for after in (0, 60, 7200)
        ]
        rows = [(await desk.targets(each.post_id))[0] for each in made]

        def rest(db):
            lanes.add(db, account[0])
            lanes.slow(db, account[0], until)

        await store.write(rest)
        assert await desk.claim(rows[0].id) == work.Later(until)
        after = [(await desk.targets(each.post_id))[0].next_at for each in made]
        assert after == [until, until, rows[2].next_at]

    with_store(story)


def test_an_account_that_rests_is_told_so_while_another_target_has_it(with_store):
    async def story(store):
        desk = await Desk(store).open()
        account = desk.accounts[:1]
        until = clock.now() + timedelta(hours=1)
        made = [await desk.create(desk.order(text, accounts=account)) for text in ("one", "two")]
        first, second = [(await desk.targets(each.post_id))[0] for each in made]
        await desk.claim(first.id)
        assert await desk.claim(second.id) is None
        await store.write(lambda db: lanes.slow(db, account[0], until))
        assert await desk.claim(second.id) == work.Later(until)

    with_store(story)


def test_an_equal_text_counts_when_it_may_be_sent_by_then(with_store):
    async def story(store):
        desk = await Desk(store).open()
        account = desk.accounts[:1]
        (row,) = await desk.targets((await desk.create(desk.order(accounts=account))).post_id)
        claimed = await desk.claim(row.id)
        await desk.create(desk.order(after=7200, accounts=account))

        async def equal(hours: int) -> bool:
            until = clock.now() + timedelta(hours=hours)
            return await store.read(lambda db: attempts.same_text_open(db, claimed, until=until))

        assert [await equal(hours) for hours in (1, 3)] == [False, True]

    with_store(story)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_look_for_the_first_due_target_reads_nothing_that_lies_ahead_and_sorts_nothing(with_store):
    async def story(store):
        def plan(db):
            asked = work._CLAIM.text(db.dialect, {"target": "tgt_1", "now": clock.now()})
            return [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])]

        more = await store.read(plan)
        assert any(
            line.endswith("ix_targets_integration_id_due_at_id (integration_id=? AND due_at<?)")
            for line in more
        )
        assert not any("ORDER BY" in line for line in more)

    with_store(story)
