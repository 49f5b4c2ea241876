"""The simulator's videos: pieces, forms, addresses, handles, reels and stories, and the work on them."""

from __future__ import annotations

import pytest
from tests import media
from tests.platforms.simulators.facebook import Facebook, bad, good
from tests.platforms.simulators.helpers import demo_account

FILM = media.mp4(seconds=10, width=1080, height=1920, size=2_500_000)
SMALL = media.mp4(seconds=10, width=1080, height=1920)

fb = demo_account(Facebook)


async def begun(fb):
    return await fb.made("videos", upload_phase="start", file_size=str(len(FILM)))


def piece(fb, session, start, data):
    return fb.edge(
        "videos",
        {"video_file_chunk": ("a.mp4", data)},
        upload_phase="transfer",
        upload_session_id=session,
        start_offset=str(start),
    )


async def filled(fb):
    start = await begun(fb)
    at = start
    while at["start_offset"] != at["end_offset"]:
        first, last = int(at["start_offset"]), int(at["end_offset"])
        at = good(await piece(fb, start["upload_session_id"], first, FILM[first:last]))
    return start


async def test_a_video_in_pieces(fb):
    start = await filled(fb)
    assert (start["start_offset"], start["end_offset"]) == ("0", "1048576")
    assert (await fb.status(start["video_id"]))["video_status"] == "upload_complete"
    finish = {"upload_phase": "finish", "upload_session_id": start["upload_session_id"]}
    assert await fb.made("videos", **finish, title="A film", description="Words") == {"success": True}
    assert (await fb.status(start["video_id"]))["video_status"] == "processing"
    status = await fb.settled(start["video_id"])
    assert status["video_status"] == "ready"
    assert status["publishing_phase"]["publish_status"] == "published"
    video = await fb.get(
        f"/{start['video_id']}", fields="title,description,permalink_url,post_id,length,published"
    )
    assert (video["title"], video["description"], video["published"]) == ("A film", "Words", True)
    assert video["permalink_url"] == f"https://www.facebook.com/{fb.id}/videos/{start['video_id']}/"
    (post,) = await fb.posts()
    assert post["id"] == f"{fb.id}_{video['post_id']}"
    bad(await fb.edge("videos", **finish), 6000, 1363041)


async def test_pieces_from_another_place_are_refused_with_the_right_one(fb):
    start = await begun(fb)
    session = start["upload_session_id"]
    good(await piece(fb, session, 0, FILM[:1000]))
    error = bad_transient(await piece(fb, session, 0, FILM[:1000]))
    assert error["error_data"] == {"start_offset": 1000, "end_offset": 1000 + 1_048_576}
    bad(await piece(fb, session, 1000, FILM), 6000, 1363019)
    at = good(await piece(fb, session, 1000, FILM[1000:]))
    assert at["start_offset"] == at["end_offset"] == str(len(FILM))


def bad_transient(answer):
    error = bad(answer, 6000, 1363037)
    assert error["is_transient"] is True
    return error


async def test_uploads_that_cannot_be(fb):
    bad(await fb.edge("videos", upload_phase="start"), 100)
    bad(await fb.edge("videos", upload_phase="start", file_size="0"), 100)
    bad(await fb.edge("videos", upload_phase="middle"), 100)
    bad(await fb.edge("videos", upload_phase="finish", upload_session_id="1"), 6000, 1363041)
    bad(await fb.edge("videos"), 100)
    start = await begun(fb)
    session = start["upload_session_id"]
    bad(await fb.edge("videos", upload_phase="finish", upload_session_id=session), 6000, 1363019)
    bad(await fb.edge("videos", upload_phase="transfer", upload_session_id=session, start_offset="0"), 100)
    bad(await fb.edge("videos", upload_phase="transfer", upload_session_id=session, start_offset="x"), 100)
    await fb.advance(86_401)
    bad(await piece(fb, session, 0, FILM[:10]), 6000, 1363041)
    assert (await fb.status(start["video_id"]))["video_status"] == "expired"


async def test_an_upload_is_called_off(fb):
    start = await begun(fb)
    session = {"upload_session_id": start["upload_session_id"]}
    assert await fb.made("videos", upload_phase="cancel", **session) == {"success": True}
    bad(await fb.call("GET", f"/v26.0/{start['video_id']}"), 100, 33)


async def test_a_video_kept_back_is_shown_by_its_id_once(fb):
    start = await filled(fb)
    video, finish = (
        start["video_id"],
        {"upload_phase": "finish", "upload_session_id": start["upload_session_id"]},
    )
    await fb.made("videos", **finish, published="false", description="Words")
    assert await fb.posts() == []
    assert (await fb.get(f"/{video}", fields="published"))["published"] is False
    for _ in range(2):
        assert good(await fb.call("POST", f"/v26.0/{video}", data={"published": "true"})) == {"success": True}
    assert [post["text"] for post in await fb.posts()] == ["Words"]
    good(await fb.call("POST", f"/v26.0/{video}", data={"description": "Other"}))
    bad(await fb.call("POST", f"/v26.0/{video}", data={}), 100)
    good(await fb.call("DELETE", f"/v26.0/{video}"))
    assert (await fb.posts())[0]["deleted"]


