"""Trouble that is nobody's content: a network that is down, a full disk, a fault inside, a date without sense."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from polypost import clock
from polypost.errors import Unavailable
from polypost.integrations import service as integrations
from polypost.outbound import Networks
from polypost.platforms.base import NotYet, Post, Proof, Run, Tokens
from polypost.platforms.twitter.connector import TwitterConnector
from polypost.posts import work
from polypost.posts.tables import lanes
from polypost.publishing.circuit_breaker import CircuitBreakers
from polypost.publishing.journal import TargetRun, Wait
from polypost.publishing.results import Results
from tests.engine.room import LEASE, Room
from tests.engine.stand_ins import Shaky

POSTS = "/2/tweets"


# A network that is down (P19)


def test_a_network_that_cannot_be_reached_is_tried_five_times_over_more_than_an_hour(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.gate.take_down()
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "platform_unavailable")
        assert "It was tried 5 times" in row.error_message
        tries = await room.attempts(row.post_id)
        assert [each.outcome for each in tries] == ["not_sent"] * 5
        assert tries[-1].started_at - tries[0].started_at > timedelta(hours=1)
        assert await room.used() == 0
        await room.healthy()

    tell_once(story, gated=True)


def test_a_network_that_comes_back_gets_what_waited_for_it(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.gate.take_down()
        post = await room.post("Hello")
        await room.until_state(post, "waiting")
        assert (await room.target(post)).tries == 1
        await room.gate.build()
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert await room.outcomes(post) == ["not_sent", "published"]
        await room.healthy()

    tell_once(story, gated=True)


def test_waiting_for_a_limit_does_not_use_up_the_time_for_tries(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("rate_limited", seconds=8 * 3600)
        post = await room.post("Hello")
        await room.until_state(post, "waiting")
        await room.pass_time(timedelta(hours=8))
        await room.gate.take_down()
        await room.wake_up()

        async def tried() -> bool | None:
            return (await room.target(post)).wait_reason == "back_off" or None

        await room.until(tried)
        await room.gate.build()
        (row,) = await room.settle(post)
        assert row.state == "published"
        await room.healthy()

    tell_once(story, gated=True)


def test_a_dead_network_keeps_no_seat_from_the_others_and_loses_nothing(tell_once):
    async def story(room: Room) -> None:
        accounts = [await room.connect() for _ in range(24)]
        await room.start()
        room.gate.open = False
        posts = [await room.post(f"Number {n}", accounts={"twitter": a}) for n, a in enumerate(accounts)]

        async def all_wait() -> bool | None:
            rows = [await room.target(post) for post in posts]
            return all(row.state in {"waiting", "unknown"} for row in rows) or None

        await room.until(all_wait)
        reasons = [(await room.target(post)).wait_reason for post in posts]
        # As many as had seats when the third account's call was lost, and probes; the rest never called.
        assert reasons.count("network_down") >= len(posts) - 8 - CircuitBreakers.ENOUGH
        for post in posts:
            row = await room.target(post)
            said = await room.said(post)
            assert said.count("network_down") == (row.wait_reason == "network_down")
        other = await room.publish(
            "Hello", accounts={"instagram": room.accounts["instagram"]}, media=(room.picture,)
        )
        assert other.state == "published"
        room.gate.open = True
        rows = await room.settle(*posts)
        assert {row.state for row in rows} == {"published"}
        assert len(await room.visible("twitter")) == len(posts)
        assert await room.used() == len(posts) + 1
        await room.healthy()

    tell_once(story, gated=True)


# A disk that fills (P18)


def test_nothing_is_sent_while_the_intent_cannot_be_stored(tell):
    async def story(room: Room) -> None:
        shaky = Shaky(room.store)
        shaky.fails_at, shaky.failures = "INSERT INTO attempts", 2
        await room.start(room.worker(store=shaky))
        post = await room.post("Hello")
        for left in (1, 0):

            async def failed(left: int = left) -> bool | None:
                return shaky.failures == left or None

            await room.until(failed)
            assert await room.calls(POSTS) == 0
            await room.pass_time(LEASE + timedelta(seconds=1))
            await room.wake_up()
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert await room.outcomes(post) == ["published"]
        await room.healthy()

    tell(story)


@pytest.mark.parametrize("fault", [None, "no_credits"])
def test_an_answer_that_cannot_be_stored_at_once_is_not_lost(tell, fault):
    async def story(room: Room) -> None:
        shaky = Shaky(room.store)
        shaky.fails_at, shaky.failures = "UPDATE attempts", 2
        await room.start(room.worker(store=shaky))
        if fault:
            await room.fault(fault)
        row = await room.publish("Hello")
        assert row.state == ("failed" if fault else "published")
        assert await room.outcomes(row.post_id) == ["refused" if fault else "published"]
        # Nobody had to look.
        assert "unknown" not in await room.said(row.post_id)
        assert await room.calls(POSTS) == 1
        await room.healthy()

    tell(story)


def test_a_rest_that_cannot_be_noted_is_no_trouble(tell_once):
    async def story(room: Room) -> None:
        shaky = Shaky(room.store)
        run = await run_of(room, shaky)
        shaky.fails_at, shaky.failures = "UPDATE lanes", 1
        await run.hold(clock.now() + timedelta(minutes=5))
        assert shaky.failures == 0

    tell_once(story)


# What a connector sees


async def run_of(room: Room, store: Any = None, *, lease: timedelta = LEASE) -> TargetRun:
    """The run of a target that has just been claimed."""
    rows = [row for post in room.posted for row in await room.targets(post)]
    target_id = rows[0].id if rows else (await room.target(await room.post("Hello"))).id
    now = clock.now() + LEASE + LEASE if rows else clock.now()
    claimed = await room.store.write(lambda db: work.claim(db, target_id, by="run_1", lease=LEASE, now=now))
    assert isinstance(claimed, work.Claim)
    integration = await room.store.read(
        lambda db: integrations.get(db, room.project.id, room.accounts["twitter"])
    )

    async def token(_refused: str | None) -> Tokens:
        return Tokens("token")

    async def settle(journal: dict[str, Any]) -> None:
        (first,) = claimed.parts.values()
        results = Results(room.store, room.context.engine, room.networks, claim=lambda *_: None)
        await results.published(run, first, journal=journal, lease=LEASE)

    run = TargetRun(
        store or room.store,
        room.networks,
        claimed,
        account=integration.account,
        token_of=token,
        lease=lease,
        heard=lambda well: None,
        settle=settle,
    )
    return run


async def out() -> Proof:
    return Proof("17")


def stopped(seconds: float) -> None:
    """Stop this process; another one wakes it, again and again should it have come too early."""
    again = f"while :; do sleep {seconds}; kill -CONT {os.getpid()}; done"
    with subprocess.Popen(["sh", "-c", again]) as waker:
        os.kill(os.getpid(), signal.SIGSTOP)
        waker.kill()


@pytest.mark.parametrize("how", ["a clock that is moved", "a process that is stopped"])
def test_a_worker_that_is_paused_before_the_first_byte_sends_nothing(tell, how):
    async def story(room: Room) -> None:
        lease = LEASE if how == "a clock that is moved" else timedelta(seconds=1.5)
        run = await run_of(room, lease=lease)

        async def send() -> Proof:
            if lease is LEASE:
                await room.pass_time(LEASE / 2)
            else:
                stopped(0.6)
            await run.http.commit("POST", f"https://api.x.com{POSTS}", json={"text": "Hello"})
            return Proof("17")

        with pytest.raises(Unavailable) as late:
            await run.commit("post", send)
        assert late.value.code == "too_slow"
        assert await room.calls(POSTS) == 0
        assert await room.outcomes(room.posted[0]) == ["not_sent"]

    tell(story)


class Elsewhere(TwitterConnector):
    """X, at an address where this server may not connect: in a step, or in the commit call."""

    def __init__(self, where: str) -> None:
        self._where = where

    async def publish(self, run: Run, post: Post) -> Proof:
        async def send() -> Proof:
            await run.http.commit("POST", f"http://127.0.0.1{POSTS}")
            return Proof("17")

        if self._where == "step":
            await run.step("upload", send)
        return await run.commit("post", send)


@pytest.mark.parametrize(
    ("where", "code", "tried"), [("step", "address_refused", 0), ("commit", "platform_unavailable", 5)]
)
def test_a_connection_that_the_guard_refuses_was_not_sent(tell_once, where, code, tried):
    async def story(room: Room) -> None:
        networks = Networks(guarded=["twitter"])
        await room.start(room.worker(connectors=lambda _: Elsewhere(where), networks=networks))
        row = await room.publish("Hello")
        await networks.aclose()
        assert (row.state, row.error_code) == ("failed", code)
        assert "It was tried 5 times." in row.error_message
        assert await room.outcomes(row.post_id) == ["not_sent"] * tried
        assert "unknown" not in await room.said(row.post_id)
        assert await room.used() == 0
        await room.healthy()

    tell_once(story)


def test_a_follow_up_that_fails_inside_is_a_warning_and_is_not_repeated(tell_once):
    async def story(room: Room) -> None:
        done = []

        async def comment() -> None:
            done.append("comment")
            raise KeyError("id")

        for _ in range(2):
            run = await run_of(room)
            await run.commit("post", out)
            refused = "The comment is not there."
            assert await run.after("first-comment", comment, warning=refused, visible=True) is None
            (said,) = run.warnings
            # It may have been written, so the word of a plain refusal would not be true.
            assert "not known" in said
            assert "(first comment)" in said
        assert done == ["comment"]

    tell_once(story)


def test_a_follow_up_that_succeeded_answers_from_its_row(tell_once):
    async def story(room: Room) -> None:
        done = []

        async def comment() -> str:
            done.append("comment")
            return "1"

        for _ in range(2):
            run = await run_of(room)
            await run.commit("post", out)
            assert await run.after("comment", comment, warning="-", visible=True) == "1"
            assert run.warnings == []
        assert done == ["comment"]

    tell_once(story)


def test_a_part_that_is_out_is_never_sent_again(tell_once):
    async def story(room: Room) -> None:
        sent = []

        async def send() -> Proof:
            sent.append(1)
            return Proof("17")

        for _ in range(2):
            run = await run_of(room)
            assert await run.commit("post", send) == Proof("17")
            await run.save()
        assert sent == [1]

    tell_once(story)


def test_a_commit_call_that_fails_inside_leaves_its_attempt_open(tell_once):
    async def story(room: Room) -> None:
        async def send() -> Proof:
            raise KeyError("id")

        run = await run_of(room)
        with pytest.raises(KeyError):
            await run.commit("post", send)
        claimed = (await run_of(room)).claimed
        assert claimed.open_attempt is not None

    tell_once(story)


def test_a_wait_is_never_longer_than_what_may_be_waited_in_all(tell_once):
    async def story(room: Room) -> None:
        async def work_on() -> NotYet:
            return NotYet("processing", after=timedelta(days=9))

        run, hour = await run_of(room), timedelta(hours=1)
        with pytest.raises(Wait) as wait:
            await run.until("ready", work_on, every=timedelta(seconds=5), at_most=hour)
        assert wait.value.at <= clock.now() + hour
        await room.pass_time(hour + timedelta(seconds=1))
        with pytest.raises(Unavailable):
            await run.until("ready", work_on, every=timedelta(seconds=5), at_most=hour)

    tell_once(story)


def test_an_allowance_that_comes_back_in_the_year_2286_silences_nobody_for_ever(tell_once):
    async def story(room: Room) -> None:
        run = await run_of(room)
        await run.hold(datetime(2286, 11, 20, tzinfo=UTC))
        until = await room.store.read(lambda db: db.execute(select(lanes.c.not_before)).scalar_one())
        assert until <= clock.now() + timedelta(hours=24)

    tell_once(story)
