"""Media on the X simulator: segments, processing, and what it does not take."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from tests import media
from tests.platforms.simulators.helpers import Play, demo_account
from tests.platforms.simulators.x import X, speaker

from polypost import clock

x = demo_account(X)


async def test_a_picture_in_segments_in_any_order(x: X) -> None:
    data = media.png(900, 700) + b"\0" * 100_000
    done = await x.upload(data, "tweet_image", "image/png", order=[2, 0, 1, 0])
    answer = done.json()["data"]
    assert answer["image"] == {"image_type": "image/png", "w": 900, "h": 700}
    assert (answer["size"], answer["media_key"]) == (len(data), f"3_{answer['id']}")
    assert "processing_info" not in answer
    status = await x.call("GET", f"/2/media/upload?media_id={answer['id']}&command=STATUS")
    assert (status.status_code, status.json()["errors"][0]["message"]) == (400, "Not found")
    text = {"id": answer["id"], "metadata": {"alt_text": {"text": "A plain <colour>"}}}
    assert (await x.call("POST", "/2/media/metadata", json=text)).json()["data"]["id"] == answer["id"]
    text["metadata"]["alt_text"]["text"] = "x" * 1_001
    assert (await x.call("POST", "/2/media/metadata", json=text)).status_code == 400
    made = await x.made(media={"media_ids": [answer["id"]]})
    page = (await x.running.http.get(f"{x.url}/demo/status/{made}")).text
    assert 'alt="A plain &lt;colour&gt;"' in page
    stored = (await x.running.posts("twitter"))[0]["media"][0]
    assert (await x.running.http.get(stored["url"])).content == data


async def test_a_video_is_worked_on_before_it_can_be_used(x: X) -> None:
    await x.running.fault("twitter", "processing", seconds=59, times=1)
    done = (await x.upload(media.mp4(), "tweet_video", "video/mp4")).json()["data"]
    assert done["media_key"] == f"7_{done['id']}"
    assert done["processing_info"]["state"] == "pending"
    assert done["processing_info"]["check_after_secs"] >= 1
    too_soon = await x.tweet("x", media={"media_ids": [done["id"]]})
    assert too_soon.json()["errors"][0] == {
        "message": "Your media IDs are invalid.",
        "parameters": {"media.media_ids": [done["id"]]},
    }
    clock.advance(40)
    path = f"/2/media/upload?media_id={done['id']}&command=STATUS"
    midway = (await x.call("GET", path)).json()["data"]["processing_info"]
    assert midway["state"] == "in_progress"
    assert 0 < midway["progress_percent"] < 100
    clock.advance(30)
    assert (await x.call("GET", path)).json()["data"]["processing_info"]["state"] == "succeeded"
    await x.made("film", media={"media_ids": [done["id"]]})
    assert (await x.running.posts("twitter"))[0]["media"][0]["kind"] == "video"


WRONG_FILMS = [
    {"seconds": 141},
    {"width": 1920, "height": 1080},
    {"width": 1280, "height": 400},
]


FILM_NAMES = ["long", "large", "flat", "vp9", "no film"]


@pytest.mark.parametrize(
    "film", [*(media.mp4(**shape) for shape in WRONG_FILMS), media.webm(), media.jpeg()], ids=FILM_NAMES
)
async def test_a_film_that_x_does_not_take_fails_in_processing(x: X, film: bytes) -> None:
    done = (await x.upload(film, "tweet_video", "video/mp4")).json()["data"]
    clock.advance(2)
    path = f"/2/media/upload?media_id={done['id']}&command=STATUS"
    assert (await x.call("GET", path)).json()["data"]["processing_info"]["state"] == "failed"
    assert (await x.tweet("x", media={"media_ids": [done["id"]]})).status_code == 400


@pytest.mark.parametrize(("category", "kind"), [("tweet_video", "video/mp4"), ("tweet_gif", "image/gif")])
async def test_a_good_file_may_fail_in_processing(x: X, category: str, kind: str) -> None:
    await x.fault("processing_failed")
    # What is not worked on afterwards cannot fail there.
    await x.made("Look", media={"media_ids": [await x.picture()]})
    data = media.mp4() if kind == "video/mp4" else media.gif()
    done = (await x.upload(data, category, kind)).json()["data"]
    assert done["processing_info"]["state"] == "pending"
    clock.advance(2)
    path = f"/2/media/upload?media_id={done['id']}&command=STATUS"
    told = (await x.call("GET", path)).json()["data"]
    assert told["processing_info"] == {"state": "failed", "progress_percent": 100}
    assert (await x.tweet("x", media={"media_ids": [done["id"]]})).status_code == 400
    again = (await x.upload(data, category, kind)).json()["data"]
    clock.advance(2)
    await x.made("x", media={"media_ids": [again["id"]]})


async def test_four_pictures_or_one_gif_or_one_video(x: X) -> None:
    pictures = [await x.picture(media.jpeg(20 + n, 20)) for n in range(4)]
    await x.made("four", media={"media_ids": pictures})
    gif = (await x.upload(media.gif(), "tweet_gif", "image/gif")).json()["data"]
    assert gif["media_key"].startswith("16_")
    clock.advance(2)
    assert (await x.tweet("x", media={"media_ids": [gif["id"], pictures[0]]})).status_code == 400
    assert (await x.tweet("x", media={"media_ids": [pictures[0]] * 2})).status_code == 400
    await x.made("moving", media={"media_ids": [gif["id"]]})
    assert [post["mediaCount"] for post in await x.running.posts("twitter")] == [1, 4]


async def test_media_belong_to_one_account_for_one_day(running: Play) -> None:
    x, other = await speaker(running), await speaker(running, 1)
    picture = await x.picture()
    assert (await other.tweet("x", media={"media_ids": [picture]})).status_code == 400
    shared = {
        "media_type": "image/jpeg",
        "total_bytes": 10,
        "media_category": "tweet_image",
        "additional_owners": [other.id],
    }
    assert (await x.call("POST", "/2/media/upload/initialize", json=shared)).status_code == 200
    clock.advance(86_401)
    x = await speaker(running)
    assert (await x.tweet("x", media={"media_ids": [picture]})).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"media_type": "image/svg+xml", "total_bytes": 5, "media_category": "tweet_image"},
        {"media_type": "video/mp4", "total_bytes": 5, "media_category": "tweet_image"},
        {"media_type": "image/png", "total_bytes": 6 * 1024 * 1024, "media_category": "tweet_image"},
        {"media_type": "image/png", "total_bytes": 0, "media_category": "tweet_image"},
        {"media_type": "image/png", "total_bytes": 5, "media_category": "tweet_poem"},
        {"media_type": "image/png", "total_bytes": 5, "media_category": "tweet_image", "more": 1},
    ],
)
async def test_an_upload_that_cannot_work_does_not_begin(x: X, body: dict[str, Any]) -> None:
    assert (await x.call("POST", "/2/media/upload/initialize", json=body)).status_code == 400


async def test_bytes_decide_what_a_file_is(x: X) -> None:
    for data in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", media.bmp(), media.mp4(), b""):
        answer = await x.call(
            "POST",
            "/2/media/upload",
            files={"media": ("a.jpg", data, "image/jpeg")},
            data={"media_category": "tweet_image"},
        )
        assert answer.status_code == 400, data[:20]
    as_json = {"media": base64.b64encode(media.jpeg(30, 20)).decode(), "media_category": "tweet_image"}
    done = await x.call("POST", "/2/media/upload", json=as_json)
    assert done.json()["data"]["image"] == {"image_type": "image/jpeg", "w": 30, "h": 20}
    assert (await x.call("POST", "/2/media/upload", json={"media": as_json["media"]})).status_code == 400


async def test_the_older_form_with_a_command(x: X) -> None:
    data = media.jpeg(50, 40)
    begin = {"command": "INIT", "media_type": "image/jpeg", "total_bytes": str(len(data))}
    media_id = (await x.call("POST", "/2/media/upload", data=begin)).json()["data"]["id"]
    part = {"command": "APPEND", "media_id": media_id, "segment_index": "0"}
    unfinished = await x.call("POST", "/2/media/upload", data={"command": "FINALIZE", "media_id": media_id})
    assert unfinished.status_code == 400
    sent = await x.call("POST", "/2/media/upload", data=part, files={"media": ("m", data)})
    assert sent.status_code == 200
    done = await x.call("POST", "/2/media/upload", data={"command": "FINALIZE", "media_id": media_id})
    assert done.json()["data"]["image"]["w"] == 50
    await x.made("old way", media={"media_ids": [media_id]})


async def test_segments_come_in_parts_without_a_file_name(x: X) -> None:
    data = media.png(900, 700) + b"\0" * 60_000
    begin = {"media_type": "image/png", "total_bytes": len(data), "media_category": "tweet_image"}
    begun = (await x.call("POST", "/2/media/upload/initialize", json=begin)).json()["data"]
    for index in range(0, len(data), 30_000):
        sent = await x.call(
            "POST",
            f"/2/media/upload/{begun['id']}/append",
            files={
                "segment_index": (None, str(index // 30_000)),
                "media": (None, data[index : index + 30_000], "application/octet-stream"),
            },
        )
        assert sent.status_code == 200, sent.text
    done = await x.call("POST", f"/2/media/upload/{begun['id']}/finalize")
    assert done.json()["data"]["image"] == {"image_type": "image/png", "w": 900, "h": 700}
