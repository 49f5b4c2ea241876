"""What becomes of a target: refusals, limits, tokens, threads, media, late hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from polypost import clock
from polypost.integrations import service as integrations
from tests import media
from tests.engine.room import Room

X_LIFE = timedelta(hours=2)
POSTS = "/2/tweets"


def test_a_post_goes_out_once_to_each_account(tell):
    async def story(room: Room) -> None:
        await room.start()
        post = await room.post("Hello", accounts=room.pair, media=(room.picture,))
        rows = await room.settle(post)
        assert [row.state for row in rows] == ["published"] * len(room.pair)
        assert {each["id"] for each in await room.visible()} == {row.proof_id for row in rows}
        assert await room.status(post) == "published"
        assert await room.events(post) == ["post.published"]
        assert await room.used() == len(rows)
        await room.healthy()

    tell(story)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("no_credits", "platform_billing"),
        ("not_enrolled", "platform_setup"),
        ("suspended", "account_restricted"),
        ("duplicate", "duplicate"),
    ],
)
def test_a_refusal_ends_it_and_costs_nothing(tell_once, fault, code):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault(fault)
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", code)
        assert await room.outcomes(row.post_id) == ["refused"]
        assert await room.ledger(row.post_id) == [(1, "release"), (1, "reserve")]
        assert await room.events(row.post_id) == ["post.failed"]
        assert await room.visible() == []
        await room.healthy()

    tell_once(story)


def test_one_target_fails_and_the_other_goes_out(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("duplicate")
        post = await room.post("Hello", accounts=room.pair, media=(room.picture,))
        rows = {row.platform: row for row in await room.settle(post)}
        assert {platform: row.state for platform, row in rows.items()} == {
            "twitter": "failed",
            "instagram": "published",
        }
        assert await room.status(post) == "partial"
        assert await room.events(post) == ["post.partial"]
        assert await room.used() == 1
        await room.healthy()

    tell_once(story)


def test_a_limit_makes_the_account_wait_and_is_no_attempt(tell):
    async def story(room: Room) -> None:
        await room.start()
        account = await room.network_id("twitter")
        await room.fault("rate_limited", seconds=600, accountId=account)
        first, second = await room.post("one"), await room.post("two")
        other = await room.post("three", accounts={"twitter": await room.connect()})
        await room.until_state(other, "published")
        row = await room.until_state(first, "waiting")
        assert row.wait_reason == "rate_limited"

        async def resting() -> bool | None:
            await room.wake_up()
            return (await room.target(second)).wait_reason == "rate_limited" or None

        await room.until(resting)
        assert (await room.target(second)).next_at > room.now() + timedelta(seconds=500)
        assert await room.used() == 3
        rows = await room.settle(first, second)
        assert [row.state for row in rows] == ["published", "published"]
        assert [row.tries for row in rows] == [0, 0]
        assert await room.outcomes(first) == ["refused", "published"]
        assert await room.outcomes(second) == ["published"]
        assert [each["text"] for each in await room.visible()] == ["three", "one", "two"]
        await room.healthy()

    tell(story)


def test_a_limit_before_the_commit_call_is_waited_for_as_well(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("quota", platform="instagram")
        account = {"instagram": room.accounts["instagram"]}
        post = await room.post("Hello", accounts=account, media=(room.picture,))
        row = await room.until_state(post, "waiting")
        assert (row.wait_reason, row.tries) == ("rate_limited", 0)
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert len(await room.visible("instagram")) == 1
        await room.healthy()

    tell_once(story)


def test_a_network_that_always_asks_to_wait_a_moment_is_asked_ever_more_seldom(tell_once):
    async def story(room: Room) -> None:
        await room.start(late_grace=timedelta(hours=2))
        await room.fault("rate_limited", times=None, seconds=0)
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "missed_window")
        assert len(await room.attempts(row.post_id)) <= 20
        assert await room.used() == 0
        await room.healthy()

    tell_once(story)


def test_a_limit_longer_than_the_grace_ends_it(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("rate_limited", seconds=25 * 3600)
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "missed_window")
        assert "too late" in row.error_message
        # The account is not silenced for longer than that either.
        await room.no_faults()
        assert (await room.publish("Later")).state == "published"
        await room.healthy()

    tell_once(story)


def test_three_refusals_for_abuse_in_a_row_let_the_account_rest_each_time(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        account = room.accounts["twitter"]
        await room.fault("suspended", times=4)
        for number in range(3):
            assert (await room.publish(f"Number {number}")).state == "failed"
        assert await room.events(account) == ["account.paused"]
        began = room.now()
        row = await room.publish("The fourth", after=1)
        assert row.error_code == "account_restricted"
        assert room.now() - began >= timedelta(hours=23)
        assert await room.events(account) == ["account.paused"] * 2
        row = await room.publish("The fifth", after=23 * 3600)
        assert row.state == "published"
        await room.healthy()

    tell_once(story)


@pytest.mark.parametrize("shape", ["text", "picture"])
def test_a_token_that_ended_early_is_renewed_in_a_step_and_in_the_commit_call(tell_once, shape):
    async def story(room: Room) -> None:
        account = {"twitter": await room.connect(ends_known=False)}
        await room.pass_time(X_LIFE + timedelta(minutes=1))
        await room.start()
        files = (room.picture,) if shape == "picture" else ()
        row = await room.publish("Hello", accounts=account, media=files)
        assert row.state == "published"
        outcomes = await room.outcomes(row.post_id)
        assert outcomes == (["published"] if shape == "picture" else ["refused", "published"])
        assert len(await room.visible()) == 1
        await room.healthy()

    tell_once(story)


def test_a_token_that_ends_while_the_network_works_is_renewed(tell_once):
    async def story(room: Room) -> None:
        account = {"twitter": await room.connect(ends_known=False)}
        await room.pass_time(X_LIFE - timedelta(seconds=30))
        await room.start()
        await room.fault("processing", seconds=120)
        film = room.shelf.put("film.mp4", media.mp4(width=1280, height=720), "video")
        post = await room.post("Hello", accounts=account, media=(film,))
        await room.until_state(post, "waiting")
        await room.pass_time(timedelta(seconds=60))
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert len(await room.visible()) == 1
        await room.healthy()

    tell_once(story)


def test_a_dead_authorisation_fails_with_that_reason_and_is_not_asked_again(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("token_dead")
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "reconnect_required")
        assert "Connect the account again" in row.error_message
        calls = await room.calls(POSTS)
        row = await room.publish("Hello again")
        assert (row.state, row.error_code) == ("failed", "reconnect_required")
        assert await room.calls(POSTS) == calls
        assert await room.events(room.accounts["twitter"]) == ["account.reconnect_required"]
        assert await room.used() == 0
        await room.healthy()

    tell_once(story)


def test_an_account_that_was_disconnected_before_the_hour(tell):
    async def story(room: Room) -> None:
        await room.start()
        post = await room.post("Hello", after=60)
        await room.store.write(
            lambda db: integrations.disconnect(db, room.project.id, room.accounts["twitter"])
        )
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("failed", "account_disconnected")
        assert "Connect it again" in row.error_message
        assert await room.used() == 0
        await room.healthy()

    tell(story)


def test_media_that_is_not_there_says_which_and_what_to_do(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        missing = room.shelf.put("gone.png", b"", "image")
        room.shelf.files.clear()
        row = await room.publish("Hello", media=(room.picture, missing))
        assert (row.state, row.error_code) == ("failed", "media_unreachable")
        assert row.error_message.startswith("mediaItems[1]: Image URL is not publicly accessible.")
        assert "private browser window" in row.error_message
        assert await room.calls(POSTS) == 0
        await room.healthy()

    tell_once(story)


def test_media_that_one_network_does_not_take_fails_there_alone(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        wide = room.shelf.put("wide.jpg", media.jpeg(3000, 300), "image")
        post = await room.post("Hello", accounts=room.pair, media=(wide,))
        rows = {row.platform: row for row in await room.settle(post)}
        assert rows["twitter"].state == "published"
        assert (rows["instagram"].state, rows["instagram"].error_code) == ("failed", "rejected")
        assert await room.used() == 1
        await room.healthy()

    tell_once(story)


def test_a_post_that_missed_its_hour_by_more_than_the_grace_is_not_sent(tell):
    async def story(room: Room) -> None:
        late, early = await room.post("too late", after=60), await room.post("in time", after=3700)
        await room.pass_time(timedelta(hours=25))
        await room.start()
        rows = await room.settle(late, early)
        assert [(row.state, row.error_code) for row in rows] == [
            ("failed", "missed_window"),
            ("published", None),
        ]
        assert [each["text"] for each in await room.visible()] == ["in time"]
        await room.healthy()

    tell(story)


def test_a_post_that_was_tried_and_refused_for_the_moment_is_not_sent_days_later(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("rate_limited", seconds=60)
        post = await room.post("Hello")
        await room.until_state(post, "waiting")
        await room.stop()
        await room.pass_time(timedelta(days=3))
        await room.start()
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("failed", "missed_window")
        assert await room.visible() == []
        await room.healthy()

    tell_once(story)


def test_a_clock_that_goes_back_sends_nothing_again(tell_once):
    async def story(room: Room) -> None:
        await room.pass_time(timedelta(hours=1))
        await room.start()
        row = await room.publish("Hello")
        clock._Advance.seconds -= 3000
        await room.workers[0].publisher.run(row.id)
        later = await room.publish("Another")
        assert later.state == "published"
        assert len(await room.visible()) == 2
        await room.healthy()

    tell_once(story)


def test_overdue_posts_of_an_account_go_out_oldest_first(tell):
    async def story(room: Room) -> None:
        texts = [f"Number {number}" for number in range(6)]
        posts = [await room.post(text, after=60 - number) for number, text in enumerate(texts)]
        await room.pass_time(timedelta(minutes=5))
        await room.start()
        await room.settle(*posts)
        assert [each["text"] for each in await room.visible()] == texts[::-1]
        await room.healthy()

    tell(story)


THREAD = {"threadItems": [{"content": "two"}, {"content": "three"}]}


async def after_the_first(room: Room, fault: str, **more: object) -> str:
    """Post a thread, and let a fault strike its second part."""
    await room.start()
    await room.fault("slow", seconds=2)
    post = await room.post("one", options=THREAD)
    await room.until_visible()
    await room.fault(fault, **more)
    return post


def test_a_thread_goes_out_as_one(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        row = await room.publish("one", options=THREAD)
        shown = await room.visible()
        assert [each["text"] for each in shown] == ["one", "two", "three"]
        assert (row.proof_id, row.warning) == (shown[0]["id"], None)
        assert await room.used() == 1
        await room.healthy()

    tell_once(story)


def test_a_thread_whose_second_part_is_refused(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.publish("two")
        row = await room.publish("one", options=THREAD)
        assert (row.state, row.error_code) == ("published", None)
        assert row.warning.startswith("The first part is published; the rest is not:")
        assert [each["text"] for each in await room.visible()] == ["two", "one"]
        assert await room.used() == 2
        await room.healthy()

    tell_once(story)


def test_a_thread_whose_third_part_is_refused_counts_what_is_out(tell_once):
    async def story(room: Room) -> None:
        await room.start()
        await room.publish("three")
        row = await room.publish("one", options=THREAD)
        assert row.warning.startswith("The first 2 parts are published; the rest is not:")
        await room.healthy()

    tell_once(story)


@pytest.mark.parametrize("fault", ["lost_answer", "error_after", "reset_before"])
def test_a_thread_whose_second_answer_is_lost(tell, fault):
    async def story(room: Room) -> None:
        (row,) = await room.settle(await after_the_first(room, fault))
        assert (row.state, row.warning) == ("published", None)
        assert [each["text"] for each in await room.visible()] == ["one", "two", "three"]
        assert await room.used() == 1
        await room.healthy()

    tell(story)


def test_a_thread_whose_second_part_stays_unknown(tell):
    async def story(room: Room) -> None:
        post = await after_the_first(room, "reset_before", times=2)
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("published", None)
        assert "not known whether the rest of the thread" in row.warning
        assert await room.outcomes(post) == ["published", "absent", "unknown"]
        assert [each["text"] for each in await room.visible()] == ["one"]
        assert await room.ledger(post) == [(1, "reserve"), (1, "settle")]
        await room.healthy()

    tell(story)


def test_a_thread_whose_second_part_has_to_wait(tell):
    async def story(room: Room) -> None:
        post = await after_the_first(room, "rate_limited", seconds=600)
        row = await room.until_state(post, "waiting")
        assert row.wait_reason == "rate_limited"
        (row,) = await room.settle(post)
        assert (row.state, row.warning) == ("published", None)
        assert [each["text"] for each in await room.visible()] == ["one", "two", "three"]
        await room.healthy()

    tell(story)


def test_a_thread_whose_account_is_disconnected_in_the_middle_keeps_what_is_out(tell_once):
    async def story(room: Room) -> None:
        post = await after_the_first(room, "rate_limited", seconds=600)
        await room.until_state(post, "waiting")
        await room.store.write(
            lambda db: integrations.disconnect(db, room.project.id, room.accounts["twitter"])
        )
        (row,) = await room.settle(post)
        assert (row.state, row.error_code) == ("published", None)
        assert "no longer connected" in row.warning
        assert await room.ledger(post) == [(1, "reserve"), (1, "settle")]
        await room.healthy()

    tell_once(story)
