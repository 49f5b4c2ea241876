"""Failed targets that are changed and tried again: once, as the change says, and never beside what was sent before."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polypost import clock
from polypost.errors import Conflict, NoAnswer, Rejected
from polypost.platforms.base import Absent, CannotTell, Found, MediaRef, Post, Proof
from polypost.posts import accept, changes, drafts, mending
from polypost.posts.orders import PUBLISH, SKIP, Late, order_of
from polypost.publishing.backoff import latest
from polypost.storage import open_store
from tests.engine.room import Room
from tests.engine.stand_ins import ByHand

FREE = [(2, "release"), (2, "reserve"), (2, "waived")]


def texts(visible: list[dict[str, Any]]) -> list[str]:
    return [each["text"] for each in visible]


def test_what_was_refused_goes_out_as_it_was_changed(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("duplicate")
        row = await room.publish("Hello")
        assert row.state == "failed"
        await room.mend(row.post_id, "Better", media=[room.picture])
        (row,) = await room.settle(row.post_id)
        assert (row.state, row.error_message) == ("published", None)
        (seen,) = await room.visible()
        assert (seen["text"], seen["mediaCount"]) == ("Better", 1)
        assert (row.content, row.generation, row.replaced) == ("Better", 2, None)
        assert await room.ledger(row.post_id) == [
            (1, "release"),
            (1, "reserve"),
            (2, "reserve"),
            (2, "settle"),
        ]
        assert await room.said(row.post_id) == ["failed", "changed", "published"]
        assert await room.events(row.post_id) == ["post.failed", "post.published"]
        await room.healthy()

    tell(story)


def test_several_targets_in_one_change_and_one_that_is_out_stays(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("duplicate")
        await room.fault("spam", platform="instagram")
        accounts = {name: room.accounts[name] for name in ("threads", "twitter", "instagram")}
        post = await room.post("Hello", accounts=accounts, media=(room.picture,))
        await room.settle(post)
        own = mending.Change("instagram", accounts["instagram"], content="For Instagram")
        await room.mend(post, "Better", changes=[mending.Change("twitter", accounts["twitter"]), own])
        rows = await room.settle(post)
        assert [row.content for row in rows] == [None, "Better", "For Instagram"]
        assert [(row.state, row.error_message) for row in rows] == [("published", None)] * 3
        assert {each["platform"]: each["text"] for each in await room.visible()} == {
            "threads": "Hello",
            "twitter": "Better",
            "instagram": "For Instagram",
        }
        assert await room.status(post) == "published"
        await room.healthy()

    tell(story)


async def lost_on_google(room: Room, fault: str, *, after: float | None = None, **more: Any) -> Any:
    """A target of a network that is never tried again by itself, given up after looks that found nothing."""
    await room.start()
    await room.fault(fault, platform="googlebusiness")
    if more:
        await room.fault("listing_lag", platform="googlebusiness", times=None, **more)
    account = {"googlebusiness": room.accounts["googlebusiness"]}
    row = await room.publish("Hello", accounts=account, after=after)
    assert (row.state, row.error_code) == ("failed", "outcome_unknown")
    return row


def test_what_turns_up_after_the_change_is_what_it_was(tell):
    async def story(room: Room) -> None:
        row = await lost_on_google(room, "lost_answer", seconds=2400)
        with pytest.raises(Conflict) as refused:
            await room.mend(row.post_id, "Better")
        assert refused.value.code == "outcome_unknown"
        await room.pass_time(timedelta(seconds=1000))
        await room.mend(row.post_id, "Better", media=[room.picture], force=True)
        (row,) = await room.settle(row.post_id)
        assert (row.state, row.content, row.own_media, row.mended_at) == ("published", None, None, None)
        assert "before the change" in row.warning
        (seen,) = await room.visible("googlebusiness")
        assert (seen["text"], seen["id"]) == ("Hello", row.proof_id)
        assert [each for each in await room.ledger(row.post_id) if each[0] == 2] == FREE
        assert await room.used() == 0
        await room.healthy()

    tell(story)


def test_what_a_first_change_sent_is_looked_for_after_a_second(tell_once):
    async def story(room: Room) -> None:
        row = await lost_on_google(room, "reset_before")
        await room.fault("lost_answer", platform="googlebusiness")
        await room.fault("listing_lag", platform="googlebusiness", times=None, seconds=2400)
        await room.mend(row.post_id, "Second", force=True)
        (row,) = await room.settle(row.post_id)
        assert row.error_code == "outcome_unknown"
        await room.pass_time(timedelta(seconds=1000))
        await room.mend(row.post_id, "Third", force=True)
        (row,) = await room.settle(row.post_id)
        assert (row.state, row.content) == ("published", "Second")
        assert row.mended_at is not None
        assert texts(await room.visible("googlebusiness")) == ["Second"]
        await room.healthy()

    tell_once(story)


def test_without_a_clear_last_look_nothing_is_changed(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("lost_answer", platform="googlebusiness")
        await room.fault("read_error", platform="googlebusiness", times=None)
        account = {"googlebusiness": room.accounts["googlebusiness"]}
        row = await room.publish("Hello", accounts=account)
        assert row.error_code == "outcome_unknown"
        with pytest.raises(Conflict) as refused:
            await room.mend(row.post_id, "Better", force=True)
        assert refused.value.code == "maybe_published"
        assert texts(await room.visible("googlebusiness")) == ["Hello"]
        await room.healthy()

    tell(story)


@pytest.mark.parametrize("way", ["edited", "cancelled"])
def test_nothing_takes_the_place_of_what_may_be_out(tell, way):
    """A retry that was forced looks for what was sent; in the moment before it does, no edit may forget that."""

    async def story(room: Room) -> None:
        row = await lost_on_google(room, "lost_answer", seconds=2400, after=1)
        await room.pass_time(timedelta(seconds=1000))
        await room.stop()
        await room.retry(row.post_id, force=True)

        def other(db: Any) -> None:
            post = changes.load(db, room.project.id, row.post_id)
            order = order_of(post, changes.targets_of(db, room.project.id, row.post_id))
            edit = changes.edit if way == "edited" else drafts.edit
            edit(db, room.context, room.project, row.post_id, order._replace(content="Other"))

        if way == "cancelled":
            await room.store.write(lambda db: changes.cancel(db, room.project.id, row.post_id))
        with pytest.raises(Conflict) as refused:
            await room.store.write(other)
        assert refused.value.code == "maybe_published"
        await room.start()
        if way == "edited":
            assert [each.state for each in await room.settle(row.post_id)] == ["published"]
        assert texts(await room.visible("googlebusiness")) == ["Hello"]
        await room.healthy()

    tell(story)


class Thread(ByHand):
    """Two parts, each a commit call, and a comment that others can see."""

    async def publish(self, run: Any, post: Post) -> Proof:
        proof: Proof = await run.commit("one", lambda: self._ask("one", post), handles={"text": post.text})
        await run.commit("two", lambda: self._ask("two", post), handles={"text": post.text})
        await run.after("comment", lambda: self._ask("comment", post), warning="No.", visible=True)
        return proof


def test_a_thread_that_is_out_in_part_is_not_changed(tell_once):
    async def story(room: Room) -> None:
        network = Thread()
        await room.start(connectors=network.only)
        post = await room.post("Hello")
        (await network.next("one")).says(Proof("1"))
        (await network.next("two")).says(Rejected("No."))
        row = await room.until_state(post, "published")
        assert "the rest is not" in row.warning
        with pytest.raises(Conflict) as refused:
            await room.mend(post, "Better", force=True)
        assert refused.value.code == "nothing_failed"
        await room.healthy()

    tell_once(story)


async def looked_for(room: Room, network: ByHand, *answers: Any) -> None:
    """Let each look of the timetable come and be answered."""
    for answer in answers:
        await room.until(lambda: _next_look(room, network))
        (await network.next("look")).says(answer)


async def _next_look(room: Room, network: ByHand) -> bool | None:
    if network._waiting.qsize():
        return True
    (row,) = await room.targets(room.posted[-1])
    if row.lease_until is None and row.next_at is not None and row.next_at > clock.now():
        await room.pass_time(row.next_at - clock.now() + timedelta(milliseconds=10))
    await room.wake_up()
    return None


async def given_up(room: Room, network: ByHand, part: str) -> str:
    """A target by hand whose answers were lost and which no look found."""
    await room.start(connectors=network.only)
    # Another open target has the same text: it is not tried again by itself.
    await room.post("Hello", after=7200)
    post = await room.post("Hello")
    if part == "post":
        (await network.next("prepare")).says("ready")
    (await network.next(part)).says(NoAnswer())
    await looked_for(room, network, *[Absent()] * 5)
    row = await room.until_state(post, "failed")
    assert row.error_code == "outcome_unknown"
    return post


def test_nothing_more_of_an_old_version_goes_out_once_it_has_turned_up(tell):
    async def story(room: Room) -> None:
        network = Thread()
        post = await given_up(room, network, "one")
        await room.mend(post, "Better", force=True)
        (await network.next("look")).says(Found(Proof("old")))
        row = await room.until_state(post, "published")
        assert (row.proof_id, row.content) == ("old", None)
        assert "nothing more of it was sent" in row.warning
        assert [each.what for each in network.asked if each.what in {"two", "comment"}] == []
        await room.healthy()

    tell(story)


def test_a_look_before_the_change_that_cannot_tell_sends_nothing(tell):
    async def story(room: Room) -> None:
        network = ByHand()
        post = await given_up(room, network, "post")
        await room.mend(post, "Better", force=True)
        (await network.next("look")).says(CannotTell("Dark."))
        await room.until_state(post, "waiting")
        await looked_for(room, network, Absent())
        (await network.next("prepare")).says("ready")
        (await network.next("post")).says(Proof("new"))
        row = await room.until_state(post, "published")
        assert (row.proof_id, row.content) == ("new", "Better")
        await room.healthy()

    tell(story)


def test_a_lost_answer_to_the_change_is_looked_for_as_what_it_says(tell):
    async def story(room: Room) -> None:
        network = ByHand()
        post = await given_up(room, network, "post")
        await room.mend(post, "Better", force=True)
        (await network.next("look")).says(Absent())
        (await network.next("prepare")).says("ready")
        (await network.next("post")).says(NoAnswer())
        await looked_for(room, network, Found(Proof("new")))
        row = await room.until_state(post, "published")
        assert (row.proof_id, row.content, row.warning) == ("new", "Better", None)
        assert await room.outcomes(post) == ["unknown", "published"]
        assert await room.used() == 2
        await room.healthy()

    tell(story)


def test_a_refusal_does_not_say_that_what_was_sent_before_is_nowhere(tell):
    async def story(room: Room) -> None:
        network = ByHand()
        await room.start(connectors=network.only)
        post = await room.post("Hello")
        (await network.next("prepare")).says("ready")
        (await network.next("post")).says(NoAnswer())
        await looked_for(room, network, *[Absent()] * 5)
        (await network.next("post")).says(Rejected("No pictures today."))
        row = await room.until_state(post, "failed")
        assert row.error_code == "outcome_unknown"
        assert row.error_message.startswith("No pictures today. But the answer of X")
        assert await room.outcomes(post) == ["absent", "refused"]
        with pytest.raises(Conflict) as refused:
            await room.mend(post, "Better")
        assert refused.value.code == "outcome_unknown"
        await room.mend(post, "Better", force=True)
        (await network.next("look")).says(Found(Proof("old")))
        row = await room.until_state(post, "published")
        assert (row.proof_id, row.content) == ("old", None)
        await room.healthy()

    tell(story)


def test_a_forced_retry_of_a_film_goes_out(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before", times=2)
        film = MediaRef("video", f"{room.info.media_url}/demo.mp4")
        row = await room.publish("Hello", media=(film,))
        assert row.error_code == "outcome_unknown"
        await room.retry(row.post_id, force=True)
        (row,) = await room.settle(row.post_id)
        assert row.state == "published"
        assert len(await room.visible()) == 1

    tell_once(story)


def test_of_changes_and_retries_at_once_one_is_done(tell):
    async def story(room: Room) -> None:
        await room.start(owner="run_1")
        await room.start(owner="run_2")
        await room.fault("duplicate")
        row = await room.publish("Hello")
        url = getattr(room.store, "url", None)
        other = open_store(room.folder, url) if url else room.store
        wanted = [mending.Mend(f"Better {number}", None, None, force=False) for number in range(4)]

        async def ask(number: int) -> Any:
            store = (room.store, other)[number % 2]
            change = wanted[number]
            return await store.write(
                lambda db: mending.mend_failed(db, room.context, room.project, row.post_id, change)
            )

        try:
            asked = [ask(number) for number in range(4)]
            ended = await asyncio.gather(*asked, room.retry(row.post_id), return_exceptions=True)
        finally:
            if other is not room.store:
                await other.close()
        refused = [each for each in ended if each is not None]
        assert len(refused) == 4
        assert all(isinstance(each, Conflict) for each in refused)
        (row,) = await room.settle(row.post_id)
        assert (row.state, row.generation, len(await room.visible())) == ("published", 2, 1)
        await room.healthy()

    tell(story)


def test_a_change_that_fails_again_can_be_changed_again(tell):
    async def story(room: Room) -> None:
        network = ByHand()
        await room.start(connectors=network.only)
        post = await room.post("Hello")
        for number in range(3):
            (await network.next("prepare")).says("ready")
            (await network.next("post")).says(Rejected("No."))
            await room.until_state(post, "failed")
            await room.mend(post, f"Better {number}")
        # What an earlier text had prepared is not used for another.
        (await network.next("prepare")).says("ready")
        (await network.next("post")).says(Proof("1"))
        row = await room.until_state(post, "published")
        assert (row.content, row.generation) == ("Better 2", 4)
        await room.healthy()

    tell(story)


# How late a post may be


@given(
    st.sampled_from([None, PUBLISH, SKIP]),
    st.none() | st.integers(1, 200_000),
    st.integers(1, 200_000),
)
def test_a_post_is_never_later_than_it_says_nor_than_the_server_lets_it(policy, after, grace):
    own = latest(SimpleNamespace(late=policy, late_after=after), timedelta(seconds=grace))  # type: ignore[arg-type]  # all it asks for
    assert own <= timedelta(seconds=grace)
    if policy == SKIP and after is not None:
        assert own == timedelta(seconds=min(after, grace))
    else:
        assert own == timedelta(seconds=grace)


@pytest.mark.parametrize(
    ("late", "waited", "end"),
    [
        (Late(SKIP, 600), 550, "published"),
        (Late(SKIP, 600), 700, "failed"),
        (Late(PUBLISH, 600), 700, "published"),
        (Late(PUBLISH, 600), 25 * 3600, "failed"),
        (None, 700, "published"),
    ],
)
def test_what_is_later_than_its_post_says_is_not_sent(tell, late, waited, end):
    async def story(room: Room) -> None:
        order = room.draft("Hello", after=60)._replace(late=late)
        made = await room.store.write(lambda db: accept.create(db, room.context, room.project, order))
        await room.pass_time(timedelta(seconds=60 + waited))
        await room.start()
        (row,) = await room.settle(made.post_id)
        assert row.state == end
        if end == "failed":
            assert row.error_code == "missed_window"
            assert await room.used() == 0
            assert await room.visible() == []
            # Its hour is now, as for every retry.
            await room.retry(made.post_id)
            (row,) = await room.settle(made.post_id)
            assert row.state == "published"
        await room.healthy()

    tell(story)


def test_a_limit_that_is_longer_than_its_post_waits_ends_it(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("rate_limited", seconds=1800)
        order = room.draft("Hello")._replace(late=Late(SKIP, 600))
        made = await room.store.write(lambda db: accept.create(db, room.context, room.project, order))
        (row,) = await room.settle(made.post_id)
        assert (row.state, row.error_code) == ("failed", "missed_window")
        await room.healthy()

    tell_once(story)
