"""The store's side of deliveries: handed out once, owned by one, fenced, put off, switched off, cleaned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update
from tests.engine.stand_ins import Shaky, until_blocked

from polypost import access, clock
from polypost.doctor import findings
from polypost.engine.embedded import EmbeddedEngine
from polypost.events import TOPIC, Events, event, heard_by, outbox
from polypost.integrations import Vault
from polypost.outbound import Guard, HookSender
from polypost.storage import Store, together
from polypost.webhooks import ANYBODY, Channels, Dispatcher, Plan, Wanted, fan_out, subscriptions, work
from polypost.webhooks.tables import deliveries, delivery_attempts
from polypost.webhooks.tables import subscriptions as table
from polypost.webhooks.work import ClaimedDelivery, Outcome

LEASE = timedelta(seconds=30)
RETRY_AT = (5.0, 300.0)
VAULT = Vault(bytes(32))


class Room:
    """A project with a store; rings are only noted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.wake_ups: list[Any] = []
        self.project = ""

    def wake(self, db: Connection, wake_ups: Any) -> None:
        self.wake_ups.extend(wake_ups)

    async def open(self) -> None:
        heard_by(ANYBODY)
        self.project = await self.store.write(lambda db: access.create_project(db, "One").id)

    async def subscribe(self, *, project: str | None = None, **more: Any) -> str:
        wanted = Wanted("webhook", ["post.failed", "webhook.disabled"], url="https://example.com", **more)
        made = await self.store.write(
            lambda db: subscriptions.create(db, VAULT, self.wake, project or self.project, "webhooks", wanted)
        )
        return made.id

    async def say(self, *, kind: str = "post.failed", count: int = 1) -> None:
        payload = {"post": {"scheduledFor": None}, "platforms": []}
        for _ in range(count):
            await self.store.write(
                lambda db: event(self.project, kind, "post_1", payload, clock.now()).alone(db)
            )

    async def fan_out(self) -> tuple[int, list[str]]:
        return await self.store.write(lambda db: fan_out.fan_out(db, clock.now()))

    async def claim(self, subscription_id: str, *, after: float = 0.0) -> ClaimedDelivery | None:
        now = clock.now() + timedelta(seconds=after)
        return await self.store.write(
            lambda db: work.claim(db, VAULT, self.wake, subscription_id, lease=LEASE, now=now)
        )

    async def settle(
        self,
        claimed: ClaimedDelivery,
        reason: str | None = None,
        *,
        after: float = 0.0,
        status: int | None = None,
    ) -> bool | None:
        now = clock.now() + timedelta(seconds=after)
        outcome = Outcome(reason, status, now, 1)
        return await self.store.write(
            lambda db: work.settle(db, self.wake, claimed, outcome, retry_at=RETRY_AT, now=now)
        )

    async def rows(self, what: Any = deliveries) -> list[Any]:
        return list(await self.store.read(lambda db: db.execute(select(what).order_by(what.c.id)).all()))

    async def faults(self, after: float = 0.0) -> list[tuple[str, str]]:
        now = clock.now() + timedelta(seconds=after)
        found = await self.store.read(lambda db: findings(db, now))
        return [(each.rule, each.message) for each in found]


def tell(with_store: Any, story: Callable[[Room], Any]) -> None:
    async def main(store: Store) -> None:
        room = Room(store)
        await room.open()
        await story(room)

    with_store(main)


def test_each_event_is_handed_once_to_each_subscription(with_store: Any) -> None:
    async def story(room: Room) -> None:
        wanted = [await room.subscribe() for _ in range(3)]
        await room.say(count=4)
        counts = await asyncio.gather(room.fan_out(), room.fan_out(), room.fan_out())
        assert sum(count for count, _ in counts) == 4
        pairs = {(row.subscription_id, row.event_id) for row in await room.rows()}
        assert len(pairs) == len(await room.rows()) == 12
        assert {each for each, _ in pairs} == set(wanted)
        assert await room.fan_out() == (0, [])
        assert await room.faults() == []

    tell(with_store, story)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_what_two_workers_hand_out_at_once_is_handed_out_in_order(with_store: Any) -> None:
    async def story(room: Room) -> None:
        await room.subscribe()
        await room.say()
        slow = Shaky(room.store)
        # It has the first event, and does not hold yet who hears of it.
        slow.stops_at = "FROM subscriptions"
        one = asyncio.create_task(slow.write(lambda db: fan_out.fan_out(db, clock.now())))
        await slow.stop.reached()
        await room.say()
        two = asyncio.create_task(room.fan_out())
        await until_blocked(room.store, two)
        assert await room.rows() == []
        slow.stop.go_on()
        assert [(await each)[0] for each in (one, two)] == [1, 1]

    tell(with_store, story)


