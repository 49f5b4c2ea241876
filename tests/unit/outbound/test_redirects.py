"""Every hop of a fetch is judged like the first, and TLS is never left (O2, O4)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.outbound.fetching import fetch, plain
from tests.unit.outbound.servers import Behaviour, Listen, Talk

from polypost.errors import AddressRefused, FetchFailed
from polypost.outbound import Fetcher, Guard

pytestmark = pytest.mark.anyio


def redirecting(*locations: str, status: str = "302 Found") -> Behaviour:
    """Answer the n-th request with the n-th location, then with a file."""

    async def behave(talk: Talk) -> None:
        await talk.read()
        seen = len(talk.server.requests) - 1
        if seen < len(locations):
            await talk.answer(b"go on", f"Location: {locations[seen]}", status=status)
        else:
            await talk.answer(b"file")

    return behave


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_three_redirects_are_followed(listen: Listen, tmp_path: Path, status: str) -> None:
    server = await listen(redirecting("/two", "three?x=1", "../four", status=status))

    fetched = await fetch(server, tmp_path / "file", "/one/a")

    assert fetched.url == f"{server.origin}/four"
    assert [request.line.split()[1] for request in server.requests] == [
        "/one/a",
        "/two",
        "/three?x=1",
        "/four",
    ]


async def test_a_fourth_redirect_is_not_followed(listen: Listen, tmp_path: Path) -> None:
    server = await listen(redirecting("/2", "/3", "/4", "/5"))

    with pytest.raises(FetchFailed):
        await fetch(server, tmp_path / "file")

    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{canary}/",
        "//127.0.0.1:{canary}/",
        "http://localhost:{canary}/",
        "http://127.1:{canary}/",
        "http://2130706433:{canary}/",
        "http://0x7f.1:{canary}/",
        "http://0177.0.0.1:{canary}/",
        "http://[::ffff:127.0.0.1]:{canary}/",
        "http://[::1]:{canary}/",
        "http://user@127.0.0.1:{canary}/",
        "http://127.0.0.1:{server}@127.0.0.1:{canary}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "http://example.com:22/",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://127.0.0.1:{canary}/",
        "data:image/png;base64,AAAA",
    ],
)
async def test_a_redirect_is_judged_like_a_users_url(listen: Listen, tmp_path: Path, location: str) -> None:
    canary = await listen(plain)

    async def away(talk: Talk) -> None:
        await talk.read()
        target = location.format(canary=canary.port, server=talk.server.port)
        await talk.answer(b"", f"Location: {target}", status="302 Found")

    server = await listen(away)

    with pytest.raises(AddressRefused):
        await fetch(server, tmp_path / "file")

    assert canary.connections == 0
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(
    "header",
    [
        "X-None: 1",
        "Location: ",
        "Location: /a b",
        "Location: /a\\b",
        "Location: /\xfc",
        "Location: /" + "a" * 2100,
    ],
)
async def test_a_redirect_to_nowhere_is_a_failed_fetch(listen: Listen, tmp_path: Path, header: str) -> None:
    async def away(talk: Talk) -> None:
        await talk.read()
        head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n{header}\r\n\r\n"
        await talk.send(head.encode("latin-1"))

    server = await listen(away)

    with pytest.raises(FetchFailed):
        await fetch(server, tmp_path / "file")

    assert len(server.requests) == 1


async def test_tls_keeps_the_name_and_never_falls_back_to_http(
    listen: Listen, tmp_path: Path, certificate: ssl.SSLContext
) -> None:
    downgraded = await listen(plain)
    server = await listen(redirecting(f"{downgraded.origin}/"), tls=certificate)

    async def here(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    guard = Guard([f"media.example.com:{server.port}", f"other.example.com:{server.port}", downgraded.place])
    fetcher = Fetcher(guard, resolve=here)

    with pytest.raises(AddressRefused):
        await fetcher.fetch(f"https://media.example.com:{server.port}/", tmp_path / "file", max_bytes=100)
    fetched = await fetcher.fetch(
        f"https://media.example.com:{server.port}/", tmp_path / "file", max_bytes=100
    )
    with pytest.raises(FetchFailed):
        await fetcher.fetch(f"https://other.example.com:{server.port}/", tmp_path / "file2", max_bytes=100)

    await fetcher.aclose()
    assert fetched.size == 4
    assert server.names == ["media.example.com", "media.example.com", "other.example.com"]
    assert [request.headers["host"] for request in server.requests] == [
        f"media.example.com:{server.port}"
    ] * 2
    assert downgraded.connections == 0
