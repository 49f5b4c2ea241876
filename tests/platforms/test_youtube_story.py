"""Whole YouTube stories against the simulator, over loopback sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests import media
from tests.platforms.run import Died, MemoryRun
from tests.platforms.sandboxed_youtube import Room, post

from polypost import clock
from polypost.errors import (
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
)
from polypost.platforms.base import Absent, CannotTell, Found, Proof
from polypost.platforms.youtube import CONNECTOR
from polypost.platforms.youtube.errors import next_midnight
from polypost.platforms.youtube.upload import address_of

pytestmark = pytest.mark.anyio


def raw_of(shown: dict[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = shown["raw"]
    return raw


async def test_everything_that_options_say_arrives(room: Room) -> None:
    run = room.run()
    wanted = post(
        room.film(),
        "A description",
        title="A title",
        tags=["one", "two words"],
        visibility="unlisted",
        madeForKids=False,
        containsSyntheticMedia=True,
        categoryId="28",
        defaultLanguage="en-GB",
        license="creativeCommon",
        embeddable=False,
        publicStatsViewable=False,
        hasPaidProductPlacement=True,
        firstComment="First!",
    )
    proof = await CONNECTOR.publish(run, wanted)
    (shown,) = await room.posts()
    raw = raw_of(shown)
    assert (shown["id"], shown["text"], run.warnings) == (proof.id, "A description", [])
    assert raw["snippet"] == {
        "title": "A title",
        "description": "A description",
        "categoryId": "28",
        "tags": ["one", "two words"],
        "defaultLanguage": "en-GB",
    }
    assert raw["status"] == {
        "privacyStatus": "unlisted",
        "selfDeclaredMadeForKids": False,
        "containsSyntheticMedia": True,
        "license": "creativeCommon",
        "embeddable": False,
        "publicStatsViewable": False,
    }
    assert raw["paidProductPlacementDetails"] == {"hasPaidProductPlacement": True}
    page = (await room.web.get(f"/watch?v={proof.id}")).text
    assert "First!" in page
    assert "A title" in page


@pytest.mark.parametrize(
    ("picture", "kind"), [(media.jpeg, "image/jpeg"), (media.png, "image/png"), (media.gif, "image/gif")]
)
async def test_a_thumbnail_is_set(room: Room, picture: Any, kind: str) -> None:
    data = picture(2, 1280, 720) if kind == "image/gif" else picture(1280, 720)
    run = room.run()
    wanted = post(room.film(), thumbnail=room.file("thumbnail", data))
    proof = await CONNECTOR.publish(run, wanted)
    assert run.warnings == []
    shown = await room.web.get(f"/vi/{proof.id}/maxresdefault.jpg")
    assert (shown.content, shown.headers["content-type"]) == (data, kind)


async def test_a_short_takes_no_thumbnail_and_says_so(room: Room) -> None:
    run = room.run()
    film = room.film(width=720, height=1280)
    await CONNECTOR.publish(run, post(film, thumbnail=room.file("t.jpg", media.jpeg(1280, 720))))
    assert len(run.warnings) == 1
    assert "Short" in run.warnings[0]
    assert await room.requests("POST", "/thumbnails/set") == []


@pytest.mark.parametrize(
    ("fault", "word", "options"),
    [
        ("thumbnail_forbidden", "thumbnail", {}),
        ("thumbnail_rate", "thumbnail", {}),
        ("comments_disabled", "comment", {"firstComment": "Hi"}),
    ],
)
async def test_what_follows_fails_only_into_a_warning(
    room: Room, fault: str, word: str, options: dict[str, Any]
) -> None:
    run = room.run()
    await room.fault(fault)
    wanted = post(room.film(), thumbnail=room.file("t.jpg", media.jpeg(1280, 720)), **options)
    proof = await CONNECTOR.publish(run, wanted)
    (shown,) = await room.posts()
    assert shown["id"] == proof.id
    assert len(run.warnings) == 1
    assert word in run.warnings[0]


async def test_a_playlist_takes_the_video(room: Room) -> None:
    headers = {"authorization": f"Bearer {room.credentials['accessToken']}"}
    made = await room.web.post(
        "/youtube/v3/playlists?part=snippet", headers=headers, json={"snippet": {"title": "Mine"}}
    )
    playlist = made.json()["id"]
    run = room.run()
    proof = await CONNECTOR.publish(run, post(room.film(), playlistId=playlist))
    listed = await room.web.get(
        "/youtube/v3/playlistItems",
        headers=headers,
        params={"part": "contentDetails", "playlistId": playlist},
    )
    assert [item["contentDetails"]["videoId"] for item in listed.json()["items"]] == [proof.id]
    lost = room.run()
    await CONNECTOR.publish(lost, post(room.film(), playlistId="PLnothing"))
    assert (run.warnings, len(lost.warnings)) == ([], 1)


async def test_a_video_locked_as_private_is_said(room: Room) -> None:
    rows: dict[str, Any] = {}
    run = room.run(rows=rows)
    await room.fault("forced_private")
    await CONNECTOR.publish(run, post(room.film()))
    (shown,) = await room.posts()
    assert raw_of(shown)["locked"]
    assert len(run.warnings) == 1
    assert "private although public was asked for" in run.warnings[0]
    # Told again from its rows, the story says the same.
    again = room.run(rows=rows)
    await CONNECTOR.publish(again, post(room.film()))
    assert again.warnings == run.warnings
    private = room.run()
    await room.fault("forced_private")
    await CONNECTOR.publish(private, post(room.film(), visibility="private"))
    assert private.warnings == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [("processing_failed", "failed, conversion"), ("rejected_duplicate", "rejected, duplicate")],
)
async def test_a_video_that_youtube_throws_out_at_once_is_said(room: Room, fault: str, words: str) -> None:
    rows: dict[str, Any] = {}
    await room.fault(fault)
    with pytest.raises(Died):
        await CONNECTOR.publish(room.run(rows=rows, dies_at="status"), post(room.film()))
    await room.pass_time(timedelta(minutes=1))
    run = room.run(rows=rows)
    await CONNECTOR.publish(run, post(room.film()))
    assert [words in warning for warning in run.warnings] == [True]


@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
@pytest.mark.parametrize("size", [150_000, 700_000])
async def test_an_answer_that_was_lost_after_publication_is_found(room: Room, fault: str, size: int) -> None:
    run, wanted = room.run(), post(room.film(size=size))
    await room.fault(fault)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
    (shown,) = await room.posts()
    assert isinstance(found, Found)
    assert found.proof.id == shown["id"]


@pytest.mark.parametrize("fault", ["error_before", "reset_before"])
async def test_nothing_published_is_absent_and_the_same_session_goes_on(room: Room, fault: str) -> None:
    rows: dict[str, Any] = {}
    run, wanted = room.run(rows=rows), post(room.film())
    await room.fault(fault)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    assert await CONNECTOR.reconcile(run, wanted, run.attempts[-1]) == Absent()
    assert CONNECTOR.retry_when_absent(wanted, run.attempts[-1]) == "always"
    again = room.run(rows=rows)
    await CONNECTOR.publish(again, wanted)
    assert len(await room.posts()) == 1
    assert again.attempts[0].handles == run.attempts[0].handles


async def test_looking_that_fails_is_no_answer(room: Room) -> None:
    run, wanted = room.run(), post(room.film())
    await room.fault("error_before")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    attempt = run.attempts[-1]
    spoilt = replace(attempt, handles={**attempt.handles, "size": attempt.handles["size"] + 1})
    assert isinstance(await CONNECTOR.reconcile(run, wanted, spoilt), CannotTell)
    dead = MemoryRun(room.http, room.account, "nonsense")
    with pytest.raises(TokenExpired):
        await CONNECTOR.reconcile(dead, wanted, attempt)


@pytest.mark.parametrize(
    ("fault", "until"),
    [
        ("quota_exceeded", next_midnight),
        ("uploads_per_day", next_midnight),
        ("upload_limit", lambda now: now + timedelta(hours=24)),
    ],
)
async def test_an_allowance_that_is_used_up_is_waited_for(
    room: Room, fault: str, until: Callable[[datetime], datetime]
) -> None:
    run, wanted = room.run(), post(room.film())
    await room.fault(fault)
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(run, wanted)
    assert abs(limited.value.until - until(run.now())) < timedelta(minutes=2)
    await CONNECTOR.publish(run, wanted)
    assert len(await room.posts()) == 1


async def test_the_hundredth_upload_of_the_day_is_the_last(room: Room) -> None:
    headers = {"authorization": f"Bearer {room.credentials['accessToken']}"}
    for _ in range(100):
        await room.web.post("/upload/youtube/v3/videos?uploadType=resumable", headers=headers, json={})
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(room.run(), post(room.film()))
    now = clock.now()
    assert now < limited.value.until <= now + timedelta(hours=25)
    assert limited.value.until.astimezone(UTC).minute == 0
    # A night passes, and with it the life of the access token; the last hour before midnight is not one.
    await room.pass_time(max(limited.value.until - now, timedelta(hours=2)) + timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        await CONNECTOR.publish(room.run(), post(room.film()))
    fresh = await CONNECTOR.login.refresh(room.http, room.app, room.tokens)
    await CONNECTOR.publish(MemoryRun(room.http, room.account, fresh.access_token), post(room.film()))


async def test_a_token_that_ends_in_the_middle_is_renewed(room: Room) -> None:
    renewed: list[str] = []

    async def renew() -> str:
        renewed.append((await CONNECTOR.login.refresh(room.http, room.app, room.tokens)).access_token)
        return renewed[-1]

    rows: dict[str, Any] = {}
    wanted = post(room.film())
    with pytest.raises(Died):
        await CONNECTOR.publish(room.run(rows=rows, dies_at="publish"), wanted)
    await room.pass_time(timedelta(hours=2))
    await CONNECTOR.publish(room.run(rows=rows, renew=renew), wanted)
    assert len(renewed) == 1
    assert len(await room.posts()) == 1


async def test_a_dead_token_and_a_missing_channel_are_said(room: Room) -> None:
    await room.fault("no_channel")
    with pytest.raises(Rejected) as rejected:
        await CONNECTOR.publish(room.run(), post(room.film()))
    assert rejected.value.code == "no_account"
    await room.fault("token_dead")
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.publish(room.run(), post(room.film()))
    assert await room.posts() == []


REFUSED_TEXTS = (
    ("x" * 5001, {}, "description"),
    ("a < b", {"title": "T"}, "description"),
    ("", {"title": "x" * 101}, "title"),
    ("", {"tags": ["x" * 501]}, "tags"),
    ("", {"categoryId": "18"}, "category"),
)


async def test_what_check_would_have_refused_the_network_refuses_too(room: Room) -> None:
    for text, given, word in REFUSED_TEXTS:
        with pytest.raises(Rejected, match=word):
            await CONNECTOR.publish(room.run(), post(room.film(), text, **given))
        assert await room.posts() == []


async def test_after_a_week_of_interruption_a_new_session_is_opened(room: Room) -> None:
    rows: dict[str, Any] = {}
    with pytest.raises(Died):
        await CONNECTOR.publish(room.run(rows=rows, dies_at="publish"), post(room.film()))
    await room.pass_time(timedelta(days=8))
    fresh = await CONNECTOR.login.refresh(room.http, room.app, room.tokens)
    run = MemoryRun(room.http, room.account, fresh.access_token, rows=rows)
    await CONNECTOR.publish(run, post(room.film()))
    assert len(await room.posts()) == 1
    assert run.attempts[-1].handles["session"] != rows["session"]


async def test_a_video_is_taken_back(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post(room.film()))
    await CONNECTOR.delete(room.run(), proof)
    (shown,) = await room.posts()
    assert shown["deleted"]
    await CONNECTOR.delete(room.run(), Proof(proof.id))
    assert (await room.web.get(f"/watch?v={proof.id}")).status_code == 404


async def test_another_channels_video_is_not_taken_back(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post(room.film()))
    other = (await room.running.accounts("youtube"))[1]
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.delete(MemoryRun(room.http, room.account, other["accessToken"]), proof)
    assert refused.value.code == "delete_refused"


@pytest.mark.parametrize(
    ("named", "used"),
    [
        (
            "https://www.googleapis.com/upload/x?upload_id=1",
            "https://www.googleapis.com/upload/x?upload_id=1",
        ),
        ("https://youtube.googleapis.com/upload/x", "https://youtube.googleapis.com/upload/x"),
        ("https://evil.example/upload/x?upload_id=1", "https://www.googleapis.com/upload/x?upload_id=1"),
        ("https://googleapis.com.evil.example/upload/x", "https://www.googleapis.com/upload/x"),
        ("https://evilgoogleapis.com/upload/x", "https://www.googleapis.com/upload/x"),
        ("http://www.googleapis.com/upload/x", "https://www.googleapis.com/upload/x"),
        ("http://127.0.0.1:8300/upload/x?a=b", "https://www.googleapis.com/upload/x?a=b"),
    ],
)
def test_the_token_goes_to_google_alone(named: str, used: str) -> None:
    """An address that the network names is used with its path, but never with a stranger's host."""
    assert address_of(named) == used
