"""Whole Threads stories against the simulator, over loopback sockets."""

from __future__ import annotations

from typing import Any

import pytest
from tests import media
from tests.platforms.run import Died, MemoryRun
from tests.platforms.sandboxed_threads import Room, post

from polypost import clock
from polypost.errors import OutcomeUnknown, RateLimited, Rejected
from polypost.platforms.base import Absent, Found, Proof
from polypost.platforms.threads import CONNECTOR
from polypost.platforms.threads.graph import Graph
from polypost.platforms.threads.graph_errors import NotReady

pytestmark = pytest.mark.anyio


CASES = {
    "text": lambda room: post(topicTag="Tea", replyControl="followers_only"),
    "link": lambda room: post(text="", linkAttachment="https://a.example/page"),
    "picture": lambda room: post(room.file("a.png", media.png()), altText=["A square"]),
    "film": lambda room: post(room.film(), spoilerMedia=True),
    "carousel": lambda room: post(room.picture(), room.film(), room.picture("b.jpg")),
    "poll": lambda room: post(poll={"options": ["Tea", "Coffee"]}, locationId="220000000000000001"),
    "long text": lambda room: post(textAttachment={"plaintext": "Much more"}, ghostPost=True),
    "gif": lambda room: post(
        gifAttachment={"gifId": "16", "provider": "GIPHY"}, textEntities=[{"offset": 0, "length": 5}]
    ),
    "chain": lambda room: post(
        chain=[("two", [room.picture()]), ("three", [room.picture("b.jpg"), room.film()]), ("four", [])]
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_kind_of_post_goes_out_once(room: Room, case) -> None:
    wanted = CASES[case](room)
    run = room.run()
    proof = await CONNECTOR.publish(run, wanted)
    shown = await room.posts()
    assert len(shown) == 1 + len(wanted.options.thread)
    assert shown[0]["id"] == proof.id
    assert shown[0]["accountId"] == room.account.id
    assert shown[0]["mediaCount"] == len(wanted.media)
    assert [each["text"] for each in shown] == [
        wanted.text,
        *(item.content for item in wanted.options.thread),
    ]
    assert proof.url is not None
    assert run.warnings == []


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("fault", ["lost_answer", "error_after", "published_anyway"])
async def test_an_answer_that_was_lost_after_publication_is_found(room: Room, case, fault) -> None:
    wanted = CASES[case](room)
    run = room.run()
    await room.fault(fault)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
    (shown,) = await room.posts()
    assert isinstance(found, Found)
    assert found.proof.id == shown["id"]
    assert found.proof.url is not None


async def test_a_quote_and_a_reply_to_an_own_post(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post(text="first"))
    for number, options in enumerate(({"quotePostId": first.id}, {"replyToId": first.id})):
        wanted = post(text=f"words {number}", **options)
        await room.fault("lost_answer")
        run = room.run()
        with pytest.raises(OutcomeUnknown):
            await CONNECTOR.publish(run, wanted)
        found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
        assert isinstance(found, Found)
        assert found.proof.id == (await room.posts())[-1]["id"]


@pytest.mark.parametrize("option", ["quotePostId", "replyToId"])
async def test_a_post_that_is_not_there_is_neither_quoted_nor_answered(room: Room, option) -> None:
    with pytest.raises(Rejected, match="failed to prepare") as refused:
        await CONNECTOR.publish(room.run(), post(**{option: "18000000000000001"}))
    assert "still there" in refused.value.message
    assert await room.posts() == []


async def test_a_reply_of_the_chain_whose_answer_was_lost_is_found_and_the_chain_goes_on(room: Room) -> None:
    rows: dict[str, Any] = {}
    wanted = post(text="same", chain=[("same", []), ("end", [])])
    with pytest.raises(Died):
        await CONNECTOR.publish(room.run(rows=rows, dies_at="thread-1"), wanted)
    await room.fault("lost_answer")
    run = room.run(rows=rows)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
    root, reply = await room.posts()
    assert isinstance(found, Found)
    assert found.proof.id == reply["id"] != root["id"]
    rows["thread-1"] = found.proof
    assert (await CONNECTOR.publish(room.run(rows=rows), wanted)).id == root["id"]
    assert [each["text"] for each in await room.posts()] == ["same", "same", "end"]


@pytest.mark.parametrize("fault", ["error_before", "reset_before"])
async def test_nothing_published_is_absent_and_the_same_container_goes_out(room: Room, fault) -> None:
    run, wanted = room.run(), post(room.picture())
    await room.fault(fault)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    assert await CONNECTOR.reconcile(run, wanted, run.attempts[-1]) == Absent()
    assert await room.posts() == []
    await CONNECTOR.publish(run, wanted)
    assert len(await room.posts()) == 1
    first, second = run.attempts
    assert first.handles["container"] == second.handles["container"]


async def test_an_answer_that_comes_true_late_is_not_repeated(room: Room) -> None:
    """The first attempt comes through between two tellings: the container says so before anything is sent."""
    run, wanted = room.run(), post()
    await room.fault("error_before")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    await Graph(run).publish(run.attempts[0].handles["container"])
    with pytest.raises(OutcomeUnknown, match="published already"):
        await CONNECTOR.publish(run, wanted)
    assert len(await room.posts()) == 1
    assert isinstance(await CONNECTOR.reconcile(run, wanted, run.attempts[-1]), Found)


@pytest.mark.parametrize("fault", ["rate_limited", "media_not_found"])
async def test_a_refusal_for_now_costs_no_publication(room: Room, fault) -> None:
    run, wanted = room.run(), post(room.picture())
    await room.fault(fault, seconds=60)
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(run, wanted)
    assert isinstance(limited.value, NotReady) is (fault == "media_not_found")
    assert limited.value.until > run.now()
    await room.order("clock", advance=61)
    await CONNECTOR.publish(run, wanted)
    assert len(await room.posts()) == 1


async def test_a_container_that_is_never_found_is_replaced(room: Room) -> None:
    run, wanted = room.run(), post()
    await room.fault("media_not_found", times=4)
    for _ in range(4):
        with pytest.raises(NotReady):
            await CONNECTOR.publish(run, wanted)
    await CONNECTOR.publish(run, wanted)
    assert len(await room.posts()) == 1
    containers = [attempt.handles["container"] for attempt in run.attempts]
    assert len(set(containers[:4])) == 1
    assert containers[4] != containers[0]


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("reply_too_soon", {"chain": [("two", [])]}),
        ("error_failed_processing_video", {}),
        ("error_unknown", {}),
    ],
)
async def test_trouble_that_passes_is_survived(room: Room, fault, options) -> None:
    await room.fault(fault)
    wanted = post(*(() if options else (room.film(),)), **options)
    await CONNECTOR.publish(room.run(), wanted)
    assert len(await room.posts()) == 1 + len(wanted.options.thread)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("restricted", "account_restricted"),
        ("spam", "account_restricted"),
        ("duplicate", "duplicate"),
        ("error_invalid_duration", "media_rejected"),
        ("fetch_refused", "media_unreachable"),
    ],
)
async def test_what_the_network_refuses(room: Room, fault, code) -> None:
    await room.fault(fault)
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.publish(room.run(), post(room.film()))
    assert refused.value.code == code
    assert await room.posts() == []


