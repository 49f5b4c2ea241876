"""kill -9 while a film arrives: what was safe on the disk stays, and the published client goes on from there."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from tusclient.uploader import Uploader

from tests import media
from tests.processes import Process, World, lasting_port

MARK = 8 * 1024 * 1024
SIZE = 3 * MARK
PATCH = (
    "PATCH {} HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
    "Content-Type: application/offset+octet-stream"
)


@pytest.fixture
def films(tmp_path: Path, store_url: str | None) -> Iterator[World]:
    """A server without a sandbox, on a port that it keeps, and a project."""
    port = str(lasting_port())
    world = World(tmp_path, database_url=store_url)
    if store_url is not None:
        world.command("migrate")
    world.key = world.command("projects", "create", "Films")["apiKey"]
    world.env["POLYPOST_PUBLIC_URL"] = f"http://127.0.0.1:{port}/"
    world.server = Process("serve", "--json", "--port", port, log=tmp_path / "server.log", env=world.env)
    world.server.start()
    yield world
    world.server.stop()


def growing(films: World) -> list[int]:
    """Sizes of the unfinished files in the folder of uploads."""
    folder = Path(films.env["POLYPOST_DATA"]) / "uploads"
    return sorted(path.stat().st_size for path in folder.glob("*.part"))


def send_all_but_the_end(request: str, place: str, film: bytes) -> None:
    """A request that never ends by itself: it has promised one byte more than it sends."""
    parts = urlsplit(place)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as client, suppress(OSError):
        head = f"{request.format(parts.path)}\r\nHost: x\r\nContent-Length: {len(film)}\r\n\r\n"
        client.sendall(head.encode() + film[:-1])
        client.recv(1)


def test_films_that_were_cut_by_the_servers_death(films: World, tmp_path: Path) -> None:
    film = media.write_mp4(tmp_path / "film.mp4", size=SIZE).read_bytes()
    with films.client() as client:
        body = {"filename": "film.mp4", "mimeType": "video/mp4", "size": SIZE}
        whole, parts = (client.post("/v1/media/upload", json=body).json()["data"] for _ in range(2))
        evil = client.post("/v1/media/upload", json=body, headers={"host": "evil.example"}).json()["data"]
    public = films.env["POLYPOST_PUBLIC_URL"]
    assert all(evil[name].startswith(f"{public}media/uploads/") for name in ("uploadUrl", "publicUrl"))
    requests = (("PUT {} HTTP/1.1", whole["uploadUrl"]), (PATCH, parts["uploadUrl"]))
    sending = [threading.Thread(target=send_all_but_the_end, args=(*each, film)) for each in requests]
    for each in sending:
        each.start()
    end = time.monotonic() + 30
    while len(sizes := growing(films)) < 2 or min(sizes) < 2 * MARK:
        assert time.monotonic() < end
        time.sleep(0.01)
    films.server.kill()
    for each in sending:
        each.join()
    assert len(growing(films)) == 2
    films.server.start()

    assert len(growing(films)) == 1, "of a PUT nothing stays"
    uploader = Uploader(file_stream=io.BytesIO(film), url=parts["uploadUrl"], chunk_size=4 * MARK)
    assert MARK <= uploader.offset < SIZE
    assert httpx2.get(parts["publicUrl"], trust_env=False).status_code == 404
    uploader.upload()
    assert uploader.offset == SIZE
    again = httpx2.put(whole["uploadUrl"], content=film, trust_env=False)
    assert again.status_code == 200, again.text
    for data in (whole, parts):
        assert httpx2.get(data["publicUrl"], trust_env=False).content == film
    assert growing(films) == []
