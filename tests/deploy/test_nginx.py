"""nginx with the file of the documentation: what a file of posts and an upload need goes through, and no more."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from polypost import bulk
from tests.docs import sources
from tests.processes import lasting_port

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
MAIN = """
daemon off;
worker_processes 1;
user root;
pid {root}/pid;
error_log {root}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
{server}
}}
"""


class Behind(BaseHTTPRequestHandler):
    """What stands behind the proxy: it reads bodies and says what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read(min(left, 1_000_000)))
        said = f"{self.headers['content-length']} {self.headers['host']} {self.headers['x-forwarded-for']}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx with our file, without its certificate, in front of `Behind`."""
    root, port = tmp_path_factory.mktemp("nginx"), lasting_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), Behind) as behind:
        threading.Thread(target=behind.serve_forever, daemon=True).start()
        text = (sources.ROOT / "deploy" / "nginx.conf").read_text()
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
        text = re.sub(r"^ *(listen \[::\]|ssl_certificate).*\n", "", text, flags=re.MULTILINE)
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{behind.server_port}")
        file = root / "nginx.conf"
        file.write_text(MAIN.format(root=root, server=text))
        process = subprocess.Popen(["nginx", "-c", str(file), "-e", str(root / "error.log")])
        try:
            yield ready(f"http://127.0.0.1:{port}", process, root)
        finally:
            process.terminate()
            process.wait(30)
            behind.shutdown()


def ready(url: str, process: subprocess.Popen[bytes], root: Path) -> str:
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        try:
            httpx2.post(url, content=b"", trust_env=False)
        except httpx2.HTTPError:
            time.sleep(0.05)
        else:
            return url
    raise AssertionError((root / "error.log").read_text())


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/v1/posts/bulk", bulk.FILE_BYTES + 10_000, 200),
        ("/v1/posts/bulk", 18_000_000, 413),
        ("/media/uploads/upl_1.1.x", 40_000_000, 200),
    ],
)
def test_what_goes_through(proxy: str, path: str, size: int, status: int) -> None:
    answer = httpx2.post(
        f"{proxy}{path}",
        content=bytes(size),
        headers={"host": "polypost.example.com"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == status
    if status == 200:
        assert answer.text == f"{size} polypost.example.com 127.0.0.1"


def test_no_more_than_five_gigabytes(proxy: str) -> None:
    """What is too long is refused by its head alone."""
    host, _, port = proxy.removeprefix("http://").partition(":")
    head = "POST /media/uploads/upl_1.1.x HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n"
    for size, said in ((5 * 2**30, b"HTTP/1.1 100"), (5 * 2**30 + 1, b"HTTP/1.1 413")):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(head.format(size).encode())
            assert connection.recv(12) == said
