"""The upload addresses of the YouTube simulator: sessions, ranges, breaks, and uploads in one request."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx2
import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.youtube import API, UNIT, UPLOAD, YouTube, bad, film, good

from polypost import clock

yt = demo_account(YouTube)


def held(answer: httpx2.Response) -> int:
    assert answer.status_code == 308, answer.text
    return int(answer.headers["range"].removeprefix("bytes=0-")) + 1 if "range" in answer.headers else 0


async def test_a_file_in_pieces(yt: YouTube) -> None:
    data = film()
    session = await yt.opened(len(data))
    assert held(await yt.ask(session, len(data))) == 0
    assert held(await yt.put(session, data[:UNIT], 0, len(data))) == UNIT
    assert held(await yt.ask(session, len(data))) == UNIT
    assert await yt.posts() == []
    made = good(await yt.put(session, data[UNIT:], UNIT, len(data)))
    assert (made["kind"], made["status"]["uploadStatus"]) == ("youtube#video", "uploaded")
    assert len(made["id"]) == 11
    # Whoever lost that answer is told it again, and by another piece too.
    assert good(await yt.ask(session, len(data))) == made
    assert good(await yt.put(session, data[UNIT:], UNIT, len(data))) == made
    (shown,) = await yt.posts()
    blob = await yt.running.http.get(shown["media"][0]["url"])
    assert blob.content == data


async def test_the_length_may_be_told_at_the_end(yt: YouTube) -> None:
    data = film()
    session = await yt.opened()
    assert held(await yt.put(session, data[: 2 * UNIT])) == 2 * UNIT
    assert held(await yt.ask(session)) == 2 * UNIT
    good(await yt.put(session, data[2 * UNIT :], 2 * UNIT, len(data)))
    even = await yt.opened()
    await yt.put(even, data[: 2 * UNIT])
    # A file of whole units is ended by a question that names its length.
    assert good(await yt.ask(even, 2 * UNIT))["id"]


async def test_clients_that_cannot_bear_a_308(yt: YouTube) -> None:
    """Google's Go client posts its pieces and reads the status from a header."""
    data = film()
    session = await yt.opened()
    headers = {"content-range": f"bytes 0-{UNIT - 1}/*", "x-guploader-no-308": "yes"}
    answer = await yt.call("POST", session, content=data[:UNIT], headers=headers)
    assert (answer.status_code, answer.headers["x-http-status-code-override"]) == (200, "308")
    assert answer.headers["range"] == f"bytes=0-{UNIT - 1}"
    headers["content-range"] = f"bytes {UNIT}-{len(data) - 1}/{len(data)}"
    good(await yt.call("POST", session, content=data[UNIT:], headers=headers))


BAD_PIECES = (
    (0, UNIT - 1, "*", 400, "multiple of 262144"),
    (0, UNIT + 1, "*", 400, "multiple of 262144"),
    (0, UNIT, 600_001, 400, "total size"),
    (UNIT, UNIT, 600_000, 503, "exceeds already uploaded size of 0 byte(s)"),
)


async def test_pieces_that_do_not_fit(yt: YouTube) -> None:
    for begin, length, total, status, text in BAD_PIECES:
        session = await yt.opened(600_000)
        answer = await yt.put(session, bytes(length), begin, total)
        assert (answer.status_code, text in answer.text) == (status, True), answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        assert held(await yt.ask(session)) == 0


BAD_RANGES = (
    "bytes 0-10/5",
    "bytes 5-4/100",
    "bytes=0-10",
    "0-10/11",
    "bytes a-b/c",
    "bytes 0-1/11",
    "bytes -/11",
)


async def test_ranges_that_are_none(yt: YouTube) -> None:
    for span in BAD_RANGES:
        session = await yt.opened()
        answer = await yt.call("PUT", session, content=bytes(11), headers={"content-range": span})
        assert answer.status_code == 400


async def test_bytes_that_are_there_already_are_read_over(yt: YouTube) -> None:
    data = film()
    session = await yt.opened(len(data))
    await yt.put(session, data[: 2 * UNIT], 0, len(data))
    # Other bytes in the place of those that are stored change nothing.
    assert held(await yt.put(session, bytes(UNIT), 0, len(data))) == 2 * UNIT
    good(await yt.put(session, bytes(UNIT) + data[2 * UNIT :], UNIT, len(data)))
    (shown,) = await yt.posts()
    assert (await yt.running.http.get(shown["media"][0]["url"])).content == data


