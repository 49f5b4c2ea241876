"""Whole X stories against the simulator, over loopback sockets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from tests import media
from tests.platforms.run import Died
from tests.platforms.sandboxed_twitter import Room
from tests.platforms.scripted_twitter import post

from polypost import clock
from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PolypostError,
    RateLimited,
    Rejected,
    TokenExpired,
)
from polypost.platforms.base import Absent, CannotTell, Draft, Found, Post, Proof
from polypost.platforms.twitter import CONNECTOR
from polypost.platforms.twitter.spec import SPEC

pytestmark = pytest.mark.anyio


def a_thread(room: Room) -> Post:
    second, third = room.picture("2.png"), room.film("3.mp4")
    items = [
        {"content": "two", "mediaItems": [{"type": "image", "url": second.url}]},
        {"content": "", "mediaItems": [{"type": "video", "url": third.url}]},
        {"content": "four https://example.com/four"},
    ]
    return post("one", room.picture(), further=(second, third), threadItems=items)


CASES: dict[str, tuple[Callable[[Room], Post], list[int]]] = {
    "text": (lambda _: post("Hello <world> & example.com, 日本語 👋"), [0]),
    "pictures": (lambda room: post("Look", *(room.picture(f"{n}.png") for n in range(4))), [4]),
    "picture alone": (lambda room: post("", room.picture()), [1]),
    "gif": (lambda room: post("Look", room.file("a.gif", media.gif(3))), [1]),
    "film": (lambda room: post("Look", room.film()), [1]),
    "poll": (lambda _: post("Well?", poll={"options": ["Yes", "No"], "durationMinutes": 60}), [0]),
    "restricted": (lambda _: post("Only you", replySettings="following"), [0]),
    "thread": (a_thread, [1, 1, 1, 0]),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_kind_of_post_goes_out_once(room: Room, case: str) -> None:
    make, counts = CASES[case]
    proof = await CONNECTOR.publish(room.run(), make(room))
    shown = await room.posts()
    assert [entry["mediaCount"] for entry in shown] == counts
    assert shown[0]["id"] == proof.id
    assert {entry["accountId"] for entry in shown} == {room.account.id}
    assert proof.url == f"https://x.com/{room.account.username}/status/{proof.id}"
    page = await room.web.get(urlsplit(proof.url).path)
    assert page.status_code == 200


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
async def test_a_lost_answer_is_found_again(room: Room, case: str, fault: str) -> None:
    make, counts = CASES[case]
    wanted, run = make(room), room.run()
    await room.fault(fault)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    (first,) = await room.posts()
    found = await CONNECTOR.reconcile(run, post(wanted.text), run.attempts[-1])
    assert isinstance(found, Found)
    assert found.proof.id == first["id"]
    run.rows[run.attempts[-1].part] = found.proof
    await CONNECTOR.publish(room.run(rows=run.rows), wanted)
    assert [entry["mediaCount"] for entry in await room.posts()] == counts


@pytest.mark.parametrize("part", [1, 2, 3])
async def test_a_thread_whose_later_answer_was_lost_is_told_to_its_end(room: Room, part: int) -> None:
    wanted = a_thread(room)
    first = room.run(dies_at=f"thread-{part}")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, wanted)
    run = room.run(rows=first.rows)
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
    assert isinstance(found, Found)
    run.rows[f"thread-{part}"] = found.proof
    await CONNECTOR.publish(room.run(rows=run.rows), wanted)
    assert len(await room.posts()) == 4


async def test_a_second_attempt_at_what_is_there_is_evidence_not_failure(room: Room) -> None:
    run = room.run()
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    assert len(await room.posts()) == 1
    assert isinstance(await CONNECTOR.reconcile(run, post(), run.attempts[-1]), Found)
    run.taken.add((await room.posts())[0]["id"])
    assert await CONNECTOR.reconcile(run, post(), run.attempts[-1]) == Absent()


async def test_a_refused_look_tells_nothing(room: Room) -> None:
    run = room.run()
    await CONNECTOR.publish(run, post())
    await room.fault("token_dead")
    assert isinstance(await CONNECTOR.reconcile(run, post(), run.attempts[0]), CannotTell)


async def test_a_crash_in_the_middle_of_an_upload_costs_no_segment_twice(room: Room) -> None:
    large = room.film(size=SPEC.limit("segment_bytes") + 1000)
    first = room.run(dies_at="media-0-segment-1")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, post("Hello", large))
    await CONNECTOR.publish(room.run(rows=first.rows), post("Hello", large))
    assert [entry["mediaCount"] for entry in await room.posts()] == [1]


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("rate_limited", RateLimited, "rate_limited"),
        ("daily_limit", RateLimited, "rate_limited"),
        ("usage_capped", RateLimited, "rate_limited"),
        ("no_credits", Rejected, "platform_billing"),
        ("not_enrolled", Rejected, "platform_setup"),
        ("suspended", Rejected, "account_restricted"),
        ("duplicate", Duplicate, "duplicate"),
        ("token_dead", TokenExpired, "reconnect_required"),
    ],
)
async def test_refusals_are_understood(room: Room, fault: str, error: type[PolypostError], code: str) -> None:
    run = room.run()
    await room.fault(fault)
    with pytest.raises(error) as refused:
        await CONNECTOR.publish(run, post())
    assert type(refused.value) is error
    assert refused.value.code == code
    if isinstance(refused.value, RateLimited):
        assert refused.value.until > run.now()
    assert await room.posts() == []


async def test_a_file_that_x_cannot_process_is_said(room: Room) -> None:
    await room.fault("processing_failed")
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.publish(room.run(), post("Look", room.film()))
    assert refused.value.code == "media_rejected"
    assert await room.posts() == []


async def test_the_same_text_again_is_a_duplicate(room: Room) -> None:
    await CONNECTOR.publish(room.run(), post())
    with pytest.raises(Duplicate):
        await CONNECTOR.publish(room.run(), post())
    assert len(await room.posts()) == 1


async def test_a_used_up_window_is_known_before_it_is_hit(room: Room) -> None:
    limit = SPEC.limit("posts_per_window")
    run = room.run()
    for number in range(limit):
        run = room.run()
        await CONNECTOR.publish(run, post(f"Number {number}"))
        assert bool(run.holds) == (number == limit - 1)
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(room.run(), post("One more"))
    assert limited.value.until == run.holds[0]
    await room.pass_time(limited.value.until - clock.now() + timedelta(seconds=1))
    await CONNECTOR.publish(room.run(), post("One more"))


async def test_a_reply_to_ones_own_post(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post("one"))
    run = room.run()
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post("two", replyToTweetId=first.id))
    assert isinstance(await CONNECTOR.reconcile(run, post("two"), run.attempts[0]), Found)


async def test_deleting_twice_is_a_success(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post())
    await CONNECTOR.delete(room.run(), proof)
    await CONNECTOR.delete(room.run(), proof)
    assert [entry["deleted"] for entry in await room.posts()] == [True]
    await CONNECTOR.delete(room.run(), Proof("1"))


async def test_a_long_post_of_an_account_without_premium_is_refused(room: Room) -> None:
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.publish(room.run(), post("long " * 100, longPost=True))
    assert refused.value.code == "not_permitted"


EDGES: dict[str, Callable[[Room], tuple[Post, bool]]] = {
    "letters": lambda _: (post("x" * 280), True),
    "a letter more": lambda _: (post("x" * 281), False),
    "characters": lambda _: (post("日" * 140), True),
    "a character more": lambda _: (post("日" * 140 + "x"), False),
    "a link": lambda _: (post("x" * 256 + " https://example.com/" + "y" * 300), True),
    "a link and a letter more": lambda _: (post("x" * 257 + " https://example.com/" + "y" * 300), False),
    "emoji": lambda _: (post("👩🏽‍🚀" * 140), True),
    "an emoji more": lambda _: (post("👩🏽‍🚀" * 141), False),
    "an invisible character": lambda _: (post("Hello\ufeff"), False),
    "two cashtags": lambda _: (post("$GOOG $AAPL"), False),
    "frames": lambda room: (post("", room.file("a.gif", media.gif(350, 16, 16))), True),
    "a frame more": lambda room: (post("", room.file("a.gif", media.gif(351, 16, 16))), False),
    "a portrait film": lambda room: (post("", room.film(width=720, height=1280)), True),
    "a long film": lambda room: (post("", room.film(seconds=141)), False),
    "a film and a picture": lambda room: (post("", room.film(), room.picture()), False),
    "five pictures": lambda room: (post("", *(room.picture(f"{n}.png") for n in range(5))), False),
}


@pytest.mark.parametrize("edge", EDGES)
async def test_the_check_and_the_simulator_draw_the_same_line(room: Room, edge: str) -> None:
    wanted, fits = EDGES[edge](room)
    draft = Draft(wanted.text, tuple(file.ref for file in wanted.media), wanted.options, room.account)
    assert (CONNECTOR.check(draft) == []) is fits
    if fits:
        await CONNECTOR.publish(room.run(), wanted)
    else:
        with pytest.raises(Rejected):
            await CONNECTOR.publish(room.run(), wanted)
