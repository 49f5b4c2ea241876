"""Calls that Facebook answers oddly: limits, broken transfers, lost sessions, publishing calls without a clear answer."""

from __future__ import annotations

import json
from email import message_from_bytes

import pytest
from tests.platforms.scripted_facebook import (
    FEED,
    PHOTOS,
    POSTS,
    REELS,
    VIDEOS,
    Script,
    media,
    post,
    refused,
    run_on,
)

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
    Undone,
)
from polypost.platforms.base import Proof
from polypost.platforms.facebook import CONNECTOR
from polypost.platforms.facebook.graph_errors import Nowhere
from polypost.platforms.facebook.upload import trusted
from polypost.platforms.families.meta.errors import PermissionMissing

pytestmark = pytest.mark.anyio

UPLOAD = "POST /video-upload/v26.0/9"


def parts(call):
    """The parts of a multipart body, by name."""
    whole = message_from_bytes(f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode() + call.body)
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in whole.get_payload()
    }


async def test_a_text_goes_out_with_its_link_and_the_token_in_a_header(net: Script):
    proof = await CONNECTOR.publish(run_on(net), post(link="https://example.com"))
    assert proof == Proof("111_1", "https://www.facebook.com/111/posts/1")
    (call,) = net.calls[FEED]
    assert call.fields == {"message": "Hello", "link": "https://example.com"}
    assert call.headers["authorization"] == "Bearer page-token"
    assert b"page-token" not in call.body


async def test_an_unpublished_text(net: Script):
    await CONNECTOR.publish(run_on(net), post(published=False))
    assert net.calls[FEED][0].fields["published"] == "false"


async def test_photos_are_pushed_unseen_and_shown_together(net: Script):
    net.on(PHOTOS, (200, {"id": "7"}), (200, {"id": 8}))
    first, second = media("image", 300_000), media("image", 10)
    run = run_on(net)
    await CONNECTOR.publish(run, post(first, second, altTexts=["A tree", ""], link="https://example.com"))
    pushed = [parts(call) for call in net.calls[PHOTOS]]
    assert pushed[0] == {"published": b"false", "alt_text_custom": b"A tree", "source": first.data}
    assert pushed[1] == {"published": b"false", "source": second.data}
    assert max(first.reads) <= 262_144
    fields = net.calls[FEED][0].fields
    assert json.loads(fields["attached_media"]) == [{"media_fbid": "7"}, {"media_fbid": "8"}]
    assert "link" not in fields
    assert run.attempts[0].handles == {"kind": "photos", "shown": True, "photos": ["7", "8"]}
    assert len(run.warnings) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {}), OutcomeUnknown),
        ((502, b"<html>"), OutcomeUnknown),
        ((200, b"<html>"), OutcomeUnknown),
        ((200, []), OutcomeUnknown),
        ((200, {}), OutcomeUnknown),
        ((200, {"success": False}), OutcomeUnknown),
        ((302, {}), OutcomeUnknown),
        ((400, refused(1)), OutcomeUnknown),
        ((500, refused(2)), OutcomeUnknown),
        ((200, refused(506)), OutcomeUnknown),
        ((503, b"", {"retry-after": "60"}), RateLimited),
        ((400, refused(4)), RateLimited),
        ((400, refused(80001)), RateLimited),
        ((400, refused(506)), Duplicate),
        ((400, refused(100, 1366051)), Duplicate),
        ((400, refused(190, 492)), ReconnectRequired),
        ((403, refused(200)), PermissionMissing),
        ((400, refused(368)), Rejected),
        ((400, refused(100, 33)), Nowhere),
        ((400, refused(100, 1609005)), Rejected),
    ],
)
async def test_answers_to_the_publishing_call(net: Script, answer, error):
    net.on(FEED, answer)
    with pytest.raises(error) as found:
        await CONNECTOR.publish(run_on(net), post())
    assert type(found.value) is error
    assert len(net.calls[FEED]) == 1


async def test_a_line_that_goes_dead_in_the_publishing_call(net: Script):
    net.on(FEED, 3)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run_on(net), post())


@pytest.mark.parametrize("header", ["x-app-usage", "x-page-usage"])
async def test_the_account_rests_before_facebook_refuses(net: Script, header):
    usage = {header: json.dumps({"call_count": 96, "total_time": 1, "total_cputime": 1})}
    net.on("GET /v26.0/111_1", (200, {"permalink_url": "/111/posts/1"}, usage))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post())
    assert proof.url == "https://www.facebook.com/111/posts/1"
    assert len(run.holds) == 1
    assert run.holds[0] > run.now()


