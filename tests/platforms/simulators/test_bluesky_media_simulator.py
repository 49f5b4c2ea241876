"""The Bluesky simulator: blobs, the video service and its jobs, films in parts."""

from __future__ import annotations

from typing import Any

import pytest
from tests import media
from tests.platforms.simulators.bluesky import EMBED, Bluesky, error_of, speaker
from tests.platforms.simulators.helpers import Play, demo_account

from polypost.sandbox.networks.bluesky.limits import limit

JOB = "app.bsky.video.getJobStatus"
PNG = b"\x89PNG"

me = demo_account(Bluesky)


def images(*items: dict[str, Any]) -> dict[str, Any]:
    return {"$type": f"{EMBED}.images", "images": list(items)}


async def test_a_blob_is_what_its_bytes_are(me: Bluesky) -> None:
    data = media.png(30, 20)
    blob = await me.upload(data, "image/jpeg")
    assert (blob["$type"], blob["mimeType"], blob["size"]) == ("blob", "image/png", len(data))
    assert blob["ref"]["$link"].startswith("bafkrei")
    assert await me.upload(data) == blob
    text = await me.upload(b"WEBVTT", "text/vtt")
    assert text["mimeType"] == "text/vtt"
    got = await me.get("com.atproto.sync.getBlob", did=me.did, cid=blob["ref"]["$link"], token=None)
    assert (got.content, got.headers["content-type"]) == (data, "image/png")
    assert error_of(await me.get("com.atproto.sync.getBlob", did=me.did, cid="bafkreia"))[1] == "BlobNotFound"


