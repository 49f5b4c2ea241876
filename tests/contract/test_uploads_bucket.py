"""Uploads in S3-compatible storage: a real server of the protocol on loopback, which checks every signature."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from polypost import clock, errors
from polypost.media import Library, Signer, StoredFile, Uploads, bucket_of, hold
from polypost.outbound import Fetcher, Guard
from polypost.platforms.base import MediaRef
from polypost.settings import Settings
from polypost.storage import Store
from tests import media
from tests.contract.tenant import Tenant, new_tenant
from tests.contract.uploading import anybody, asked, sent, shown
from tests.processes import World, lasting_port

SIGNER = Signer(lambda: [b"s" * 32])

KEY, SECRET, BUCKET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "polypost"


@dataclass
class Storage:
    """The running server, its folder and the settings that lead to it."""

    url: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "POLYPOST_S3_URL": self.url,
            "POLYPOST_S3_BUCKET": BUCKET,
            "POLYPOST_S3_ACCESS_KEY": KEY,
            "POLYPOST_S3_SECRET_KEY": SECRET,
        }

    def objects(self) -> list[Path]:
        return [path for path in (self.folder / BUCKET / "uploads").rglob("*") if path.is_file()]

    def settings(self, **more: Any) -> Settings:
        names = {"s3_url": self.url, "s3_bucket": BUCKET, "s3_access_key": KEY, "s3_secret_key": SECRET}
        return Settings(**(names | more))


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    folder = tmp_path_factory.mktemp("s3")
    (folder / BUCKET).mkdir()
    port = lasting_port()
    env = {**os.environ, "NANIO_ACCESS_KEY": KEY, "NANIO_SECRET_KEY": SECRET}
    log = (folder / "log").open("wb")
    arguments = ("serve", "--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port))
    process = subprocess.Popen([sys.executable, "-m", "nanio", *arguments], env=env, stdout=log, stderr=log)
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.02)
    yield Storage(f"http://127.0.0.1:{port}", folder)
    process.terminate()
    process.wait(10)
    log.close()


@pytest.fixture(scope="module")
def tenant(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    world = World(tmp_path_factory.mktemp("world"), env=storage.env)
    world.start()
    made = new_tenant(world)
    yield made
    made.client.close()
    world.stop()


def test_a_file_goes_to_the_bucket_and_into_posts(tenant: Tenant, storage: Storage) -> None:
    photo = media.jpeg(1080, 1080)
    data = asked(tenant, "Sommer.jpg", "image/jpeg")
    assert data["uploadUrl"].startswith(f"{storage.url}/{BUCKET}/uploads/upl_")
    assert data["publicUrl"].startswith(f"{tenant.world.url}/media/uploads/upl_")
    assert data["resumable"] is False
    assert shown(data).status_code == 404
    assert sent(data, photo, "image/jpeg").status_code == 200
    assert [path.read_bytes() for path in storage.objects()] == [photo]

    whole = shown(data)
    assert (whole.status_code, whole.content) == (200, photo)
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = shown(data, range="bytes=10-19")
    assert (part.status_code, part.content) == (206, photo[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(photo)}"
    assert shown(data, range="bytes=-5").content == photo[-5:]
    assert shown(data, range=f"bytes={len(photo)}-").status_code == 416
    head = shown(data, "HEAD")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(photo)))

    item = {"type": "image", "url": data["publicUrl"]}
    made = tenant.post(tenant.body(None, "twitter", "instagram", mediaItems=[item]))
    assert made.json()["status"] == "published", made.text
    (read,) = tenant.get(made.json()["postId"])["mediaItems"]
    assert (read["filename"], read["size"], read["mimeType"]) == ("Sommer.jpg", len(photo), "image/jpeg")
    for path in storage.objects():
        path.unlink()


def test_the_storage_refuses_what_was_not_signed(tenant: Tenant, storage: Storage) -> None:
    data = asked(tenant)
    parts = urlsplit(data["uploadUrl"])
    other = parts._replace(path=f"/{BUCKET}/uploads/other.png").geturl()
    with anybody() as client:
        assert client.put(other, content=b"x").status_code == 403
        assert (
            client.put(data["uploadUrl"].replace("X-Amz-Expires=86400", "X-Amz-Expires=86401")).status_code
            == 403
        )
    assert storage.objects() == []


def test_what_is_in_the_bucket_is_judged_when_it_is_published(tenant: Tenant, storage: Storage) -> None:
    data = asked(tenant)
    assert sent(data, b"<html></html>").status_code == 200
    got = shown(data)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"].startswith("attachment")
    item = {"type": "image", "url": data["publicUrl"]}
    made = tenant.post(tenant.body(None, mediaItems=[item])).json()
    assert (made["status"], made["platforms"][0]["code"]) == ("failed", "media_unsupported")
    never = {"type": "image", "url": asked(tenant)["publicUrl"]}
    made = tenant.post(tenant.body(None, mediaItems=[never])).json()
    assert (made["status"], made["platforms"][0]["code"]) == ("failed", "upload_incomplete")
    for path in storage.objects():
        path.unlink()


def test_machines_share_the_bucket_and_its_public_address(
    with_store: Any, storage: Storage, tmp_path: Path
) -> None:
    public = "https://cdn.example.com/files"
    png = media.png(32, 32)

    async def story(store: Store) -> None:
        bucket = bucket_of(storage.settings(s3_public_url=public + "/"))
        one, two = (
            Uploads(store, tmp_path / host, host=host, signer=SIGNER, bucket=bucket)
            for host in ("one", "two")
        )
        offer = await one.offer("prj", base="http://127.0.0.1:9", filename="a", mime="image/png", length=None)
        assert offer.public_url.startswith(f"{public}/uploads/upl_")
        answer = await asyncio.to_thread(httpx2.put, offer.upload_url, content=png, trust_env=False)
        assert answer.status_code == 200
        await store.write(lambda db: hold(db, "prj", "post_1", [offer.public_url]))
        fetcher = Fetcher(Guard())
        library = Library(store, fetcher, tmp_path / "media", owner="x", host="two", uploads=two)
        ref = MediaRef("image", offer.public_url)
        got = (await library.open("prj", "post_1", [ref]))[ref.url]
        assert isinstance(got, StoredFile)
        assert await got.read(0, 1 << 20) == png
        assert got.public_url == offer.public_url
        await two.clean(clock.now() + timedelta(days=300))
        assert len(storage.objects()) == 1
        await library.expire(["post_1"])
        await two.clean(clock.now() + timedelta(days=3))
        assert storage.objects() == []
        await library.close()
        await fetcher.aclose()

    with_store(story)


def test_storage_that_cannot_be_reached_is_no_verdict_on_the_file(
    with_store: Any, storage: Storage, tmp_path: Path
) -> None:
    async def story(store: Store) -> None:
        wrong = bucket_of(storage.settings(s3_secret_key="another"))
        uploads = Uploads(store, tmp_path / "uploads", host="one", signer=SIGNER, bucket=wrong)
        offer = await uploads.offer(
            "prj", base="http://127.0.0.1:9", filename="a", mime="image/png", length=None
        )
        assert (
            await asyncio.to_thread(httpx2.put, offer.upload_url, content=b"x", trust_env=False)
        ).status_code == 403
        fetcher = Fetcher(Guard())
        library = Library(store, fetcher, tmp_path / "media", owner="x", host="one", uploads=uploads)
        ref = MediaRef("image", offer.public_url)
        got = (await library.open("prj", "post_1", [ref]))[ref.url]
        assert isinstance(got, errors.Unavailable)
        assert got.code == "storage_unavailable"
        await library.close()
        await fetcher.aclose()

    with_store(story)


def test_half_a_configuration_is_refused(storage: Storage) -> None:
    assert bucket_of(Settings()) is None
    with pytest.raises(errors.NotConfigured) as refused:
        bucket_of(Settings(s3_url=storage.url, s3_bucket=BUCKET))
    assert "POLYPOST_S3_ACCESS_KEY" in refused.value.message
