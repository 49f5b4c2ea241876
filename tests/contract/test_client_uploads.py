"""Files of the client: in one piece or in pieces, gone on with after a cut, to Polypost and to servers like PostPeer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from polypost import Refused
from polypost.client import calls, files
from tests.client.fixtures import Opened
from tests.client.servers import Asked, Said, answering, losing
from tests.contract.tenant import Tenant, words
from tests.contract.uploading import anybody
from tests.media import box, mp4, png


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.001)


def read(url: str) -> bytes:
    with anybody() as client:
        return client.get(url).content


def test_a_small_file_by_path_bytes_or_open_file(opened: Opened, local: Tenant, tmp_path: Path) -> None:
    client = opened(local.world.url, local.key)
    picture = png(64, 64)
    path = tmp_path / "dot.png"
    path.write_bytes(picture)
    told: list[tuple[int, int]] = []
    item = client("upload", path, on_progress=lambda sent, whole: told.append((sent, whole)))
    assert (item["type"], read(item["url"]), told[-1]) == ("image", picture, (len(picture), len(picture)))
    assert client("upload", picture, filename="dot.png")["url"] != item["url"]
    with path.open("rb") as file:
        assert client("upload", file)["type"] == "image"
        assert not file.closed
    text, entry = words(), local.entry()
    made = client("create_post", text, [entry], media_items=[item], publish_now=True)
    assert made["status"] == "published"


def large(size: int) -> bytes:
    """A film with so many bytes behind it that say nothing."""
    return mp4() + box(b"free", os.urandom(size))


def test_a_large_file_goes_on_where_it_was_cut(
    opened: Opened, local: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polypost.client.aio.uploads.PIECE", 100_000)
    monkeypatch.setattr("polypost.client.sync.uploads.PIECE", 100_000)
    film, cuts = large(450_000), {"left": 2}

    def lost(asked: Asked) -> bool:
        if asked.method != "PATCH" or not cuts["left"] or asked.headers["upload-offset"] == "0":
            return False
        cuts["left"] -= 1
        return True

    with losing(local.world.url, lost) as way:
        client = opened(local.world.url, local.key)
        place = client("create_media_upload", "film.mp4", "video/mp4")["data"]
        place["uploadUrl"] = place["uploadUrl"].replace(local.world.url, way.url)
        item = client("upload", film, filename="film.mp4", place=place)
        sent = [each for each in way.asked if each.method == "PATCH"]
        assert [int(each.headers["upload-offset"]) for each in sent] == [
            0,
            100_000,
            200_000,
            300_000,
            400_000,
        ]
        assert all("x-access-key" not in each.headers for each in way.asked)
        assert read(item["url"]) == film
        # What is whole is not sent again.
        assert client("upload", film, filename="film.mp4", place=place) == item
        assert len([each for each in way.asked if each.method == "PATCH"]) == len(sent)
        with pytest.raises(Refused, match="no longer the file"):
            client("upload", film + b"more", filename="film.mp4", place=place)


def test_a_server_that_takes_files_whole(opened: Opened) -> None:
    """As a hosted PostPeer does: a closed body, a signed address elsewhere, no key there, the same PUT again."""
    lost = [True]

    def answer(asked: Asked) -> Said:
        if asked.method == "POST":
            assert set(json.loads(asked.body)) == {"filename", "mimeType"}
            base = f"http://{asked.headers['host']}"
            return Said(
                body={
                    "success": True,
                    "data": {"uploadUrl": f"{base}/put?sig=1", "publicUrl": f"{base}/a.mp4"},
                }
            )
        if lost:
            lost.clear()
            return Said(503, None, {"Content-Type": "application/xml"})
        return Said(200, None, {"Content-Type": "application/xml"})

    with answering(answer) as small:
        item = opened(small.url)("upload", large(files.PIECE), filename="a.mp4")
        assert item == {"type": "video", "url": f"{small.url}/a.mp4"}
        puts = [each for each in small.asked if each.method == "PUT"]
        assert len(puts) == 2
        for put in puts:
            assert put.headers["content-type"] == "video/mp4"
            assert put.headers["content-length"] == str(len(put.body))
            assert "transfer-encoding" not in put.headers
            assert "x-access-key" not in put.headers
        assert puts[0].body == puts[1].body


@pytest.mark.parametrize(
    ("name", "mime", "kind"),
    [
        ("a.jpg", "image/jpeg", "image"),
        ("a.GIF", "image/gif", "gif"),
        ("a.webp", "image/webp", "image"),
        ("a.heic", "image/heic", "image"),
        ("a.mov", "video/quicktime", "video"),
        ("a.pdf", "application/pdf", "document"),
    ],
)
def test_kinds_by_name(name: str, mime: str, kind: str) -> None:
    assert (files.mime_of(name), files.kind_of(mime)) == (mime, kind)


def test_what_cannot_be_uploaded(opened: Opened, tmp_path: Path) -> None:
    client: Any = opened("http://127.0.0.1:9")
    (tmp_path / "empty.png").touch()
    for bad, error in (
        (tmp_path / "none.png", OSError),
        (tmp_path / "empty.png", ValueError),
        (b"x", ValueError),
    ):
        with pytest.raises(error):
            client("upload", bad)
