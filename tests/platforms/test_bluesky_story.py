"""Bluesky's story told against the simulator: every kind of post, crashes, lost answers, files that vanish."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests import media
from tests.platforms.run import Died, MemoryRun
from tests.platforms.sandboxed_bluesky import APP, Room, post

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
)
from polypost.platforms.base import Absent, CannotTell, Found
from polypost.platforms.bluesky import CONNECTOR

pytestmark = pytest.mark.anyio

FACET = "app.bsky.richtext.facet#"


async def test_a_text_with_everything_that_can_be_marked(room: Room) -> None:
    text = "🦋 Hi @demo2.bsky.social and @nobody.bsky.social: https://example.com/ü, example.org #Grüße"
    proof = await CONNECTOR.publish(room.run(), post(text, langs=["EN", "de-CH"]))
    (shown,) = await room.posts()
    record = shown["raw"]["record"]
    assert proof.id == shown["id"] == f"at://{room.account.id}/app.bsky.feed.post/{shown['raw']['rkey']}"
    assert proof.url == f"https://bsky.app/profile/{room.account.id}/post/{shown['raw']['rkey']}"
    assert (record["text"], record["langs"]) == (text, ["en", "de-CH"])
    raw = text.encode()
    marks = {
        raw[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"][0]
        for facet in record["facets"]
    }
    assert {label: mark["$type"].removeprefix(FACET) for label, mark in marks.items()} == {
        "@demo2.bsky.social": "mention",
        "https://example.com/ü": "link",
        "example.org": "link",
        "#Grüße": "tag",
    }
    assert marks["example.org"]["uri"] == "https://example.org"
    assert marks["#Grüße"]["tag"] == "Grüße"
    assert marks["@demo2.bsky.social"]["did"].startswith("did:plc:")
    page = (await room.web.get(shown["permalink"])).text
    assert 'href="https://example.com/ü"' in page
    assert "@nobody.bsky.social:" in page


async def test_pictures_with_their_texts_and_ratios(room: Room) -> None:
    files = [
        room.picture("a.png"),
        room.file("b.jpg", media.jpeg(100, 300)),
        room.file("c.gif", media.gif()),
    ]
    run = room.run()
    await CONNECTOR.publish(run, post("", *files, altText=["one", ""]))
    (record,) = await room.records()
    images = record["embed"]["images"]
    assert record["embed"]["$type"] == "app.bsky.embed.images"
    assert [image["alt"] for image in images] == ["one", "", ""]
    assert [image["aspectRatio"] for image in images] == [
        {"width": 640, "height": 480},
        {"width": 100, "height": 300},
        {"width": 64, "height": 48},
    ]
    assert images[1]["image"]["mimeType"] == "image/jpeg"
    assert len(run.warnings) == 1
    assert "first picture of a GIF" in run.warnings[0]


async def test_a_gallery(room: Room) -> None:
    files = [room.file(f"{n}.png", media.png(60 + n, 40)) for n in range(6)]
    await CONNECTOR.publish(room.run(), post("six", *files, gallery=True, altText=["first"]))
    (record,) = await room.records()
    assert record["embed"]["$type"] == "app.bsky.embed.gallery"
    assert [item["$type"] for item in record["embed"]["items"]] == ["app.bsky.embed.gallery#image"] * 6
    assert len((await room.posts())[0]["media"]) == 6


@pytest.mark.parametrize("hours", [-3, 3])
async def test_a_clock_that_differs_from_the_servers_is_no_obstacle(room: Room, hours: int) -> None:
    run = room.run()
    run.offset = timedelta(hours=hours)
    await CONNECTOR.publish(run, post("A film", room.film()))
    assert len(await room.posts()) == 1


async def test_a_film_goes_by_way_of_the_video_service(room: Room) -> None:
    captions = [{"lang": "en", "content": "WEBVTT\n\n00:00.000 --> 00:01.000\nHi"}]
    await CONNECTOR.publish(room.run(), post("film", room.film(), altText=["a film"], captions=captions))
    (record,) = await room.records()
    film = record["embed"]
    assert film["$type"] == "app.bsky.embed.video"
    assert (film["alt"], film["aspectRatio"]) == ("a film", {"width": 1280, "height": 720})
    assert film["captions"][0]["file"]["mimeType"] == "text/vtt"
    assert "presentation" not in film
    assert (await room.calls()).count("getJobStatus") == 2


@pytest.mark.parametrize("fault", ["exists_without_blob", "slow"])
async def test_a_film_that_was_uploaded_before_is_used_again(room: Room, fault: str) -> None:
    await CONNECTOR.publish(room.run(), post("first", room.film()))
    await room.fault(fault, times=None, seconds=0)
    await CONNECTOR.publish(room.run(), post("second", room.film("b.mp4", kind="gif")))
    first, second = await room.records()
    assert first["embed"]["video"] == second["embed"]["video"]
    assert second["embed"]["presentation"] == "gif"


async def test_a_film_is_uploaded_plainly_when_the_service_is_down(room: Room) -> None:
    await room.fault("video_down")
    run = room.run()
    await CONNECTOR.publish(run, post("film", room.film()))
    (record,) = await room.records()
    assert record["embed"]["video"]["mimeType"] == "video/mp4"
    assert "uploaded plainly" in run.warnings[0]
    assert "getJobStatus" not in await room.calls()


async def test_a_film_that_cannot_be_processed(room: Room) -> None:
    await room.fault("video_failed")
    with pytest.raises(Rejected, match="Failed to process video") as refused:
        await CONNECTOR.publish(room.run(), post("film", room.film()))
    assert refused.value.code == "media_rejected"
    await room.fault("email_unconfirmed")
    with pytest.raises(Rejected, match="does not let this account") as refused:
        await CONNECTOR.publish(room.run(), post("film", room.film("b.mp4", seconds=6)))
    assert refused.value.code == "not_permitted"
    assert "Confirm the account's e-mail address" in refused.value.message
    assert await room.posts() == []


async def test_a_card(room: Room) -> None:
    picture = room.picture()
    card = {"url": "https://example.com/a", "title": "A page", "thumbnailUrl": picture.url}
    await CONNECTOR.publish(room.run(), post("Look", card=card, further=(picture,)))
    (record,) = await room.records()
    external = record["embed"]["external"]
    assert {name: external[name] for name in ("uri", "title", "description")} == {
        "uri": "https://example.com/a",
        "title": "A page",
        "description": "",
    }
    assert external["thumb"]["mimeType"] == "image/png"
    page = (await room.web.get((await room.posts())[0]["permalink"])).text
    assert "A page" in page


async def test_a_reply_a_quote_and_a_quote_with_pictures(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post("first", threadItems=[{"content": "second"}]))
    second = (await room.posts())[1]
    await CONNECTOR.publish(room.run(), post("answer", replyTo=second["id"], quote=first.url))
    await CONNECTOR.publish(room.run(), post("look", room.picture(), quote=first.id))
    _, _, answer, look = await room.records()
    assert answer["reply"]["parent"]["uri"] == second["id"]
    assert answer["reply"]["root"]["uri"] == first.id
    assert answer["embed"]["record"]["uri"] == first.id
    assert look["embed"]["$type"] == "app.bsky.embed.recordWithMedia"
    assert look["embed"]["media"]["images"]
    assert "first" in (await room.web.get((await room.posts())[3]["permalink"])).text


async def test_by_handle_and_what_is_not_there(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post("first"))
    rkey = first.id.rpartition("/")[2]
    address = f"https://bsky.app/profile/{room.account.username}/post/{rkey}"
    await CONNECTOR.publish(room.run(), post("answer", replyTo=address))
    assert (await room.records())[1]["reply"]["root"]["uri"] == first.id
    for gone in (f"at://{room.account.id}/app.bsky.feed.post/3222222222222", f"{address}x"):
        with pytest.raises(Rejected, match="is not there"):
            await CONNECTOR.publish(room.run(), post("x", quote=gone))
    with pytest.raises(Rejected, match="is not there"):
        await CONNECTOR.publish(
            room.run(), post("x", replyTo="at://nobody.bsky.social/app.bsky.feed.post/3222222222222")
        )


async def test_labels_tags_and_who_may_answer(room: Room) -> None:
    options = {
        "labels": ["nudity", "nudity"],
        "tags": ["#hidden", "two"],
        "replyControl": ["mentioned", "followers"],
        "allowQuotes": False,
    }
    run = room.run()
    proof = await CONNECTOR.publish(run, post("limited", **options))
    (record,) = await room.records()
    assert record["labels"]["values"] == [{"val": "nudity"}]
    assert record["tags"] == ["hidden", "two"]
    page = (await room.web.get((await room.posts())[0]["permalink"])).text
    for said in (
        "replies by people it mentions, followers",
        "no quotes",
        "#hidden",
        "Content warning: nudity",
    ):
        assert said in page
    assert run.warnings == []
    # A reply of a thread has none of it.
    await CONNECTOR.publish(room.run(), post("closed", replyControl=[], threadItems=[{"content": "more"}]))
    assert "replies by nobody" in (await room.web.get((await room.posts())[1]["permalink"])).text
    assert "labels" not in (await room.records())[2]
    assert proof.id == (await room.posts())[0]["id"]


async def test_a_thread_hangs_together(room: Room) -> None:
    film, picture = room.film(), room.picture()
    items = [
        {
            "content": "second",
            "mediaItems": [{"type": "image", "url": picture.url}],
            "altText": ["described"],
        },
        {"content": "", "mediaItems": [{"type": "video", "url": film.url}]},
    ]
    await CONNECTOR.publish(room.run(), post("first", threadItems=items, further=(film, picture)))
    one, two, three = await room.posts()
    second, third = two["raw"]["record"], three["raw"]["record"]
    assert second["reply"]["root"]["uri"] == second["reply"]["parent"]["uri"] == one["id"]
    assert third["reply"]["root"]["uri"] == one["id"]
    assert third["reply"]["parent"] == {"uri": two["id"], "cid": two["raw"]["cid"]}
    assert second["embed"]["images"][0]["alt"] == "described"
    assert third["embed"]["$type"] == "app.bsky.embed.video"
    page = (await room.web.get(three["permalink"])).text
    assert page.index(">first<") < page.index(">second<")


def steps_of_a_thread() -> list[str]:
    parts = ["post", "thread-1"]
    return [
        "people",
        "post-media-0",
        "thread-1-media-0",
        "post-record",
        parts[0],
        "post-cid",
        "thread-1-record",
        parts[1],
        "reply-control",
    ]


@pytest.mark.parametrize("step", steps_of_a_thread())
async def test_a_crash_before_any_step_changes_nothing(room: Room, step: str) -> None:
    picture = room.picture()
    item = {"content": "second", "mediaItems": [{"type": "image", "url": picture.url}]}
    told = post(
        "first @demo2.bsky.social",
        room.file("b.png", media.png(30, 30)),
        threadItems=[item],
        replyControl=["following"],
        further=(picture,),
    )
    dying = room.run(dies_at=step)
    with pytest.raises(Died):
        await CONNECTOR.publish(dying, told)
    await CONNECTOR.publish(room.run(rows=dying.rows), told)
    assert [shown["text"] for shown in await room.posts()] == ["first @demo2.bsky.social", "second"]
    calls = await room.calls()
    assert calls.count("uploadBlob") == 2
    assert calls.count("putRecord") == 3


async def test_a_lost_answer_is_found_and_a_second_try_makes_no_second_post(room: Room) -> None:
    await room.fault("lost_answer")
    run = room.run()
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    found = await CONNECTOR.reconcile(run, post(), run.attempts[0])
    (shown,) = await room.posts()
    assert isinstance(found, Found)
    assert found.proof.id == shown["id"]
    # Even the blindest repetition means the same post.
    proof = await CONNECTOR.publish(room.run(rows=run.rows), post())
    assert proof == found.proof
    assert len(await room.posts()) == 1


@pytest.mark.parametrize("fault", ["error_before", "reset_before"])
async def test_what_did_not_arrive_is_absent_and_may_be_tried_again(room: Room, fault: str) -> None:
    await room.fault(fault)
    run = room.run()
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    assert isinstance(await CONNECTOR.reconcile(run, post(), run.attempts[0]), Absent)
    assert CONNECTOR.retry_when_absent(post(), run.attempts[0]) == "always"
    again = room.run(rows=run.rows)
    await CONNECTOR.publish(again, post())
    assert again.attempts[0].handles == run.attempts[0].handles
    assert len(await room.posts()) == 1


async def test_another_record_under_the_key_is_no_proof(room: Room) -> None:
    run = room.run(dies_at="post")
    with pytest.raises(Died):
        await CONNECTOR.publish(run, post())
    drawn = run.rows["post-record"]
    other = {**drawn["record"], "text": "other", "createdAt": "2020-01-01T00:00:00Z"}
    body = {"repo": room.account.id, "collection": "app.bsky.feed.post", "rkey": drawn["rkey"]}
    token = {"authorization": f"Bearer {run.token}"}
    await room.web.post("/xrpc/com.atproto.repo.createRecord", json={**body, "record": other}, headers=token)
    again = room.run(rows=run.rows)
    with pytest.raises(Duplicate):
        await CONNECTOR.publish(again, post())
    assert isinstance(await CONNECTOR.reconcile(again, post(), again.attempts[0]), CannotTell)


async def test_files_that_the_server_has_forgotten_are_uploaded_again(room: Room) -> None:
    picture = room.picture()
    card = {"url": "https://example.com", "title": "t", "thumbnailUrl": picture.url}
    for told in (
        post("picture", picture),
        post("card", card=card, further=(picture,)),
        post(
            "thread",
            threadItems=[{"content": "", "mediaItems": [{"type": "image", "url": picture.url}]}],
            further=(picture,),
        ),
    ):
        await room.fault("blob_lost")
        run = room.run()
        await CONNECTOR.publish(run, told)
        assert any(name.endswith("-again") for name in run.rows)
    assert len(await room.posts()) == 4


async def test_a_processed_film_that_was_forgotten_is_uploaded_plainly(room: Room) -> None:
    await room.fault("blob_lost", times=2)
    run = room.run()
    with pytest.raises(Rejected, match="forgotten an uploaded file"):
        await CONNECTOR.publish(run, post("film", room.film()))
    assert await room.posts() == []
    await room.fault("blob_lost")
    run = room.run()
    await CONNECTOR.publish(run, post("film", room.film("b.mp4", seconds=6)))
    (record,) = await room.records()
    assert record["embed"]["video"] == run.rows["post-media-0-again"]
    assert "uploaded plainly" in run.warnings[0]
    # It is the same post under the same key, whichever film it shows.
    assert record["createdAt"] == run.rows["post-record"]["record"]["createdAt"]


async def test_an_expired_session_is_renewed_in_the_middle_of_a_story(room: Room) -> None:
    async def renew() -> str:
        return (await CONNECTOR.login.refresh(room.http, APP, room.tokens)).access_token

    run = room.run(renew=renew)
    await room.order("clock", advance=3 * 3600)
    await CONNECTOR.publish(run, post("Hello", room.picture()))
    assert len(await room.posts()) == 1


async def test_a_dead_session_and_a_restricted_account(room: Room) -> None:
    await room.fault("account_takedown")
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.publish(room.run(), post())
    assert refused.value.code == "account_restricted"
    await room.fault("token_dead")
    with pytest.raises(TokenExpired):
        await CONNECTOR.publish(room.run(), post())
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.login.refresh(room.http, APP, room.tokens)


async def test_limits_are_waited_for_and_obeyed_ahead(room: Room) -> None:
    await room.fault("rate_limited", seconds=120)
    run = room.run()
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(run, post())
    assert 118 < (limited.value.until - run.now()).total_seconds() < 122
    await room.order("clock", advance=121)
    await CONNECTOR.publish(room.run(rows=run.rows), post())
    assert len(await room.posts()) == 1


async def test_deleting(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post())
    await CONNECTOR.delete(room.run(), proof)
    await CONNECTOR.delete(room.run(), proof)
    assert [shown["deleted"] for shown in await room.posts()] == [True]


async def test_without_a_server_there_is_nothing_to_do(room: Room) -> None:
    lost = MemoryRun(room.http, room.account, "token")
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.publish(lost, post())