async def test_a_refusal_with_a_bucket_says_how_long(net: Script):
    row = [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 9}]
    net.on(FEED, (400, refused(80001), {"x-business-use-case-usage": json.dumps({"111": row})}))
    run = run_on(net)
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(run, post())
    assert 8 < (limited.value.until - run.now()).total_seconds() / 60 < 10


async def test_what_follows_can_only_warn(net: Script):
    net.on("GET /v26.0/111_1", (500, {}))
    net.on("POST /v26.0/111_1/comments", (403, refused(200)))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post(firstComment="First"))
    assert proof == Proof("111_1", "https://www.facebook.com/111_1")
    assert len(run.warnings) == 2
    assert net.calls["POST /v26.0/111_1/comments"][0].fields == {"message": "First"}


async def test_a_video_is_sent_in_the_pieces_that_facebook_names(net: Script):
    film = media("video")
    proof = await CONNECTOR.publish(run_on(net), post(film, title="A film"))
    assert proof == Proof("9", "https://www.facebook.com/111/videos/9/")
    start, piece, finish = net.calls[VIDEOS]
    assert start.fields == {"upload_phase": "start", "file_size": "1000"}
    assert parts(piece)["video_file_chunk"] == film.data[:600]
    assert parts(piece)["start_offset"] == b"0"
    assert finish.fields["published"] == "false"
    assert (finish.fields["title"], finish.fields["description"]) == ("A film", "Hello")
    assert net.calls["POST /v26.0/9"][0].fields == {"published": "true"}


async def test_a_wrong_offset_is_put_right_and_a_broken_line_sent_again(net: Script):
    start = {"upload_session_id": "s1", "video_id": "9", "start_offset": "0", "end_offset": "1000"}
    due = {"start_offset": 400, "end_offset": 1000}
    net.on(
        VIDEOS,
        (200, start),
        10,
        (400, refused(6000, 1363037, error_data=due)),
        (200, {"start_offset": "1000", "end_offset": "1000"}),
        (200, {"success": True}),
    )
    film = media("video")
    await CONNECTOR.publish(run_on(net), post(film))
    sent = [parts(call) for call in net.calls[VIDEOS][2:4]]
    assert [each["start_offset"] for each in sent] == [b"0", b"400"]
    assert sent[1]["video_file_chunk"] == film.data[400:]


@pytest.mark.parametrize("answer", [refused(6000, 1363041), refused(6000, 1363037)])
async def test_a_lost_session_is_begun_anew(net: Script, answer):
    first = {"upload_session_id": "s1", "video_id": "8", "start_offset": "0", "end_offset": "1000"}
    second = first | {"upload_session_id": "s2", "video_id": "9"}
    done = {"start_offset": "1000", "end_offset": "1000"}
    net.on(VIDEOS, (200, first), (400, answer), (200, second), (200, done), (200, {"success": True}))
    run = run_on(net)
    await CONNECTOR.publish(run, post(media("video")))
    assert run.attempts[0].handles["video"] == "9"
    assert parts(net.calls[VIDEOS][3])["upload_session_id"] == b"s2"


async def test_a_finish_whose_answer_was_lost_is_seen_at_the_video(net: Script):
    start = {"upload_session_id": "s1", "video_id": "9", "start_offset": "0", "end_offset": "1000"}
    done = {"start_offset": "1000", "end_offset": "1000"}
    net.on(VIDEOS, (200, start), (200, done), (400, refused(6000, 1363041)))
    await CONNECTOR.publish(run_on(net), post(media("video")))
    assert len(net.calls[VIDEOS]) == 3


async def test_a_video_that_facebook_keeps_losing(net: Script):
    start = {"upload_session_id": "s1", "video_id": "9", "start_offset": "0", "end_offset": "1000"}
    lost = (400, refused(6000, 1363041))
    net.on(VIDEOS, (200, start), lost, (200, start), lost, (200, start), lost)
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post(media("video")))
    assert net.calls["POST /v26.0/9"] == []


async def test_a_video_that_cannot_be_processed_is_refused_before_it_is_out(net: Script):
    status = {
        "video_status": "error",
        "processing_phase": {"errors": [{"code": 1363026, "message": "Bad"}]},
    }
    net.on("GET /v26.0/9", (200, {"status": {"video_status": "processing"}}), (200, {"status": status}))
    run = run_on(net)
    with pytest.raises(Rejected) as found:
        await CONNECTOR.publish(run, post(media("video")))
    assert found.value.code == "media_rejected"
    assert "Bad" in str(found.value)
    assert run.attempts == []


