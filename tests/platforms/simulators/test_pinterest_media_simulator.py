"""The Pinterest simulator: films, the bucket that takes them, and what becomes of them."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.pinterest import Pinterest, bad

FIELDS = {
    "x-amz-date",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-algorithm",
    "key",
    "policy",
    "x-amz-credential",
    "Content-Type",
}

net = demo_account(Pinterest)


def refused(answer: httpx2.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/xml")
    assert f"<Code>{code}</Code>" in answer.text


def source(media_id: str, **cover: Any) -> dict[str, Any]:
    return {"source_type": "video_id", "media_id": media_id} | (cover or {"cover_image_key_frame_time": 1})


async def test_a_film_from_its_registration_to_its_pin(net: Pinterest) -> None:
    ticket = await net.registered()
    assert set(ticket["upload_parameters"]) == FIELDS
    assert ticket["media_id"].isdecimal()
    status = await net.get(f"/media/{ticket['media_id']}")
    assert status == {"media_id": ticket["media_id"], "media_type": "video", "status": "registered"}
    answer = await net.send(ticket, media.mp4(seconds=5, width=720, height=1280))
    assert (answer.status_code, answer.content) == (204, b"")
    states = [(await net.get(f"/media/{ticket['media_id']}"))["status"] for _ in range(3)]
    assert states == ["processing", "processing", "succeeded"]
    pin = await net.pinned(source(ticket["media_id"]), title="Film", alt_text="moving")
    assert (pin["creative_type"], pin["media"]["media_type"]) == ("VIDEO", "video")
    shown = pin["media"]
    assert (shown["width"], shown["height"], shown["duration"]) == (720, 1280, 5000)
    page = await net.page(f"/pin/{pin['id']}/")
    assert "<video" in page
    assert "poster=" in page
    assert (await net.get("/media"))["items"][0]["status"] == "succeeded"


async def test_covers(net: Pinterest) -> None:
    film = await net.film()
    only = {"source_type": "video_id", "media_id": film}
    bad(await net.pin(only), 400, 1, "cover_image_url")
    half = only | {"cover_image_content_type": "image/jpeg"}
    bad(await net.pin(half), 400, 1, "cover_image_data")
    bad(await net.pin(source(film, cover_image_key_frame_time=-1)), 400, 1, "minimum")
    bad(await net.pin(source(film, cover_image_url=f"{net.files.url}/none.jpg")), 400, 1, "reach the URL")
    data = base64.b64encode(media.png(30, 40)).decode()
    await net.pinned(source(film, cover_image_content_type="image/png", cover_image_data=data))
    url = net.files.add("c.jpg", media.jpeg(30, 40))
    pin = await net.pinned(source(film, cover_image_url=url))
    assert pin["media"]["images"]["originals"]["height"] == 40


async def test_films_that_are_not_ready_or_not_mine(net: Pinterest) -> None:
    ticket = await net.registered()
    bad(await net.pin(source(ticket["media_id"])), 400, 1, "not been processed")
    await net.send(ticket, media.mp4())
    bad(await net.pin(source(ticket["media_id"])), 400, 1, "not been processed")
    bad(await net.pin(source("5")), 404, 50)
    other = await net.as_other()
    bad(await other.call("GET", f"/media/{ticket['media_id']}"), 404, 50)
    bad(await other.pin(source(ticket["media_id"]), board_id=other.board), 404, 50)
    bad(await net.call("GET", "/media/x"), 400, 1)
    bad(await net.call("POST", "/media", json={"media_type": "image"}), 400, 1)
    bad(await net.call("POST", "/media", json={}), 400, 1)


async def test_what_the_bucket_refuses(net: Pinterest) -> None:
    ticket = await net.registered()
    film = media.mp4()
    for name in sorted(FIELDS - {"key"}):
        refused(await net.send(ticket, film, **{name: None}), 403, "AccessDenied")
        refused(await net.send(ticket, film, **{name: "other"}), 403, "SignatureDoesNotMatch")
    refused(await net.send(ticket, film, key=None), 403, "AccessDenied")
    refused(await net.send(ticket, film, surprise="x"), 403, "AccessDenied")
    http, url = net.running.http, ticket["upload_url"]
    fields = ticket["upload_parameters"]
    files = {"file": ("a.mp4", film, "video/mp4")}
    with_token = {"authorization": f"Bearer {net.token}"}
    refused(await http.post(url, data=fields, files=files, headers=with_token), 400, "InvalidArgument")
    other = {"movie": ("a.mp4", film, "video/mp4")}
    refused(await http.post(url, data=fields, files=other), 403, "AccessDenied")
    nothing = [(name, (None, value)) for name, value in fields.items()]
    refused(await http.post(url, files=nothing), 400, "InvalidArgument")
    refused(await http.post(url, json=fields), 412, "PreconditionFailed")
    broken = {"content-type": "multipart/form-data"}
    refused(await http.post(url, content=b"x", headers=broken), 412, "PreconditionFailed")
    broken = {"content-type": "multipart/form-data; boundary=a"}
    for content in (b"x", b"--a\r\nno header\r\n\r\nx\r\n--a--\r\n"):
        refused(await http.post(url, content=content, headers=broken), 400, "MalformedPOSTRequest")
    refused(await net.send(ticket, film, policy="x" * 70_000), 400, "MalformedPOSTRequest")
    assert (await net.get(f"/media/{ticket['media_id']}"))["status"] == "registered"
    assert (await net.send(ticket, film)).status_code == 204


async def test_the_file_has_to_be_last(net: Pinterest) -> None:
    ticket = await net.registered()
    parts = [("file", ("a.mp4", media.mp4(), "video/mp4"))]
    parts += [(name, (None, value)) for name, value in ticket["upload_parameters"].items()]
    refused(await net.running.http.post(ticket["upload_url"], files=parts), 403, "AccessDenied")
    turned = [*parts[1:], parts[0]]
    assert (await net.running.http.post(ticket["upload_url"], files=turned)).status_code == 204


async def test_a_file_without_a_name_of_its_own(net: Pinterest) -> None:
    """As Pinterest's quickstart sends it; bytes that are no text, and more than fit into a field."""
    ticket = await net.registered()
    parts: list[Any] = [(name, (None, value)) for name, value in ticket["upload_parameters"].items()]
    parts.append(("file", (None, media.mp4(seconds=5, size=3_000_000))))
    assert (await net.running.http.post(ticket["upload_url"], files=parts)).status_code == 204
    assert await net.settled(ticket["media_id"]) == "succeeded"


