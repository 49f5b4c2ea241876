"""Pinterest's own description of its API, held against every request of our connector and every answer of its stand-in."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import FormatChecker
from tests import media
from tests.platforms.recording import Exchange, recording
from tests.platforms.run import MemoryFile, MemoryRun
from tests.platforms.simulators.pinterest import Pinterest, at_pinterest
from tests.specs.deviations import DEVIATIONS
from tests.specs.openapi import Document, unexplained

from polypost import clock
from polypost.errors import PlatformError
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Attempt, Grant, Post, Tokens
from polypost.platforms.pinterest import CONNECTOR
from polypost.probe import probe

BASE = "/v5"
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_instant(value: object) -> bool:
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(form, value) is not None


DOCUMENT = Document("pinterest-v5.23.0.json", base=BASE, formats=FORMATS)
EXCUSED = [each.where for each in DEVIATIONS["pinterest"]]


class Ours:
    """Our connector, with Pinterest behind a wire-tap."""

    def __init__(self, net: Pinterest, http: NetworkClient, folder: Path) -> None:
        self.net = net
        self.http = http
        self.folder = folder
        self.account = Account(net.account["platformUserId"], "demo")

    def run(self) -> MemoryRun:
        async def pause(wait: Any) -> None:
            await self.net.advance(wait.total_seconds())

        return MemoryRun(self.http, self.account, self.net.token, pause=pause)

    def file(self, name: str, data: bytes, *, private: bool = False) -> MemoryFile:
        path = self.folder / name
        path.write_bytes(data)
        kind = Private if private else MemoryFile
        return kind(data, probe(path), self.net.files.add(name, data))

    def post(self, *items: MemoryFile, extra: dict[str, MemoryFile] | None = None, **options: Any) -> Post:
        asked = CONNECTOR.options.model_validate({"boardId": self.net.board} | options)
        return Post("tgt_1", "First line\nand more", items, asked, extra or {})


class Private(MemoryFile):
    """A file that Pinterest cannot fetch."""

    @property
    def pullable(self) -> bool:
        return False


async def every_kind(ours: Ours) -> None:
    """All kinds of posts, and all else that the connector does."""
    jpeg, png = ours.file("a.jpg", media.jpeg(60, 90)), ours.file("b.png", media.png(60, 90), private=True)
    film = ours.file("c.mp4", media.mp4(seconds=5))
    texts = {"title": "T", "link": "https://example.com/", "altText": "alt", "dominantColor": "#6E7874"}
    posts = [
        ours.post(jpeg, **texts),
        ours.post(png),
        ours.post(jpeg, jpeg),
        ours.post(png, png),
        ours.post(film),
        ours.post(film, extra={jpeg.url: jpeg}, coverImageUrl=jpeg.url),
        ours.post(film, extra={png.url: png}, coverImageUrl=png.url),
    ]
    for post in posts:
        run = ours.run()
        proof = await CONNECTOR.publish(run, post)
        attempt = replace(run.attempts[0], number=1)
        await CONNECTOR.reconcile(ours.run(), post, attempt)
    now = clock.now()
    listed = await CONNECTOR.recent(ours.run(), since=now - timedelta(days=1), until=now, most=50)
    assert len(listed) == len(posts)
    assert set(await CONNECTOR.measure(ours.run(), [proof])) == {proof.id}
    await CONNECTOR.delete(ours.run(), proof)
    await CONNECTOR.delete(ours.run(), proof)
    await CONNECTOR.identify(ours.run())
    await CONNECTOR.boards(ours.run())


async def connecting(ours: Ours) -> None:
    """A login from its code to its end."""
    net, back = ours.net, "https://polypost.example/v1/connect/pinterest/callback"
    app = App(net.account["clientId"], net.account["clientSecret"])
    query = {
        "client_id": app.client_id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": CONNECTOR.spec.oauth.scope_separator.join(CONNECTOR.spec.oauth.scopes),  # type: ignore[union-attr]  # this network has a login
        "sandbox_decision": "approve",
    }
    page = await net.running.http.get(f"{net.url}/oauth/", params=query)
    code = re.search(r"code=([\w-]+)", page.headers["location"])
    assert code
    tokens = await CONNECTOR.login.exchange(ours.http, app, Grant(code[1], back))
    tokens = await CONNECTOR.login.refresh(ours.http, app, tokens)
    await CONNECTOR.login.revoke(ours.http, app, tokens)
    with pytest.raises(PlatformError):
        await CONNECTOR.login.refresh(ours.http, app, Tokens("x", "unknown"))


async def refusals(ours: Ours) -> None:
    """Answers that are none."""
    jpeg = ours.file("a.jpg", media.jpeg(60, 90))
    for fault in ("spam", "trial_refused", "fetch_failed", "our_end", "missing_scope", "token_expired"):
        await ours.net.fault(fault)
        with pytest.raises(PlatformError):
            await CONNECTOR.publish(ours.run(), ours.post(jpeg))
    for fault in ("rate_limited", "error_before", "duplicate"):
        await ours.net.fault(fault)
        with pytest.raises(PlatformError):
            await CONNECTOR.publish(ours.run(), ours.post(jpeg))
    with pytest.raises(PlatformError):
        await CONNECTOR.publish(ours.run(), ours.post(jpeg, boardId="1"))
    attempt = Attempt(
        "pin",
        1,
        ours.run().now(),
        {"board": "1", "kind": "image", "title": "", "description": "", "link": ""},
    )
    await CONNECTOR.reconcile(ours.run(), ours.post(jpeg), attempt)


async def by_others(ours: Ours) -> None:
    """Calls that our connector does not make."""
    net = ours.net
    picture = net.image()
    slots = [{"url": picture["url"], "title": "T"}, {"url": picture["url"]}]
    pin = await net.pinned(picture, title="T")
    await net.pinned({"source_type": "multiple_image_urls", "items": slots})
    film = {"source_type": "video_id", "media_id": await net.film(), "cover_image_key_frame_time": 0}
    await net.pinned(film)
    board = (await net.call("POST", "/boards", json={"name": "B"})).json()["id"]
    section = (await net.call("POST", f"/boards/{board}/sections", json={"name": "S"})).json()["id"]
    days = {"start_date": pin["created_at"][:10], "end_date": pin["created_at"][:10]}
    asked = days | {"metric_types": "IMPRESSION,SAVE"}
    for method, path, more in (
        ("PATCH", f"/boards/{board}", {"json": {"description": "d"}}),
        ("GET", f"/boards/{board}", {}),
        ("GET", "/boards", {"params": {"page_size": "1"}}),
        ("GET", "/boards/x", {}),
        ("GET", f"/boards/{board}/sections", {}),
        ("PATCH", f"/boards/{board}/sections/{section}", {"json": {"name": "N"}}),
        ("GET", f"/boards/{board}/sections/{section}/pins", {}),
        ("POST", f"/boards/{board}/sections", {"json": {"name": "N"}}),
        ("DELETE", f"/boards/{board}/sections/{section}", {}),
        ("DELETE", f"/boards/{board}", {}),
        ("DELETE", f"/boards/{board}", {}),
        ("GET", f"/boards/{net.board}/pins", {}),
        ("GET", "/pins", {"params": {"pin_metrics": "true"}}),
        ("GET", f"/pins/{pin['id']}", {"params": {"pin_metrics": "true"}}),
        ("PATCH", f"/pins/{pin['id']}", {"json": {"title": "N"}}),
        ("POST", f"/pins/{pin['id']}/save", {"json": {}}),
        ("GET", f"/pins/{pin['id']}/analytics", {"params": asked}),
        ("GET", "/pins/analytics", {"params": asked | {"pin_ids": pin["id"]}}),
        ("GET", "/pins/analytics", {}),
        ("DELETE", f"/pins/{pin['id']}", {}),
        ("GET", f"/pins/{pin['id']}", {}),
        ("GET", "/media", {}),
        ("GET", "/media/1", {}),
        ("POST", "/media", {"json": {"media_type": "image"}}),
        ("GET", "/user_account", {}),
    ):
        await net.call(method, path, **more)
    await net.token_call(grant_type="client_credentials", scope="pins:read")


STORIES = (every_kind, connecting, refusals, by_others)


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Exchange]]:
    """All calls of the API in each story."""

    async def tell(story: Any, folder: Path) -> list[Exchange]:
        async with at_pinterest(folder / "sandbox") as net, recording(net.url) as tap:
            networks = Networks({"pinterest": tap.url})
            if story is by_others:
                net.url = tap.url
            try:
                await story(Ours(net, networks.client("pinterest"), folder))
            finally:
                await networks.aclose()
            return [call for call in tap.exchanges if call.path.startswith(BASE)]

    before = clock._Advance.seconds
    try:
        return {
            story.__name__: asyncio.run(tell(story, tmp_path_factory.mktemp(story.__name__)))
            for story in STORIES
        }
    finally:
        clock._Advance.seconds = before


def findings(calls: list[Exchange], *, ours: bool) -> list[str]:
    """Every difference; of calls that others make wrongly on purpose, only those in the answers."""
    found = [finding for call in calls for finding in DOCUMENT.findings(call)]
    return [finding for finding in found if ours or ": answer " in finding]


@pytest.mark.parametrize("story", ["every_kind", "connecting", "refusals"])
def test_what_we_send_and_what_comes_back(met: dict[str, list[Exchange]], story: str) -> None:
    assert len(met[story]) >= 5
    left, _ = unexplained(findings(met[story], ours=True), EXCUSED)
    assert left == set()


def test_what_the_stand_in_answers_to_others(met: dict[str, list[Exchange]]) -> None:
    reached = {operation.name for call in met["by_others"] if (operation := DOCUMENT.operation(call))}
    assert len(reached) >= 20
    left, _ = unexplained(findings(met["by_others"], ours=False), EXCUSED)
    assert left == set()


def test_every_deviation_is_needed(met: dict[str, list[Exchange]]) -> None:
    found = [each for story, calls in met.items() for each in findings(calls, ours=story != "by_others")]
    assert unexplained(found, EXCUSED) == (set(), set())
