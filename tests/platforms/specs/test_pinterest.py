"""Pinterest's own description of its API, held against every request of our connector and every answer of its stand-in."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from tests import media, specs
from tests.platforms.recording import Exchange, recording
from tests.platforms.run import MemoryFile, MemoryRun
from tests.platforms.simulators.pinterest import Pinterest, at_pinterest
from tests.specs.deviations import DEVIATIONS

from polypost import clock
from polypost.errors import PlatformError
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Attempt, Grant, Post, Tokens
from polypost.platforms.pinterest import CONNECTOR
from polypost.probe import probe

FILE = Path(specs.__file__).parent / "pinterest-v5.23.0.json"
FORMATS = FormatChecker(formats=())
BASE = "/v5"


@FORMATS.checks("date-time")
def _is_instant(value: object) -> bool:
    zone = r"(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or bool(
        re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?{zone}", value)
    )


@cache
def spec() -> Any:
    return _plain(json.loads(FILE.read_text()))


def _plain(node: Any) -> Any:
    """OpenAPI's own words in those of JSON Schema: `nullable`, and discriminators as conditions."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: _plain(value) for name, value in node.items()}
    mapping = (
        (found.get("discriminator") or {}).get("mapping") if isinstance(found.get("type"), str) else None
    )
    if mapping and "oneOf" not in found:
        by = found["discriminator"]["propertyName"]
        found["allOf"] = [
            {"if": {"properties": {by: {"const": value}}, "required": [by]}, "then": {"$ref": target}}
            for value, target in mapping.items()
        ]
    if found.pop("nullable", False) is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found


def wrong(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    """(place, what is wrong) for everything in a value that does not fit."""
    whole = {**schema, "components": spec()["components"]}
    for error in Draft202012Validator(whole, format_checker=FORMATS).iter_errors(value):
        for inner in _leaves(error):
            place = "".join(
                f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner.absolute_path
            )
            yield place, inner.message


def _leaves(error: Any) -> Iterator[Any]:
    # Of `A or null` the reason why it is not A says more than that it is neither.
    inner = [each for each in error.context or () if each.validator != "type"]
    if not inner:
        yield error
    for each in inner:
        yield from _leaves(each)


@cache
def templates() -> list[tuple[re.Pattern[str], Any]]:
    """Paths as patterns, those without parameters first."""
    paths = sorted(spec()["paths"].items(), key=lambda pair: pair[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), item) for path, item in paths]


def operation(call: Exchange) -> tuple[dict[str, Any], list[str]]:
    """What the description says of a call, and what stands in its path."""
    path = call.path.removeprefix(BASE)
    for pattern, item in templates():
        if (match := pattern.fullmatch(path)) and call.method.lower() in item:
            return item[call.method.lower()], [unquote(part) for part in match.groups()]
    raise AssertionError(f"{call.method} {call.path} is not in the description")


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    return spec()["components"]["parameters"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def request_faults(call: Exchange) -> Iterator[str]:
    """Everything in a request that the description does not know."""
    said, in_path = operation(call)
    name = said["operationId"]
    parameters = [_resolved(each) for each in said.get("parameters", ())]
    for parameter, value in zip((p for p in parameters if p["in"] == "path"), in_path, strict=True):
        yield from (f"{name} path {parameter['name']}: {m}" for _, m in wrong(parameter["schema"], value))
    query = {p["name"]: p for p in parameters if p["in"] == "query"}
    for key, value in call.params.items():
        if key not in query:
            yield f"{name} query {key}: not known"
            continue
        kind = query[key]["schema"].get("type")
        read = int(value) if kind == "integer" else value.split(",") if kind == "array" else value
        read = read == "true" if kind == "boolean" else read
        yield from (f"{name} query {key}: {m}" for _, m in wrong(query[key]["schema"], read))
    yield from (
        f"{name} query {key}: missing"
        for key, p in query.items()
        if p.get("required") and key not in call.params
    )
    if "requestBody" in said:
        kind = call.headers.get("content-type", "").partition(";")[0]
        content = said["requestBody"]["content"]
        if kind not in content:
            yield f"{name} request: {kind} is none of {list(content)}"
            return
        body = call.sent if kind == "application/json" else call.form
        yield from (f"{name} request {place}: {m}" for place, m in wrong(content[kind]["schema"], body))
    elif call.body:
        yield f"{name} request: has a body"


def answer_faults(call: Exchange) -> Iterator[str]:
    """Everything in an answer that the description does not know."""
    said, _ = operation(call)
    name = f"{said['operationId']} {call.status}"
    responses = said["responses"]
    known = responses.get(str(call.status)) or (responses["default"] if call.status >= 400 else None)
    if known is None:
        yield f"{name} answer: this status is not known"
    elif "content" not in known:
        if call.answer:
            yield f"{name} answer: has a body"
    else:
        schema = known["content"]["application/json"]["schema"]
        yield from (f"{name} answer {place}: {m}" for place, m in wrong(schema, call.received))


def faults(calls: list[Exchange], *, ours: bool) -> list[str]:
    """Everything in these calls that the description does not know."""
    found = [fault for call in calls for fault in answer_faults(call)]
    return found + ([fault for call in calls for fault in request_faults(call)] if ours else [])


def unknown(found: list[str]) -> list[str]:
    """Those that are no deviation which is written down."""
    return [
        fault for fault in found if not any(fnmatch(fault, each.where) for each in DEVIATIONS["pinterest"])
    ]


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
        "scope": CONNECTOR.spec.oauth.scope_separator.join(CONNECTOR.spec.oauth.scopes),  # type: ignore[union-attr]
        "sandbox_decision": "approve",
    }
    page = await net.running.http.get(f"{net.url}/oauth/", params=query)
    code = re.search(r"code=([\w-]+)", page.headers["location"])
    assert code
    tokens = await CONNECTOR.exchange(ours.http, app, Grant(code[1], back))
    tokens = await CONNECTOR.refresh(ours.http, app, tokens)
    await CONNECTOR.revoke(ours.http, app, tokens)
    with pytest.raises(PlatformError):
        await CONNECTOR.refresh(ours.http, app, Tokens("x", "unknown"))


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


@pytest.mark.parametrize("story", ["every_kind", "connecting", "refusals"])
def test_what_we_send_and_what_comes_back(met: dict[str, list[Exchange]], story: str) -> None:
    assert len(met[story]) >= 5
    assert unknown(faults(met[story], ours=True)) == []


def test_what_the_stand_in_answers_to_others(met: dict[str, list[Exchange]]) -> None:
    assert len({operation(call)[0]["operationId"] for call in met["by_others"]}) >= 20
    assert unknown(faults(met["by_others"], ours=False)) == []


def test_every_deviation_is_needed(met: dict[str, list[Exchange]]) -> None:
    found = [fault for story, calls in met.items() for fault in faults(calls, ours=story != "by_others")]
    needless = [
        each for each in DEVIATIONS["pinterest"] if not any(fnmatch(fault, each.where) for fault in found)
    ]
    assert needless == []