async def test_uploads_that_are_refused(me: Bluesky) -> None:
    name = "com.atproto.repo.uploadBlob"
    assert error_of(await me.call("POST", name, content=b"x"))[:2] == (400, "InvalidRequest")
    empty = await me.call("POST", name, content=b"", headers={"content-type": "image/png"})
    assert error_of(empty)[:2] == (400, "InvalidRequest")
    assert error_of(await me.call("POST", name, token=None, content=b"x"))[1] == "AuthMissing"

    async def body() -> Any:
        for _ in range(limit("blob_bytes") // 1_000_000 + 1):
            yield bytes(1_000_000)

    refused = await me.call("POST", name, content=body(), headers={"content-type": "video/mp4"})
    assert error_of(refused)[:2] == (413, "PayloadTooLarge")


async def test_sizes_count_only_when_a_record_refers_to_a_blob(me: Bluesky) -> None:
    big = await me.upload(media.png(10, 10) + bytes(2_000_000))
    answer = await me.create("big", embed=images({"image": big, "alt": ""}))
    assert error_of(answer)[1] == "InvalidRequest"
    assert f"blob too big (maximum 2000000, got {big['size']})" in error_of(answer)[2]
    card = {"uri": "https://e.com", "title": "t", "description": "", "thumb": big}
    thumb = await me.create("big", embed={"$type": f"{EMBED}.external", "external": card})
    assert "blob too big (maximum 1000000" in error_of(thumb)[2]
    lying = await me.create("big", embed=images({"image": {**big, "size": 9}, "alt": ""}))
    assert error_of(lying)[1] == "InvalidSize"


async def test_references_that_do_not_fit(running: Play) -> None:
    me, other = await speaker(running), await speaker(running, 1)
    image = await me.picture()
    blob = image["image"]
    cases = [
        (images({"image": {**blob, "mimeType": "image/jpeg"}, "alt": ""}), "InvalidMimeType"),
        (images({"image": {**blob, "ref": {"$link": "bafkreia"}}, "alt": ""}), "BlobNotFound"),
        (images({"image": {**blob, "mimeType": "video/mp4"}, "alt": ""}), "InvalidRequest"),
        (images({"image": {"cid": "x"}, "alt": ""}), "InvalidRequest"),
        (images({"image": blob}), "InvalidRequest"),
        (images(*[image] * 5), "InvalidRequest"),
        (images({"image": blob, "alt": "", "aspectRatio": {"width": 0, "height": 1}}), "InvalidRequest"),
        (
            {"$type": f"{EMBED}.gallery", "items": [{"$type": f"{EMBED}.gallery#image", **image}]},
            "InvalidRequest",
        ),
        ({"$type": f"{EMBED}.video", "video": blob}, "InvalidRequest"),
    ]
    for embed, name in cases:
        assert error_of(await me.create("x", embed=embed))[1] == name
    assert error_of(await other.create("x", embed=images(image)))[1] == "BlobNotFound"
    assert await running.posts("bluesky") == []


async def test_what_no_record_refers_to_is_forgotten(me: Bluesky) -> None:
    kept, lost = await me.picture(), {"image": await me.upload(media.jpeg(9, 9)), "alt": ""}
    await me.made("kept", embed=images(kept))
    await me.running.control("POST", "clock", advance=7 * 3_600)
    again = Bluesky(me.running, (await me.running.accounts("bluesky"))[0])
    await again.made("kept", embed=images(kept))
    assert error_of(await again.create("lost", embed=images(lost)))[1] == "BlobNotFound"
    await me.running.fault("bluesky", "blob_lost", times=1)
    gone = await again.create("gone", embed=images(kept))
    assert error_of(gone) == (
        400,
        "BlobNotFound",
        f"Could not find blob: {kept['image']['ref']['$link']}",
    )


async def test_a_film_becomes_a_job_and_then_a_blob(me: Bluesky) -> None:
    sent = (await me.film()).json()
    # Wrapped as the lexicon says, and bare as the documentation's sample reads it.
    assert sent["jobStatus"] == {"jobId": sent["jobId"], "did": me.did, "state": "JOB_STATE_CREATED"}
    states = []
    while "blob" not in (status := (await me.get(JOB, jobId=sent["jobId"], token=None)).json()["jobStatus"]):
        states.append(status["state"])
    assert states == ["JOB_STATE_ENCODING"]
    assert status["state"] == "JOB_STATE_COMPLETED"
    await me.made("film", embed={"$type": f"{EMBED}.video", "video": status["blob"], "alt": "described"})
    (shown,) = await me.running.posts("bluesky")
    assert shown["media"][0]["kind"] == "video"
    page = (await me.running.http.get(shown["permalink"])).text
    assert 'aria-label="described"' in page
    repeated = await me.film()
    assert repeated.status_code == 409
    assert repeated.json()["error"] == "already_exists"
    assert repeated.json()["blob"] == status["blob"]
    await me.running.fault("bluesky", "exists_without_blob", times=1)
    bare = (await me.film()).json()
    assert "blob" not in bare
    assert (await me.get(JOB, jobId=bare["jobId"])).json()["jobStatus"]["blob"] == status["blob"]


async def test_films_that_fail(me: Bluesky) -> None:
    for data, said in ((media.mp4(seconds=620), "10 minutes"), (b"no film at all", "not a video")):
        job = (await me.film(data)).json()["jobId"]
        await me.get(JOB, jobId=job)
        status = (await me.get(JOB, jobId=job)).json()["jobStatus"]
        assert (status["state"], status["failureCode"]) == ("JOB_STATE_FAILED", "validation_failure")
        assert said in status["message"]
    await me.running.fault("bluesky", "video_failed", times=1)
    job = (await me.film()).json()["jobId"]
    await me.get(JOB, jobId=job)
    assert (await me.get(JOB, jobId=job)).json()["jobStatus"]["failureCode"] == "encoding_failure"
    # What failed is not known the next time.
    assert (await me.film()).status_code == 200
    assert error_of(await me.get(JOB, jobId="unknown"))[0] == 400


async def test_processing_takes_as_long_as_told(me: Bluesky) -> None:
    await me.running.fault("bluesky", "processing", times=1, seconds=30)
    job = (await me.film()).json()["jobId"]
    for _ in range(5):
        assert "blob" not in (await me.get(JOB, jobId=job)).json()["jobStatus"]
    await me.running.control("POST", "clock", advance=31)
    assert "blob" in (await me.get(JOB, jobId=job)).json()["jobStatus"]


@pytest.mark.parametrize("fault", ["email_unconfirmed", "video_down"])
async def test_a_service_that_does_not_take_films(me: Bluesky, fault: str) -> None:
    await me.running.fault("bluesky", fault, times=1)
    refused = await me.film()
    assert refused.status_code == (401 if fault == "email_unconfirmed" else 503)
    if fault == "email_unconfirmed":
        assert refused.json()["jobStatus"]["error"] == "unconfirmed_email"


async def test_who_may_send_films(me: Bluesky) -> None:
    name = "app.bsky.video.uploadVideo"
    headers = {"content-type": "video/mp4"}
    assert (
        error_of(await me.call("POST", name, token=None, content=b"x", headers=headers))[1] == "AuthMissing"
    )
    # The session's own token is not for other services.
    own = await me.call("POST", name, content=b"x", headers=headers)
    assert own.status_code == 401
    other = await me.service_token("app.bsky.video.getUploadLimits")
    assert (
        error_of(await me.call("POST", name, token=other, content=b"x", headers=headers))[1]
        == "BadJwtLexiconMethod"
    )
    aimless = await me.service_token(aud="did:plc:x")
    assert (
        error_of(await me.call("POST", name, token=aimless, content=b"x", headers=headers))[1]
        == "BadJwtAudience"
    )
    token = await me.service_token()
    forged = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert (
        error_of(await me.call("POST", name, token=forged, content=b"x", headers=headers))[1]
        == "BadJwtSignature"
    )
    assert (await me.film(did="did:plc:other")).status_code == 401
    wrong = await me.call(
        "POST", name, token=token, content=b"x", headers={"content-type": "video/quicktime"}
    )
    assert error_of(wrong)[1] == "UnsupportedContentType"
    await me.running.control("POST", "clock", advance=61)
    assert (
        error_of(await me.call("POST", name, token=token, content=b"x", headers=headers))[1] == "JwtExpired"
    )


async def test_the_films_of_a_day(me: Bluesky) -> None:
    name = "app.bsky.video.getUploadLimits"

    async def allowance() -> Any:
        token = await me.service_token(name, aud="did:web:video.bsky.app")
        return (await me.get(name, token=token)).json()

    assert await allowance() == {
        "canUpload": True,
        "remainingDailyVideos": 25,
        "remainingDailyBytes": 10_000_000_000,
    }
    for number in range(25):
        assert (await me.film(media.mp4(seconds=1 + number / 10))).status_code == 200
    used = await allowance()
    assert (used["canUpload"], used["remainingDailyVideos"]) == (False, 0)
    assert error_of(await me.film())[1] == "DailyLimitExceeded"
    await me.running.control("POST", "limits", enforced=False)
    assert (await me.film()).status_code == 200


class Parts:
    """An upload in parts."""

    def __init__(self, me: Bluesky, token: str) -> None:
        self.me = me
        self.token = token

    async def order(self, verb: str, **body: Any) -> Any:
        return await self.me.post(f"app.bsky.video.{verb}Upload", token=self.token, **body)

    async def start(self, size: int, **changes: Any) -> Any:
        return await self.order("start", **{"sizeBytes": size, "mimeType": "video/mp4", **changes})

    async def part(self, job: str, number: int, data: bytes) -> Any:
        return await self.me.call(
            "POST",
            "app.bsky.video.uploadPart",
            token=self.token,
            params={"jobId": job, "partNumber": number},
            content=data,
            headers={"content-type": "application/octet-stream"},
        )

    async def status(self, job: str) -> Any:
        return await self.me.get("app.bsky.video.getUploadStatus", token=self.token, jobId=job)


async def test_a_film_in_parts_in_any_order_and_again(me: Bluesky) -> None:
    parts, size = Parts(me, await me.service_token()), limit("part_bytes")
    data = media.mp4(size=size + 1_000)
    begun = (await parts.start(len(data))).json()
    job = begun["jobId"]
    assert (begun["partSizeBytes"], begun["partCount"]) == (size, 2)
    assert (await parts.part(job, 2, data[size:])).json() == {"partNumber": 2, "sizeBytes": 1_000}
    assert error_of(await parts.order("finish", jobId=job))[1:] == ("MissingParts", "1")
    for _ in range(2):
        assert (await parts.part(job, 1, data[:size])).status_code == 200
    assert (await parts.status(job)).json()["receivedParts"] == [1, 2]
    done = (await parts.order("finish", jobId=job)).json()
    assert (await parts.order("finish", jobId=job)).json() == done
    ended = (await parts.status(job)).json()
    assert (ended["state"], ended["completedJobId"]) == ("completed", done["completedJobId"])
    await me.get(JOB, jobId=done["completedJobId"])
    status = (await me.get(JOB, jobId=done["completedJobId"])).json()["jobStatus"]
    assert status["blob"]["size"] == len(data)
    # The same film again ends at once, in the job of before.
    second = (await parts.start(len(data))).json()["jobId"]
    await parts.part(second, 1, data[:size])
    await parts.part(second, 2, data[size:])
    known = (await parts.order("finish", jobId=second)).json()
    assert known["jobStatus"]["blob"] == status["blob"]
    assert error_of(await parts.part(second, 1, data[:size]))[1] == "UploadAlreadyCompleted"
    assert (await parts.order("abort", jobId=second)).json()["state"] == "completed"


async def test_parts_that_are_refused(me: Bluesky) -> None:
    parts = Parts(me, await me.service_token())
    for wrong, name in (
        ({"mimeType": "image/png"}, "UnsupportedContentType"),
        ({"sizeBytes": 300_000_001}, "VideoTooLarge"),
        ({"durationMs": 601_000}, "VideoTooLong"),
        ({"sizeBytes": "1"}, "InvalidRequest"),
    ):
        assert error_of(await parts.start(9, **wrong))[1] == name
    job = (await parts.start(10)).json()["jobId"]
    assert error_of(await parts.part(job, 1, b"x"))[1] == "PartSizeMismatch"
    assert error_of(await parts.part(job, 2, b"x"))[1] == "InvalidPartNumber"
    assert error_of(await parts.part("unknown", 1, b"x"))[1] == "UploadNotFound"
    assert (await parts.order("abort", jobId=job)).json() == {"state": "aborted"}
    assert error_of(await parts.part(job, 1, bytes(10)))[1] == "UploadAborted"
    late = (await parts.start(10)).json()["jobId"]
    for _ in range(4):
        await parts.start(10)
    assert error_of(await parts.start(10))[1] == "TooManyOpenUploads"
    await me.running.control("POST", "clock", advance=86_401)
    again = Bluesky(me.running, (await me.running.accounts("bluesky"))[0])
    later = Parts(again, await again.service_token())
    assert error_of(await later.part(late, 1, bytes(10)))[1] == "UploadExpired"
    assert (await later.status(late)).json()["state"] == "expired"


async def test_pictures_on_pages_and_in_the_app(me: Bluesky) -> None:
    many = [await me.picture(alt=f"number {n}") for n in range(3)]
    await me.made("three", embed=images(*many))
    items = [
        {"$type": f"{EMBED}.gallery#image", **each, "aspectRatio": {"width": 3, "height": 2}} for each in many
    ]
    gallery = await me.made("gallery", embed={"$type": f"{EMBED}.gallery", "items": items * 2})
    for shown in await me.running.posts("bluesky"):
        # The drawing below has them once more.
        page = (await me.running.http.get(shown["permalink"])).text.partition('class="drawn"')[0]
        assert page.count("number 1") == 2 * shown["mediaCount"] // 3
    (view,) = (await me.get("app.bsky.feed.getPosts", uris=gallery["uri"])).json()["posts"]
    assert len(view["embed"]["items"]) == 6
    assert (await me.running.http.get(view["embed"]["items"][0]["thumbnail"])).content.startswith(PNG)
