"""Small doors: what every answer carries, the names of files, where the choice page's form may lead, whose folder it is."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests import media
from tests.contract.raw import Start, answers, everything, get, one_answer, refused, servers
from tests.contract.tenant import BACK, Tenant
from tests.contract.test_selection import browser, login
from tests.contract.uploading import asked, sent, shown
from tests.processes import World

start = servers
browser = browser  # noqa: PLW0127  # a fixture that pytest has to find here

BROKEN = {
    "no HTTP": b"nonsense\r\n\r\n",
    "a head too large": b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
    "a URL too long": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
    "a request cut off": b"GET / HTTP/1.1\r\nhost",
}
PLACES = [
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/v1/health"),
    ("GET", "/healthz/ready"),
    ("GET", "/nowhere"),
    ("GET", "/v1/posts"),
    ("POST", "/v1/health"),
    ("PUT", "/media/uploads/none"),
    ("OPTIONS", "/media/uploads/none"),
    ("GET", "/media/uploads/upl_0/a.png"),
    ("GET", "/media/med_0.1.x/a.png"),
    ("GET", "/v1/connect/facebook/choose/none"),
]


def heads(answer: bytes) -> list[str]:
    """The headers of an answer, in lower case."""
    return answer.partition(b"\r\n\r\n")[0].decode("latin-1").lower().split("\r\n")[1:]


def said_once(lines: list[str]) -> bool:
    return lines.count("x-content-type-options: nosniff") == 1


def test_no_answer_is_sniffed(world: World) -> None:
    address = urlsplit(world.url)
    bare = [
        f"{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode()
        for method, path in PLACES
    ]
    for request in [*bare, *BROKEN.values()]:
        with socket.create_connection((address.hostname, address.port), 10) as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            assert said_once(heads(everything(client))), request[:60]


def test_no_file_is_sniffed_and_its_name_ends_as_its_type(tenant: Tenant) -> None:
    for given, kept in (
        ("a.html", "a.png"),
        ("noend", "noend.png"),
        ("pic.PNG", "pic.PNG"),
        (".png.exe", "png.png"),
    ):
        data = asked(tenant, given)
        assert sent(data, media.png(32, 32)).status_code == 200
        whole = shown(data)
        assert said_once([f"{name}: {value}".lower() for name, value in whole.headers.multi_items()])
        assert whole.headers["content-disposition"] == f'attachment; filename="{kept}"'
        assert data["publicUrl"].endswith(".png")


def test_the_form_of_the_choice_leads_back_here_and_to_the_redirect_address(
    embedded: World, new: Callable[..., Tenant], browser: httpx2.Client
) -> None:
    tenant = new(embedded)
    for asked_for, allowed in (({"redirectUri": BACK}, "'self' http://localhost:9"), ({}, "'self'")):
        page = browser.get(login(tenant, browser, "facebook", **asked_for))
        assert page.status_code == 200
        assert f"form-action {allowed};" in page.headers["content-security-policy"]
    over = browser.get(f"{tenant.world.url}/v1/connect/facebook/choose/none")
    assert "form-action 'none'" in over.headers["content-security-policy"]


def test_one_connection_too_many_can_read_why(start: Start) -> None:
    web = start(connections_per_address=2, linger=5.0)
    held = [web.connect(get("/size")) for _ in range(2)]
    assert {one_answer(client) for client in held} == {(200, b"0")}
    late = web.connect()
    # More than the buffers between them hold: the server reads on, or sending is what ends with a reset.
    late.sendall(get("/size", f"a: {'b' * 3_000_000}"))
    [answer] = answers(everything(late))
    refused(answer, 503, "too_many_connections")


def test_there_is_an_end_to_how_many_read_why(start: Start) -> None:
    web = start(connections_per_address=1, connections_parting=1, linger=60.0)
    held = web.connect(get("/size"))
    assert one_answer(held) == (200, b"0")
    parting, closed = web.connect(), web.connect()
    for client in (parting, closed):
        [answer] = answers(everything(client))
        refused(answer, 503, "too_many_connections")
    assert not listens(closed)
    assert listens(parting)


def listens(client: socket.socket) -> bool:
    """Whether the other side still takes bytes."""
    try:
        for _ in range(100):
            client.sendall(b"a" * 1000)
    except OSError:
        return False
    return True


@pytest.fixture(params=["a new folder", "a folder that everybody may enter"])
def open_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A server with its sandbox, started by somebody whose umask forbids nothing; its folder and ready line."""
    folder = tmp_path / "data"
    if request.param != "a new folder":
        folder.mkdir(mode=0o755)
        folder.chmod(0o777)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POLYPOST_")}
    arguments = ["serve", "--sandbox", "--json", "--port", "0", "--data", str(folder)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "polypost", *arguments],
            env=clean,
            stdout=subprocess.PIPE,
            stderr=log,
            umask=0,
        )
    assert process.stdout is not None
    try:
        yield folder, json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        process.stdout.close()


def test_the_data_folder_is_for_its_owner_alone(open_server: tuple[Path, dict[str, Any]]) -> None:
    folder, ready = open_server
    about = httpx2.get(f"{ready['sandboxUrl']}/_sandbox", trust_env=False).json()
    with httpx2.Client(
        base_url=ready["url"], headers={"x-access-key": ready["apiKey"]}, trust_env=False
    ) as client:
        offer = client.post("/v1/media/upload", json={"filename": "a.png", "mimeType": "image/png"}).json()[
            "data"
        ]
        png = {"content-type": "image/png"}
        assert client.put(offer["uploadUrl"], content=media.png(640, 640), headers=png).status_code == 200
        entry = next(each for each in ready["accounts"] if each["platform"] == "mastodon")
        items = [{"type": "image", "url": url} for url in (offer["publicUrl"], about["demoMedia"][0])]
        body = {"content": "Two pictures", "publishNow": True, "platforms": [entry], "mediaItems": items}
        posted = client.post("/v1/posts", json=body, timeout=60)
        assert posted.json()["status"] == "published", posted.text
        seen = {path.relative_to(folder): path.lstat().st_mode for path in [folder, *folder.rglob("*")]}
    names = {str(path) for path in seen}
    assert {"polypost.db", "polypost.db-wal", "polypost.db-shm", "master.key", "demo-key"} <= names
    assert any(re.match(r"(media|uploads)/", name) for name in names)
    for path, mode in seen.items():
        assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), path