@pytest.mark.parametrize(
    ("fault", "status", "kept"),
    [("partial_chunk", 308, UNIT), ("nothing_stored", 308, 0), ("chunk_error", 503, UNIT)],
)
async def test_a_piece_that_is_taken_in_part(yt: YouTube, fault: str, status: int, kept: int) -> None:
    session = await yt.opened(4 * UNIT)
    await yt.fault(fault)
    answer = await yt.put(session, bytes(3 * UNIT), 0, 4 * UNIT)
    assert answer.status_code == status
    assert held(await yt.ask(session)) == kept


async def test_a_connection_that_breaks_leaves_whole_units(yt: YouTube) -> None:
    session = await yt.opened(4 * UNIT)
    await yt.fault("chunk_break")
    with pytest.raises(httpx2.TransportError):
        await yt.put(session, bytes(3 * UNIT), 0, 4 * UNIT)
    assert held(await yt.ask(session)) == UNIT
    # The caller may also be the one that hangs up.
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(yt.url).port)
    target = httpx2.URL(session).raw_path.decode()
    head = f"PUT {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {3 * UNIT}\r\n"
    writer.write(f"{head}content-range: bytes {UNIT}-{4 * UNIT - 1}/{4 * UNIT}\r\n\r\n".encode())
    writer.write(bytes(UNIT + 1_000))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    for _ in range(200):
        if (now := held(await yt.ask(session))) > UNIT:
            break
        await asyncio.sleep(0.01)
    assert now == 2 * UNIT
    assert reader is not None


async def test_sessions_end(yt: YouTube) -> None:
    cancelled, old, gone = [await yt.opened(UNIT) for _ in range(3)]
    assert (await yt.call("DELETE", cancelled)).status_code == 499
    assert (await yt.ask(cancelled)).status_code == 404
    await yt.fault("session_gone")
    assert (await yt.ask(gone)).status_code == 404
    assert (await yt.ask(gone)).status_code == 404
    clock.advance(8 * 86_400)
    answer = await yt.running.http.put(old, headers={"content-range": "bytes */*"})
    assert answer.status_code == 404
    assert (await yt.running.http.get(f"{yt.url}{UPLOAD}?upload_id=nonsense")).status_code == 404


async def test_a_session_is_its_own_key(yt: YouTube) -> None:
    data = film()
    session = await yt.opened(len(data))
    assert good(await yt.running.http.put(session, content=data))["id"]
    wrong = await yt.running.http.put(session, headers={"authorization": "Bearer x"})
    bad(wrong, 401, "authError")