async def test_videos_at_once(fb):
    form = await fb.made("videos", {"source": ("a.mp4", SMALL)}, description="Form")
    url = await fb.made("videos", file_url=fb.files.add("a.mp4", SMALL), description="Address")
    app = fb.account["clientId"]
    asked = {"file_name": "a.mp4", "file_length": str(len(SMALL)), "file_type": "video/mp4"}
    upload = good(await fb.call("POST", f"/v26.0/{app}/uploads", params=asked))["id"]
    half = len(SMALL) // 2
    first = await fb.call("POST", f"/v26.0/{upload}", headers={"file_offset": "0"}, content=SMALL[:half])
    assert "h" not in good(first)
    assert good(await fb.call("GET", f"/v26.0/{upload}"))["file_offset"] == half
    bad(await fb.call("POST", f"/{upload}", headers={"file_offset": "0"}, content=SMALL), 6000, 1363037)
    last = await fb.call("POST", f"/v26.0/{upload}", headers={"file_offset": str(half)}, content=SMALL[half:])
    handle = good(last)["h"]
    other = await fb.made("videos", fbuploader_video_file_chunk=handle, description="Handle")
    bad(await fb.edge("videos", fbuploader_video_file_chunk="x"), 100)
    assert len({form["id"], url["id"], other["id"]}) == 3
    assert [post["text"] for post in await fb.posts()] == ["Handle", "Address", "Form"]


@pytest.mark.parametrize("data", [b"no film", media.jpeg(), media.webm()])
async def test_what_is_no_video_fails_in_its_status(fb, data):
    made = await fb.made("videos", {"source": ("a.mp4", data)})
    status = await fb.status(made["id"])
    assert status["video_status"] == "error"
    assert status["processing_phase"]["errors"][0]["code"] == 1363026
    missing = await fb.made("videos", file_url=f"{fb.files.url}/missing")
    assert (await fb.status(missing["id"]))["video_status"] == "error"
    assert await fb.posts() == []


async def test_a_video_can_be_scheduled(fb):
    at = str(good(await fb.call("GET", f"/debug_token?input_token={fb.token}"))["data"]["issued_at"] + 3_600)
    await fb.made("videos", {"source": ("a.mp4", SMALL)}, published="false", scheduled_publish_time=at)
    assert (await fb.get(f"/{fb.id}/videos"))["data"] == []
    await fb.advance(3_605)
    assert len((await fb.get(f"/{fb.id}/videos"))["data"]) == 1
    assert len(await fb.posts()) == 1


async def test_covers(fb):
    cover = {"thumb": ("t.jpg", media.jpeg(640, 360)), "source": ("a.mp4", SMALL)}
    video = (await fb.made("videos", cover))["id"]
    assert len((await fb.get(f"/{video}/thumbnails"))["data"]) == 1
    path = f"/v26.0/{video}/thumbnails"
    assert good(await fb.call("POST", path, files={"source": ("t.png", media.png())}))["success"] is True
    bad(await fb.call("POST", path), 100)
    await fb.fault("thumbnail_refused")
    bad(await fb.call("POST", path, files={"source": ("t.png", media.png())}), 100)


@pytest.mark.parametrize("edge", ["video_reels", "video_stories"])
async def test_a_film_by_the_upload_host(fb, edge):
    video = await fb.uploaded(edge, SMALL)
    assert (await fb.status(video))["video_status"] == "upload_complete"
    made = await fb.made(
        edge, upload_phase="finish", video_id=video, video_state="PUBLISHED", description="Words"
    )
    assert made["success"] is True
    assert (await fb.settled(video))["publishing_phase"]["publish_status"] == "published"
    (post,) = await fb.posts()
    assert post["id"] == made["post_id"]
    assert post["text"] == ("Words" if edge == "video_reels" else "")
    bad(await fb.edge(edge, upload_phase="finish", video_id=video, video_state="PUBLISHED"), 100)
    listed = (await fb.get(f"/{fb.id}/video_reels"))["data"]
    assert len(listed) == (1 if edge == "video_reels" else 0)
    page = await fb.running.http.get(post["permalink"])
    assert page.status_code == 200
    assert "<video" in page.text