async def test_a_quota_that_is_used_up_is_known_before_anything_is_made(room: Room) -> None:
    await room.fault("quota", seconds=600)
    run = room.run()
    with pytest.raises(RateLimited):
        await CONNECTOR.publish(run, post())
    again = room.run()
    with pytest.raises(RateLimited, match="0 of its Threads posts"):
        await CONNECTOR.publish(again, post())
    assert again.holds
    assert again.rows == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda room: room.file("a.webp", media.webp()),
        lambda room: room.picture(width=1100, height=100),
        lambda room: room.film(fps=10.0),
        lambda room: room.film(width=1922, height=1080),
    ],
)
async def test_what_check_would_have_refused_the_network_refuses_too(room: Room, spoil) -> None:
    with pytest.raises(Rejected):
        await CONNECTOR.publish(room.run(), post(spoil(room)))
    assert await room.posts() == []


async def test_a_picture_that_cannot_be_pulled_does_not_go_out(room: Room) -> None:
    picture = room.picture()
    room.files.served.clear()
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.publish(room.run(), post(picture))
    assert "reached from the internet" in refused.value.message
    assert await room.posts() == []


async def test_a_spoilt_carousel_later_in_a_chain_is_known_before_the_first_post(room: Room) -> None:
    spoilt = room.file("a.webp", media.webp())
    with pytest.raises(Rejected):
        await CONNECTOR.publish(room.run(), post(chain=[("two", [room.picture("b.jpg"), spoilt])]))
    assert await room.posts() == []


async def test_after_a_day_of_interruption_a_new_container_is_made(room: Room) -> None:
    rows: dict[str, Any] = {}
    wanted = post(room.picture())
    with pytest.raises(Died):
        await CONNECTOR.publish(room.run(rows=rows, dies_at="post"), wanted)
    clock.advance(25 * 3600)
    run = MemoryRun(room.http, room.account, room.credentials["accessToken"], rows=rows)
    await CONNECTOR.publish(run, wanted)
    (shown,) = await room.posts()
    assert run.attempts[0].handles["container"] != rows["post: container"]["id"]
    assert shown["text"] == "Hello #world"


async def test_from_the_consent_page_to_a_renewed_token(room: Room) -> None:
    await room.login(CONNECTOR)


async def test_a_post_is_taken_back(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post())
    await room.fault("cannot_delete")
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.delete(room.run(), proof)
    assert refused.value.code == "delete_refused"
    await CONNECTOR.delete(room.run(), proof)
    (shown,) = await room.posts()
    assert shown["deleted"]
    await CONNECTOR.delete(room.run(), Proof(proof.id))
