"""LinkedIn: what exactly is sent, and what becomes of answers that nobody promised."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.platforms.sandboxed_linkedin import post
from tests.platforms.scripted_linkedin import (
    ACCOUNT,
    CREATE,
    OPEN_IMAGE,
    OPEN_VIDEO,
    URN,
    Script,
    film,
    picture,
    run_on,
)

from polypost.errors import Duplicate, OutcomeUnknown, PlatformError, Rejected, Unavailable
from polypost.platforms.linkedin import CONNECTOR
from polypost.platforms.linkedin.api import own_address

pytestmark = pytest.mark.anyio

UPLOADED = {"x-restli-id": URN}
IMAGE, VIDEO = "urn:li:image:C4E10AQabc", "urn:li:video:C5505AQabc"
STATUS = "GET /rest/images/urn%3Ali%3Aimage%3AC4E10AQabc"
VIDEO_STATUS = "GET /rest/videos/urn%3Ali%3Avideo%3AC5505AQabc"


def image_uploads(net: Script, **value: Any) -> None:
    given = {"uploadUrl": "https://www.linkedin.com/dms-uploads/1?ut=s", "image": IMAGE, **value}
    net.on(OPEN_IMAGE, (200, {"value": given}))
    net.on("PUT /dms-uploads/1", (201, b""))
    net.on(STATUS, (200, {"status": "AVAILABLE"}))


def video_uploads(net: Script, ranges: list[tuple[int, int]], etags: list[str]) -> None:
    instructions = [
        {"uploadUrl": f"https://elsewhere.example/part/{n}", "firstByte": first, "lastByte": last}
        for n, (first, last) in enumerate(ranges)
    ]
    value = {"video": VIDEO, "uploadInstructions": instructions, "uploadToken": "tok"}
    net.on(OPEN_VIDEO, (200, {"value": value}), (200, b""))
    for number, etag in enumerate(etags):
        net.on(f"PUT /part/{number}", (200, b"", {"ETag": etag}))
    net.on(VIDEO_STATUS, (200, {"status": "AVAILABLE"}))


async def test_a_text_post_on_the_wire(net: Script) -> None:
    net.on(CREATE, (201, b"", UPLOADED))
    proof = await CONNECTOR.publish(run_on(net), post("Hi (there)"))
    assert (proof.id, proof.url) == (URN, f"https://www.linkedin.com/feed/update/{URN}/")
    (asked,) = net.asked
    assert asked.headers["authorization"] == "Bearer token-1"
    assert asked.headers["linkedin-version"] == "202609"
    assert asked.headers["x-restli-protocol-version"] == "2.0.0"
    assert asked.json == {
        "author": ACCOUNT.id,
        "commentary": "Hi \\(there\\)",
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }


async def test_the_other_name_of_the_header(net: Script) -> None:
    net.on(CREATE, (201, b"", {"X-LinkedIn-Id": "urn:li:ugcPost:7"}))
    assert (await CONNECTOR.publish(run_on(net), post())).id == "urn:li:ugcPost:7"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (201, b""),
        (201, b"", {"x-restli-id": "7"}),
        (201, b"", {"x-restli-id": "urn:li:person:7"}),
        (200, {"id": URN}),
        (302, b"", {"location": "https://elsewhere.example"}),
        (500, {"message": "Unable to obtain activity", "status": 500}),
        (503, b"<html>busy</html>"),
        (504, b""),
    ],
)
async def test_an_answer_that_leaves_doubt(net: Script, answer: Any) -> None:
    net.on(CREATE, answer)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run_on(net), post())
    assert net.routes == [CREATE]


async def test_a_first_duplicate_is_a_refusal(net: Script) -> None:
    body = {"errorDetails": {"inputErrors": [{"code": "DUPLICATE_POST"}]}, "message": f"Of {URN}"}
    net.on(CREATE, (422, body))
    with pytest.raises(Duplicate, match=URN):
        await CONNECTOR.publish(run_on(net), post())


async def test_an_image_on_the_wire(net: Script) -> None:
    image_uploads(net)
    net.on(STATUS, (200, {"status": "WAITING_UPLOAD"}), (200, {"status": "AVAILABLE"}))
    net.on(CREATE, (201, b"", UPLOADED))
    await CONNECTOR.publish(run_on(net), post("x", picture(), altText=["Alt"]))
    opened, sent, _, _, created = net.asked
    assert opened.query == {"action": "initializeUpload"}
    assert opened.json == {"initializeUploadRequest": {"owner": ACCOUNT.id}}
    assert (sent.query, sent.body) == ({"ut": "s"}, b"x" * 64)
    assert sent.headers["authorization"] == "Bearer token-1"
    assert sent.headers["content-type"] == "image/png"
    assert created.json["content"] == {"media": {"id": IMAGE, "altText": "Alt"}}


async def test_a_video_on_the_wire_whatever_the_order_and_the_shape_of_its_ids(net: Script) -> None:
    # The parts are listed out of order and are not of one size; ids are quoted, weak, or paths.
    video_uploads(net, [(40, 63), (0, 9), (10, 39)], ['"c"', 'W/"a"', "/ambry-video/x.bin"])
    net.on(CREATE, (201, b"", UPLOADED))
    data = bytes(range(64))
    await CONNECTOR.publish(run_on(net), post("x", film(data)))
    assert net.of(OPEN_VIDEO)[0].json["initializeUploadRequest"] == {
        "owner": ACCOUNT.id,
        "fileSizeBytes": 64,
        "uploadCaptions": False,
        "uploadThumbnail": False,
    }
    parts = [asked for asked in net.asked if asked.route.startswith("PUT")]
    assert b"".join(part.body for part in parts) == data
    assert all("authorization" not in part.headers for part in parts)
    assert net.of(OPEN_VIDEO)[1].query == {"action": "finalizeUpload"}
    assert net.of(OPEN_VIDEO)[1].json["finalizeUploadRequest"] == {
        "video": VIDEO,
        "uploadToken": "tok",
        "uploadedPartIds": ["a", "/ambry-video/x.bin", "c"],
    }


@pytest.mark.parametrize(
    "ranges",
    [[], [(0, 62)], [(1, 63)], [(0, 31), (33, 63)], [(0, 40), (32, 63)], [(0, 64)], [(0, -1)]],
)
async def test_parts_that_are_not_the_whole_video(net: Script, ranges: list[tuple[int, int]]) -> None:
    video_uploads(net, ranges, ['"a"', '"b"'])
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("x", film()))
    assert CREATE not in net.routes


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"video": VIDEO},
        {"video": VIDEO, "uploadInstructions": "x"},
        {"video": VIDEO, "uploadInstructions": [{"firstByte": 0}]},
        {"video": VIDEO, "uploadInstructions": [1]},
    ],
)
async def test_an_upload_that_is_opened_in_no_known_way(net: Script, value: dict[str, Any]) -> None:
    net.on(OPEN_VIDEO, (200, {"value": value}))
    net.on(OPEN_IMAGE, (200, {"value": value}))
    for file in (film(), picture()):
        with pytest.raises(Unavailable):
            await CONNECTOR.publish(run_on(net), post("x", file))


async def test_a_part_without_an_id(net: Script) -> None:
    video_uploads(net, [(0, 63)], [""])
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("x", film()))


async def test_the_reason_of_a_failed_file_is_passed_on(net: Script) -> None:
    video_uploads(net, [(0, 63)], ['"a"'])
    net.on(VIDEO_STATUS, (200, {"status": "PROCESSING_FAILED", "processingFailureReason": "BAD_CODEC"}))
    with pytest.raises(Rejected, match="BAD_CODEC") as refused:
        await CONNECTOR.publish(run_on(net), post("x", film()))
    assert refused.value.code == "media_rejected"


async def test_a_file_that_may_not_be_asked_for_is_left_alone_a_while(net: Script) -> None:
    image_uploads(net)
    net.on(STATUS, (403, {"status": 403, "message": "Not enough permissions", "serviceErrorCode": 100}))
    net.on(CREATE, (201, b"", UPLOADED))
    run = run_on(net)
    await CONNECTOR.publish(run, post("x", picture()))
    assert timedelta(seconds=3) < run.offset < timedelta(seconds=10)


async def test_the_first_comment_on_the_wire(net: Script) -> None:
    net.on(CREATE, (201, b"", UPLOADED))
    path = "POST /rest/socialActions/urn%3Ali%3Ashare%3A7000000000000000001/comments"
    net.on(path, (201, {"id": "9"}, {"x-restli-id": "9"}))
    run = run_on(net)
    await CONNECTOR.publish(run, post("x", firstComment="(plain) #text"))
    (asked,) = net.of(path)
    assert asked.json == {"actor": ACCOUNT.id, "object": URN, "message": {"text": "(plain) #text"}}
    assert run.warnings == []


@pytest.mark.parametrize("answer", [None, (403, {}), (404, b""), (500, b"")])
async def test_a_lost_comment_leaves_the_post_published(net: Script, answer: Any) -> None:
    net.on(CREATE, (201, b"", UPLOADED))
    net.on("POST /rest/socialActions/urn%3Ali%3Ashare%3A7000000000000000001/comments", answer)
    run = run_on(net)
    assert (await CONNECTOR.publish(run, post("x", firstComment="y"))).id == URN
    assert len(run.warnings) == 1


@pytest.mark.parametrize(
    ("status", "fine"), [(204, True), (404, True), (410, True), (403, False), (500, False)]
)
async def test_deleting(net: Script, status: int, fine: bool) -> None:
    path = "DELETE /rest/posts/urn%3Ali%3Ashare%3A7000000000000000001"
    net.on(CREATE, (201, b"", UPLOADED))
    net.on(path, (status, b""))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post())
    if fine:
        await CONNECTOR.delete(run, proof)
    else:
        with pytest.raises(PlatformError):
            await CONNECTOR.delete(run, proof)
    assert net.of(path)[0].headers["x-restli-method"] == "DELETE"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://www.linkedin.com/dms-uploads/a?b=c", "https://www.linkedin.com/dms-uploads/a?b=c"),
        ("https://api.linkedin.com/mediaUpload/x", "https://api.linkedin.com/mediaUpload/x"),
        ("https://evil.example/dms-uploads/a?b=c", "https://www.linkedin.com/dms-uploads/a?b=c"),
        ("https://linkedin.com.evil.example/a", "https://www.linkedin.com/a"),
        ("https://evil-linkedin.com/a", "https://www.linkedin.com/a"),
        ("http://www.linkedin.com/a", "https://www.linkedin.com/a"),
    ],
)
def test_the_token_goes_to_linkedin_alone(given: str, used: str) -> None:
    assert own_address(given) == used


async def test_a_token_that_is_refused_is_renewed_once(net: Script) -> None:
    expired = (401, {"serviceErrorCode": 65602, "status": 401, "message": "expired"})
    net.on(CREATE, expired, (201, b"", UPLOADED))

    async def renew() -> str:
        return "token-2"

    await CONNECTOR.publish(run_on(net, renew=renew), post())
    assert [asked.headers["authorization"] for asked in net.asked] == ["Bearer token-1", "Bearer token-2"]


async def test_started_is_an_instant_in_the_journal(net: Script) -> None:
    image_uploads(net)
    net.on(CREATE, (201, b"", UPLOADED))
    run = run_on(net)
    await CONNECTOR.publish(run, post("x", picture()))
    assert run.rows["media-0-bytes"]["urn"] == IMAGE
    assert datetime.fromisoformat(run.rows["media-0-bytes"]["at"]).tzinfo is not None
