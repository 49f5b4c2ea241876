"""Media on the Threads simulator: fetched by URL after the answer, examined, processed, put together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.threads import DAY, Threads, at_threads, bad, good

from polypost.sandbox.networks.threads.media_rules import MESSAGES

threads = demo_account(Threads)


async def test_a_picture_with_words_for_those_who_do_not_see_it(threads):
    for name, data, mime in (("a.jpg", media.jpeg(), "jpeg"), ("b.png", media.png(1440, 144), "png")):
        source = threads.files.add(name, data)
        post_id = await threads.published(
            media_type="IMAGE", image_url=source, text="Look", alt_text="A wall", is_spoiler_media="true"
        )
        shown = await threads.get(post_id, fields="media_type,media_url,alt_text,is_spoiler_media")
        assert (shown["media_type"], shown["alt_text"], shown["is_spoiler_media"]) == (
            "IMAGE",
            "A wall",
            True,
        )
        file = await threads.running.http.get(shown["media_url"])
        assert file.content == data
        assert file.headers["content-type"] == f"image/{mime}"


async def test_a_film_is_worked_on_for_a_while(threads):
    source = threads.film()
    container = await threads.contained(media_type="VIDEO", video_url=source)
    first = await threads.get(container, fields="status")
    assert first["status"] == "IN_PROGRESS"
    bad(await threads.publish(container), 24, 4279009)
    post_id = good(await threads.publish(await threads.finished(container)))["id"]
    shown = await threads.get(post_id, fields="media_type,media_url,thumbnail_url,text")
    assert shown["media_type"] == "VIDEO"
    assert "text" not in shown
    assert shown["media_url"].endswith("type=video/mp4")


async def test_a_film_that_nobody_looks_at_is_ready_after_a_time(threads):
    container = await threads.contained(media_type="VIDEO", video_url=threads.film())
    await threads.files.finish()
    # The work begins when the fetched file has been stored, which nobody outside sees.
    for _ in range(100):
        await threads.running.control("POST", "clock", advance=6)
        if (made := await threads.publish(container)).is_success:
            break
        await asyncio.sleep(0.02)
    good(made)


async def test_processing_takes_as_long_as_it_is_told_to(threads):
    await threads.fault("processing", seconds=600)
    container = await threads.contained(text="slow")
    assert (await threads.get(container, fields="status"))["status"] == "IN_PROGRESS"
    bad(await threads.publish(container), 24, 4279009)
    await threads.running.control("POST", "clock", advance=601)
    await threads.finished(container)


async def test_carousels(threads):
    picture = threads.files.add("a.jpg", media.jpeg())
    one = await threads.contained(
        media_type="IMAGE", image_url=picture, is_carousel_item="true", alt_text="one"
    )
    two = await threads.contained(media_type="VIDEO", video_url=threads.film(), is_carousel_item="true")
    bad(await threads.contain(media_type="CAROUSEL", children=f"{one},{two}"), 24, 4279009)
    for each in (one, two):
        await threads.finished(each)
    bad(await threads.publish(one), 100)
    post_id = await threads.published(media_type="CAROUSEL", children=f"{one},{two}", text="Both")
    shown = await threads.get(
        post_id, fields="media_type,media_url,text,children{media_type,alt_text,media_url}"
    )
    assert (shown["media_type"], shown["text"]) == ("CAROUSEL_ALBUM", "Both")
    assert "media_url" not in shown
    first, second = shown["children"]["data"]
    assert (first["media_type"], first["alt_text"], second["media_type"]) == ("IMAGE", "one", "VIDEO")
    assert first["id"] not in {one, two}
    bare = await threads.get(post_id, fields="children")
    assert [set(child) for child in bare["children"]["data"]] == [{"id"}, {"id"}]
    (row,) = (await threads.get("me/threads_publishing_limit", fields="quota_usage"))["data"]
    assert row["quota_usage"] == 1


@pytest.mark.parametrize("dress", ["commas", "list", "numbered"])
async def test_children_in_every_dress(threads, dress):
    ids = (await threads.items(20)).split(",")
    how: dict[str, Any] = {
        "commas": {"data": {"children": ",".join(ids)}},
        "list": {"json": {"children": ids}},
        "numbered": {"data": {f"children[{place}]": each for place, each in enumerate(ids)}},
    }[dress]
    ((kind, body),) = how.items()
    answer = await threads.call(
        "POST", "/v1.0/me/threads", **{kind: body | {"media_type": "CAROUSEL", "text": "all"}}
    )
    post_id = good(await threads.publish(await threads.finished(good(answer)["id"])))["id"]
    shown = await threads.get(post_id, fields="children")
    assert len(shown["children"]["data"]) == 20


async def test_children_that_cannot_be_used(threads):
    ids = await threads.items(2)
    plain = await threads.contained(text="x")
    first = ids.split(",")[0]
    bad(await threads.contain(media_type="CAROUSEL", children=f"{first},{plain}"), 100)
    bad(await threads.contain(media_type="CAROUSEL", children=f"{first},18000000000000001"), 24, 4279009)
    await threads.fault("child_expired")
    bad(await threads.contain(media_type="CAROUSEL", children=ids), 100, 4279004)
    await threads.fault("error_unknown")
    lost = await threads.contained(
        media_type="IMAGE", image_url=threads.files.add("a.jpg", media.jpeg()), is_carousel_item="true"
    )
    bad(await threads.contain(media_type="CAROUSEL", children=f"{first},{lost}"), 100, 4279004)
    await threads.running.control("POST", "clock", advance=DAY - 60)
    parent = await threads.contained(media_type="CAROUSEL", children=ids)
    await threads.running.control("POST", "clock", advance=120)
    bad(await threads.publish(parent), 100, 4279004)


SPOILT = {
    "gif.gif": (media.gif, "IMAGE", "UNKNOWN"),
    "webp.webp": (media.webp, "IMAGE", "UNKNOWN"),
    "wide.jpg": (lambda: media.jpeg(1001, 100), "IMAGE", "INVALID_ASPEC_RATIO"),
    "large.jpg": (lambda: media.jpeg(64, 64) + bytes(8 * 1024 * 1024), "IMAGE", "UNKNOWN"),
    "page.html": (lambda: b"<html>", "IMAGE", "UNKNOWN"),
    "webm.webm": (media.webm, "VIDEO", "FAILED_PROCESSING_VIDEO"),
    "text.mp4": (lambda: b"no film", "VIDEO", "FAILED_PROCESSING_VIDEO"),
    "huge.mp4": (lambda: media.mp4(width=1922, height=1080), "VIDEO", "FAILED_PROCESSING_VIDEO"),
    "long.mp4": (lambda: media.mp4(seconds=301.0, fps=23.0), "VIDEO", "INVALID_DURATION"),
    "slow.mp4": (lambda: media.mp4(fps=15.0), "VIDEO", "INVALID_FRAME_RATE"),
    "fast.mp4": (lambda: media.mp4(fps=90.0), "VIDEO", "INVALID_FRAME_RATE"),
    "wide.mp4": (lambda: media.mp4(width=1920, height=180), "VIDEO", "INVALID_ASPEC_RATIO"),
    "heavy.mp4": (lambda: media.mp4(seconds=0.1, size=2_000_000), "VIDEO", "INVALID_BIT_RATE"),
}


async def test_what_is_wrong_with_a_file_stands_in_the_container(threads):
    made = {}
    for name, (data, kind, _) in SPOILT.items():
        source = {f"{kind.lower()}_url": threads.files.add(name, data())}
        made[name] = await threads.contained(media_type=kind, **source)
    for name, container in made.items():
        status = await threads.settled(container)
        assert (status["status"], status["error_message"]) == ("ERROR", SPOILT[name][2]), name
        bad(await threads.publish(container), 24, 4279009)


async def test_an_address_that_gives_nothing_is_an_error_later_and_not_at_creation(threads):
    nothing = f"{threads.files.url}/nothing"
    for kind, name, message in (
        ("IMAGE", "image_url", "UNKNOWN"),
        ("VIDEO", "video_url", "FAILED_DOWNLOADING_VIDEO"),
    ):
        for address in (nothing, "http://169.254.169.254/latest"):
            container = await threads.contained(media_type=kind, **{name: address})
            assert (await threads.settled(container))["error_message"] == message


async def test_every_error_message_can_be_had(threads):
    for message in MESSAGES:
        await threads.fault(f"error_{message.lower()}")
        container = await threads.contained(media_type="VIDEO", video_url=threads.film())
        status = await threads.settled(container)
        assert (status["status"], status["error_message"]) == ("ERROR", message)


async def test_a_fetch_that_is_refused_at_creation(threads):
    await threads.fault("fetch_refused")
    answer = await threads.contain(media_type="VIDEO", video_url=threads.film())
    bad(answer, 1, 2207052)


def test_a_fetch_that_a_restart_cut_off_is_taken_up_again(tmp_path):
    async def main() -> None:
        async with at_threads(tmp_path) as threads:
            source, port = threads.film(), int(threads.files.url.rpartition(":")[2])
            threads.files.answers.clear()
            container = await threads.contained(media_type="VIDEO", video_url=source)
            assert (await threads.get(container, fields="status"))["status"] == "IN_PROGRESS"
        async with at_threads(tmp_path, port=port) as threads:
            threads.film()
            good(await threads.publish(await threads.finished(container)))

    asyncio.run(main())
