"""LinkedIn's simulator: uploads, their states, and what it makes of bytes."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.linkedin import LinkedIn, code_of

SIZE = 4_194_304

me = demo_account(LinkedIn)


def film(size: int = 100_000, **shape: float) -> bytes:
    return media.mp4(size=size, **shape)


async def test_an_image_from_its_announcement_to_the_post(me: LinkedIn) -> None:
    value = await me.announce("image")
    assert value["image"].startswith("urn:li:image:")
    assert value["uploadUrl"].startswith(f"{me.url}/dms-uploads/")
    assert value["uploadUrlExpiresAt"] > 1_600_000_000_000
    urn = value["image"]
    assert await me.status(urn) == {"id": urn, "owner": me.id, "status": "WAITING_UPLOAD"}
    early = await me.share("x", content={"media": {"id": urn}})
    assert (early.status_code, code_of(early)) == (400, "MEDIA_ASSET_WAITING_UPLOAD")
    # The address is enough; whether LinkedIn wants the token too is not known.
    sent = await me.running.http.put(value["uploadUrl"], content=media.png(64, 48))
    assert (sent.status_code, sent.content) == (201, b"")
    shown = await me.status(urn)
    assert shown["status"] == "AVAILABLE"
    assert (await me.running.http.get(shown["downloadUrl"])).content == media.png(64, 48)
    assert (await me.made("x", content={"media": {"id": urn, "altText": "y" * 4086}})).startswith(
        "urn:li:share"
    )
    long = await me.share("z", content={"media": {"id": urn, "altText": "y" * 4087}})
    assert code_of(long) == "FIELD_LENGTH_TOO_LONG"


async def test_several_images(me: LinkedIn) -> None:
    images = [{"id": await me.picture(), "altText": f"{n}"} for n in range(2)]
    urn = await me.made("x", content={"multiImage": {"images": images}})
    assert urn.startswith("urn:li:ugcPost:")
    assert (await me.read(urn))["content"]["multiImage"]["images"] == images
    assert (await me.read(urn.replace("ugcPost", "activity")))["id"] == urn
    many = images[:1] * 20
    await me.made("y", content={"multiImage": {"images": many}})


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("image", media.webp(64, 48), "UNSUPPORTED_FORMAT"),
        ("image", b"nonsense", "UNSUPPORTED_FORMAT"),
        ("image", media.gif(251, 8, 8), "TOO_MANY_FRAMES"),
        ("document", b"nonsense", "UNSUPPORTED_FORMAT"),
        ("document", b"%PDF-1.4\n" + b"<< /Type /Page >>\n" * 301, "TOO_MANY_PAGES"),
    ],
)
async def test_bytes_that_cannot_be_used(me: LinkedIn, kind: str, data: bytes, reason: str) -> None:
    urn = await me.upload(kind, data)
    shown = await me.status(urn)
    assert (shown["status"], shown["processingFailureReason"]) == ("PROCESSING_FAILED", reason)
    refused = await me.share("x", content={"media": {"id": urn, "title": "T"}})
    assert code_of(refused) == "MEDIA_ASSET_PROCESSING_FAILED"


@pytest.mark.parametrize(
    "data",
    [
        media.pdf(),
        b"%PDF-1.4\n<< /Type /Pages >>\n" + b"<< /Type /Page >>\n" * 300,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64),
        b"PK\x03\x04" + bytes(64),
    ],
)
async def test_documents(me: LinkedIn, data: bytes) -> None:
    urn = await me.upload("document", data)
    refused = await me.share("x", content={"media": {"id": urn}})
    assert (code_of(refused), "content/media/title" in refused.text) == ("MISSING_FIELD", True)
    await me.made("x", content={"media": {"id": urn, "title": "Report"}})


async def test_a_video_in_parts(me: LinkedIn) -> None:
    data = film(2 * SIZE + 1000)
    value = await me.announce("video", fileSizeBytes=len(data), uploadThumbnail=True, uploadCaptions=True)
    places = [(part["firstByte"], part["lastByte"]) for part in value["uploadInstructions"]]
    assert places == [(0, SIZE - 1), (SIZE, 2 * SIZE - 1), (2 * SIZE, 2 * SIZE + 999)]
    assert value["uploadToken"] == ""
    for name in ("thumbnailUploadUrl", "captionsUploadUrl"):
        assert (await me.running.http.put(value[name], content=b"x")).status_code == 201
    first = value["uploadInstructions"][0]["uploadUrl"]
    assert (await me.running.http.put(first, content=b"")).status_code == 400
    tags = []
    for number, part in enumerate(value["uploadInstructions"]):
        piece = data[part["firstByte"] : part["lastByte"] + 1]
        # A token does no harm here, and a part may be sent again.
        for _ in range(2):
            sent = await me.call("PUT", part["uploadUrl"].removeprefix(me.url), content=piece)
            assert sent.status_code == 200
        assert sent.headers["etag"].startswith('"')
        # Quoted or bare, both are understood.
        tags.append(sent.headers["etag"] if number else sent.headers["etag"].strip('"'))
    assert (await me.status(value["video"]))["status"] == "WAITING_UPLOAD"
    assert (await me.finish(value["video"], [*tags[:2], "nonsense"])).status_code == 400
    assert (await me.finish(value["video"], [])).status_code == 400
    assert (await me.finish(value["video"], tags)).status_code == 200
    assert (await me.status(value["video"]))["status"] == "PROCESSING"
    early = await me.share("x", content={"media": {"id": value["video"]}})
    assert code_of(early) == "MEDIA_ASSET_PROCESSING"
    await me.running.control("POST", "clock", advance=2)
    assert (await me.status(value["video"]))["status"] == "AVAILABLE"
    urn = await me.made("x", content={"media": {"id": value["video"], "title": "T"}})
    assert urn.startswith("urn:li:ugcPost:")
    (shown,) = await me.running.posts("linkedin")
    assert (await me.running.http.get(shown["media"][0]["url"])).content == data


async def test_a_video_sent_in_stretches_of_ones_own_to_the_first_address(me: LinkedIn) -> None:
    """As publishers in wide use send it: what counts is the order of the ids in the end."""
    data = film(SIZE + 1000)
    value = await me.announce("video", fileSizeBytes=len(data))
    address = value["uploadInstructions"][0]["uploadUrl"]
    tags = []
    for start in range(0, len(data), 2 * 1024 * 1024):
        sent = await me.running.http.put(address, content=data[start : start + 2 * 1024 * 1024])
        assert sent.status_code == 200
        tags.append(sent.headers["etag"])
    assert len(set(tags)) == 3
    assert (await me.finish(value["video"], tags)).status_code == 200
    await me.running.control("POST", "clock", advance=2)
    await me.made("x", content={"media": {"id": value["video"]}})
    (shown,) = await me.running.posts("linkedin")
    assert not shown["raw"]["damaged"]
    assert (await me.running.http.get(shown["media"][0]["url"])).content == data


@pytest.mark.parametrize("order", [[1, 0], [0], [0, 0, 1]])
async def test_a_video_put_together_wrongly_is_taken_and_broken(me: LinkedIn, order: list[int]) -> None:
    video = await me.film(film(SIZE + 1000), order)
    await me.running.control("POST", "clock", advance=2)
    assert (await me.status(video))["status"] == "AVAILABLE"
    urn = await me.made("x", content={"media": {"id": video}})
    (shown,) = await me.running.posts("linkedin")
    assert shown["raw"]["damaged"]
    assert "the video is damaged" in (await me.running.http.get(f"{me.url}/feed/update/{urn}/")).text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (film(76_799), "INVALID_SIZE"),
        (film(200_000, seconds=2.5), "INVALID_DURATION"),
        (film(3_000_000, seconds=1802, fps=1), "INVALID_DURATION"),
        (media.mp4(size=100_000, brand=b"qt  "), "UNSUPPORTED_FORMAT"),
        (bytes(100_000), "UNSUPPORTED_FORMAT"),
    ],
)
async def test_videos_that_cannot_be_used(me: LinkedIn, data: bytes, reason: str) -> None:
    video = await me.film(data)
    await me.running.control("POST", "clock", advance=2)
    shown = await me.status(video)
    assert (shown["status"], shown["processingFailureReason"]) == ("PROCESSING_FAILED", reason)


async def test_what_is_refused(me: LinkedIn) -> None:
    async def act(kind: str, **asked: object) -> tuple[int, str]:
        body = {"initializeUploadRequest": asked}
        answer = await me.call("POST", f"/rest/{kind}s?action=initializeUpload", json=body)
        return answer.status_code, code_of(answer)

    assert await act("image", owner="urn:li:person:other") == (403, "ACCESS_DENIED")
    assert await act("image") == (400, "INVALID_URN_TYPE")
    assert await act("video", owner=me.id) == (400, "MISSING_FIELD")
    assert await act("video", owner=me.id, fileSizeBytes=0) == (400, "INVALID_VALUE_FOR_FIELD")
    most = 500 * 1024 * 1024
    assert await act("video", owner=me.id, fileSizeBytes=most + 1) == (400, "INVALID_VALUE_FOR_FIELD")
    assert await act("video", owner=me.id, fileSizeBytes=most) == (200, "")
    assert (await me.call("POST", "/rest/images?action=x", json={})).status_code == 400
    assert (await me.call("POST", "/rest/images?action=initializeUpload", json={})).status_code == 400
    unknown = await me.finish("urn:li:video:1", ["x"])
    assert (unknown.status_code, code_of(unknown)) == (400, "INVALID_VIDEO_ID")
    assert (await me.call("GET", "/rest/images/urn%3Ali%3Aimage%3A1")).status_code == 404
    value = await me.announce("image")
    wrong = value["uploadUrl"].rpartition("=")[0] + "=wrong"
    assert (await me.running.http.put(wrong, content=b"x")).status_code == 404
    assert (await me.running.http.put(value["uploadUrl"], content=b"")).status_code == 400
    await me.running.control("POST", "clock", advance=25 * 3600)
    late = await me.running.http.put(value["uploadUrl"], content=b"x")
    assert code_of(late) == "EXPIRED_UPLOAD_URL"


async def test_faults_of_media(me: LinkedIn) -> None:
    await me.running.fault("linkedin", "processing", seconds=60, times=1)
    slow = await me.picture()
    assert (await me.status(slow))["status"] == "PROCESSING"
    await me.running.control("POST", "clock", advance=61)
    assert (await me.status(slow))["status"] == "AVAILABLE"
    await me.running.fault("linkedin", "processing_failed", times=1)
    assert (await me.status(await me.picture()))["status"] == "PROCESSING_FAILED"
    await me.running.fault("linkedin", "status_forbidden", times=1)
    refused = await me.call("GET", f"/rest/images/{quote(slow, safe='')}")
    assert (refused.status_code, refused.json()["serviceErrorCode"]) == (403, 100)
    await me.running.fault("linkedin", "upload_needs_token", times=1)
    value = await me.announce("image")
    assert (await me.running.http.put(value["uploadUrl"], content=media.png(8, 8))).status_code == 401


async def test_several_states_at_once(me: LinkedIn) -> None:
    urn = await me.picture()
    ids = f"{quote(urn, safe='')},urn%3Ali%3Aimage%3A1"
    answer = (await me.call("GET", f"/rest/images?ids=List({ids})")).json()
    assert answer["results"][urn]["status"] == "AVAILABLE"
    assert answer["statuses"]["urn:li:image:1"] == 404
    assert (await me.call("GET", "/rest/images")).status_code == 400