RESOURCE = {"snippet": {"title": "In one request"}, "status": {"privacyStatus": "private"}}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("encoded", [False, True])
async def test_resource_and_film_in_one_body(yt: YouTube, ends: str, encoded: bool) -> None:
    """Google's Python client ends its lines with a line feed, the browser's encodes the film."""
    data = film()
    kind = "content-type: video/mp4" + (f"{ends}content-transfer-encoding: base64" if encoded else "")
    body = ends.join(["--b", "content-type: application/json", "", json.dumps(RESOURCE), "--b", kind, "", ""])
    whole = body.encode() + (base64.b64encode(data) if encoded else data) + f"{ends}--b--".encode()
    answer = await yt.call(
        "POST",
        f"{UPLOAD}?uploadType=multipart&part=snippet,status",
        content=whole,
        headers={"content-type": 'multipart/related; boundary="b"'},
    )
    made = good(answer)
    assert (made["snippet"]["title"], made["status"]["privacyStatus"]) == ("In one request", "private")
    (shown,) = await yt.posts()
    assert (await yt.running.http.get(shown["media"][0]["url"])).content == data


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/related", b"x"),
        ("multipart/related; boundary=b", b"x"),
        ("multipart/related; boundary=b", b"--b\n\n{}\n--b\n\nfilm"),
        ("multipart/related; boundary=b", b"--b\n\n{\n--b\n\nfilm\n--b--"),
    ],
)
async def test_bodies_that_are_not_two_parts(yt: YouTube, kind: str, body: bytes) -> None:
    path = f"{UPLOAD}?uploadType=multipart&part=snippet"
    answer = await yt.call("POST", path, content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert await yt.posts() == []


async def test_a_bare_film(yt: YouTube) -> None:
    path = "/resumable/upload/youtube/v3/videos?uploadType=media&part=snippet"
    made = good(await yt.call("POST", path, content=film()))
    assert made["snippet"]["title"] == "unknown"
    bad(await yt.call("POST", path, content=b""), 400, "mediaBodyRequired")
    bad(await yt.call("POST", f"{API}/videos?part=snippet", json={}), 400, "mediaBodyRequired")


BAD_DETAILS = (
    ({"snippet": {"title": ""}}, 400, "invalidTitle"),
    ({"snippet": {"title": "x" * 101}}, 400, "invalidTitle"),
    ({"snippet": {"title": "a<b"}}, 400, "invalidTitle"),
    ({"snippet": {"title": "T", "description": "ü" * 2501}}, 400, "invalidDescription"),
    ({"snippet": {"title": "T", "description": ">"}}, 400, "invalidDescription"),
    ({"snippet": {"title": "T", "tags": ["x" * 498, "y z"]}}, 400, "invalidTags"),
    ({"snippet": {"title": "T", "categoryId": "18"}}, 400, "invalidCategoryId"),
    ({"snippet": {"title": "T", "colour": "red"}}, 400, "badRequest"),
    ({"snippet": {"title": 5}}, 400, "badRequest"),
    ({"snippet": []}, 400, "badRequest"),
    ({"status": {"privacyStatus": "secret"}}, 400, "badRequest"),
    ({"status": {"license": "mit"}}, 400, "badRequest"),
    ({"status": {"publishAt": "2030-01-01T00:00:00Z"}}, 400, "invalidPublishAt"),
    (
        {"status": {"privacyStatus": "private", "publishAt": "2020-01-01T00:00:00Z"}},
        400,
        "invalidPublishAt",
    ),
    ({"status": {"privacyStatus": "private", "publishAt": "soon"}}, 400, "invalidPublishAt"),
    ({"localizations": {"de": {"title": "T"}}}, 400, "defaultLanguageNotSet"),
    ({"nonsense": {}}, 400, "unknownPart"),
)


async def test_details_that_are_refused(yt: YouTube) -> None:
    for parts, status, reason in BAD_DETAILS:
        bad(await yt.open(100, **parts), status, reason)


async def test_details_at_their_limits(yt: YouTube) -> None:
    snippet = {
        "title": "x" * 100,
        "description": "ü" * 2500,
        "tags": ["x" * 494, "y z"],
        "defaultLanguage": "de",
    }
    video_id = await yt.video(
        snippet=snippet, status={"privacyStatus": "unlisted"}, localizations={"en": {"title": "T"}}
    )
    made = await yt.one(video_id, "snippet,localizations")
    assert {name: made["snippet"][name] for name in snippet} == snippet
    assert made["localizations"] == {"en": {"title": "T"}}


async def test_parts_must_fit_the_body(yt: YouTube) -> None:
    async def opening(query: str, **body: Any) -> httpx2.Response:
        return await yt.call("POST", f"{UPLOAD}?uploadType=resumable{query}", json=body)

    bad(await opening("", snippet={"title": "T"}), 400, "missingRequiredParameter")
    bad(await opening("&part=snippet", snippet={"title": "T"}, status={}), 400, "unexpectedPart")
    assert (await opening("&part=snippet&part=status", snippet={"title": "T"}, status={})).status_code == 200
    nonsense = await yt.call("POST", f"{UPLOAD}?uploadType=resumable&part=snippet", content=b"{")
    bad(nonsense, 400, "badRequest")


@pytest.mark.parametrize(
    ("data", "ends", "reason"),
    [
        (b"no film", "failed", "invalidFile"),
        (media.jpeg(64, 64), "failed", "invalidFile"),
        (film(seconds=901, size=2_000_000, fps=5.0, audio=False), "rejected", "length"),
    ],
)
async def test_files_are_judged_after_the_upload(yt: YouTube, data: bytes, ends: str, reason: str) -> None:
    second = await yt.other()
    video_id = await second.video(data)
    assert (await second.one(video_id))["status"]["uploadStatus"] == "uploaded"
    clock.advance(10)
    status = (await second.one(video_id))["status"]
    assert status["uploadStatus"] == ends
    assert status["failureReason" if ends == "failed" else "rejectionReason"] == reason


async def test_a_file_that_is_too_large(yt: YouTube) -> None:
    assert (await yt.open(274_877_906_944)).status_code == 200
    assert (await yt.open(274_877_906_945)).status_code == 413


@pytest.mark.parametrize("way", ["media", "multipart", "resumable"])
async def test_a_thumbnail_by_each_way(yt: YouTube, way: str) -> None:
    video_id, picture = await yt.video(), media.png(1280, 720)
    path = f"/upload/youtube/v3/thumbnails/set?videoId={video_id}&uploadType={way}"
    if way == "media":
        answer = await yt.call("POST", path, content=picture, headers={"content-type": "image/png"})
    elif way == "multipart":
        whole = b"--b\n\n{}\n--b\ncontent-type: image/png\n\n" + picture + b"\n--b--"
        answer = await yt.call(
            "POST", path, content=whole, headers={"content-type": "multipart/related; boundary=b"}
        )
    else:
        session = (await yt.call("POST", path)).headers["location"]
        answer = await yt.call("PUT", session, content=picture)
    (sizes,) = good(answer)["items"]
    assert sizes["default"]["width"] == 120
    assert (await yt.running.http.get(sizes["high"]["url"])).content == picture
    assert (await yt.one(video_id, "contentDetails"))["contentDetails"]["hasCustomThumbnail"]


async def test_thumbnails_that_are_refused(yt: YouTube) -> None:
    video_id = await yt.video()

    async def put(data: bytes, query: str, caller: YouTube = yt) -> httpx2.Response:
        return await caller.call(
            "POST", f"/upload/youtube/v3/thumbnails/set?uploadType=media{query}", content=data
        )

    mine = f"&videoId={video_id}"
    for data in (
        b"x",
        media.webp(1280, 720),
        media.png(639, 360),
        media.png(1280, 720) + bytes(2_097_152),
    ):
        bad(await put(data, mine), 400, "invalidImage", "youtube.thumbnail")
    bad(await put(b"", mine), 400, "mediaBodyRequired")
    bad(await put(b"x", ""), 400, "missingRequiredParameter")
    bad(await put(media.png(1280, 720), "&videoId=nothing"), 404, "videoNotFound")
    bad(await put(media.png(1280, 720), mine, await yt.other()), 403, "forbidden")
    await yt.fault("thumbnail_forbidden")
    bad(await put(media.png(1280, 720), mine), 403, "forbidden")
    await yt.fault("thumbnail_rate")
    bad(await put(media.png(1280, 720), mine), 429, "uploadRateLimitExceeded")


async def test_faults_at_the_opening(yt: YouTube) -> None:
    for fault, status, reason, domain in (
        ("quota_exceeded", 403, "quotaExceeded", "youtube.quota"),
        ("uploads_per_day", 429, "rateLimitExceeded", "global"),
        ("upload_limit", 400, "uploadLimitExceeded", "youtube.video"),
        ("no_channel", 401, "youtubeSignupRequired", "youtube.header"),
        ("token_expired", 401, "authError", "global"),
    ):
        await yt.fault(fault)
        bad(await yt.open(10), status, reason, domain)
    assert (await yt.open(10)).status_code == 200


@pytest.mark.parametrize("fault", ["lost_answer", "error_after", "reset_before", "error_before"])
async def test_the_end_of_an_upload_may_be_lost(yt: YouTube, fault: str) -> None:
    data = film()
    session = await yt.opened(len(data))
    await yt.put(session, data[: 2 * UNIT], 0, len(data))
    await yt.fault(fault)
    if fault in {"lost_answer", "reset_before"}:
        with pytest.raises(httpx2.TransportError):
            await yt.put(session, data[2 * UNIT :], 2 * UNIT, len(data))
    else:
        bad(await yt.put(session, data[2 * UNIT :], 2 * UNIT, len(data)), 503, "backendError")
    stored = fault in {"lost_answer", "error_after"}
    asked = await yt.ask(session, len(data))
    assert asked.status_code == (200 if stored else 308)
    last = good(await yt.put(session, data[2 * UNIT :], 2 * UNIT, len(data)))
    (shown,) = await yt.posts()
    assert shown["id"] == last["id"]
