"""Files in several pieces: tus 1.0.0 on the upload URL, by hand and with the published client."""

from __future__ import annotations

import base64
import hashlib
import io
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.uploader import Uploader

from tests import media
from tests.contract.tenant import Tenant
from tests.contract.uploading import anybody, asked, refused, sent, shown

FILM = media.mp4(size=300_000)
PART = "application/offset+octet-stream"


def film(tenant: Tenant, size: int | None = len(FILM)) -> dict[str, Any]:
    """The addresses for the film, whose size is announced unless it is None."""
    more = {} if size is None else {"size": size}
    return asked(tenant, "film.mp4", "video/mp4", **more)


def piece(data: dict[str, Any], offset: int, body: bytes, **more: str) -> httpx2.Response:
    """The answer to a PATCH."""
    headers = {"tus-resumable": "1.0.0", "upload-offset": str(offset), "content-type": PART, **more}
    with anybody() as client:
        return client.patch(data["uploadUrl"], content=body, headers=headers)


def head(data: dict[str, Any], **more: str) -> httpx2.Response:
    """The answer to a HEAD."""
    with anybody() as client:
        return client.head(data["uploadUrl"], headers={"tus-resumable": "1.0.0", **more})


def test_the_published_client_sends_a_film_in_pieces(tenant: Tenant) -> None:
    data = film(tenant)
    uploader = Uploader(
        file_stream=io.BytesIO(FILM),
        url=data["uploadUrl"],
        client=TusClient(data["uploadUrl"]),
        chunk_size=100_000,
        upload_checksum=True,
    )
    uploader.upload_chunk()
    assert uploader.offset == 100_000
    assert refused(shown(data)) == (404, "media_not_found")
    resumed = Uploader(file_stream=io.BytesIO(FILM), url=data["uploadUrl"], chunk_size=150_000)
    assert resumed.offset == 100_000
    resumed.upload()
    assert shown(data).content == FILM
    item = {"type": "video", "url": data["publicUrl"]}
    assert tenant.published("twitter", mediaItems=[item])["status"] == "published"


def test_offsets_lengths_and_the_end(tenant: Tenant) -> None:
    data = film(tenant)
    first = head(data)
    assert first.status_code == 200
    assert first.headers["upload-offset"] == "0"
    assert first.headers["upload-length"] == str(len(FILM))
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["tus-resumable"] == "1.0.0"
    assert first.headers["upload-expires"].endswith("GMT")
    assert "upload-defer-length" not in first.headers
    answer = piece(data, 0, FILM[:1000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "1000")
    assert answer.headers["tus-resumable"] == "1.0.0"
    again = piece(data, 0, FILM[:1000])
    assert refused(again) == (409, "upload_offset")
    assert "1000 bytes" in again.json()["message"]
    assert again.headers["tus-resumable"] == "1.0.0"
    assert refused(piece(data, 1000, FILM[1000:] + b"x")) == (400, "upload_length")
    here = int(head(data).headers["upload-offset"])
    assert 1000 <= here < len(FILM)
    assert piece(data, here, FILM[here:]).status_code == 204
    assert shown(data).content == FILM
    done = head(data).headers
    assert done["upload-offset"] == done["upload-length"] == str(len(FILM))
    assert piece(data, len(FILM), b"").status_code == 204
    assert sent(data, FILM, "video/mp4").status_code == 200


def test_a_length_may_come_later(local: Tenant) -> None:
    data = film(local, None)
    assert head(data).headers["upload-defer-length"] == "1"
    assert piece(data, 0, FILM[:10]).status_code == 204
    assert "upload-length" not in head(data).headers
    assert piece(data, 10, FILM[10:]).status_code == 204
    assert shown(data).status_code == 404
    whole = str(len(FILM))
    assert piece(data, len(FILM), b"", **{"upload-length": whole}).headers["upload-offset"] == whole
    assert shown(data).content == FILM


def test_a_length_that_changes_or_is_too_large(local: Tenant) -> None:
    assert refused(piece(film(local), 0, b"", **{"upload-length": "5"})) == (400, "upload_length")
    too_large = str(257 * 1024**3)
    assert refused(piece(film(local, None), 0, b"", **{"upload-length": too_large})) == (
        413,
        "media_too_large",
    )


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_checksums(local: Tenant, algorithm: str) -> None:
    data = film(local)
    right = base64.b64encode(hashlib.new(algorithm, FILM[:5000]).digest()).decode()
    wrong = base64.b64encode(hashlib.new(algorithm, b"other").digest()).decode()
    answer = piece(data, 0, FILM[:5000], **{"upload-checksum": f"{algorithm} {wrong}"})
    assert refused(answer) == (460, "checksum_mismatch")
    assert head(data).headers["upload-offset"] == "0"
    answer = piece(data, 0, FILM[:5000], **{"upload-checksum": f"{algorithm} {right}"})
    assert answer.headers["upload-offset"] == "5000"
    assert piece(data, 5000, FILM[5000:]).status_code == 204
    assert shown(data).content == FILM


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"tus-resumable": "0.2.2"}, (412, "tus_version")),
        ({"tus-resumable": ""}, (412, "tus_version")),
        ({"content-type": "video/mp4"}, (415, "content_type_mismatch")),
        ({"upload-offset": "-1"}, (400, "validation_error")),
        ({"upload-offset": "1e3"}, (400, "validation_error")),
        ({"upload-length": "many"}, (400, "validation_error")),
        ({"upload-checksum": "crc32 AAAA"}, (400, "validation_error")),
        ({"upload-checksum": "sha1 ***"}, (400, "validation_error")),
        ({"content-encoding": "gzip"}, (400, "validation_error")),
        ({"upload-offset": "7"}, (409, "upload_offset")),
    ],
    ids=["old", "none", "type", "minus", "float", "length", "algorithm", "base64", "gzip", "gap"],
)
def test_what_is_refused(local: Tenant, headers: dict[str, str], expected: tuple[int, str]) -> None:
    data = film(local)
    answer = piece(data, 0, FILM[:10], **headers)
    assert refused(answer) == expected
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert head(data).headers["upload-offset"] == "0"


