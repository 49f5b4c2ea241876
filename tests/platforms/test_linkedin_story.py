"""Whole LinkedIn stories against the simulator, over loopback sockets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from tests import media
from tests.platforms.run import Died
from tests.platforms.sandboxed_linkedin import ORGANIZATION, Room, post

from polypost import clock
from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PolypostError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import Absent, CannotTell, Found, Post
from polypost.platforms.linkedin import CONNECTOR

pytestmark = pytest.mark.anyio

MENTION = {"text": "Demo Company", "urn": ORGANIZATION}
POLL = {"question": "Well?", "options": ["Yes", "No"], "duration": "ONE_DAY"}
ARTICLE = {"articleUrl": "https://example.com/a?b=c", "articleTitle": "T", "articleDescription": "D"}

CASES: dict[str, tuple[Callable[[Room], Post], int]] = {
    "text": (lambda _: post("Hello (world) #tag at Demo Company", mentions=[MENTION]), 0),
    "image": (lambda room: post("Look", room.picture(), altText=["A thing"]), 1),
    "gif": (lambda room: post("Look", room.file("a.gif", media.gif(3))), 1),
    "multi-image": (lambda room: post("Look", *(room.picture(f"{n}.png") for n in range(3))), 3),
    "video": (lambda room: post("Look", room.film()), 1),
    "document": (lambda room: post("Read", room.document(), documentTitle="Report"), 1),
    "article": (lambda _: post("See", **ARTICLE), 0),
    "article with a picture": (lambda room: post("See", room.picture(), **ARTICLE), 0),
    "poll": (lambda _: post("Say", poll=POLL), 0),
    "for connections": (lambda _: post("Psst", visibility="CONNECTIONS", disableReshare=True), 0),
}
SENT = {
    "text": None,
    "image": ["media"],
    "gif": ["media"],
    "multi-image": ["multiImage"],
    "video": ["media"],
    "document": ["media"],
    "article": ["article"],
    "article with a picture": ["article"],
    "poll": ["poll"],
    "for connections": None,
}


@pytest.mark.parametrize("case", CASES)
async def test_each_kind_of_post_goes_out_once(room: Room, case: str) -> None:
    make, count = CASES[case]
    wanted, run = make(room), room.run()
    proof = await CONNECTOR.publish(run, wanted)
    (shown,) = await room.posts()
    assert shown["id"] == proof.id
    assert shown["mediaCount"] == count
    assert shown["accountId"] == room.account.id
    assert shown["text"] == wanted.text
    assert not shown["raw"]["cut"]
    assert not shown["raw"]["unescaped"]
    content = shown["raw"]["record"].get("content")
    assert (None if content is None else list(content)) == SENT[case]
    assert proof.url == f"https://www.linkedin.com/feed/update/{proof.id}/"
    assert (await room.web.get(urlsplit(proof.url).path)).status_code == 200
    assert run.warnings == []


async def test_the_contents_are_what_was_asked_for(room: Room) -> None:
    for name in ("image", "document", "article with a picture", "poll", "for connections"):
        await CONNECTOR.publish(room.run(), CASES[name][0](room))
    image, document, article, poll, private = [entry["raw"]["record"] for entry in await room.posts()]
    assert image["content"]["media"]["altText"] == "A thing"
    assert document["content"]["media"]["title"] == "Report"
    card = article["content"]["article"]
    assert (card["source"], card["title"], card["description"]) == ("https://example.com/a?b=c", "T", "D")
    assert card["thumbnail"].startswith("urn:li:image:")
    assert poll["content"]["poll"]["settings"] == {"duration": "ONE_DAY"}
    assert (private["visibility"], private["isReshareDisabledByAuthor"]) == ("CONNECTIONS", True)


async def test_a_link_card_without_a_title_shows_where_it_leads(room: Room) -> None:
    await CONNECTOR.publish(room.run(), post("See", articleUrl="https://example.com/a"))
    (shown,) = await room.posts()
    assert shown["raw"]["record"]["content"]["article"]["title"] == "example.com"


async def test_a_post_for_the_organization(room: Room) -> None:
    company = room.company()
    proof = await CONNECTOR.publish(company.run(), post("We", room.picture(), firstComment="And so on"))
    (shown,) = await room.posts()
    assert shown["accountId"] == ORGANIZATION
    page = await room.web.get("/company/demo-company/")
    assert "We" in page.text
    assert "And so on" in page.text
    await CONNECTOR.delete(company.run(), proof)
    assert (await room.posts())[0]["deleted"]


async def test_a_reshare_shows_the_other_post(room: Room) -> None:
    first = await CONNECTOR.publish(room.company().run(), post("The first"))
    second = await CONNECTOR.publish(room.run(), post("Look at this", reshareUrn=first.id))
    page = await room.web.get(urlsplit(second.url or "").path)
    assert "The first" in page.text
    assert "Look at this" in page.text


@pytest.mark.parametrize("size", [4_194_304, 4_194_305, 9_000_000])
async def test_a_video_arrives_in_parts_and_in_order(room: Room, size: int) -> None:
    film = room.film(size=size)
    await CONNECTOR.publish(room.run(), post("Look", film))
    (shown,) = await room.posts()
    assert not shown["raw"]["damaged"]
    sent = await room.web.get(shown["media"][0]["url"])
    assert sent.content == film.data
    parts = await room.requests("PUT", "/dms-uploads/")
    assert len(parts) == -(-size // 4_194_304)
    # Parts go to a host of their own, which has no business with the token.
    assert all("authorization" not in call["requestHeaders"] for call in parts)
    assert max(film.reads) <= 1024 * 1024


async def test_pictures_are_sent_with_the_token(room: Room) -> None:
    await room.fault("upload_needs_token", times=None)
    await CONNECTOR.publish(room.run(), post("Look", room.picture()))
    assert len(await room.posts()) == 1


async def test_a_listing_that_lags_is_helped_by_what_the_refusal_names(room: Room) -> None:
    run = room.run()
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    await room.fault("listing_lag", times=None, seconds=3600)
    assert await CONNECTOR.reconcile(run, post(), run.attempts[-1]) == Absent()
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    (first,) = await room.posts()
    assert first["id"] in run.attempts[-1].refusal
    found = await CONNECTOR.reconcile(run, post(), run.attempts[-1])
    assert isinstance(found, Found)
    assert found.proof.id == first["id"]
    run.taken.add(first["id"])
    assert await CONNECTOR.reconcile(run, post(), run.attempts[-1]) == Absent()


async def test_a_refusal_that_names_a_ghost_is_not_believed(room: Room) -> None:
    run = room.run()
    for fault in ("error_before", "ghost_duplicate"):
        await room.fault(fault)
        with pytest.raises(OutcomeUnknown):
            await CONNECTOR.publish(run, post())
    assert "urn:li:share:7" in run.attempts[-1].refusal
    assert await CONNECTOR.reconcile(run, post(), run.attempts[-1]) == Absent()


async def test_an_app_that_may_not_read_posts_back_cannot_tell(room: Room) -> None:
    room = await room.self_serve()
    run = room.run()
    await room.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    for _ in range(2):
        # Neither the list nor the post that the second refusal names is open to such an app.
        assert isinstance(await CONNECTOR.reconcile(run, post(), run.attempts[-1]), CannotTell)
        with pytest.raises(OutcomeUnknown):
            await CONNECTOR.publish(run, post())
    assert len(await room.posts()) == 1


async def test_the_same_text_again_is_a_duplicate(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post())
    with pytest.raises(Duplicate) as refused:
        await CONNECTOR.publish(room.run(), post())
    assert first.id in refused.value.message
    await CONNECTOR.publish(room.run(), post("Another"))
    await CONNECTOR.publish(room.company().run(), post())


async def test_a_comment_that_is_refused_is_a_warning(room: Room) -> None:
    await room.fault("comment_forbidden")
    run = room.run()
    await CONNECTOR.publish(run, post("Hello", firstComment="First!"))
    assert run.warnings == ["The post is published, but LinkedIn did not take the first comment."]
    assert len(await room.posts()) == 1


async def test_an_upload_that_ran_out_is_begun_anew(room: Room) -> None:
    wanted = CASES["video"][0](room)
    first = room.run(dies_at="media-0-finish")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, wanted)
    await room.pass_time(timedelta(hours=25))
    await CONNECTOR.publish(room.run(rows=first.rows), wanted)
    assert len(await room.posts()) == 1


@pytest.mark.parametrize("case", ["image", "video", "document"])
async def test_where_the_status_may_not_be_asked_the_post_tells(room: Room, case: str) -> None:
    await room.fault("status_forbidden", times=None)
    await room.fault("processing", seconds=120)
    wanted, run = CASES[case][0](room), room.run()
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run, wanted)
    assert await room.posts() == []
    await room.pass_time(timedelta(minutes=3))
    await CONNECTOR.publish(room.run(rows=run.rows), wanted)
    assert len(await room.posts()) == 1


@pytest.mark.parametrize("case", ["image", "video", "document"])
async def test_a_file_that_linkedin_cannot_use(room: Room, case: str) -> None:
    await room.fault("processing_failed")
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.publish(room.run(), CASES[case][0](room))
    assert refused.value.code == "media_rejected"
    assert await room.posts() == []


REFUSALS: dict[str, tuple[type[PolypostError], str]] = {
    "rate_limited": (RateLimited, "rate_limited"),
    "duplicate": (Duplicate, "duplicate"),
    "conflict": (Unavailable, "platform_unavailable"),
    "version_ended": (Rejected, "platform_setup"),
    "restricted_member": (Rejected, "account_restricted"),
    "token_expired": (TokenExpired, "reconnect_required"),
    "token_dead": (TokenExpired, "reconnect_required"),
}


@pytest.mark.parametrize("fault", REFUSALS)
async def test_refusals_of_the_publishing_call(room: Room, fault: str) -> None:
    kind, code = REFUSALS[fault]
    await room.fault(fault, seconds=90)
    with pytest.raises(kind) as refused:
        await CONNECTOR.publish(room.run(), post())
    assert type(refused.value) is kind
    assert refused.value.code == code
    if isinstance(refused.value, RateLimited):
        assert timedelta(seconds=60) < refused.value.until - clock.now() <= timedelta(seconds=90)
    assert await room.posts() == []


async def test_a_days_posts_come_to_an_end_at_midnight(room: Room) -> None:
    for number in range(150):
        await CONNECTOR.publish(room.run(), post(f"Number {number}"))
    with pytest.raises(RateLimited) as refused:
        await CONNECTOR.publish(room.run(), post("One too many"))
    until = refused.value.until
    assert (until.hour, until.minute, until.second) == (0, 0, 0)
    await room.pass_time(until - clock.now())
    await CONNECTOR.publish(room.run(), post("Tomorrow"))


async def test_a_page_that_is_no_longer_administered(room: Room) -> None:
    other = room.company()
    other.account = type(other.account)("urn:li:organization:5000002")
    with pytest.raises(ReconnectRequired) as refused:
        await CONNECTOR.publish(other.run(), post())
    assert type(refused.value) is ReconnectRequired
    assert refused.value.reason == "access_revoked"


async def test_deleting_twice_is_a_success(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post())
    for _ in range(2):
        await CONNECTOR.delete(room.run(), proof)
    assert (await room.posts())[0]["deleted"]
    assert (await room.web.get(urlsplit(proof.url or "").path)).status_code == 404
