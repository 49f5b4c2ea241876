"""Lost answers: looked for on a timetable, tried again by the network's rule, given up truthfully, found late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from polypost import clock
from polypost.errors import Conflict
from polypost.integrations import service as integrations
from polypost.posts import changes
from tests.engine.room import LEASE, Room
from tests.engine.stand_ins import Shaky

LOOKS = (2, 10, 60, 300, 1800)


async def until_looked(room: Room, post: str, looks: int) -> None:
    async def look() -> bool | None:
        row = await room.target(post)
        if row.state == "unknown" and row.lease_until is None and row.looks >= looks:
            return True
        if row.state == "unknown" and row.lease_until is None and row.next_at > clock.now():
            await room.pass_time(row.next_at - clock.now() + timedelta(milliseconds=10))
        await room.wake_up()
        return None

    await room.until(look)


@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
def test_a_lost_answer_is_found_again(tell, fault):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault(fault)
        row = await room.publish("Hello")
        assert row.state == "published"
        assert [each["id"] for each in await room.visible()] == [row.proof_id]
        assert await room.outcomes(row.post_id) == ["published"]
        assert await room.ledger(row.post_id) == [(1, "reserve"), (1, "settle")]
        assert await room.events(row.post_id) == ["post.published"]
        await room.healthy()

    tell(story)


@pytest.mark.parametrize("fault", ["reset_before", "error_before"])
def test_what_is_certainly_not_there_is_tried_once_more(tell, fault):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault(fault)
        row = await room.publish("Hello")
        assert row.state == "published"
        assert await room.outcomes(row.post_id) == ["absent", "published"]
        first, second = await room.attempts(row.post_id)
        assert second.started_at - first.started_at >= timedelta(seconds=LOOKS[-1])
        assert len(await room.visible()) == 1
        await room.healthy()

    tell(story)


def test_and_not_a_second_time(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before", times=3)
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert "Look at the account" in row.error_message
        assert await room.outcomes(row.post_id) == ["absent", "unknown"]
        assert await room.calls("/2/tweets") == 2
        assert await room.ledger(row.post_id) == [(1, "release"), (1, "reserve")]
        await room.healthy()

    tell(story)


@pytest.mark.parametrize("fault", ["lost_answer", "error_after", "reset_before"])
def test_instagram_is_asked_for_its_container(tell_once, fault):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault(fault, platform="instagram")
        account = {"instagram": room.accounts["instagram"]}
        row = await room.publish("Hello", accounts=account, media=(room.picture,))
        assert row.state == "published"
        assert [each["id"] for each in await room.visible("instagram")] == [row.proof_id]
        await room.healthy()

    tell_once(story)


def test_a_text_that_another_open_target_has_as_well_is_not_tried_again(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.post("Hello", after=7200)
        await room.fault("reset_before")
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert await room.outcomes(row.post_id) == ["unknown"]
        await room.healthy()

    tell(story)


def test_two_identical_posts_never_share_a_proof(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("lost_answer")
        first, second = await room.post("Hello"), await room.post("Hello")
        rows = await room.settle(first, second)
        assert [(row.state, row.error_code) for row in rows] == [
            ("published", None),
            ("failed", "duplicate"),
        ]
        assert len(await room.visible()) == 1
        assert await room.used() == 1
        await room.healthy()

    tell(story)


async def same_words_twice(room: Room, fault: str) -> tuple[Row[Any], Row[Any]]:
    """A post that is out, and one like it whose answer is lost, on a network that takes the same words again."""
    await room.start()
    what: dict[str, Any] = {
        "accounts": {"reddit": room.accounts["reddit"]},
        "options": {"subreddit": "sandbox", "title": "Hello"},
    }
    first = await room.publish("Hello", **what)
    # Its list knows no shorter time than a second.
    await room.pass_time(timedelta(seconds=5))
    await room.fault(fault, platform="reddit")
    return first, await room.publish("Hello", **what)


def test_a_lost_answer_is_found_again_beside_another_post_with_the_same_words(tell):
    async def story(room: Room) -> None:
        first, second = await same_words_twice(room, "lost_answer")
        assert (first.state, second.state) == ("published", "published")
        assert [each["id"] for each in await room.visible("reddit")] == [first.proof_id, second.proof_id]
        assert await room.used() == 2
        await room.healthy()

    tell(story)


def test_another_post_with_the_same_words_is_not_taken_for_one_that_never_arrived(tell):
    async def story(room: Room) -> None:
        first, second = await same_words_twice(room, "reset_before")
        assert [each["id"] for each in await room.visible("reddit")] == [first.proof_id]
        assert (second.state, second.error_code, second.proof_id) == ("failed", "outcome_unknown", None)
        assert "found" not in await room.said(second.post_id)
        assert await room.used() == 1
        await room.healthy()

    tell(story)


def test_a_post_that_lists_did_not_show_is_found_when_the_second_attempt_is_called_a_duplicate(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("lost_answer")
        # Longer than all looks of the first attempt, so that it is taken for absent.
        await room.fault("listing_lag", times=None, seconds=2000)
        row = await room.publish("Hello")
        assert (row.state, row.warning) == ("published", None)
        assert [each["id"] for each in await room.visible()] == [row.proof_id]
        assert await room.outcomes(row.post_id) == ["published", "refused"]
        assert await room.ledger(row.post_id) == [(1, "reserve"), (1, "settle")]
        await room.healthy()

    tell(story)


def test_a_duplicate_after_attempts_that_made_nothing_is_a_plain_refusal(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.publish("Hello", accounts={"twitter": room.accounts["twitter"]})
        await room.fault("rate_limited", seconds=10)
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "duplicate")
        assert "Change the text" in row.error_message
        assert await room.outcomes(row.post_id) == ["refused", "refused"]
        assert "unknown" in await room.said(row.post_id)
        assert await room.used() == 1
        await room.healthy()

    tell_once(story)


def test_looks_keep_to_the_timetable_from_when_the_doubt_began(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before")
        post = await room.post("Hello")
        await room.until_state(post, "unknown")
        for looks, seconds in enumerate(LOOKS):
            await until_looked(room, post, looks)
            row = await room.target(post)
            assert row.next_at - row.doubt_since == timedelta(seconds=seconds)
        await room.healthy()

    tell_once(story)


def test_after_a_stop_the_looks_that_were_missed_are_made_at_once(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before")
        post = await room.post("Hello")
        await room.until_state(post, "unknown")
        await room.stop()
        await room.pass_time(timedelta(hours=1))
        began = room.now()
        await room.start()
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert room.now() - began < timedelta(minutes=5)
        await room.healthy()

    tell(story)


def test_a_last_look_that_cannot_tell_ends_as_unknown_even_where_trying_again_is_allowed(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before")
        post = await room.post("Hello")
        await until_looked(room, post, len(LOOKS) - 1)
        await room.fault("token_dead")
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert await room.outcomes(post) == ["unknown"]
        await room.healthy()

    tell_once(story)


def test_an_account_that_is_disconnected_in_doubt_ends_as_unknown(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("lost_answer")
        post = await room.post("Hello")
        await room.until_state(post, "unknown")
        await room.store.write(
            lambda db: integrations.disconnect(db, room.project.id, room.accounts["twitter"])
        )
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert await room.used() == 0
        await room.healthy()

    tell_once(story)


def test_an_absent_post_is_not_sent_days_after_its_hour(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before")
        post = await room.post("Hello")
        await room.until_state(post, "unknown")
        await room.stop()
        await room.pass_time(timedelta(days=2))
        await room.start()
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("failed", "missed_window")
        assert await room.outcomes(post) == ["absent"]
        await room.healthy()

    tell_once(story)


def test_what_is_in_doubt_holds_nobody_behind_it(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before")
        doubtful = await room.post("one")
        await room.until_state(doubtful, "unknown")
        row = await room.publish("two")
        assert row.state == "published"
        await room.settle(doubtful)
        assert [each["text"] for each in await room.visible()] == ["two", "one"]
        await room.healthy()

    tell(story)


# Given up, and then there after all


async def given_up_though_out(room: Room) -> str:
    """A post that is out, of which neither its answer nor any look told."""
    await room.start()
    await room.fault("lost_answer")
    await room.fault("listing_lag", times=None, seconds=100_000)
    row = await room.publish("Hello")
    assert (row.state, row.error_code) == ("failed", "outcome_unknown")
    assert await room.used() == 0
    await room.no_faults()
    await room.healthy()
    return str(row.post_id)


def test_a_forced_retry_looks_first_and_charges_nothing_for_what_it_finds(tell):
    async def story(room: Room) -> None:
        post = await given_up_though_out(room)
        with pytest.raises(Conflict):
            await room.retry(post)
        calls = await room.calls("/2/tweets")
        await room.retry(post, force=True)
        (row,) = await room.settle(post)
        assert (row.state, row.error_code, row.error_message) == ("published", None, None)
        assert [each["id"] for each in await room.visible()] == [row.proof_id]
        assert await room.calls("/2/tweets") == calls
        assert await room.ledger(post) == [
            (1, "release"),
            (1, "reserve"),
            (2, "release"),
            (2, "reserve"),
            (2, "waived"),
        ]
        assert await room.used() == 0
        assert await room.events(post) == ["post.failed", "post.published"]
        await room.healthy()

    tell(story)


def test_a_forced_retry_that_finds_nothing_publishes_and_charges(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before", times=2)
        row = await room.publish("Hello", media=(room.picture,))
        assert row.error_code == "outcome_unknown"
        await room.retry(row.post_id, force=True)
        (row,) = await room.settle(row.post_id)
        assert row.state == "published"
        assert len(await room.visible()) == 1
        assert await room.used() == 1
        assert (2, "settle") in await room.ledger(row.post_id)
        await room.healthy()

    tell(story)


def test_a_forced_retry_that_is_called_a_duplicate_finds_the_first_and_charges_nothing(tell_once):
    async def story(room: Room) -> None:
        post = await given_up_though_out(room)
        # Still hidden for the look before, visible for one of those after the refusal.
        await room.fault("listing_lag", seconds=100_000)
        await room.retry(post, force=True)
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert [each["id"] for each in await room.visible()] == [row.proof_id]
        assert await room.used() == 0
        assert [entry for entry in await room.ledger(post) if entry[0] == 2] == [
            (2, "release"),
            (2, "reserve"),
            (2, "waived"),
        ]
        await room.healthy()

    tell_once(story)


def test_a_thread_that_is_found_late_is_told_to_its_end(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("lost_answer")
        await room.fault("listing_lag", times=None, seconds=100_000)
        thread = {"threadItems": [{"content": "two"}]}
        row = await room.publish("one", options=thread, media=(room.picture,))
        assert row.error_code == "outcome_unknown"
        uploads = await room.calls("/2/media/upload/initialize")
        await room.no_faults()
        await room.retry(row.post_id, force=True)
        (row,) = await room.settle(row.post_id)
        assert row.state == "published"
        assert [each["text"] for each in await room.visible()] == ["one", "two"]
        # What was prepared is not prepared again for a part that is out.
        assert await room.calls("/2/media/upload/initialize") == uploads
        assert await room.used() == 0
        await room.healthy()

    tell_once(story)


def test_a_retry_that_is_taken_back_stays_a_draft(tell_once):
    async def story(room: Room) -> None:
        post = await given_up_though_out(room)
        await room.stop()
        await room.retry(post, force=True)
        await room.store.write(lambda db: changes.cancel(db, room.project.id, post))
        await room.start()
        await room.wake_up()
        assert await room.status(post) == "draft"
        await room.healthy()

    tell_once(story)


# A worker that was paused (P17)


async def paused_after_the_call(room: Room) -> tuple[str, Shaky]:
    """A worker whose call came through and which can write nothing of it; another one has taken the target over."""
    shaky = Shaky(room.store)
    await room.start(room.worker(store=shaky, owner="run_1"), beat=False)
    await room.fault("slow", seconds=1)
    # Only the answer can tell: no look finds it.
    await room.fault("listing_lag", times=None, seconds=100_000)
    post = await room.post("Hello")
    await room.until_visible()
    shaky.flows.clear()
    await room.pass_time(LEASE + timedelta(seconds=1))
    await room.start(room.worker(owner="run_2"))
    return post, shaky


def test_the_late_answer_of_a_paused_worker_is_evidence_for_the_next_look(tell):
    async def story(room: Room) -> None:
        post, shaky = await paused_after_the_call(room)
        await until_looked(room, post, 0)
        shaky.flows.set()
        await until_evident(room, post)
        (row,) = await room.settle(post)
        assert (row.state, row.warning) == ("published", None)
        assert [each["id"] for each in await room.visible()] == [row.proof_id]
        assert await room.used() == 1
        await room.healthy()

    tell(story)


async def until_evident(room: Room, post: str) -> None:
    async def look() -> bool | None:
        return any(row.proof_id for row in await room.attempts(post)) or None

    await room.until(look)


def test_its_answer_after_all_looks_publishes_what_was_given_up(tell):
    async def story(room: Room) -> None:
        post, shaky = await paused_after_the_call(room)
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        shaky.flows.set()
        row = await room.until_state(post, "published")
        assert (row.error_code, row.error_message) == (None, None)
        assert [each["id"] for each in await room.visible()] == [row.proof_id]
        assert await room.ledger(post) == [(1, "release"), (1, "reserve"), (1, "waived")]
        assert await room.events(post) == ["post.failed", "post.published"]
        assert await room.status(post) == "published"
        await room.healthy()

    tell(story)


def test_its_answer_during_a_forced_retry_is_found_by_the_look_before(tell_once):
    async def story(room: Room) -> None:
        post, shaky = await paused_after_the_call(room)
        await room.settle(post)
        first, second = room.workers
        await second.engine.stop()
        await room.retry(post, force=True)
        shaky.flows.set()
        await until_evident(room, post)
        room.workers.remove(second)
        await first.engine.stop()
        await room.stop()
        await room.start(room.worker(owner="run_3"))
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert len(await room.visible()) == 1
        assert await room.used() == 0
        await room.healthy()

    tell_once(story)


def test_a_worker_that_was_paused_before_its_call_sends_nothing(tell):
    async def story(room: Room) -> None:
        shaky = Shaky(room.store)
        await room.start(room.worker(store=shaky, owner="run_1"), beat=False)
        shaky.stalls_after = "attempts"
        post = await room.post("Hello")
        await room.until_state(post, "committing")
        await room.pass_time(LEASE + timedelta(seconds=1))
        await room.start(room.worker(owner="run_2"))
        await until_looked(room, post, 0)
        shaky.flows.set()
        (row,) = await room.settle(post)
        assert row.state == "published"
        # What the first worker knows spares the second one the wait for the last look.
        assert await room.outcomes(post) == ["not_sent", "published"]
        assert await room.calls("/2/tweets") == 1
        await room.healthy()

    tell(story)


def test_a_slow_store_before_the_call_costs_a_try_and_nothing_else(tell_once):
    async def story(room: Room) -> None:
        shaky = Shaky(room.store)
        await room.start(room.worker(store=shaky))
        shaky.stalls_after = "attempts"
        post = await room.post("Hello")
        await room.until_state(post, "committing")
        await room.pass_time(LEASE / 2)
        shaky.flows.set()
        (row,) = await room.settle(post)
        assert (row.state, row.tries) == ("published", 1)
        assert await room.outcomes(post) == ["not_sent", "published"]
        assert await room.calls("/2/tweets") == 1
        await room.healthy()

    tell_once(story)
