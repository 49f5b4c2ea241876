"""The upload host of the TikTok simulator: every vector of the description, and every answer it has for a chunk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.tiktok import PUBLISH, TikTok, bad, good

DESCRIPTION = json.loads(
    (Path(__file__).parents[2] / "specs" / "tiktok-content-posting.json").read_text(encoding="utf-8")
)
VECTORS = DESCRIPTION["chunk_vectors"]
SIZE, CHUNK = 12_000_000, 5_000_000

tiktok = demo_account(TikTok)


async def test_every_vector_is_taken_and_another_count_is_not(tiktok):
    await tiktok.unlimited()
    for vector in VECTORS:
        size, chunk, count = (vector[f"{name}"] for name in ("video_size", "chunk_size", "total_chunk_count"))
        opened = good(await tiktok.init(size, chunk, count))
        assert len(opened["upload_url"]) <= 256
        for wrong in (count - 1, count + 1):
            bad(await tiktok.init(size, chunk, wrong), "invalid_params")


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["video_size"] < 60_000_000], ids=lambda v: str(v["video_size"])
)
async def test_vectors_that_fit_on_a_test_machine_are_sent_to_their_end(vector, tiktok):
    size, chunk, count = (vector[name] for name in ("video_size", "chunk_size", "total_chunk_count"))
    film = media.mp4(width=720, height=1280, size=size)
    opened = good(await tiktok.init(size, chunk, count))
    statuses, ranges = [], []
    for number in range(count):
        first = number * chunk
        last = size - 1 if number == count - 1 else first + chunk - 1
        answer = await tiktok.put(opened["upload_url"], film[first : last + 1], first, last, size)
        assert answer.content == b""
        assert answer.headers["content-range"] == f"bytes 0-{last}/{size}"
        statuses.append(answer.status_code)
        ranges.append([first, last])
    assert statuses == [206] * (count - 1) + [201]
    assert (ranges[0], ranges[-1]) == (vector["first"], vector["last"])
    assert (await tiktok.settled(opened["publish_id"]))["status"] == "PUBLISH_COMPLETE"


BAD_NUMBERS = [
    (0, 1, 1),
    (4_294_967_297, 64_000_000, 67),
    (20_000_000, 4_999_999, 4),
    (4_000_000, 2_000_000, 2),
    (200_000_000, 67_108_865, 2),
    (100, 101, 1),
    (100, 100, 2),
    (50_000_123, 10_000_000, 6),
    (7_000_000_000, 5_000_000, 1400),
    (100, True, 1),
    ("100", 100, 1),
    (100.5, 100, 1),
]


async def test_numbers_that_are_refused(tiktok):
    await tiktok.unlimited()
    for size, chunk, count in BAD_NUMBERS:
        bad(await tiktok.init(size, chunk, count), "invalid_params")


async def test_chunks_of_either_megabyte_are_taken(tiktok):
    await tiktok.unlimited()
    for size, chunk in ((67_108_864, 67_108_864), (15_728_640, 5_242_880), (134_217_728, 67_108_864)):
        good(await tiktok.init(size, chunk, size // chunk))


async def opened(tiktok: TikTok) -> tuple[str, str]:
    made = good(await tiktok.init(SIZE, CHUNK, 2))
    return made["publish_id"], made["upload_url"]


async def test_chunks_come_in_order_and_a_repeated_one_is_told_where_to_go_on(tiktok):
    publish_id, url = await opened(tiktok)
    data = media.mp4(width=720, height=1280, size=SIZE)
    early = await tiktok.put(url, data[CHUNK:], CHUNK, SIZE - 1, SIZE)
    assert (early.status_code, early.headers["content-range"]) == (416, f"bytes */{SIZE}")
    first = await tiktok.put(url, data[:CHUNK], 0, CHUNK - 1, SIZE)
    assert first.status_code == 206
    again = await tiktok.put(url, data[:CHUNK], 0, CHUNK - 1, SIZE)
    assert (again.status_code, again.headers["content-range"]) == (416, f"bytes 0-{CHUNK - 1}/{SIZE}")
    assert (await tiktok.look(publish_id))["uploaded_bytes"] == CHUNK
    last = await tiktok.put(url, data[CHUNK:], CHUNK, SIZE - 1, SIZE)
    assert last.status_code == 201
    after = await tiktok.put(url, data[CHUNK:], CHUNK, SIZE - 1, SIZE)
    assert (after.status_code, after.headers["content-range"]) == (416, f"bytes 0-{SIZE - 1}/{SIZE}")
    assert (await tiktok.settled(publish_id))["status"] == "PUBLISH_COMPLETE"
    assert len(await tiktok.posts()) == 1


async def test_an_authorization_on_the_upload_host_is_ignored(tiktok):
    _, url = await opened(tiktok)
    answer = await tiktok.put(url, bytes(CHUNK), 0, CHUNK - 1, SIZE, authorization="Bearer nonsense")
    assert answer.status_code == 206


BAD_HEADERS = [
    (CHUNK, 0, CHUNK - 1, SIZE + 1, {}),
    (CHUNK - 1, 0, CHUNK - 2, SIZE, {}),
    (CHUNK - 1, 0, CHUNK - 1, SIZE, {}),
    (CHUNK, 0, CHUNK - 1, SIZE, {"content-type": "text/plain"}),
    (CHUNK, 0, CHUNK - 1, SIZE, {"content-range": "0-4999999/12000000"}),
    (CHUNK, 0, CHUNK - 1, SIZE, {"content-range": ""}),
    (0, 0, CHUNK - 1, SIZE, {}),
]


async def test_a_chunk_whose_headers_do_not_fit(tiktok):
    await tiktok.unlimited()
    for length, first, last, total, headers in BAD_HEADERS:
        publish_id, url = await opened(tiktok)
        answer = await tiktok.put(url, bytes(length), first, last, total, **headers)
        assert (answer.status_code, answer.content) == (400, b"")
        assert (await tiktok.look(publish_id))["uploaded_bytes"] == 0


async def test_addresses_that_lead_nowhere(tiktok):
    _, url = await opened(tiktok)
    for wrong, status in (
        (url.replace("upload_token=", "upload_token=x"), 403),
        (f"{tiktok.url}/video/?upload_id=1&upload_token=x", 404),
        (f"{tiktok.url}/video/", 404),
    ):
        assert (await tiktok.put(wrong, bytes(CHUNK), 0, CHUNK - 1, SIZE)).status_code == status
    await tiktok.later(3601)
    assert (await tiktok.put(url, bytes(CHUNK), 0, CHUNK - 1, SIZE)).status_code == 403


TROUBLE = [("upload_url_expired", 403), ("upload_unknown", 404), ("upload_busy", 503)]


async def test_trouble_on_demand(tiktok):
    await tiktok.unlimited()
    for fault, status in TROUBLE:
        _, url = await opened(tiktok)
        await tiktok.fault(fault)
        answer = await tiktok.put(url, bytes(CHUNK), 0, CHUNK - 1, SIZE)
        assert (answer.status_code, answer.content) == (status, b"")
        assert (await tiktok.put(url, bytes(CHUNK), 0, CHUNK - 1, SIZE)).status_code == 206


async def test_a_cancelled_upload_takes_nothing_more(tiktok):
    publish_id, url = await opened(tiktok)
    good(await tiktok.post(f"{PUBLISH}/cancel/", publish_id=publish_id))
    assert (await tiktok.put(url, bytes(CHUNK), 0, CHUNK - 1, SIZE)).status_code == 404


async def test_only_the_last_chunk_publishes(tiktok):
    publish_id, url = await opened(tiktok)
    data = media.mp4(width=720, height=1280, size=SIZE)
    await tiktok.fault("error_before")
    assert (await tiktok.put(url, data[:CHUNK], 0, CHUNK - 1, SIZE)).status_code == 206
    assert (await tiktok.put(url, data[CHUNK:], CHUNK, SIZE - 1, SIZE)).status_code == 500
    assert (await tiktok.look(publish_id))["uploaded_bytes"] == CHUNK
    await tiktok.fault("error_after")
    assert (await tiktok.put(url, data[CHUNK:], CHUNK, SIZE - 1, SIZE)).status_code == 500
    seen: dict[str, Any] = await tiktok.settled(publish_id)
    assert (seen["status"], seen["uploaded_bytes"]) == ("PUBLISH_COMPLETE", SIZE)
    entries = await tiktok.running.control("GET", "requests?platform=tiktok")
    commits = [entry["path"] for entry in entries["requests"] if entry["commit"]]
    assert commits == ["/video/", "/video/"]