PUBLISHED = {
    "video_status": "ready",
    "publishing_phase": {"status": "complete", "publish_status": "published"},
}


async def test_a_reel_goes_on_where_a_broken_upload_stopped(net: Script):
    half = {
        "video_status": "uploading",
        "uploading_phase": {"status": "in_progress", "bytes_transferred": 400},
    }
    net.on("GET /v26.0/9", (200, {"status": half}), (200, {"status": PUBLISHED}))
    net.on(UPLOAD, 400, (200, {"success": True}))
    film = media("video")
    proof = await CONNECTOR.publish(run_on(net), post(film, contentType="reel", title="A reel"))
    assert proof == Proof("9", "https://www.facebook.com/reel/9")
    second = net.calls[UPLOAD][1]
    assert (second.headers["offset"], second.headers["file_size"]) == ("400", "1000")
    assert second.headers["authorization"] == "OAuth page-token"
    assert second.body == film.data[400:]
    finish = net.calls[REELS][1].fields
    assert finish == {
        "upload_phase": "finish",
        "video_id": "9",
        "video_state": "PUBLISHED",
        "description": "Hello",
        "title": "A reel",
    }


@pytest.mark.parametrize(
    ("told", "used"),
    [
        (
            "https://rupload.facebook.com/video-upload/v26.0/9",
            "https://rupload.facebook.com/video-upload/v26.0/9",
        ),
        (
            "https://evil.example/video-upload/v26.0/9?a=b",
            "https://rupload.facebook.com/video-upload/v26.0/9?a=b",
        ),
        ("https://rupload.facebook.com.evil.example/x", "https://rupload.facebook.com/x"),
        ("https://evilfacebook.com/x", "https://rupload.facebook.com/x"),
        ("http://rupload.facebook.com/x", "https://rupload.facebook.com/x"),
        ("https://rupload.facebook.com@evil.example/x", "https://rupload.facebook.com/x"),
    ],
)
def test_the_token_goes_to_no_other_host(told, used):
    assert trusted(told) == used


@pytest.mark.parametrize("kind", ["ProcessingFailedError", "NotAuthorizedError"])
async def test_an_upload_host_that_refuses(net: Script, kind):
    net.on(UPLOAD, (400, {"debug_info": {"retriable": False, "type": kind, "message": "no"}}))
    with pytest.raises(Rejected):
        await CONNECTOR.publish(run_on(net), post(media("video"), contentType="reel"))
    assert len(net.calls[REELS]) == 1


async def test_a_reel_that_facebook_takes_and_cannot_process_is_undone(net: Script):
    status = {
        "video_status": "error",
        "processing_phase": {"status": "error", "errors": [{"message": "Bad"}]},
    }
    net.on("GET /v26.0/9", (200, {"status": status}))
    run = run_on(net)
    with pytest.raises(Undone) as found:
        await CONNECTOR.publish(run, post(media("video"), contentType="reel"))
    assert "Bad" in str(found.value)


async def test_photos_that_lay_too_long_are_staged_anew(net: Script):
    rows = {"photo 1": {"id": "6", "at": "2026-11-20T00:00:00+00:00"}}
    run = run_on(net, rows=rows)
    await CONNECTOR.publish(run, post(media("image")))
    assert run.attempts[0].handles["photos"] == ["7"]


@pytest.mark.parametrize("answer", [(200, {"success": True}), (400, refused(100, 33))])
async def test_deleting_what_is_there_or_gone(net: Script, answer):
    net.on("DELETE /v26.0/111_1", answer)
    await CONNECTOR.delete(run_on(net), Proof("111_1"))


@pytest.mark.parametrize(
    "answer", [(200, {"success": False}), (403, refused(200)), (400, refused(100)), (403, refused(10))]
)
async def test_deleting_what_may_not_be_deleted(net: Script, answer):
    net.on("DELETE /v26.0/111_1", answer)
    with pytest.raises(Rejected) as found:
        await CONNECTOR.delete(run_on(net), Proof("111_1"))
    assert found.value.code == "delete_refused"


async def test_nothing_is_listed_when_nothing_is_in_doubt(net: Script):
    await CONNECTOR.publish(run_on(net), post(media("image")))
    assert net.calls[POSTS] == []
