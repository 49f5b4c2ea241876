"""Whole Facebook stories against the simulator, over loopback sockets."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests import media
from tests.platforms.run import MemoryRun
from tests.platforms.sandboxed_facebook import KINDS, Room, post

from polypost import clock
from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Undone,
)
from polypost.platforms.base import Absent, Account, CannotTell, Found, Grant, Proof
from polypost.platforms.facebook import CONNECTOR

pytestmark = pytest.mark.anyio

HIDDEN = [name for name in KINDS if name.startswith(("unpublished", "draft"))]
SHOWN = [name for name in KINDS if name not in HIDDEN]
# By which answers a lost one is told from one that never arrived.
AGAIN = ["photo", "photos", "video", "reel", "video story"]


@pytest.mark.parametrize("kind", SHOWN)
async def test_each_kind_of_post_goes_out_once(room: Room, kind) -> None:
    run, wanted = room.run(), KINDS[kind](room)
    proof = await CONNECTOR.publish(run, wanted)
    (shown,) = await room.posts()
    assert shown["text"] == wanted.text
    assert shown["mediaCount"] == len(wanted.media)
    assert proof.id in {shown["id"], run.attempts[0].handles.get("video")}
    assert proof.url
    assert run.warnings == []


@pytest.mark.parametrize("kind", HIDDEN)
async def test_what_is_unpublished_is_there_and_nobody_sees_it(room: Room, kind) -> None:
    run = room.run()
    proof = await CONNECTOR.publish(run, KINDS[kind](room))
    assert await room.posts() == []
    field = "published" if proof.id.isdecimal() else "is_published"
    assert (await room.read(proof.id, field))[field] is False
    found = await CONNECTOR.reconcile(run, KINDS[kind](room), run.attempts[-1])
    assert isinstance(found, CannotTell if kind == "unpublished text" else Found)


@pytest.mark.parametrize("kind", AGAIN)
@pytest.mark.parametrize("fault", ["lost_answer", "error_before"])
async def test_a_prepared_post_is_found_or_sent_once_more(room: Room, kind, fault) -> None:
    run, wanted = room.run(), KINDS[kind](room)
    await room.fault(fault)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    await room.pass_time(timedelta(seconds=30))
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
    assert isinstance(found, Found if fault == "lost_answer" else Absent)
    if isinstance(found, Found):
        run.rows["publish"] = found.proof
    await CONNECTOR.publish(run, wanted)
    assert len(await room.posts()) == 1
    assert len({str(attempt.handles) for attempt in run.attempts}) == 1


@pytest.mark.parametrize("kind", ["photos", "reel", "video"])
async def test_a_repeated_publication_is_refused_or_harmless(room: Room, kind) -> None:
    """The answer was lost, nobody looked, and the same thing is published again: one post all the same."""
    run, wanted = room.run(), KINDS[kind](room)
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    try:
        await CONNECTOR.publish(run, wanted)
    except (OutcomeUnknown, Rejected):
        assert kind != "video"
    assert len(await room.posts()) == 1


async def test_the_same_text_twice_is_a_duplicate(room: Room) -> None:
    await CONNECTOR.publish(room.run(), post())
    with pytest.raises(Duplicate):
        await CONNECTOR.publish(room.run(), post())
    await CONNECTOR.publish(room.run(), post(text="Something else"))
    assert len(await room.posts()) == 2


async def test_the_words_beside_a_post(room: Room) -> None:
    run = room.run()
    photos = post(room.picture(), room.picture("b.jpg"), altTexts=["A tree", ""], firstComment="The first")
    proof = await CONNECTOR.publish(run, photos)
    (first, second) = run.attempts[0].handles["photos"]
    assert (await room.read(first, "alt_text"))["alt_text"] == "A tree"
    assert "alt_text" not in await room.read(second, "alt_text")
    comments = (await room.read(proof.id, "comments.summary(true)"))["comments"]
    assert [each["message"] for each in comments["data"]] == ["The first"]
    assert comments["summary"]["total_count"] == 1


async def test_a_cover_that_cannot_be_had_or_used_only_warns(room: Room) -> None:
    run = room.run()
    url = "https://media.example.com/cover.jpg"
    await CONNECTOR.publish(run, post(room.film(), videoThumbnailUrl=url))
    assert run.warnings == ["The video is out without its thumbnail, which could not be fetched."]
    await room.fault("thumbnail_refused")
    run = room.run()
    cover = {url: room.picture("cover.jpg")}
    await CONNECTOR.publish(run, post(room.film(), text="Two", videoThumbnailUrl=url, extra=cover))
    assert run.warnings == ["The video is out, but Facebook did not take its thumbnail."]
    assert len(await room.posts()) == 2


async def test_what_is_left_out_is_said(room: Room) -> None:
    run = room.run()
    await CONNECTOR.publish(run, post(room.picture(), contentType="story", link="https://example.com"))
    assert len(run.warnings) == 2
    (shown,) = await room.posts()
    assert shown["text"] == ""


@pytest.mark.parametrize(("kind", "error"), [("video", Rejected), ("reel", Undone), ("video story", Undone)])
async def test_a_film_that_facebook_cannot_process(room: Room, kind, error) -> None:
    await room.fault("processing_failed")
    with pytest.raises(error) as found:
        await CONNECTOR.publish(room.run(), KINDS[kind](room))
    assert found.value.code == "media_rejected"
    assert await room.posts() == []


async def test_what_check_would_have_refused_the_network_refuses_too(room: Room) -> None:
    short, wide = room.film(seconds=1.0), room.film("b.mp4", width=1920, height=1080)
    for film in (short, wide):
        with pytest.raises(Undone):
            await CONNECTOR.publish(room.run(), post(film, contentType="reel"))
    with pytest.raises(Rejected):
        await CONNECTOR.publish(room.run(), post(room.file("a.webp", media.webp())))
    assert await room.posts() == []


async def test_trouble_with_the_upload_is_outlived(room: Room) -> None:
    await room.fault("wrong_offset")
    await CONNECTOR.publish(room.run(), post(room.film(size=3_000_000)))
    await room.fault("upload_timeout")
    await CONNECTOR.publish(room.run(), post(room.film(), text="Two", contentType="reel"))
    assert len(await room.posts()) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("policy_block", Rejected),
        ("too_fast", Rejected),
        ("publishing_authorization", Rejected),
        ("publishing_denied", ReconnectRequired),
        ("token_expired", ReconnectRequired),
        ("checkpoint", ReconnectRequired),
        ("page_role_lost", ReconnectRequired),
        ("token_dead", ReconnectRequired),
        ("rate_limited", RateLimited),
    ],
)
async def test_what_facebook_says_no_with(room: Room, fault, error) -> None:
    await room.fault(fault, seconds=60)
    with pytest.raises(error):
        await CONNECTOR.publish(room.run(), post())
    assert await room.posts() == []


async def test_high_usage_makes_the_account_rest(room: Room) -> None:
    await room.fault("usage_high", times=2, seconds=600)
    run = room.run()
    await CONNECTOR.publish(run, post())
    (until,) = run.holds
    assert timedelta(minutes=9) < until - run.now() < timedelta(minutes=11)


@pytest.mark.parametrize("kind", ["text", "photos", "video", "reel", "photo story", "unpublished text"])
async def test_a_post_is_taken_back_and_again(room: Room, kind) -> None:
    run = room.run()
    proof = await CONNECTOR.publish(run, KINDS[kind](room))
    await CONNECTOR.delete(run, proof)
    assert all(each["deleted"] for each in await room.posts())
    await CONNECTOR.delete(run, Proof(proof.id))
    await room.fault("cannot_delete")
    other = await CONNECTOR.publish(room.run(), post(text="Another"))
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.delete(run, other)
    assert refused.value.code == "delete_refused"


async def test_a_relative_address_gets_its_host(room: Room) -> None:
    await room.fault("relative_permalink", times=None)
    proof = await CONNECTOR.publish(room.run(), post(room.film()))
    assert proof.url == f"https://www.facebook.com/{room.account.id}/videos/{proof.id}/"


async def test_from_the_consent_page_to_a_post_of_a_page(room: Room) -> None:
    callback = "https://polypost.example/v1/connect/facebook/callback"
    asked = {
        "client_id": room.app.client_id,
        "redirect_uri": callback,
        "response_type": "code",
        "scope": ",".join(CONNECTOR.spec.oauth.scopes),
        "state": "s",
        "sandbox_decision": "approve",
    }
    async with httpx2.AsyncClient(trust_env=False) as web:
        page = await web.get(f"{room.url}/v26.0/dialog/oauth", params=asked)
    back = urlsplit(page.headers["location"])
    assert back.fragment == "_=_"
    grant = Grant(f"{parse_qs(back.query)['code'][0]}#_=_", callback)
    tokens = await CONNECTOR.login.exchange(room.http, room.app, grant)
    assert set(tokens.scopes) >= set(CONNECTOR.spec.oauth.scopes)
    with pytest.raises(Rejected):
        await CONNECTOR.login.exchange(room.http, room.app, grant)
    login = MemoryRun(room.http, Account(""), tokens.access_token, extra=tokens.extra)
    pages = await CONNECTOR.identify(login)
    assert len(pages) > 1
    assert {each.kind for each in pages} == {"page"}
    (mine,) = [each for each in pages if each.id == room.account.id]
    assert mine.tokens.access_expires_at is None
    assert mine.metadata["category"]
    assert mine.metadata["dataAccessUntil"]
    clock.advance(61 * 86_400)
    # The person's token is over by now, the Page's goes on.
    run = MemoryRun(room.http, mine, mine.tokens.access_token)
    await CONNECTOR.publish(run, post())
    assert [each.id for each in await CONNECTOR.identify(run)] == [mine.id]
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.identify(login)


async def test_pages_without_a_working_role_are_left_out(room: Room) -> None:
    tokens = await _login(room)
    await room.fault("tasks_missing")
    login = MemoryRun(room.http, Account(""), tokens.access_token, extra=tokens.extra)
    assert await CONNECTOR.identify(login) == []
    await room.fault("permission_declined")
    with pytest.raises(Rejected, match="pages_manage_posts"):
        await _login(room)


async def _login(room: Room):
    asked = {
        "client_id": "app",
        "redirect_uri": "https://app.example/",
        "scope": ",".join(CONNECTOR.spec.oauth.scopes),
        "sandbox_decision": "approve",
    }
    async with httpx2.AsyncClient(trust_env=False) as web:
        page = await web.get(f"{room.url}/dialog/oauth", params=asked)
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    app = type(room.app)("app", "any-secret")
    return await CONNECTOR.login.exchange(room.http, app, Grant(code, "https://app.example/"))


async def test_reels_of_the_day_are_counted(room: Room) -> None:
    for number in range(30):
        await CONNECTOR.publish(room.run(), post(room.film(), text=f"Reel {number}", contentType="reel"))
    with pytest.raises(RateLimited):
        await CONNECTOR.publish(room.run(), post(room.film(), contentType="reel"))
    await room.order("limits", enforced=False)
    await CONNECTOR.publish(room.run(), post(room.film(), contentType="reel"))