def test_who_subscribes_afterwards_hears_nothing_of_before(with_store: Any) -> None:
    async def story(room: Room) -> None:
        await room.say()
        await room.subscribe()
        assert await room.fan_out() == (0, [])

    tell(with_store, story)


def test_other_projects_hear_nothing(with_store: Any) -> None:
    async def story(room: Room) -> None:
        other = await room.store.write(lambda db: access.create_project(db, "Two").id)
        await room.subscribe(project=other)
        await room.say()
        assert await room.fan_out() == (0, [])
        assert await room.rows() == []

    tell(with_store, story)


def test_of_events_that_are_said_together_only_those_that_are_heard_are_handed_out(with_store: Any) -> None:
    async def story(room: Room) -> None:
        other = await room.store.write(lambda db: access.create_project(db, "Two").id)
        await room.subscribe()
        payload = {"post": {"scheduledFor": None}, "platforms": []}
        said = [
            event(project, kind, f"post_{number}", payload, clock.now())
            for number, (project, kind) in enumerate(
                [(room.project, "post.failed"), (other, "post.failed"), (room.project, "post.published")]
            )
        ]
        with room.store.signals.listen(TOPIC) as bell:
            # Of those that nobody hears, nothing is said either.
            await room.store.write(lambda db: together(db, [Events(said[1:])]))
            assert not await bell.wait(0.3)
            await room.store.write(lambda db: together(db, [Events(said[:1])]))
            assert await bell.wait(10)
        rows = await room.rows(outbox)
        assert [row.id for row in rows if row.spread_at is None] == [said[0].row["id"]]
        assert sorted(row.subject for row in rows) == ["post_0", "post_1", "post_2"]
        assert (await room.fan_out())[0] == 1

    tell(with_store, story)


def test_what_nobody_can_hear_is_never_handed_out(with_store: Any) -> None:
    async def story(room: Room) -> None:
        await room.subscribe(enabled=False)
        await room.say()
        await room.subscribe()
        await room.say(kind="post.published")
        skipped = await room.rows(outbox)
        assert [each.spread_at for each in skipped] == [each.at for each in skipped]
        await room.say()
        assert (await room.fan_out())[0] == 1
        assert await room.faults(after=61) == []

    tell(with_store, story)


def test_mail_hears_of_every_webhook_that_was_switched_off(with_store: Any) -> None:
    async def story(room: Room) -> None:
        wanted = Wanted("email", ["post.published"], recipients=["one@example.com"])
        made = await room.store.write(
            lambda db: subscriptions.create(db, VAULT, room.wake, room.project, "notifications", wanted)
        )
        await room.say(kind="webhook.disabled")
        assert await room.fan_out() == (1, [made.id])

    tell(with_store, story)


