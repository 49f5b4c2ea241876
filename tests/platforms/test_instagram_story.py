"""Whole Instagram stories against the simulator, over loopback sockets."""

from __future__ import annotations

from typing import Any

import pytest
from tests import media
from tests.platforms import sandboxed
from tests.platforms.run import Died, MemoryFile, MemoryRun

from polypost import clock
from polypost.errors import (
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from polypost.platforms.base import Absent, Post, Proof
from polypost.platforms.instagram import CONNECTOR
from polypost.platforms.instagram.graph import Graph

pytestmark = pytest.mark.anyio


class Room(sandboxed.PullingRoom):
    platform = "instagram"


def post(*items: MemoryFile, text: str = "Hello #world", **options: Any) -> Post:
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options))


CASES = {
    "picture": lambda room: post(room.picture()),
    "reel": lambda room: post(room.film(), thumbOffset=1000, shareToFeed=False),
    "carousel": lambda room: post(
        room.picture(), room.film(), room.picture("b.jpg"), collaborators=["friend"]
    ),
    "story": lambda room: post(room.picture(), contentType="story"),
    "story film": lambda room: post(room.film(), contentType="story"),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_kind_of_post_goes_out_once(room: Room, case) -> None:
    wanted = CASES[case](room)
    proof = await CONNECTOR.publish(room.run(), wanted)
    (shown,) = await room.posts()
    assert shown["id"] == proof.id
    assert shown["accountId"] == room.account.id
    assert shown["mediaCount"] == len(wanted.media)
    assert shown["text"] == ("" if wanted.options.story else "Hello #world")
    assert proof.url is not None


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


@pytest.mark.parametrize(
    "spoil",
    [
        lambda room: room.file("a.png", media.png()),
        lambda room: room.picture(width=1080, height=1920),
        lambda room: room.film(seconds=1.0),
    ],
)
async def test_what_check_would_have_refused_the_network_refuses_too(room: Room, spoil) -> None:
    with pytest.raises(Rejected):
        await CONNECTOR.publish(room.run(), post(spoil(room)))
    assert await room.posts() == []


async def test_a_picture_that_cannot_be_pulled_does_not_go_out(room: Room) -> None:
    picture = room.picture()
    room.files.served.clear()
    with pytest.raises((Rejected, Unavailable)):
        await CONNECTOR.publish(room.run(), post(picture))
    assert await room.posts() == []


async def test_from_the_consent_page_to_a_renewed_token(room: Room) -> None:
    await room.login(CONNECTOR)


async def test_after_a_day_of_interruption_a_new_container_is_made(room: Room) -> None:
    rows: dict[str, Any] = {}
    wanted = post(room.picture())
    with pytest.raises(Died):
        await CONNECTOR.publish(room.run(rows=rows, dies_at="publish"), wanted)
    clock.advance(25 * 3600)
    run = MemoryRun(room.http, room.account, room.credentials["accessToken"], rows=rows)
    await CONNECTOR.publish(run, wanted)
    (shown,) = await room.posts()
    assert run.attempts[0].handles["container"] != rows["media 1: container"]["id"]
    assert shown["text"] == "Hello #world"


async def test_the_network_refuses_what_is_not_ready_and_what_is_out_already(room: Room) -> None:
    graph, edge = Graph(room.run()), room.account.id
    film = await graph.post(f"{edge}/media", {"media_type": "REELS", "upload_type": "resumable"})
    with pytest.raises(RateLimited):
        await graph.publish(f"{edge}/media_publish", {"creation_id": film["id"]})
    run = room.run()
    await CONNECTOR.publish(run, post(room.picture()))
    with pytest.raises(PlatformError):
        await graph.publish(f"{edge}/media_publish", {"creation_id": run.attempts[0].handles["container"]})
    assert len(await room.posts()) == 1


async def test_a_post_is_taken_back_or_plainly_refused(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post(room.picture()))
    await CONNECTOR.delete(room.run(), proof)
    (shown,) = await room.posts()
    assert shown["deleted"]
    await CONNECTOR.delete(room.run(), Proof(proof.id))
