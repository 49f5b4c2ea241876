"""Publishing to Instagram call by call, against a loopback server with lined-up answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.platforms.run import Died
from tests.platforms.scripted_instagram import (
    CONTAINERS,
    PUBLISH,
    QUOTA,
    Script,
    media,
    post,
    refused,
    run_on,
)

from polypost.errors import (
    NoAnswer,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import (
    Proof,
)
from polypost.platforms.instagram import CONNECTOR

pytestmark = pytest.mark.anyio


async def test_a_picture_is_pulled_by_the_network(net: Script) -> None:
    proof = await CONNECTOR.publish(run_on(net), post(media("image", "a.jpg")))
    assert proof == Proof("m1", "https://www.instagram.com/p/abc/")
    (made,) = net.calls[CONTAINERS]
    assert made.fields == {"image_url": "https://pull.example/a.jpg", "caption": "Hello #world"}
    assert made.headers["authorization"] == "Bearer token-1"
    assert [call.fields for call in net.calls[PUBLISH]] == [{"creation_id": "c1"}]


async def test_a_reel_is_pushed(net: Script) -> None:
    cover = media("image", "cover.jpg")
    reel = post(
        media("video"),
        extra={cover.ref.url: cover},
        coverUrl=cover.ref.url,
        thumbOffset=5,
        shareToFeed=False,
        collaborators=["a", "b"],
    )
    await CONNECTOR.publish(run_on(net), reel)
    (made,) = net.calls[CONTAINERS]
    assert made.fields == {
        "media_type": "REELS",
        "upload_type": "resumable",
        "share_to_feed": "false",
        "cover_url": "https://pull.example/cover.jpg",
        "collaborators": '["a", "b"]',
        "caption": "Hello #world",
    }
    (sent,) = net.calls["POST /ig-api-upload/v26.0/c1"]
    assert sent.body == reel.media[0].data
    assert {name: sent.headers[name] for name in ("authorization", "offset", "file_size")} == {
        "authorization": "OAuth token-1",
        "offset": "0",
        "file_size": "1000",
    }


async def test_a_broken_transfer_goes_on_where_it_stopped(net: Script) -> None:
    net.on("POST /ig-api-upload/v26.0/c1", 400, (200, {"success": True}))
    held = {"video_status": {"uploading_phase": {"status": "in_progress", "bytes_transferred": 400}}}
    net.on("GET /v26.0/c1", (200, held), (200, {"status_code": "FINISHED"}))
    film = media("video")
    await CONNECTOR.publish(run_on(net), post(film))
    first, second = net.calls["POST /ig-api-upload/v26.0/c1"]
    assert first.body + second.body == film.data
    assert second.headers["offset"] == "400"
    assert second.headers["file_size"] == "1000"
    assert len(net.calls[CONTAINERS]) == 1


async def test_a_transfer_whose_answer_was_lost_is_not_repeated(net: Script) -> None:
    net.on("POST /ig-api-upload/v26.0/c1", 1000)
    held = {"video_status": {"uploading_phase": {"bytes_transferred": 1000}}}
    net.on("GET /v26.0/c1", (200, held), (200, {"status_code": "FINISHED"}))
    await CONNECTOR.publish(run_on(net), post(media("video")))
    assert len(net.calls["POST /ig-api-upload/v26.0/c1"]) == 1


async def test_a_transfer_begins_anew_where_the_network_does_not_say_how_far_it_came(net: Script) -> None:
    net.on("POST /ig-api-upload/v26.0/c1", 400, (200, {"success": True}))
    net.on("GET /v26.0/c1", (400, refused(100)), (200, {"status_code": "FINISHED"}))
    film = media("video")
    await CONNECTOR.publish(run_on(net), post(film))
    assert net.calls["POST /ig-api-upload/v26.0/c1"][1].body == film.data


async def test_a_connection_that_keeps_breaking_is_for_later_and_the_container_is_kept(net: Script) -> None:
    net.on("POST /ig-api-upload/v26.0/c1", 300)
    net.on("GET /v26.0/c1", (200, {"status_code": "IN_PROGRESS"}))
    run = run_on(net)
    with pytest.raises(NoAnswer):
        await CONNECTOR.publish(run, post(media("video")))
    net.well_behaved()
    held = {"video_status": {"uploading_phase": {"bytes_transferred": 300}}}
    net.on("GET /v26.0/c1", (200, held), (200, {"status_code": "FINISHED"}))
    await CONNECTOR.publish(run, post(media("video")))
    assert len(net.calls[CONTAINERS]) == 1
    assert net.calls["POST /ig-api-upload/v26.0/c1"][-1].headers["offset"] == "300"


@pytest.mark.parametrize("where", ["container", "upload"])
async def test_a_login_that_may_not_push_lets_the_network_pull(net: Script, where) -> None:
    if where == "container":
        net.on(CONTAINERS, (400, refused(100)), (200, {"id": "c1"}))
    else:
        trouble = {"debug_info": {"retriable": False, "type": "NotAuthorizedError", "message": "no"}}
        net.on("POST /ig-api-upload/v26.0/c1", (400, trouble))
    await CONNECTOR.publish(run_on(net), post(media("video", "film.mp4")))
    first, second = net.calls[CONTAINERS]
    assert first.fields["upload_type"] == "resumable"
    assert second.fields["video_url"] == "https://pull.example/film.mp4"
    assert "upload_type" not in second.fields


async def test_an_upload_address_elsewhere_does_not_get_the_token(net: Script) -> None:
    net.on(CONTAINERS, (200, {"id": "c1", "uri": "https://evil.example/ig-api-upload/v26.0/c1?x=1"}))
    await CONNECTOR.publish(run_on(net), post(media("video")))
    (sent,) = net.calls["POST /ig-api-upload/v26.0/c1"]
    assert sent.headers["host"] != "evil.example"


async def test_a_carousel_waits_for_every_child_before_the_parent(net: Script) -> None:
    net.on(
        CONTAINERS,
        (200, {"id": "a"}),
        (200, {"id": "c1", "uri": "https://rupload.facebook.com/ig-api-upload/v26.0/c1"}),
        (200, {"id": "p"}),
    )
    net.on("GET /v26.0/a", (200, {"status_code": "FINISHED"}))
    net.on("GET /v26.0/c1", (200, {"status_code": "IN_PROGRESS"}), (200, {"status_code": "FINISHED"}))
    net.on("GET /v26.0/p", (200, {"status_code": "FINISHED"}))
    run = run_on(net)
    await CONNECTOR.publish(run, post(media("image", "a.jpg"), media("video"), collaborators=["x"]))
    picture, film, parent = (call.fields for call in net.calls[CONTAINERS])
    assert picture == {"is_carousel_item": "true", "image_url": "https://pull.example/a.jpg"}
    assert film == {"is_carousel_item": "true", "media_type": "VIDEO", "upload_type": "resumable"}
    assert parent == {
        "media_type": "CAROUSEL",
        "children": "a,c1",
        "caption": "Hello #world",
        "collaborators": '["x"]',
    }
    assert run.attempts[0].handles["container"] == "p"


async def test_a_story_goes_out_without_caption_and_says_so(net: Script) -> None:
    run = run_on(net)
    await CONNECTOR.publish(run, post(media("image", "a.jpg"), contentType="story"))
    assert net.calls[CONTAINERS][0].fields == {
        "media_type": "STORIES",
        "image_url": "https://pull.example/a.jpg",
    }
    assert len(run.warnings) == 1


@pytest.mark.parametrize(
    "state",
    [
        {"status_code": "EXPIRED", "status": "Expired"},
        {"status_code": "ERROR", "status": "Error: Media upload has failed with error code 2207082"},
    ],
)
async def test_a_spoilt_container_is_built_anew_after_a_pause(net: Script, state) -> None:
    net.on(CONTAINERS, (200, {"id": "c0"}), (200, {"id": "c1"}))
    net.on("GET /v26.0/c0", (200, state))
    run = run_on(net)
    await CONNECTOR.publish(run, post(media("image")))
    assert [call.fields["creation_id"] for call in net.calls[PUBLISH]] == ["c1"]
    assert "pause" in run.rows


async def test_media_that_the_network_cannot_read_is_not_built_anew(net: Script) -> None:
    status = "Error: Media upload has failed with error code 2207026"
    net.on("GET /v26.0/c1", (200, {"status_code": "ERROR", "status": status}))
    with pytest.raises(Rejected, match="cannot read"):
        await CONNECTOR.publish(run_on(net), post(media("video")))
    assert len(net.calls[CONTAINERS]) == 1


async def test_three_spoilt_containers_are_enough(net: Script) -> None:
    net.on("GET /v26.0/c1", (200, {"status_code": "ERROR", "status": "Error"}))
    with pytest.raises(Rejected, match="3 times"):
        await CONNECTOR.publish(run_on(net), post(media("image")))
    assert len(net.calls[CONTAINERS]) == 3
    assert not net.calls[PUBLISH]


async def test_a_new_container_may_be_unknown_for_a_moment(net: Script) -> None:
    gone = (400, refused(24, 2207008))
    net.on("GET /v26.0/c1", gone, gone, (200, {"status_code": "FINISHED"}))
    await CONNECTOR.publish(run_on(net), post(media("image")))
    assert len(net.calls[CONTAINERS]) == 1


async def test_a_container_that_expired_during_an_interruption_is_not_published(net: Script) -> None:
    net.on(PUBLISH, (400, refused(17)), (200, {"id": "m1"}))
    run = run_on(net)
    with pytest.raises(RateLimited):
        await CONNECTOR.publish(run, post(media("image")))
    net.on("GET /v26.0/c1", (200, {"status_code": "EXPIRED"}))
    net.on(CONTAINERS, (200, {"id": "c2"}))
    net.on("GET /v26.0/c2", (200, {"status_code": "FINISHED"}))
    await CONNECTOR.publish(run, post(media("image")))
    assert [call.fields["creation_id"] for call in net.calls[PUBLISH]] == ["c1", "c2"]


async def test_what_an_earlier_attempt_published_late_is_not_published_again(net: Script) -> None:
    net.on(PUBLISH, (500, refused(2)))
    run = run_on(net)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post(media("image")))
    net.on("GET /v26.0/c1", (200, {"status_code": "PUBLISHED"}))
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post(media("image")))
    assert len(net.calls[PUBLISH]) == 1


async def test_published_too_soon_costs_no_attempt_and_the_same_container_is_used_again(net: Script) -> None:
    net.on(PUBLISH, (400, refused(9007, 2207027)), (200, {"id": "m1"}))
    run = run_on(net)
    with pytest.raises(RateLimited) as soon:
        await CONNECTOR.publish(run, post(media("image")))
    assert soon.value.until <= run.now() + timedelta(minutes=1)
    net.on("GET /v26.0/c1", (200, {"status_code": "IN_PROGRESS"}), (200, {"status_code": "FINISHED"}))
    with pytest.raises(RateLimited):
        await CONNECTOR.publish(run, post(media("image")))
    assert len(net.calls[PUBLISH]) == 1
    await CONNECTOR.publish(run, post(media("image")))
    assert [call.fields["creation_id"] for call in net.calls[PUBLISH]] == ["c1", "c1"]


@pytest.mark.parametrize(
    "answer",
    [
        (500, refused(2)),
        (400, refused(1)),
        (400, refused(-1, 2207001)),
        (502, b"<html>"),
        (200, b"<html>"),
        (200, {}),
        (200, []),
        (302, b"", {"location": "https://elsewhere.example/"}),
        10_000,
    ],
)
async def test_an_unclear_answer_to_the_publishing_call_is_unknown(net: Script, answer) -> None:
    net.on(PUBLISH, answer)
    with pytest.raises((OutcomeUnknown, NoAnswer)):
        await CONNECTOR.publish(run_on(net), post(media("image")))
    assert len(net.calls[PUBLISH]) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, refused(4, 2207051)), Rejected),
        ((400, refused(25, 2207050)), Rejected),
        ((400, refused(36003, 2207009)), Rejected),
        ((403, refused(10)), ReconnectRequired),
        ((400, refused(190, 463)), TokenExpired),
        ((400, refused(9, 2207042)), RateLimited),
        ((429, b""), RateLimited),
        ((503, b"", {"retry-after": "7"}), RateLimited),
        ((400, refused(24, 2207008)), Unavailable),
    ],
)
async def test_a_clear_refusal_of_the_publishing_call(net: Script, answer, error) -> None:
    net.on(PUBLISH, answer)
    with pytest.raises(error):
        await CONNECTOR.publish(run_on(net), post(media("image")))


async def test_a_lost_permalink_is_a_success(net: Script) -> None:
    net.on("GET /v26.0/m1", (400, refused(100, 33)))
    run = run_on(net)
    assert await CONNECTOR.publish(run, post(media("image"))) == Proof("m1", None)
    assert len(run.warnings) == 1


async def test_a_used_up_day_stops_before_anything_is_made(net: Script) -> None:
    net.on(QUOTA, (200, {"data": [{"quota_usage": 50, "config": {"quota_total": 50}}]}))
    run = run_on(net)
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(run, post(media("image")))
    assert run.holds == [limited.value.until]
    assert not net.calls[CONTAINERS]
    net.well_behaved()
    await CONNECTOR.publish(run, post(media("image")))


@pytest.mark.parametrize(
    "answer", [(400, refused(100)), (200, {"data": []}), (200, {"data": [{"quota_usage": 99}]})]
)
async def test_a_quota_that_cannot_be_read_stops_nothing(net: Script, answer) -> None:
    net.on(QUOTA, answer)
    await CONNECTOR.publish(run_on(net), post(media("image")))


async def test_a_nearly_used_allowance_holds_the_account_back(net: Script) -> None:
    usage = {"x-app-usage": '{"call_count":97,"total_time":1,"total_cputime":1}'}
    net.on("GET /v26.0/c1", (200, {"status_code": "FINISHED"}, usage))
    run = run_on(net)
    await CONNECTOR.publish(run, post(media("image")))
    assert len(run.holds) == 1
    assert run.holds[0] > run.now()


STEPS = [
    "quota",
    "media 1: container",
    "media 2: container",
    "media 2: upload",
    "media 1: ready",
    "media 2: ready",
    "carousel: container",
    "carousel: ready",
    "publish",
    "permalink",
]


@pytest.mark.parametrize("step", STEPS)
async def test_a_story_told_again_repeats_nothing(net: Script, step) -> None:
    net.on(
        CONTAINERS,
        (200, {"id": "a"}),
        (200, {"id": "c1", "uri": "https://rupload.facebook.com/ig-api-upload/v26.0/c1"}),
        (200, {"id": "p"}),
    )
    for container in ("a", "p"):
        net.on(f"GET /v26.0/{container}", (200, {"status_code": "FINISHED"}))
    both = post(media("image"), media("video"))
    rows = {}
    with pytest.raises(Died):
        await CONNECTOR.publish(run_on(net, rows=rows, dies_at=step), both)
    proof = await CONNECTOR.publish(run_on(net, rows=rows), both)
    assert proof == Proof("m1", "https://www.instagram.com/p/abc/")
    assert sorted(rows) == sorted(STEPS)
    assert len(net.calls[CONTAINERS]) == 3
    assert len(net.calls["POST /ig-api-upload/v26.0/c1"]) == 1
    assert len(net.calls[PUBLISH]) == 1