async def test_fields_that_ran_out(net: Pinterest) -> None:
    ticket = await net.registered()
    await net.fault("policy_expired")
    refused(await net.send(ticket, media.mp4()), 403, "AccessDenied")
    await net.advance(3601)
    refused(await net.send(ticket, media.mp4()), 403, "AccessDenied")


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (media.mp4(seconds=4), "succeeded"),
        (media.mp4(seconds=3.5), "failed"),
        (media.mp4(seconds=5, brand=b"qt  "), "succeeded"),
        (media.mp4(seconds=5, width=640, height=1280), "succeeded"),
        (media.mp4(seconds=5, width=600, height=1280), "failed"),
        (media.mp4(seconds=5, width=2000, height=1000), "failed"),
        (media.webm(), "failed"),
        (media.jpeg(20, 20), "failed"),
        (b"no film", "failed"),
    ],
)
async def test_what_becomes_of_films(net: Pinterest, data: bytes, state: str) -> None:
    ticket = await net.registered()
    assert (await net.send(ticket, data)).status_code == 204
    assert await net.settled(ticket["media_id"]) == state


async def test_faults_on_the_way(net: Pinterest) -> None:
    await net.fault("processing_failed")
    ticket = await net.registered()
    await net.send(ticket, media.mp4())
    assert await net.settled(ticket["media_id"]) == "failed"
    bad(await net.pin(source(ticket["media_id"])), 400, 1)
    await net.fault("upload_unseen")
    ticket = await net.registered()
    assert (await net.send(ticket, media.mp4())).status_code == 204
    assert (await net.get(f"/media/{ticket['media_id']}"))["status"] == "registered"
    await net.fault("processing", seconds=1000)
    await net.send(ticket, media.mp4())
    states = {(await net.get(f"/media/{ticket['media_id']}"))["status"] for _ in range(5)}
    assert states == {"processing"}
    await net.advance(1001)
    assert await net.settled(ticket["media_id"]) == "succeeded"


async def test_a_client_that_only_waits_gets_there_too(net: Pinterest) -> None:
    ticket = await net.registered()
    await net.send(ticket, media.mp4())
    await net.advance(6)
    assert (await net.get(f"/media/{ticket['media_id']}"))["status"] == "succeeded"