def test_who_changes_a_subscription_first_hands_out_what_was_said(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine, gone = await room.subscribe(), await room.subscribe()

        async def change(**more: Any) -> None:
            wanted = subscriptions.Change(**more)
            await room.store.write(
                lambda db: subscriptions.change(db, VAULT, room.wake, room.project, "webhooks", mine, wanted)
            )

        async def remove() -> None:
            await room.store.write(
                lambda db: subscriptions.remove(db, room.wake, room.project, "webhooks", gone)
            )

        # Each step but the third hears of the event that is said before it, and of no later one.
        steps: list[Callable[[], Any]] = [
            lambda: change(event_types=["post.published"]),
            lambda: change(event_types=["post.failed"]),
            lambda: change(enabled=False),
            lambda: change(enabled=True),
            remove,
            room.subscribe,
        ]
        heard = []
        for step in steps:
            await room.say()
            await step()
            heard.append(sum(row.subscription_id == mine for row in await room.rows()))
            assert await room.fan_out() == (0, [])
        assert heard == [1, 1, 2, 2, 3, 4]
        assert mine in {wake_up.key for wake_up in room.wake_ups}
        assert await room.faults(after=61) == []

    tell(with_store, story)


def test_what_was_said_before_a_webhook_is_switched_off_waits_with_it(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say()
        await room.fan_out()
        claimed = await room.claim(mine)
        assert claimed is not None
        await room.say()
        await room.settle(claimed, "gone", status=410)
        assert [(row.state, row.next_at) for row in await room.rows()] == [
            ("failed", None),
            ("pending", None),
        ]

    tell(with_store, story)


def test_a_lone_event_goes_at_once_and_those_after_it_together(with_store: Any) -> None:
    async def story(room: Room) -> None:
        await room.subscribe()

        def dispatcher(gather: float) -> Dispatcher:
            channels = Channels(HookSender(Guard([]), seconds=1.0), None)
            plan = Plan(lease=LEASE, retry_at=RETRY_AT, gather=gather)
            return Dispatcher(room.store, EmbeddedEngine(room.store), VAULT, channels, plan)

        async def handed_out(count: int) -> None:
            while len(await room.rows()) < count:
                await asyncio.sleep(0.01)

        patient = dispatcher(gather=3600.0)
        await patient.stop()
        running = asyncio.create_task(patient.fan_out_for_ever())
        await room.say()
        await handed_out(1)
        await room.say(count=3)
        for _ in range(20):
            assert len(await room.rows()) == 1
        running.cancel()
        prompt = dispatcher(gather=0.0)
        await prompt.stop()
        running = asyncio.create_task(prompt.fan_out_for_ever())
        await handed_out(4)
        running.cancel()
        assert len({row.spread_at for row in await room.rows(outbox)}) == 2

    tell(with_store, story)


def test_one_owner_at_a_time(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say(count=2)
        await room.fan_out()
        claims = await asyncio.gather(*(room.claim(mine) for _ in range(4)))
        (claimed,) = [each for each in claims if each is not None]
        # Whoever comes in vain is rung again when the lease has ended.
        assert {wake_up.key for wake_up in room.wake_ups} == {mine}
        assert await room.settle(claimed) is True
        second = await room.claim(mine)
        assert second is not None
        said = {row.event_id: row.event_at for row in await room.rows()}
        assert said[second.event_id] > said[claimed.event_id]
        assert await room.settle(second) is False
        assert await room.claim(mine) is None
        assert {row.state for row in await room.rows()} == {"delivered"}

    tell(with_store, story)


def test_who_lost_the_lease_writes_nothing(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say()
        await room.fan_out()
        slow = await room.claim(mine)
        quick = await room.claim(mine, after=31)
        assert slow is not None
        assert quick is not None
        assert quick.body == slow.body
        assert await room.settle(quick, after=31) is False
        assert await room.settle(slow, "hook_timeout", after=32) is None
        (row,) = await room.rows()
        assert (row.state, row.tries) == ("delivered", 1)
        assert len(await room.rows(delivery_attempts)) == 1

    tell(with_store, story)


def test_a_new_process_takes_over_at_once(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say()
        await room.fan_out()
        assert await room.claim(mine) is not None
        assert await room.claim(mine) is None
        assert await room.store.write(lambda db: work.take_over(db, clock.now())) == 1
        assert await room.claim(mine) is not None

    tell(with_store, story)


def test_tries_follow_the_plan_with_some_scatter(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say()
        await room.fan_out()
        first = await room.claim(mine)
        assert first is not None
        assert await room.settle(first, "hook_unreachable") is False
        (row,) = await room.rows()
        pause = (row.next_at - row.first_try_at).total_seconds()
        assert 5.0 <= pause <= 5.5
        assert room.wake_ups[-1].at == row.next_at
        assert await room.claim(mine, after=4) is None
        second = await room.claim(mine, after=6)
        assert second is not None
        await room.settle(second, "bad_status", after=6, status=500)
        (row,) = await room.rows()
        assert 300 <= (row.next_at - row.first_try_at).total_seconds() <= 330

    tell(with_store, story)


async def _run_out(room: Room, mine: str) -> None:
    for seconds in (0.0, 6.0, 340.0):
        claimed = await room.claim(mine, after=seconds)
        assert claimed is not None
        await room.settle(claimed, "bad_status", after=seconds, status=500)


def test_a_subscription_is_switched_off_only_if_nothing_got_through(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say(count=2)
        await room.fan_out()
        first = await room.claim(mine)
        assert first is not None
        await room.settle(first, "bad_status")
        other = await room.claim(mine)
        assert other is not None
        await room.settle(other, after=1)
        for seconds in (6.0, 340.0):
            claimed = await room.claim(mine, after=seconds)
            assert claimed is not None
            await room.settle(claimed, "bad_status", after=seconds)
        assert sorted(row.state for row in await room.rows()) == ["delivered", "failed"]
        (row,) = await room.rows(table)
        assert row.enabled

    tell(with_store, story)


def test_switched_off_it_rests_and_switched_on_it_goes_on(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say(count=1)
        await room.fan_out()
        await _run_out(room, mine)
        clock.advance(341)
        (row,) = await room.rows(table)
        assert (row.enabled, row.disabled_reason, row.next_at) == (False, "failing", None)
        await room.say()
        await room.fan_out()
        assert len(await room.rows()) == 1
        change = subscriptions.Change(enabled=True)
        await room.store.write(
            lambda db: subscriptions.change(db, VAULT, room.wake, room.project, "webhooks", mine, change)
        )
        await room.say()
        assert (await room.fan_out())[1] == [mine]
        assert await room.claim(mine) is not None
        assert await room.faults() == []

    tell(with_store, story)


def test_what_ended_long_ago_is_forgotten(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say(count=2)
        await room.fan_out()
        claimed = await room.claim(mine)
        assert claimed is not None
        await room.settle(claimed)
        now = clock.now()
        assert await room.store.write(lambda db: work.clean(db, now - timedelta(minutes=1))) == 0
        assert await room.store.write(lambda db: work.clean(db, now + timedelta(seconds=5))) == 1
        assert len(await room.rows()) == 1
        assert await room.rows(delivery_attempts) == []

    tell(with_store, story)


def test_the_sweeper_rings_for_what_nobody_rang_for(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say()
        await room.fan_out()

        async def due(unrung: float | None, after: float = 0.0) -> list[str]:
            now = clock.now() + timedelta(seconds=after)
            since = None if unrung is None else now - timedelta(seconds=unrung)
            found = await room.store.write(lambda db: work.due(db, until=now, limit=10, unrung_since=since))
            return [wake_up.key for wake_up in found]

        assert await due(None) == [mine]
        assert await due(30) == [mine]
        assert await due(30) == []
        assert await due(-1) == [mine]
        # Who owns it may die; then nobody rings for the end of its lease.
        assert await room.claim(mine) is not None
        assert await due(30) == []
        assert await due(30, after=31) == [mine]

    tell(with_store, story)


def test_a_secret_that_cannot_be_opened_is_a_reason(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say()
        await room.fan_out()
        await room.store.write(
            lambda db: db.execute(update(table).where(table.c.id == mine).values(secret="v1.dk_1.AAAA"))
        )
        claimed = await room.claim(mine)
        assert claimed is not None
        assert claimed.secrets is None

    tell(with_store, story)


def test_the_doctor_sees_what_should_not_be(with_store: Any) -> None:
    async def story(room: Room) -> None:
        mine = await room.subscribe()
        await room.say()
        assert await room.faults() == []
        assert ("I6", "events that nobody has handed out") in await room.faults(after=61)
        await room.fan_out()
        assert await room.faults(after=61) == []
        await room.store.write(lambda db: db.execute(update(table).values(next_at=None)))
        assert await room.faults() == [("I7", "subscriptions with a delivery that nothing will wake")]
        await room.store.write(lambda db: db.execute(delete(deliveries)))
        assert await room.faults() == [("I6", "events that a subscription should have and has not")]
        await room.store.write(lambda db: db.execute(delete(outbox)))
        await room.store.write(
            lambda db: db.execute(update(table).where(table.c.id == mine).values(secret="whsec_x"))
        )
        assert await room.faults() == [("I9", "subscriptions with a secret in clear")]

    tell(with_store, story)
