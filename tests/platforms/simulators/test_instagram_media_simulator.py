"""What the Instagram simulator takes into a container, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.instagram import Instagram, at_instagram, bad, good

ig = demo_account(Instagram)


@pytest.mark.parametrize(
    ("data", "code", "subcode"),
    [
        (media.png(), 36001, 2207005),
        (media.jpeg(1080, 1920), 36003, 2207009),
        (media.jpeg(1920, 900), 36003, 2207009),
        (media.jpeg() + bytes(9 * 1024 * 1024), 36000, 2207004),
        (b"<html>not a picture</html>", 9004, 2207052),
        (None, 9004, 2207052),
    ],
    ids=["png", "tall", "wide", "large", "page", "missing"],
)
async def test_a_picture_must_be_jpeg_small_and_of_a_usual_shape(ig, data, code, subcode):
    url = f"{ig.files.url}/none.jpg" if data is None else ig.files.add("a.jpg", data)
    error = bad(await ig.contain(image_url=url), code, subcode)
    assert error["error_user_title"]
    assert error["error_user_msg"]
    bad(await ig.contain(image_url="http://10.0.0.1/a.jpg"), 9004, 2207052)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("REELS", {"seconds": 2.0}),
        ("REELS", {"seconds": 901.0, "fps": 25.0}),
        ("REELS", {"fps": 15.0}),
        ("REELS", {"width": 2400}),
        ("STORIES", {"seconds": 61.0}),
        ("VIDEO", {"seconds": 61.0}),
    ],
)
async def test_a_film_against_the_rules_ends_in_an_error(ig, kind, shape):
    child = {"is_carousel_item": "true"} if kind == "VIDEO" else {}
    container = await ig.contained(media_type=kind, video_url=ig.film(**shape), **child)
    status = await ig.settled(container)
    assert status["status_code"] == "ERROR"
    assert "error code 2207026" in status["status"]
    bad(await ig.publish(container), *((100, None) if child else (9007, 2207027)))


async def test_what_cannot_be_a_film_or_be_had_ends_in_an_error(ig):
    for url, number, more in (
        (f"{ig.files.url}/none.mp4", 2207077, {}),
        ("http://10.0.0.1/a.mp4", 2207077, {}),
        (ig.files.add("a.jpg", media.jpeg()), 2207026, {}),
        (ig.film(), 2207057, {"thumb_offset": "999999"}),
        (ig.film(), 2207052, {"cover_url": f"{ig.files.url}/none.jpg"}),
        (ig.film(), 2207005, {"cover_url": ig.files.add("a.png", media.png())}),
    ):
        container = await ig.contained(media_type="REELS", video_url=url, **more)
        assert str(number) in (await ig.settled(container))["status"]
    await ig.fault("processing_failed")
    container = await ig.contained(media_type="REELS", video_url=ig.film())
    assert "2207053" in (await ig.settled(container))["status"]


@pytest.mark.parametrize(
    ("params", "code", "subcode"),
    [
        ({"caption": "x" * 2201}, 36004, 2207010),
        ({"caption": " ".join(f"#t{n}" for n in range(31))}, 36004, 2207010),
        ({"caption": " ".join(f"@u{n}" for n in range(21))}, 100, 2207040),
        ({"media_type": "POEM"}, 100, 2207023),
        ({"image_url": ""}, 100, None),
        ({"collaborators": '["a","b","c","d"]'}, 100, None),
        ({"collaborators": "[1"}, 100, None),
        ({"alt_text": "x" * 1001}, 100, None),
        ({"location_id": "here"}, 100, None),
        ({"is_ai_generated": "maybe"}, 100, None),
        ({"user_tags": json.dumps([{"username": "a", "x": 0.5, "y": 0.5}] * 21)}, 100, 2207040),
        ({"user_tags": '[{"username":"a"}]'}, 100, None),
        ({"user_tags": '[{"username":"a","x":2,"y":0}]'}, 100, None),
        ({"product_tags": json.dumps([{"product_id": 1}] * 6)}, 100, 2207036),
        ({"product_tags": "[{}]"}, 100, 2207037),
        ({"product_tags": '[{"product_id":1,"x":9,"y":0}]'}, 100, 2207035),
        ({"branded_content_sponsor_ids": "1,2,3"}, 100, None),
        ({"media_type": "REELS", "thumb_offset": "-1"}, 1, 2207057),
        ({"media_type": "REELS", "user_tags": '[{"username":"a","x":0,"y":0}]'}, 100, 2207064),
        ({"media_type": "REELS", "trial_params": '{"graduation_strategy":"LATER"}'}, 100, None),
        ({"media_type": "REELS", "trial_params": '{"graduation_strategy":["MANUAL"]}'}, 100, None),
    ],
)
async def test_parameters_are_checked(ig, params, code, subcode):
    source = {"video_url" if params.get("media_type") == "REELS" else "image_url": "https://a.example/a"}
    bad(await ig.contain(**(source | params)), code, subcode)


async def test_what_is_just_allowed_is_allowed(ig):
    tags = " ".join(f"#t{n}" for n in range(30)) + " " + " ".join(f"@u{n}" for n in range(20))
    caption = tags + "é" * (2200 - len(tags))
    await ig.picture(
        caption,
        collaborators='["a","b","c"]',
        user_tags='[{"username":"a","x":0.5,"y":1}]',
        media_type="IMAGE",
    )
    assert (await ig.posts())[0]["text"] == caption
    for shape in ((1080, 1350), (1080, 566)):
        await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg(*shape)))


async def resumable(ig: Instagram, **more: str) -> tuple[str, str]:
    made = good(await ig.contain(**({"media_type": "REELS", "upload_type": "resumable"} | more)))
    assert urlsplit(made["uri"]).path == f"/ig-api-upload/v26.0/{made['id']}"
    return made["id"], urlsplit(made["uri"]).path


async def test_a_film_is_sent_in_one_go_or_continued_after_a_break(ig):
    film = media.mp4(width=1080, height=1920, size=3_000_000)
    container, path = await resumable(ig)
    assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "IN_PROGRESS"
    head = {"authorization": f"OAuth {ig.token}", "file_size": str(len(film))}
    await break_off(ig, path, head, film, after=1_000_000)
    part = await received(ig, container, at_least=1)
    assert 0 < part <= 1_000_000
    gap = await ig.call("POST", path, headers={**head, "offset": "2999999"}, content=film[2_999_999:])
    assert gap.status_code == 400
    assert gap.json()["debug_info"]["retriable"]
    sent = await ig.call("POST", path, headers={**head, "offset": str(part)}, content=film[part:])
    assert good(sent) == {"success": True, "message": "Upload successful."}
    good(await ig.publish(await ig.finished(container)))
    (post,) = await ig.posts()
    assert (await ig.running.http.get(post["media"][0]["url"])).content == film
    again = await ig.call("POST", path, headers={**head, "offset": "0"}, content=film)
    assert again.status_code == 400


async def break_off(ig: Instagram, path: str, head: dict[str, str], film: bytes, *, after: int) -> None:
    """Send the beginning of an upload and hang up."""
    address = urlsplit(ig.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [
        f"POST {path} HTTP/1.1",
        "host: rupload.facebook.com",
        f"content-length: {len(film)}",
        "offset: 0",
    ]
    lines += [f"{name}: {value}" for name, value in head.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + film[:after])
    await writer.drain()
    await received(ig, path.rpartition("/")[2], at_least=1)
    raw = writer.get_extra_info("socket")
    raw.shutdown(socket.SHUT_RDWR)
    writer.close()


async def received(ig: Instagram, container: str, *, at_least: int) -> int:
    """How many bytes of a film are here, once there are so many and no more come."""
    last = -1
    for _ in range(100):
        status = (await ig.get(f"/{container}", fields="video_status")).get("video_status", {})
        now = status.get("uploading_phase", {}).get("bytes_transferred", 0)
        if now >= at_least and now == last:
            return now
        last = now
        await asyncio.sleep(0.02)
    raise AssertionError("the bytes did not come")


async def test_an_upload_that_is_no_film_fails(ig):
    container, path = await resumable(ig)
    sent = await ig.call("POST", path, headers={"offset": "0", "file_size": "5"}, content=b"hello")
    assert sent.status_code == 400
    assert sent.json()["debug_info"]["type"] == "ProcessingFailedError"
    assert "2207026" in (await ig.settled(container))["status"]
    for head in (
        {},
        {"offset": "0"},
        {"offset": "x", "file_size": "5"},
        {"offset": "0", "file_size": "0"},
    ):
        _, path = await resumable(ig)
        assert (await ig.call("POST", path, headers=head, content=b"hello")).status_code == 400
    long = await ig.call("POST", path, headers={"offset": "0", "file_size": "3"}, content=b"hello")
    assert long.status_code == 400
    bad(await ig.call("POST", "/ig-api-upload/123", headers={"offset": "0"}, content=b""), 100, 33)


async def test_a_resumable_film_may_come_from_an_address(ig):
    container, path = await resumable(ig, media_type="STORIES")
    good(await ig.call("POST", path, headers={"file_url": ig.film()}))
    good(await ig.publish(await ig.finished(container)))
    container, path = await resumable(ig)
    lost = await ig.call("POST", path, headers={"file_url": f"{ig.files.url}/none.mp4"})
    assert lost.status_code == 400
    assert "2207077" in (await ig.settled(container))["status"]


@pytest.mark.parametrize(
    ("fault", "code", "subcode", "status"),
    [
        ("fetch_timeout", -2, 2207003, 400),
        ("fetch_failed", 9004, 2207052, 400),
        ("creation_failed", -1, 2207032, 500),
        ("trial_refused", 10, 2207081, 403),
    ],
)
async def test_trouble_at_creation(ig, fault, code, subcode, status):
    await ig.fault(fault)
    picture = ig.files.add("a.jpg", media.jpeg())
    bad(await ig.contain(image_url=picture), code, subcode, status)
    await ig.contained(image_url=picture)


async def test_a_carousel_has_two_to_ten_items_of_its_kind(ig):
    picture = ig.files.add("a.jpg", media.jpeg())
    child = await ig.contained(is_carousel_item="true", image_url=picture)
    single = await ig.contained(image_url=picture)
    for children, code, subcode in (
        (child, 100, 2207028),
        (",".join([child] * 11), 100, 2207028),
        ("", 100, 2207028),
        (f"{child},{single}", 100, None),
        (f"{child},17900000000000009", 24, 2207008),
        ("[1,", 100, None),
    ):
        bad(await ig.contain(media_type="CAROUSEL", children=children), code, subcode)
    bad(await ig.contain(media_type="REELS", is_carousel_item="true", video_url=ig.film()), 100, 2207023)
    bad(await ig.contain(media_type="VIDEO", video_url=ig.film()), 100, 2207023)


async def test_four_hundred_containers_a_day_unless_limits_are_off(ig):
    for _ in range(400):
        await ig.contained(media_type="REELS", upload_type="resumable")
    bad(await ig.contain(media_type="REELS", upload_type="resumable"), 9, 2207042)
    await ig.running.control("POST", "limits", enforced=False)
    await ig.contained(media_type="REELS", upload_type="resumable")


async def test_processing_can_be_made_to_last(ig):
    await ig.fault("processing", seconds=100)
    container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
    for _ in range(4):
        assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "IN_PROGRESS"
    await ig.running.control("POST", "clock", advance=101)
    await ig.finished(container)


def test_a_fetch_that_a_stop_cuts_off_is_taken_up_again(tmp_path):
    async def main() -> None:
        async with at_instagram(tmp_path) as ig:
            ig.files.answers.clear()
            url = ig.film()
            container = await ig.contained(media_type="REELS", video_url=url)
            assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "IN_PROGRESS"
            asked = urlsplit(url)
        moved = Path(asked.path).name
        async with at_instagram(tmp_path, port=asked.port) as ig:
            assert ig.film(moved) == url
            await ig.finished(container)

    asyncio.run(main())


async def test_the_upload_address_tells_where_to_go_on(ig):
    _, path = await resumable(ig)
    assert await ig.get(path) == {"offset": 0}
    part = await ig.call("POST", path, headers={"offset": "0", "file_size": "9"}, content=b"12345")
    assert good(part)["success"]
    assert await ig.get(path) == {"offset": 5}