async def test_an_upload_goes_on_where_it_stopped(fb):
    start = await fb.made("video_reels", upload_phase="start")
    path = f"/video-upload/v26.0/{start['video_id']}"
    headers = {"file_size": str(len(FILM))}
    good(await fb.call("POST", path, headers=headers | {"offset": "0"}, content=FILM[:1000]))
    status = await fb.status(start["video_id"])
    assert status["uploading_phase"] == {"status": "in_progress", "bytes_transferred": 1000}
    assert good(await fb.call("GET", path)) == {"offset": 1000}
    wrong = await fb.call("POST", path, headers=headers | {"offset": "2000"}, content=FILM[2000:])
    assert wrong.json()["debug_info"]["retriable"] is True
    good(await fb.call("POST", path, headers=headers | {"offset": "1000"}, content=FILM[1000:]))
    assert (await fb.status(start["video_id"]))["video_status"] == "upload_complete"
    closed = await fb.call("POST", path, headers=headers | {"offset": "0"}, content=FILM)
    assert closed.json()["debug_info"]["retriable"] is False


async def test_a_reel_from_an_address(fb):
    start = await fb.made("video_reels", upload_phase="start")
    path, url = f"/video-upload/v26.0/{start['video_id']}", fb.files.add("a.mp4", SMALL)
    missing = await fb.call("POST", path, headers={"file_url": f"{fb.files.url}/missing"})
    assert missing.status_code == 400
    assert good(await fb.call("POST", path, headers={"file_url": url}))["success"] is True
    made = {"upload_phase": "finish", "video_id": start["video_id"], "video_state": "PUBLISHED"}
    assert (await fb.made("video_reels", **made))["post_id"]


@pytest.mark.parametrize(
    ("edge", "shape"),
    [
        ("video_reels", {"seconds": 2}),
        ("video_reels", {"seconds": 91}),
        ("video_reels", {"fps": 20}),
        ("video_reels", {"width": 1920, "height": 1080}),
        ("video_reels", {"width": 270, "height": 480}),
        ("video_stories", {"seconds": 61}),
    ],
)
async def test_a_film_against_the_rules_is_taken_and_comes_to_nothing(fb, edge, shape):
    film = media.mp4(**({"width": 1080, "height": 1920, "seconds": 10} | shape))
    video = await fb.uploaded(edge, film)
    await fb.made(edge, upload_phase="finish", video_id=video, video_state="PUBLISHED")
    status = await fb.settled(video)
    assert status["video_status"] == "error"
    assert status["processing_phase"]["errors"][0]["message"]
    assert await fb.posts() == []


async def test_drafts_and_finishes_that_cannot_be(fb):
    start = await fb.made("video_reels", upload_phase="start")
    finish = {"upload_phase": "finish", "video_id": start["video_id"]}
    bad(await fb.edge("video_reels", **finish, video_state="PUBLISHED"), 6000, 1363019)
    video = await fb.uploaded("video_reels", SMALL)
    finish["video_id"] = video
    bad(await fb.edge("video_reels", **finish), 100)
    bad(await fb.edge("video_reels", **finish, video_state="SCHEDULED"), 100)
    bad(await fb.edge("video_stories", **finish), 100, 33)
    bad(await fb.edge("video_reels", upload_phase="finish", video_id="1"), 100, 33)
    bad(await fb.edge("video_reels", upload_phase="middle"), 100)
    bad(await fb.edge("video_reels", **finish, video_state="PUBLISHED", title="x" * 256), 100)
    assert await fb.made("video_reels", **finish, video_state="DRAFT") == {"success": True}
    assert (await fb.settled(video))["publishing_phase"]["publish_status"] == "draft"
    assert await fb.posts() == []
    assert (await fb.made("video_reels", **finish, video_state="PUBLISHED"))["post_id"]


async def test_thirty_reels_a_day(fb):
    for _ in range(30):
        video = await fb.uploaded("video_reels", SMALL)
        await fb.made("video_reels", upload_phase="finish", video_id=video, video_state="PUBLISHED")
    video = await fb.uploaded("video_reels", SMALL)
    finish = {"upload_phase": "finish", "video_id": video, "video_state": "PUBLISHED"}
    bad(await fb.edge("video_reels", **finish), 613)
    await fb.advance(86_401)
    video = await fb.uploaded("video_reels", SMALL)
    assert (await fb.made("video_reels", **finish | {"video_id": video}))["success"]


async def test_the_work_on_a_video_can_take_longer_or_fail(fb):
    await fb.fault("processing", seconds=60)
    video = (await fb.made("videos", {"source": ("a.mp4", SMALL)}))["id"]
    for _ in range(5):
        assert (await fb.status(video))["video_status"] == "processing"
    await fb.advance(61)
    assert (await fb.status(video))["video_status"] == "ready"
    await fb.fault("processing_failed")
    video = (await fb.made("videos", {"source": ("a.mp4", SMALL)}))["id"]
    assert (await fb.settled(video))["video_status"] == "error"
    assert len(await fb.posts()) == 1


async def test_an_address_can_be_relative(fb):
    video = (await fb.made("videos", {"source": ("a.mp4", SMALL)}))["id"]
    await fb.fault("relative_permalink")
    found = await fb.get(f"/{video}", fields="permalink_url")
    assert found["permalink_url"] == f"/{fb.id}/videos/{video}/"
