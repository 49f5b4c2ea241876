"""A TikTok post from its first call to its address, against a server that answers as TikTok does."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.platforms.run import Died
from tests.platforms.scripted_tiktok import (
    CHUNK,
    CREATOR,
    INBOX,
    PHOTOS,
    PUBLIC,
    PUT,
    STATUS,
    THREE,
    VIDEO,
    Script,
    creator,
    film,
    opened,
    photo,
    post,
    run_on,
    said,
    state,
)

from polypost.errors import OutcomeUnknown, RateLimited, ReconnectRequired, Rejected, Unavailable, Undone
from polypost.platforms.tiktok import CONNECTOR

pytestmark = pytest.mark.anyio

TAKEN = {"content-range": f"bytes 0-{CHUNK - 1}/{THREE}"}


def ranges(net: Script) -> list[str]:
    return [call.headers["content-range"] for call in net.calls[PUT]]


async def test_a_video_is_asked_for_opened_sent_and_waited_for(net: Script) -> None:
    run = run_on(net)
    options = {"privacyLevel": "PUBLIC_TO_EVERYONE", "disableDuet": True, "videoCoverTimestampMs": 500.0}
    proof = await CONNECTOR.publish(run, post(film(), **options))
    assert (proof.id, proof.url) == (str(PUBLIC), f"https://www.tiktok.com/@demo/video/{PUBLIC}")
    assert net.sent(CREATOR) == {}
    assert net.sent(VIDEO) == {
        "post_info": {
            "title": "Hello #world",
            "privacy_level": "PUBLIC_TO_EVERYONE",
            "disable_duet": True,
            "disable_stitch": False,
            "disable_comment": False,
            "brand_content_toggle": False,
            "brand_organic_toggle": False,
            "is_aigc": False,
            "video_cover_timestamp_ms": 500,
        },
        "source_info": {
            "source": "FILE_UPLOAD",
            "video_size": 1000,
            "chunk_size": 1000,
            "total_chunk_count": 1,
        },
    }
    (put,) = net.calls[PUT]
    assert put.headers["content-range"] == "bytes 0-999/1000"
    assert put.headers["content-type"] == "video/mp4"
    assert "authorization" not in put.headers
    assert put.fields == {"upload_id": "1", "upload_token": "t"}
    assert len(put.body) == 1000
    for route in (CREATOR, VIDEO, STATUS):
        assert net.calls[route][0].headers["authorization"] == "Bearer act.1"
        assert net.calls[route][0].headers["content-type"] == "application/json; charset=UTF-8"
    assert run.attempts[0].handles == {"publish_id": "v_pub_file~v2-1.1", "size": 1000, "draft": False}
    assert run.warnings == []


async def test_a_long_video_goes_in_chunks_of_which_the_last_is_the_commit_call(net: Script) -> None:
    net.on(PUT, (206, b"", TAKEN), (206, b""), (201, b""))
    run = run_on(net)
    await CONNECTOR.publish(run, post(film(THREE)))
    size = THREE // 3
    assert ranges(net) == [
        f"bytes 0-{size - 1}/{THREE}",
        f"bytes {size}-{2 * size - 1}/{THREE}",
        f"bytes {2 * size}-{THREE - 1}/{THREE}",
    ]
    assert net.sent(VIDEO)["source_info"]["total_chunk_count"] == 3
    assert [name for name in run.rows if name.startswith("chunk")] == ["chunk 1", "chunk 2"]
    assert [attempt.part for attempt in run.attempts] == ["publish"]


STEPS = ["creator", "open", "chunk 1", "chunk 2", "taken", "published"]


@pytest.mark.parametrize(
    ("when", "name"),
    # A death after the commit call is a lost answer, which reconcile looks into.
    [("dies_at", "publish"), *((when, name) for name in STEPS for when in ("dies_at", "dies_after"))],
)
async def test_a_death_at_any_step_goes_on_where_it_was(net: Script, name, when) -> None:
    net.on(PUT, (206, b""))
    rows = {}
    with pytest.raises(Died):
        await CONNECTOR.publish(run_on(net, rows=rows, **{when: name}), post(film(THREE)))
    run = run_on(net, rows=rows)
    proof = await CONNECTOR.publish(run, post(film(THREE)))
    assert proof.id == str(PUBLIC)
    lasts = [sent for sent in ranges(net) if sent.endswith(f"-{THREE - 1}/{THREE}")]
    assert len(lasts) == 1
    assert len(net.calls[VIDEO]) == (2 if (name, when) == ("open", "dies_after") else 1)


async def test_a_chunk_that_is_there_already_is_not_an_error(net: Script) -> None:
    both = {"content-range": f"bytes 0-{THREE // 3 - 1}/{THREE}"}
    net.on(PUT, (416, b"", both), (206, b""), (201, b""))
    await CONNECTOR.publish(run_on(net), post(film(THREE)))
    assert len(net.calls[VIDEO]) == 1


async def test_a_chunk_is_sent_again_when_the_host_stumbles_or_the_line_breaks(net: Script) -> None:
    net.on(PUT, (503, b""), 100, (206, b""), (206, b""), (201, b""))
    await CONNECTOR.publish(run_on(net), post(film(THREE)))
    assert ranges(net)[0] == ranges(net)[1] == ranges(net)[2]
    assert len(net.calls[PUT]) == 5


async def test_a_host_that_keeps_stumbling_is_trouble(net: Script) -> None:
    net.on(PUT, (502, b""))
    run = run_on(net)
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run, post(film(THREE)))
    assert run.attempts == []


@pytest.mark.parametrize("status", [403, 404, 416])
@pytest.mark.parametrize("size", [1000, THREE])
async def test_an_upload_that_is_lost_is_opened_anew(net: Script, status, size) -> None:
    net.on(VIDEO, (200, opened()), (200, opened("v_pub_file~v2-1.2", "upload_id=2&upload_token=u")))
    net.on(PUT, (status, b""), (206, b""), (206, b""), (201, b""))
    run = run_on(net)
    await CONNECTOR.publish(run, post(film(size)))
    assert net.calls[PUT][-1].fields["upload_id"] == "2"
    assert run.attempts[-1].handles["publish_id"] == "v_pub_file~v2-1.2"
    assert net.sent(STATUS)["publish_id"] == "v_pub_file~v2-1.2"


async def test_uploads_that_are_always_lost_are_trouble(net: Script) -> None:
    net.on(PUT, (403, b""))
    with pytest.raises(Unavailable, match="lost 3 uploads"):
        await CONNECTOR.publish(run_on(net), post())
    assert len(net.calls[VIDEO]) == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((500, b""), OutcomeUnknown),
        ((302, b""), OutcomeUnknown),
        ((408, b""), OutcomeUnknown),
        (10, OutcomeUnknown),
        ((400, b""), Rejected),
        ((429, b""), RateLimited),
        ((403, said(code="spam_risk")), Rejected),
    ],
)
async def test_the_answer_to_the_last_chunk(net: Script, answer, kind) -> None:
    net.on(PUT, answer)
    run = run_on(net)
    with pytest.raises(kind):
        await CONNECTOR.publish(run, post())
    assert len(net.calls[PUT]) == 1
    assert len(run.attempts) == 1


@pytest.mark.parametrize("status", [200, 201, 206])
async def test_the_last_chunk_is_taken_with_any_good_status(net: Script, status) -> None:
    net.on(PUT, (status, b"not json"))
    assert (await CONNECTOR.publish(run_on(net), post())).id == str(PUBLIC)


async def test_a_last_chunk_that_is_there_already_is_ours(net: Script) -> None:
    net.on(PUT, (416, b"", {"content-range": "bytes 0-999/1000"}))
    assert (await CONNECTOR.publish(run_on(net), post())).id == str(PUBLIC)


async def test_photos_are_pulled_and_the_one_call_publishes(net: Script) -> None:
    run = run_on(net)
    options = {"photoCoverIndex": 1, "autoAddMusic": False, "brandOrganicToggle": True}
    proof = await CONNECTOR.publish(run, post(photo("a.jpg"), photo("b.jpg"), **options))
    assert proof.url == f"https://www.tiktok.com/@demo/photo/{PUBLIC}"
    assert net.sent(PHOTOS) == {
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST",
        "post_info": {
            "title": "Hello #world",
            "description": "Hello #world",
            "privacy_level": "PUBLIC_TO_EVERYONE",
            "disable_comment": False,
            "auto_add_music": False,
            "brand_content_toggle": False,
            "brand_organic_toggle": True,
        },
        "source_info": {
            "source": "PULL_FROM_URL",
            "photo_images": ["https://media.example/a.jpg", "https://media.example/b.jpg"],
            "photo_cover_index": 1,
        },
    }
    assert len(run.attempts) == 1


@pytest.mark.parametrize(("given", "sent"), [({"description": "Long"}, "Long"), ({"description": ""}, None)])
async def test_a_description_of_ones_own(net: Script, given, sent) -> None:
    await CONNECTOR.publish(run_on(net), post(photo(), **given))
    assert net.sent(PHOTOS)["post_info"].get("description") == sent


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((500, said(code="internal_error")), OutcomeUnknown),
        ((200, b"<html>"), OutcomeUnknown),
        ((200, said()), OutcomeUnknown),
        ((200, said({"publish_id": 7})), OutcomeUnknown),
        ((200, said(code="url_ownership_unverified")), Rejected),
        ((403, said(code="url_ownership_unverified")), Rejected),
        ((429, said(code="rate_limit_exceeded")), RateLimited),
        ((401, said(code="scope_not_authorized")), ReconnectRequired),
    ],
)
async def test_the_answer_to_the_call_for_photos(net: Script, answer, kind) -> None:
    net.on(PHOTOS, answer)
    with pytest.raises(kind):
        await CONNECTOR.publish(run_on(net), post(photo()))
    assert len(net.calls[PHOTOS]) == 1


async def test_an_answer_that_is_good_in_spite_of_its_status(net: Script) -> None:
    net.on(PHOTOS, (500, said({"publish_id": "p_pub_url~v2.9"})))
    await CONNECTOR.publish(run_on(net), post(photo()))
    assert net.sent(STATUS) == {"publish_id": "p_pub_url~v2.9"}


async def test_a_video_draft_asks_for_no_settings_and_says_that_its_text_is_left_out(net: Script) -> None:
    net.on(STATUS, (200, state("SEND_TO_USER_INBOX")))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post(draft=True))
    assert (proof.id, proof.url) == ("v_inbox_file~v2.1", "https://www.tiktok.com/messages")
    assert CREATOR not in net.calls
    assert set(net.sent(INBOX)) == {"source_info"}
    assert "no caption" in run.warnings[0]


async def test_a_photo_draft_keeps_its_texts(net: Script) -> None:
    net.on(STATUS, (200, state("SEND_TO_USER_INBOX")))
    run = run_on(net)
    await CONNECTOR.publish(run, post(photo(), draft=True))
    body = net.sent(PHOTOS)
    assert body["post_mode"] == "MEDIA_UPLOAD"
    assert body["post_info"] == {"title": "Hello #world", "description": "Hello #world"}
    assert (run.warnings, CREATOR in net.calls) == ([], False)


@pytest.mark.parametrize(
    ("settings", "options", "says"),
    [
        ({"privacy_level_options": ["SELF_ONLY"]}, {}, "does not offer PUBLIC_TO_EVERYONE"),
        ({"comment_disabled": True}, {}, "disableComment"),
        ({"duet_disabled": True}, {}, "disableDuet"),
        ({"stitch_disabled": True}, {"disableDuet": True}, "disableStitch"),
        ({"max_video_post_duration_sec": 9}, {}, "at most 9 seconds; this one lasts 10.0"),
    ],
)
async def test_what_the_creators_settings_forbid_is_said_before_anything_is_sent(
    net: Script, settings, options, says
) -> None:
    net.on(CREATOR, (200, creator(**settings)))
    with pytest.raises(Rejected, match=says) as refused:
        await CONNECTOR.publish(run_on(net), post(**options))
    assert refused.value.code == "not_permitted"
    assert refused.value.next_step
    assert VIDEO not in net.calls


async def test_what_the_settings_ask_for_and_what_photos_are_not_asked(net: Script) -> None:
    off = {"comment_disabled": True, "duet_disabled": True, "stitch_disabled": True}
    net.on(CREATOR, (200, creator(**off, max_video_post_duration_sec=10)))
    flags = {"disableComment": True, "disableDuet": True, "disableStitch": True}
    await CONNECTOR.publish(run_on(net), post(**flags))
    await CONNECTOR.publish(run_on(net), post(photo(), disableComment=True))


@pytest.mark.parametrize("code", ["spam_risk_too_many_posts", "reached_active_user_cap"])
async def test_a_cap_that_the_settings_tell_with_status_200_lets_the_account_rest(net: Script, code) -> None:
    net.on(CREATOR, (200, said(code=code)))
    run = run_on(net)
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(run, post())
    assert run.holds == [limited.value.until]
    assert limited.value.until - run.now() > timedelta(minutes=59)


async def test_the_word_of_tiktok_is_waited_for_and_silence_is_no_failure(net: Script) -> None:
    net.on(
        STATUS,
        (200, state("PROCESSING_UPLOAD", uploaded=1000)),
        (500, b""),
        10,
        (200, state("PROCESSING_DOWNLOAD")),
        (200, state("PUBLISH_COMPLETE", PUBLIC)),
    )
    run = run_on(net)
    assert (await CONNECTOR.publish(run, post())).id == str(PUBLIC)
    assert run.offset > timedelta(seconds=15)


@pytest.mark.parametrize("reason", ["spam_risk_text", "internal", "something_new", ""])
async def test_a_verdict_after_all(net: Script, reason) -> None:
    net.on(STATUS, (200, state("PROCESSING_UPLOAD")), (200, state("FAILED", reason=reason)))
    with pytest.raises(Undone):
        await CONNECTOR.publish(run_on(net), post())


@pytest.mark.parametrize(
    "complete",
    [
        state("PUBLISH_COMPLETE", str(PUBLIC)),
        said({"status": "PUBLISH_COMPLETE", "publicly_available_post_id": [PUBLIC]}),
    ],
)
async def test_ids_are_numbers_of_64_bits_or_texts_in_a_list_that_is_misspelt(net: Script, complete) -> None:
    net.on(STATUS, (200, complete))
    run = run_on(net)
    assert (await CONNECTOR.publish(run, post())).id == str(PUBLIC)
    assert json.loads(json.dumps(run.rows["published"])) == [str(PUBLIC)]


async def test_the_address_follows_moderation(net: Script) -> None:
    waiting = (200, state("PUBLISH_COMPLETE"))
    net.on(STATUS, waiting, waiting, waiting, (200, state("PUBLISH_COMPLETE", PUBLIC)))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post())
    assert proof.url == f"https://www.tiktok.com/@demo/video/{PUBLIC}"
    assert run.warnings == []


@pytest.mark.parametrize(
    "then", [(200, state("PUBLISH_COMPLETE")), (500, b""), (401, said(code="access_token_invalid"))]
)
async def test_without_an_id_the_post_is_out_all_the_same(net: Script, then) -> None:
    net.on(STATUS, (200, state("PUBLISH_COMPLETE")), then)
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post())
    assert (proof.id, proof.url) == ("v_pub_file~v2-1.1", "https://www.tiktok.com/@demo")
    assert "address" in run.warnings[0]
    assert run.offset < timedelta(minutes=2)


async def test_a_private_post_never_gets_an_id_and_is_not_waited_for(net: Script) -> None:
    net.on(STATUS, (200, state("PUBLISH_COMPLETE")))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post(privacyLevel="SELF_ONLY"))
    assert (proof.id, proof.url) == ("v_pub_file~v2-1.1", "https://www.tiktok.com/@demo")
    assert (run.warnings, len(net.calls[STATUS])) == ([], 1)


@pytest.mark.parametrize(
    "url",
    [
        "https://upload.us.tiktokapis.com/video/?upload_id=1",
        "http://127.0.0.1:1/video/?upload_id=1",
        "https://evil.example/video/?upload_id=1",
        "https://eviltiktokapis.com/video/?upload_id=1",
    ],
)
def test_the_video_goes_to_hosts_of_tiktok_only(url):
    from polypost.platforms.tiktok.upload import _address

    expected = url if "upload.us." in url else "https://open-upload.tiktokapis.com/video/?upload_id=1"
    assert _address(url) == expected


async def test_an_upload_that_is_not_named_is_trouble(net: Script) -> None:
    net.on(VIDEO, (200, said({"publish_id": "v_pub_file~v2-1.1"})))
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post())
    assert PUT not in net.calls