def test_what_the_server_can_do(local: Tenant) -> None:
    data = film(local)
    with anybody() as client:
        answer = client.request("OPTIONS", data["uploadUrl"])
        assert answer.status_code == 204
        assert answer.headers["tus-version"] == "1.0.0"
        assert set(answer.headers["tus-extension"].split(",")) == {"checksum", "expiration"}
        assert "PATCH" in answer.headers["access-control-allow-methods"]
        headers = {"x-http-method-override": "PATCH", "tus-resumable": "1.0.0", "content-type": PART}
        instead = client.post(data["uploadUrl"], content=FILM, headers={**headers, "upload-offset": "0"})
        assert instead.status_code == 204, instead.text
        assert refused(client.post(data["uploadUrl"], content=b"")) == (405, "method_not_allowed")
    assert refused_head(head(data, **{"tus-resumable": "2.0.0"})) == 412
    assert shown(data).content == FILM


def refused_head(answer: httpx2.Response) -> int:
    assert answer.headers["tus-version"] == "1.0.0"
    return answer.status_code


def test_bytes_of_another_type_begin_the_upload_anew(local: Tenant) -> None:
    page = b"<html>" + bytes(500)
    data = film(local, len(page))
    assert piece(data, 0, page[:100]).status_code == 204
    assert refused(piece(data, 100, page[100:])) == (400, "media_unsupported")
    assert head(data).headers["upload-offset"] == "0"
    assert shown(data).status_code == 404


def test_a_connection_that_hangs_gives_way_to_the_next(local: Tenant) -> None:
    data = film(local)
    place = urlsplit(data["uploadUrl"])
    with socket.create_connection((place.hostname, place.port), timeout=30) as hanging:
        hanging.sendall(
            f"PATCH {place.path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            f"Content-Type: {PART}\r\nContent-Length: {len(FILM)}\r\n\r\n".encode()
            + FILM[:200_000]
        )
        while True:
            here = int(head(data).headers["upload-offset"])
            # The hanging request may be read only now, and then this one comes at another offset.
            if piece(data, here, FILM[here:]).status_code == 204:
                break
        assert b" 409 " in hanging.recv(65536).split(b"\r\n", 1)[0]
    assert shown(data).content == FILM


def test_what_arrived_before_a_cut_stays(local: Tenant) -> None:
    data = film(local)
    place = urlsplit(data["uploadUrl"])
    with socket.create_connection((place.hostname, place.port), timeout=30) as cut:
        cut.sendall(
            f"PATCH {place.path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            f"Content-Type: {PART}\r\nContent-Length: {len(FILM)}\r\n\r\n".encode()
            + FILM[:200_000]
        )
        cut.shutdown(socket.SHUT_WR)
        assert b" 400 " in cut.recv(65536).split(b"\r\n", 1)[0]
    here = int(head(data).headers["upload-offset"])
    assert here == 200_000
    assert piece(data, here, FILM[here:]).status_code == 204
    assert shown(data).content == FILM


def test_the_client_hears_of_an_address_that_was_forged(local: Tenant) -> None:
    data = film(local)
    with pytest.raises(TusCommunicationError) as refusal:
        Uploader(file_stream=io.BytesIO(FILM), url=data["uploadUrl"][:-4] + "AAAA")
    assert refusal.value.status_code == 404
    page = io.BytesIO(b"<html>" + bytes(94))
    other = asked(local, "a.png", "image/png", size=100)
    with pytest.raises(TusUploadFailed) as failed:
        Uploader(file_stream=page, url=other["uploadUrl"]).upload()
    assert failed.value.status_code == 400
