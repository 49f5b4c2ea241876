"""Whole Mastodon stories against the simulator, over loopback sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests import media
from tests.platforms import sandboxed
from tests.platforms.run import Died, MemoryFile
from tests.platforms.simulators.mastodon import Mastodon

from polypost.errors import (
    OutcomeUnknown,
    PolypostError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from polypost.integrations import AccountSession
from polypost.outbound import NetworkClient
from polypost.platforms.base import Absent, Account, CannotTell, Draft, Found, Post, Proof, Tokens
from polypost.platforms.mastodon import CONNECTOR

pytestmark = pytest.mark.anyio


class Room(sandboxed.Room):
    """`net` speaks to the simulator by itself."""

    platform = "mastodon"

    @classmethod
    async def known(cls, entry: Mapping[str, Any], http: NetworkClient) -> Account:
        tokens = Tokens(entry["accessToken"], extra=entry["extra"])
        (account,) = await CONNECTOR.identify(AccountSession.of_login(http, tokens))
        return account

    @property
    def net(self) -> Mastodon:
        return Mastodon(self.running, self.credentials)


def post(
    text: str = "Hello", *files: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    asked = CONNECTOR.options.model_validate(options)
    return Post("tgt_1", text, files, asked, {file.url: file for file in further})


async def test_the_account_is_told_apart_by_its_server(room: Room) -> None:
    assert room.account.id == room.net.account["platformUserId"]
    assert room.account.username == "demo@mastodon.example"
    assert room.account.metadata["apiVersion"] == 10


@pytest.mark.parametrize("fault", ["lost_answer", "error_after", "bad_gateway_after"])
async def test_a_lost_answer_is_found_again(room: Room, fault: str) -> None:
    run, wanted = room.run(), post("Hello <b> & https://example.com", room.picture(), spoilerText="CW")
    await room.net.fault(fault)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    (first,) = await room.net.visible()
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[0])
    assert isinstance(found, Found)
    assert found.proof == Proof(first["id"], f"https://mastodon.example/@demo/{first['id']}")


async def test_a_repetition_with_the_key_makes_no_second_post(room: Room) -> None:
    """The list lags, so that the look finds nothing; the server knows the key."""
    run, wanted = room.run(), post("Hello", room.picture())
    await room.net.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    await room.net.fault("listing_lag", seconds=7200)
    assert await CONNECTOR.reconcile(run, wanted, run.attempts[0]) == Absent()
    await room.net.advance(1_800)
    assert CONNECTOR.retry_when_absent(wanted, run.attempts[0]) == "always"
    proof = await CONNECTOR.publish(room.run(rows=run.rows), wanted)
    assert [each["id"] for each in await room.net.visible()] == [proof.id]
    await room.net.advance(1_800)
    assert CONNECTOR.retry_when_absent(wanted, run.attempts[0]) == "never"


async def test_an_edit_is_not_answered_with_the_old_post(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post("One"))
    second = await CONNECTOR.publish(room.run(), post("Two"))
    assert first.id != second.id
    assert (await CONNECTOR.publish(room.run(), post("One"))).id == first.id


async def test_a_post_that_was_deleted_meanwhile_is_not_made_again(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post())
    await CONNECTOR.delete(room.run(), proof)
    with pytest.raises(Rejected, match="Record not found"):
        await CONNECTOR.publish(room.run(), post())
    assert [each["deleted"] for each in await room.net.visible()] == [True]


@pytest.mark.parametrize("part", ["post", "thread-1", "thread-2", "media-0-sent", "thread-1-media-0-ready"])
async def test_a_thread_that_died_is_told_to_its_end(room: Room, part: str) -> None:
    film = room.file("b.mp4", media.mp4(seconds=2))
    items = [{"content": "two", "mediaItems": [{"type": "video", "url": film.url}]}, {"content": "three"}]
    wanted = post("one", room.picture(), further=(film,), threadItems=items)
    first = room.run(dies_at=part)
    with pytest.raises(Died):
        await CONNECTOR.publish(first, wanted)
    await CONNECTOR.publish(room.run(rows=first.rows), wanted)
    assert [each["text"] for each in await room.net.visible()] == ["three", "two", "one"]
    assert [each["mediaCount"] for each in await room.net.visible()] == [0, 1, 1]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limited", RateLimited),
        ("token_dead", ReconnectRequired),
        ("login_disabled", ReconnectRequired),
        ("error_before", OutcomeUnknown),
        ("bad_gateway", OutcomeUnknown),
        ("html_errors", Unavailable),
        ("thumbnail_failed", Unavailable),
        ("processing_failed", Rejected),
        ("duplicate", Rejected),
    ],
)
async def test_refusals_are_understood(room: Room, fault: str, error: type[PolypostError]) -> None:
    await room.net.fault(fault, seconds=60)
    with pytest.raises(error):
        await CONNECTOR.publish(room.run(), post("Hello", room.picture()))
    assert await room.net.visible() == []


async def test_a_limited_account_is_told(room: Room) -> None:
    await room.net.fault("silenced")
    run = room.run()
    await CONNECTOR.publish(run, post())
    assert run.warnings == ["The server made the post unlisted instead of public."]


async def test_a_quote_and_a_reply(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post("one"))
    quote = await CONNECTOR.publish(room.run(), post("two", quotedStatusId=first.id))
    run = room.run()
    await room.net.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post("three", replyToId=quote.id))
    assert isinstance(await CONNECTOR.reconcile(run, post(), run.attempts[0]), Found)
    page = await room.net.page(urlsplit(quote.url or "").path)
    assert "one" in page
    assert "three" in page


async def test_a_refused_look_tells_nothing(room: Room) -> None:
    run = room.run()
    await CONNECTOR.publish(run, post())
    await room.net.fault("html_errors")
    assert isinstance(await CONNECTOR.reconcile(run, post(), run.attempts[0]), CannotTell)


async def test_a_server_that_changed_its_limits(room: Room) -> None:
    await room.net.open("PUT", "/_sandbox/limits", json={"text_characters": 4})
    run = room.run()
    with pytest.raises(Rejected, match="limit of 4"):
        await CONNECTOR.publish(run, post())
    # The next post is judged by what the refusal made known.
    assert run.account.metadata["limits"]["text_characters"] == 4
    await room.net.open("PUT", "/_sandbox/limits", json={"text_characters": 900})
    await room.net.advance(25 * 3600)
    await CONNECTOR.publish(room.run(), post("x" * 900))


async def test_an_older_server(room: Room) -> None:
    await room.net.older()
    await room.net.advance(25 * 3600)
    run = room.run()
    await CONNECTOR.publish(run, post("Hello", room.picture()))
    assert run.account.metadata["apiVersion"] is None
    assert CONNECTOR.retry_when_absent(post(), run.attempts[0]) == "never"
    assert await CONNECTOR.find_server(room.http, "mastodon.example") == "mastodon.example"


async def test_a_used_up_window_is_known_before_it_is_hit(room: Room) -> None:
    run = room.run()
    for number in range(CONNECTOR.spec.limit("requests_per_window")):
        run = room.run()
        await CONNECTOR.publish(run, post(str(number)))
        if run.holds:
            break
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(room.run(), post("more"))
    assert abs(limited.value.until - run.holds[0]) < timedelta(seconds=2)


EDGES: dict[str, Callable[[Room], tuple[Post, bool]]] = {
    "letters": lambda _: (post("x" * 500), True),
    "a letter more": lambda _: (post("x" * 501), False),
    "families": lambda _: (post("👨‍👩‍👧" * 500), True),
    "a family more": lambda _: (post("👨‍👩‍👧" * 501), False),
    "a link": lambda _: (post("x" * 476 + " https://example.com/" + "y" * 300), True),
    "a link and a letter more": lambda _: (post("x" * 477 + " https://example.com/" + "y" * 300), False),
    "a name": lambda _: (post("x" * 495 + " @ann@" + "a" * 60 + ".example"), True),
    "a name and a letter more": lambda _: (post("x" * 496 + " @ann@" + "a" * 60 + ".example"), False),
    "a warning": lambda _: (post("x" * 490, spoilerText="y" * 10), True),
    "a longer warning": lambda _: (post("x" * 490, spoilerText="y" * 11), False),
    "nothing": lambda _: (post(" "), False),
    "five pictures": lambda room: (post("", *[room.picture()] * 5), False),
    "a film and a picture": lambda room: (post("", room.file("b.mp4", media.mp4(seconds=2)), room.picture()), False),
    "a long alternative text": lambda room: (post("", room.picture(), altText=["x" * 1500]), True),
    "a longer one": lambda room: (post("", room.picture(), altText=["x" * 1501]), False),
    "four options": lambda _: (post("?", poll={"options": list("abcd"), "durationMinutes": 5}), True),
    "five options": lambda _: (post("?", poll={"options": list("abcde"), "durationMinutes": 5}), False),
    "a short poll": lambda _: (post("?", poll={"options": ["a", "b"], "durationMinutes": 4}), False),
    "a poll and a picture": lambda room: (
        post("?", room.picture(), poll={"options": ["a", "b"], "durationMinutes": 5}),
        False,
    ),
}  # fmt: skip


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
