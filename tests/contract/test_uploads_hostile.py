"""Uploads by people who mean no good, or whose connection does not."""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests import media
from tests.contract.raw import everything
from tests.contract.tenant import Tenant
from tests.contract.uploading import anybody, asked, refused, sent, shown, uploaded
from tests.processes import World

PNG = media.png(64, 48)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(document.cookie)</script>"


def bomb() -> bytes:
    """The head of a PNG of 60,000 by 60,000 pixels, and little behind it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", bytes(10)) + chunk(b"IEND", b"")


def left_on_disk(world: World) -> set[str]:
    """The files in the folder of uploads."""
    return {path.name for path in (Path(world.env["POLYPOST_DATA"]) / "uploads").iterdir()}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (SVG, "media_unsupported"),
        (HTML, "media_unsupported"),
        (b"", "media_unsupported"),
        (PNG[:12], "media_unsupported"),
        (bomb(), "media_too_many_pixels"),
        (media.jpeg(32, 32), "media_type_mismatch"),
        (media.gif(), "media_type_mismatch"),
        (media.mp4(), "media_type_mismatch"),
        (media.pdf(), "media_type_mismatch"),
    ],
    ids=["svg", "html", "empty", "cut", "bomb", "jpeg", "gif", "film", "pdf"],
)
def test_bytes_that_are_not_a_png(local: Tenant, body: bytes, code: str) -> None:
    before = left_on_disk(local.world)
    data = asked(local)
    assert refused(sent(data, body)) == (400, code)
    assert shown(data).status_code == 404
    assert left_on_disk(local.world) == before
    assert sent(data, PNG).status_code == 200


@pytest.mark.parametrize(
    "given", ["text/html", "image/jpeg", "application/x-www-form-urlencoded", "image/svg+xml; image/png"]
)
def test_another_content_type(local: Tenant, given: str) -> None:
    assert refused(sent(asked(local), PNG, given)) == (415, "content_type_mismatch")


def test_spellings_of_the_same_type(local: Tenant) -> None:
    data = asked(local)
    for given in ("IMAGE/PNG", "image/png; charset=binary", None):
        assert sent(data, PNG, given).status_code == 200
    film = asked(local, "a.mov", "video/quicktime")
    assert sent(film, media.mp4(), "video/mp4").json()["data"]["mimeType"] == "video/mp4"
    assert refused(sent(data, PNG, **{"content-encoding": "gzip"})) == (400, "validation_error")


def test_addresses_that_were_forged(local: Tenant) -> None:
    data, other = asked(local), asked(local)
    base, _, token = data["uploadUrl"].rpartition("/")
    row, until, signature = token.split(".")
    foreign = other["uploadUrl"].rpartition(".")[2]
    for forged in (
        f"{row}.{int(until) + 1}.{signature}",
        f"{row}.{until}.{foreign}",
        f"{row}.{until}.{signature[:-2]}AA",
        f"{row}.{until}",
        "..%2f..%2fetc%2fpasswd",
        "x",
    ):
        assert refused(sent({"uploadUrl": f"{base}/{forged}"}, PNG)) == (404, "upload_not_found")


def test_too_large_is_said_before_the_bytes_come_and_when_more_come_than_were_announced(
    local: Tenant,
) -> None:
    before = left_on_disk(local.world)
    data = asked(local)
    most = data["maxBytes"]
    place = urlsplit(data["uploadUrl"])
    with socket.create_connection((place.hostname, place.port), timeout=30) as client:
        client.sendall(
            f"PUT {place.path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            f"Content-Length: {most + 1}\r\n\r\n".encode()
        )
        answer = everything(client)
        assert b" 413 " in answer.split(b"\r\n", 1)[0]
        assert b"media_too_large" in answer

    def endless() -> Any:
        yield PNG
        for _ in range(most // 1_000_000 + 2):
            yield bytes(1_000_000)

    assert refused(sent(data, endless())) == (413, "media_too_large")
    exact = asked(local, size=len(PNG))
    assert refused(sent(exact, PNG + b"x")) == (400, "upload_length")
    assert refused(sent(exact, PNG[:-1])) == (400, "upload_length")
    assert left_on_disk(local.world) == before


def test_a_cut_connection_leaves_nothing(local: Tenant) -> None:
    before = left_on_disk(local.world)
    data = asked(local)
    place = urlsplit(data["uploadUrl"])
    with socket.create_connection((place.hostname, place.port), timeout=30) as client:
        client.sendall(
            f"PUT {place.path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            f"Content-Length: {len(PNG)}\r\n\r\n".encode()
            + PNG[:-1]
        )
        client.shutdown(socket.SHUT_WR)
        assert b" 400 " in client.recv(65536).split(b"\r\n", 1)[0]
    assert sent(data, PNG).status_code == 200
    assert len(left_on_disk(local.world) - before) == 1
    assert shown(data).content == PNG


@pytest.mark.parametrize(
    ("filename", "kept", "ending"),
    [
        ("../../../etc/passwd.png", "passwd.png", "/passwd.png"),
        ("..\\..\\boot.ini", "boot.ini", "/boot.png"),
        ("..", "file", "/file.png"),
        ("/", "file", "/file.png"),
        ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie: x=1.png", "/aSet-Cookie-x-1.png"),
        ("Übermut 猫 🐈.png", "Übermut 猫 🐈.png", "/bermut.png"),
        ("a\u202egnp.exe", "agnp.exe", "/agnp.png"),
        ('"quoted".png', '"quoted".png', "/quoted.png"),
        ("x" * 999, "x" * 255, "/" + "x" * 60 + ".png"),
    ],
    ids=["path", "windows", "dots", "slash", "header", "unicode", "turned", "quotes", "long"],
)
def test_names(local: Tenant, filename: str, kept: str, ending: str) -> None:
    data = asked(local, filename)
    assert data["publicUrl"].endswith(ending)
    assert data["publicUrl"].isascii()
    answer = sent(data, PNG)
    assert answer.json()["data"]["filename"] == kept
    got = shown(data)
    assert (got.status_code, got.headers["content-type"]) == (200, "image/png")
    assert "set-cookie" not in got.headers
    assert got.headers["content-disposition"].startswith("attachment")


def test_the_public_address_is_exact(local: Tenant) -> None:
    data = uploaded(local, PNG)
    with anybody() as client:
        for path in ("/other.png", "/a.png.html", "/..%2fa.png", "/"):
            answer = client.get(data["publicUrl"].removesuffix("/a.png") + path)
            assert answer.status_code in {404, 405}


def test_300_megabytes_do_not_pass_through_memory(local: Tenant, tmp_path: Path) -> None:
    path = media.write_mp4(tmp_path / "film.mp4", size=300_000_000)
    data = asked(local, "film.mp4", "video/mp4", size=path.stat().st_size)
    server = psutil.Process(local.world.server.pid)
    before = peak(server)

    def pieces() -> Any:
        with path.open("rb") as file:
            while piece := file.read(1_000_000):
                yield piece

    answer = sent(data, pieces(), "video/mp4")
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["size"] == 300_000_000
    assert peak(server) - before < 60_000_000


def peak(process: psutil.Process) -> int:
    """The most memory that a process ever had, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def test_replays_and_strangers(local: Tenant, new: Callable[..., Tenant]) -> None:
    data = uploaded(local, PNG)
    assert [sent(data, PNG).status_code for _ in range(3)] == [200] * 3
    with anybody() as client:
        answer = client.put(data["uploadUrl"], content=PNG, headers={"cookie": "session=x"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
