"""Strangers' pages and names that lead here do not reach the control surface; what it takes is JSON."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.routing import Route
from tests.platforms.simulators.helpers import Play, play

from polypost.sandbox.control import control_app

READING = frozenset({"GET"})
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Call:
    """A call of the control surface on one of the sandbox's ports."""

    port: int
    method: str
    path: str

    @property
    def changes(self) -> bool:
        return self.method not in READING


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


def calls(running: Play) -> Iterator[Call]:
    """Every method of every route, from the app itself; and those that lie on the other ports."""
    control, media = port_of(running.info.url), port_of(running.info.media_url)
    routes = [route for route in control_app(None).routes if isinstance(route, Route)]  # type: ignore[arg-type, attr-defined]  # routes alone need no sandbox
    assert len(routes) > 15
    for route in routes:
        path = re.sub(r"\{\w+(:int)?\}", "1", route.path)
        for method in (route.methods or set()) - {"HEAD"}:
            yield Call(control, method, path)
            if "/hooks/" in path:
                yield Call(media, method, path)
    yield Call(port_of(running.info.urls["mastodon"]), "PUT", "/_sandbox/limits")


async def answered(call: Call, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """What comes back to a request with exactly these headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", call.port)
    named = {"host": f"127.0.0.1:{call.port}", "connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    if body or call.changes:
        named["content-length"] = str(len(body))
    lines = [
        f"{call.method} {call.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in named.items() if value),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *told = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in told)
    return int(first.split()[1]), fields, rest


async def all_refused(running: Play, status: int, found: list[Call], **headers: str) -> None:
    assert found
    for call in found:
        told, fields, body = await answered(call, b'{"advance": 86400}', **headers)
        assert (told, fields["x-content-type-options"]) == (status, "nosniff"), call
        assert json.loads(body)["error"]
    assert (await running.control("GET", "clock"))["ahead"] == 0


FOREIGN_HOSTS = [
    "rebound.example",
    "rebound.example:80",
    "127.0.0.1.rebound.example",
    "10.0.0.7",
    "[::2]",
    "0x7f.1",
    "[",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_name_that_only_leads_here_is_refused(running: Play, host: str) -> None:
    await all_refused(running, 403, list(calls(running)), host=host, content_type="application/json")


@pytest.mark.parametrize(
    "origin",
    ["https://page.example", "http://localhost:1", "null", "http://127.0.0.1", "http://page.example:{port}"],
)
async def test_a_strangers_page_is_refused(running: Play, origin: str) -> None:
    shown = origin.format(port=port_of(running.info.url))
    await all_refused(running, 403, list(calls(running)), origin=shown, content_type="application/json")


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain;application/json", FORM, "multipart/form-data; boundary=x"]
)
async def test_what_a_page_may_send_unasked_is_refused(running: Play, kind: str) -> None:
    changing = [call for call in calls(running) if call.changes]
    await all_refused(running, 415, changing, content_type=kind)
    status, _, body = await answered(
        Call(changing[0].port, "POST", "/_sandbox/clock"), b"{}", content_type=kind
    )
    assert (status, "content-type: application/json" in body.decode()) == (415, True)


async def test_a_body_without_a_type_is_refused(running: Play) -> None:
    await all_refused(running, 415, [call for call in calls(running) if call.changes])


async def test_loopback_names_and_own_pages_come_in(running: Play) -> None:
    clock = Call(port_of(running.info.url), "POST", "/_sandbox/clock")
    json_kind = "application/json; charset=utf-8"
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.8.9.1:80", "[::1]:5"):
        status, _, _ = await answered(clock, b'{"advance": 1}', host=host, content_type=json_kind)
        assert status == 200, host
    for url in (running.info.url, running.info.media_url, *running.info.urls.values()):
        for origin in (url, url.replace("127.0.0.1", "localhost")):
            status, _, _ = await answered(clock, b'{"advance": 1}', origin=origin, content_type=json_kind)
            assert status == 200, origin


def test_further_names_are_those_of_the_setting(tmp_path: Path) -> None:
    async def story(running: Play) -> None:
        about = Call(port_of(running.info.url), "GET", "/_sandbox")
        assert (await answered(about, host="sandbox:9000"))[0] == 200
        assert (await answered(about, host="sandbox2:9000"))[0] == 403

    play(tmp_path, story, hosts=["sandbox"])


async def test_the_networks_answer_under_any_name(running: Play) -> None:
    for platform, url in running.info.urls.items():
        page = Call(port_of(url), "GET", "/")
        status, _, _ = await answered(page, host="api.network.example", origin="https://client.example")
        assert status != 403, platform
    for post in (await running.control("GET", "accounts"))["accounts"][:1]:
        picture = Call(port_of(running.info.urls[post["platform"]]), "GET", "/_sandbox/avatar/1.png")
        assert (await answered(picture, host="api.network.example"))[0] == 200
    film = Call(port_of(running.info.media_url), "GET", "/demo.mp4")
    status, fields, _ = await answered(film, host="cdn.example")
    assert (status, fields["x-content-type-options"]) == (200, "nosniff")
