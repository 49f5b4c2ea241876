"""Looking whether an attempt is out, where Facebook answers oddly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.platforms.scripted_facebook import POSTS, Script, post, refused, run_on

from polypost.errors import RateLimited, ReconnectRequired
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof
from polypost.platforms.facebook import CONNECTOR

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
STORIES = "GET /v26.0/111/stories"


def attempt(kind, *, shown=True, **handles):
    return Attempt("publish", 1, AT, {"kind": kind, "shown": shown, **handles})


TEXT = attempt("text", text="Hello  wörld")
PHOTOS = attempt("photos", photos=["7", "8"])


def row(number, message="Hello wo\u0308rld", *, at=AT, **more):
    told = at.strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {
        "id": f"111_{number}",
        "message": message,
        "created_time": told,
        "permalink_url": f"/111/posts/{number}",
    } | more


def look(net, wanted, **kept):
    run = run_on(net, **({"extra": {"app": kept["app"]}} if "app" in kept else {}))
    run.taken |= set(kept.get("taken", ()))
    return CONNECTOR.reconcile(run, post(), wanted)


def told(video_status, **phases):
    return (
        200,
        {
            "status": {"video_status": video_status}
            | {f"{name}_phase": value for name, value in phases.items()}
        },
    )


async def test_the_post_that_says_the_same_and_is_nobody_else_s(net: Script):
    album = {"data": [{"media_type": "album", "subattachments": {"data": []}}]}
    shared = {"data": [{"media_type": "link"}]}
    rows = [
        row(1, "Something else"),
        row(2, at=AT - timedelta(minutes=3)),
        row(3, attachments=album),
        row(4),
        row(5, at=AT + timedelta(minutes=2), attachments=shared),
        {"id": "111_6", "message": "Hello wörld"},
        "no row",
    ]
    net.on(POSTS, (200, {"data": rows}))
    assert await look(net, TEXT) == Found(Proof("111_4", "https://www.facebook.com/111/posts/4"))
    assert await look(net, TEXT, taken=["111_4"]) == Found(
        Proof("111_5", "https://www.facebook.com/111/posts/5")
    )
    assert await look(net, TEXT, taken=["111_4", "111_5"]) == Absent()
    asked = net.calls[POSTS][0].fields
    assert int(asked["since"]) == int((AT - timedelta(seconds=120)).timestamp())


async def test_a_link_without_words(net: Script):
    bare = row(4)
    del bare["message"]
    net.on(POSTS, (200, {"data": [bare]}))
    found = await look(net, attempt("text", text=""))
    assert isinstance(found, Found)


async def test_an_unpublished_text_stands_in_no_list(net: Script):
    assert isinstance(await look(net, attempt("text", text="Hello", shown=False)), CannotTell)


async def test_a_photo_knows_its_post(net: Script):
    net.on("GET /v26.0/7", (200, {"id": "7", "page_story_id": "111_3"}))
    assert await look(net, PHOTOS) == Found(Proof("111_3"))


async def test_a_photo_that_does_not_know_is_looked_for_in_the_list(net: Script):
    net.on("GET /v26.0/7", (200, {"id": "7"}))
    below = {"data": [{"target": {"id": "7"}}, {"target": {"id": "8"}}]}
    album = {"data": [{"media_type": "album", "target": {"id": "3"}, "subattachments": below}]}
    net.on(POSTS, (200, {"data": [row(2), row(3, "Anything", attachments=album)]}))
    assert await look(net, PHOTOS) == Found(Proof("111_3", "https://www.facebook.com/111/posts/3"))
    net.on(POSTS, (200, {"data": [row(2)]}))
    assert await look(net, PHOTOS) == Absent()
    hidden = attempt("photos", photos=["7"], shown=False)
    assert isinstance(await look(net, hidden), CannotTell)


async def test_a_photo_that_is_gone_proves_nothing(net: Script):
    net.on("GET /v26.0/7", (400, refused(100, 33)))
    assert isinstance(await look(net, PHOTOS), CannotTell)


async def test_a_photo_story_is_found_by_its_photo(net: Script):
    rows = [
        {"post_id": "5", "media_id": "1"},
        {"post_id": "6", "media_id": "7", "url": "https://www.facebook.com/s"},
    ]
    net.on(STORIES, (200, {"data": rows}))
    wanted = attempt("photo_story", photos=["7"])
    assert await look(net, wanted) == Found(Proof("6", "https://www.facebook.com/s"))
    net.on(STORIES, (200, {"data": []}))
    assert await look(net, wanted) == Absent()


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ((200, {"published": True, "status": {"video_status": "ready"}}), Found(Proof("9"))),
        ((200, {"published": False, "status": {"video_status": "ready"}}), Absent()),
        ((200, {"status": {"publishing_phase": {"status": "complete"}}}), Found(Proof("9"))),
        ((200, {}), Absent()),
    ],
)
async def test_a_video_says_whether_it_is_shown(net: Script, answer, found):
    net.on("GET /v26.0/9", answer)
    assert await look(net, attempt("video", video="9")) == found


@pytest.mark.parametrize(
    ("state", "found"),
    [("processing", Found(Proof("9"))), ("ready", Found(Proof("9"))), ("upload_complete", Absent())],
)
@pytest.mark.parametrize("kind", ["video", "reel"])
async def test_what_nobody_is_to_see_is_there_when_it_is_complete(net: Script, kind, state, found):
    net.on("GET /v26.0/9", told(state))
    assert await look(net, attempt(kind, video="9", shown=False)) == found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (told("ready", publishing={"status": "complete", "publish_status": "published"}), Found),
        (told("processing", publishing={"status": "in_progress"}), Found),
        (told("ready", publishing={"status": "complete", "publish_status": "draft"}), Absent),
        (told("upload_complete", publishing={"status": "not_started"}), Absent),
        (told("processing", processing={"status": "in_progress"}), CannotTell),
        # It was taken and came to nothing, which the story that goes on from there will see.
        (told("error", processing={"status": "error"}), Found),
        ((400, refused(100, 33)), CannotTell),
        ((500, b""), CannotTell),
    ],
)
async def test_a_reel_says_how_far_it_is(net: Script, answer, found):
    net.on("GET /v26.0/9", answer)
    assert isinstance(await look(net, attempt("reel", video="9")), found)


async def test_a_video_story_has_another_id_than_its_film(net: Script):
    out = told("ready", publishing={"status": "complete", "publish_status": "published"})
    net.on("GET /v26.0/9", out, (200, {"post_id": "55", "permalink_url": "/stories/111/55/"}))
    wanted = attempt("video_story", video="9")
    assert await look(net, wanted) == Found(Proof("55", "https://www.facebook.com/stories/111/55/"))
    net.on("GET /v26.0/9", out, (200, {}))
    assert isinstance(await look(net, wanted), CannotTell)


async def test_limits_and_dead_tokens_are_said(net: Script):
    for answer, error in (((400, refused(4)), RateLimited), ((400, refused(190)), ReconnectRequired)):
        net.on(POSTS, answer)
        with pytest.raises(error):
            await look(net, TEXT)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("text", "never"),
        ("photo_story", "never"),
        ("photos", "always"),
        ("video", "always"),
        ("reel", "always"),
        ("video_story", "always"),
    ],
)
def test_what_may_be_sent_again(kind, rule):
    assert CONNECTOR.retry_when_absent(post(), attempt(kind)) == rule


async def test_what_a_person_wrote_with_another_app_is_not_ours(net: Script):
    theirs = row(1, application={"id": "350685531728", "name": "Facebook for Android"})
    ours = row(2, at=AT + timedelta(minutes=4), application={"id": "app-1", "name": "Publisher"})
    net.on(POSTS, (200, {"data": [theirs]}))
    assert await look(net, TEXT, app="app-1") == Absent()
    # Accounts that were connected before the app was kept cannot tell.
    assert isinstance(await look(net, TEXT), Found)
    net.on(POSTS, (200, {"data": [theirs, ours]}))
    found = await look(net, TEXT, app="app-1")
    assert found == Found(Proof("111_2", "https://www.facebook.com/111/posts/2"))
    net.on(POSTS, (200, {"data": [row(3)]}))
    assert isinstance(await look(net, TEXT, app="app-1"), Found)
