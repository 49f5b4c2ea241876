"""Requests as the official clients send them, byte by byte: each is answered where it was sent, by the route it means.

`replay.json` holds what the Node clients 0.7.0 and 0.8.1, the Python client 0.1.4 and people with curl send:
headers in their order and spelling, raw targets with what stands in for ids in braces, bodies.
"""

from __future__ import annotations

import json
import re
import resource
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import func, select

from polypost import access
from polypost.credits.tables import ledger
from polypost.posts.tables import posts, targets
from tests import databases
from tests.contract.tenant import Tenant, later, operator, words
from tests.contract.test_selection import login, said
from tests.processes import Process, World, lasting_port
from tests.worlds import Worlds

SET = json.loads(Path(__file__).with_name("replay.json").read_text(encoding="utf-8"))
# Rooms of the contract that this server does not have; their requests must begin to work with them.
DAY = (datetime.now(UTC) + timedelta(days=100)).date().isoformat()
_NAME = re.compile(r"\{(\w+)\}")


class Stand:
    """What the names in braces stand for: things of one project, made when they are first asked for."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._lasting: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        make: Callable[[], str] | None = getattr(self, f"_{name}", None)
        if make is not None:
            return make()
        if name not in self._lasting:
            self._lasting[name] = self._made(name)
        return self._lasting[name]

    def _made(self, name: str) -> str:
        if name == "post":
            return str(self.tenant.published()["postId"])
        if name in {"profile", "app"}:
            return str(getattr(self, f"_new_{name}")())
        return self.tenant.account(name).id

    def _day(self) -> str:
        return DAY

    def _words(self) -> str:
        return f"Replay {uuid.uuid4().hex}"

    def _picture(self) -> str:
        return self.tenant.world.demo_image()

    def _scheduled(self) -> str:
        return str(self.tenant.scheduled()["postId"])

    def _draft(self) -> str:
        post_id = self._scheduled()
        assert self.tenant.client.delete(f"/v1/posts/scheduled/{post_id}").status_code == 200
        return post_id

    def _new_profile(self) -> str:
        made = self.tenant.client.post("/v1/profiles", json={"name": words(), "description": "x"})
        return str(made.json()["profile"]["id"])

    def _new_app(self) -> str:
        body = {"platform": "twitter", "name": "Ours", "clientId": words(), "clientSecret": "s"}
        return str(self.tenant.client.post("/v1/apps", json=body).json()["app"]["id"])

    def _new_account(self) -> str:
        return self.tenant.connect("twitter").id

    def _new_notification(self) -> str:
        body = {
            "channel": "webhook",
            "eventTypes": ["post.published"],
            "webhook": {"url": "https://example.com/hook"},
        }
        return str(self.tenant.client.post("/v1/notifications", json=body).json()["notification"]["id"])

    def _linkedin_selection(self) -> str:
        return self._selection("linkedin")

    def _facebook_selection(self) -> str:
        return self._selection("facebook")

    def _selection(self, platform: str) -> str:
        with httpx2.Client(timeout=30, trust_env=False) as browser:
            back = "http://localhost:9/back"
            away = login(self.tenant, browser, platform, redirectUri=back, headless="true")
        return said(away)["selectionToken"]


def filled(value: Any, stand: Stand) -> Any:
    """The value with every name in braces replaced."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: stand(found.group(1)), value)
    if isinstance(value, list):
        return [filled(each, stand) for each in value]
    return {name: filled(each, stand) for name, each in value.items()} if isinstance(value, dict) else value


def send(
    world: World, key: str, dress: str, method: str, target: str, body: Any = None, **more: str
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and parsed body of an answer to exactly these bytes, on a connection of its own."""
    address = urlsplit(world.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in {**SET["dresses"][dress], "x-access-key": key, **more}.items():
            connection.putheader(name, value)
        raw = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        if body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(raw)))
        connection.endheaders(raw)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        assert headers["content-type"] == "application/json"
        return answer.status, headers, json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def stand(tenant: Tenant) -> Stand:
    return Stand(tenant)


def cases() -> Iterator[Any]:
    for request in SET["requests"]:
        yield pytest.param(request, id=request["name"])


@pytest.mark.parametrize("request_", [*cases()])
def test_a_clients_request_is_answered(stand: Stand, request_: dict[str, Any]) -> None:
    tenant = stand.tenant
    status, headers, answer = send(
        tenant.world,
        tenant.key,
        request_["dress"],
        request_["method"],
        filled(request_["target"], stand),
        filled(request_.get("body"), stand),
    )
    assert "location" not in headers
    assert headers["x-request-id"]
    assert answer.get("code") not in {"no_such_path", "method_not_allowed"}, answer
    assert status in request_["status"], answer
    if status >= 400:
        assert answer.get("error") or answer.get("message")
    for name, value in filled(request_.get("says", {}), stand).items():
        assert answer[name] == value


def test_the_set_covers_the_contract() -> None:
    """Every path and method that the Python client knows stands in the set, in whatever dress."""
    sent = {(each["method"], each["target"].partition("?")[0].rstrip("/")) for each in SET["requests"]}
    missing = [
        (method, path)
        for method, path in sorted(official_surface())
        if not any(
            method == other and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), target)
            for other, target in sent
        )
    ]
    assert missing == []


def official_surface() -> set[tuple[str, str]]:
    """(method, path template) of each operation of the official Python client, read from its own source."""
    import postpeer.resources._generated as generated

    text = Path(generated.__file__).read_text(encoding="utf-8")
    pairs = re.findall(r"path = '(/v1/[^']*)'.*?\.request\(\s*'(\w+)'", text, re.DOTALL)
    return {(method, path.rstrip("/")) for path, method in pairs}


# Retries: a status that clients repeat must mean that nothing was kept.


def kept(world: World, project_id: str) -> tuple[int, int, int]:
    """How many posts, targets and ledger entries the project has."""

    def count(db: Any) -> tuple[int, int, int]:
        found = [
            db.execute(
                select(func.count()).select_from(table).where(table.c.project_id == project_id)
            ).scalar_one()
            for table in (posts, targets, ledger)
        ]
        return found[0], found[1], found[2]

    return operator(world, count)


def repeats(world: World, key: str, body: Any, dress: str = "node-0.8.1") -> list[tuple[int, str]]:
    """Status and code of a create and its two repeats, as the Node clients make them: no key, the same body."""
    seen = []
    for count in range(3):
        more = {"X-Stainless-Retry-Count": str(count)} if dress == "node-0.7.0" else {}
        status, headers, answer = send(world, key, dress, "POST", "/v1/posts/", body, **more)
        assert answer["success"] is False
        assert int(headers["retry-after"]) >= 1
        seen.append((status, answer["code"]))
    return seen


@contextmanager
def lonely(tmp_path: Path, worlds: Worlds, url: str | None, *arguments: str) -> Iterator[World]:
    """A server of its own, with few requests a minute, on the networks of the shared world."""
    world = World(tmp_path, database_url=url, env={"POLYPOST_RATE_LIMIT_PER_MINUTE": "20"})
    world.env["POLYPOST_SANDBOX_URL"] = worlds("sqlite").sandbox.ready["sandboxUrl"]
    if url is not None:
        world.command("migrate")
    start = ("serve", "--sandbox", "--json", "--port", str(lasting_port()), *arguments)
    world.server = Process(*start, log=tmp_path / "server.log", env=world.env)
    world.start_server()
    try:
        yield world
    finally:
        world.server.stop()


def another_key(world: World) -> tuple[str, str]:
    """The demo project, and a key of its own in it."""

    def make(db: Any) -> tuple[str, str]:
        project = access.list_projects(db)[0]
        access.change_project(db, project.id, credits=100)
        return project.id, access.create_key(db, project.id, name="replay")[1]

    return operator(world, make)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_repeats_without_a_worker_or_over_the_rate_keep_nothing(
    tmp_path: Path, worlds: Worlds, request: pytest.FixtureRequest, store: str
) -> None:
    url = databases.fresh_database(request.getfixturevalue("postgres_url")) if store != "sqlite" else None
    with lonely(tmp_path, worlds, url, "--no-worker") as world:
        project_id, key = another_key(world)
        before = kept(world, project_id)
        now = {"content": words(), "platforms": [world.target("twitter")], "publishNow": True}
        for body in (now, {**now, "publishNow": False, "scheduledFor": later(3600)}):
            for dress in ("node-0.8.1", "node-0.7.0"):
                assert repeats(world, key, body, dress) == [(503, "no_worker")] * 3
        while send(world, key, "curl", "GET", "/v1/health/auth")[0] == 200:
            continue
        assert repeats(world, key, now) == [(429, "rate_limited")] * 3
        assert kept(world, project_id) == before == (0, 0, 0)
        _, other = another_key(world)
        balance = send(world, other, "node-0.8.1", "GET", "/v1/usage/")[2]["balance"]
        assert balance["purchased"] == {"total": 100, "used": 0, "remaining": 100}
        assert send(world, other, "node-0.8.1", "GET", "/v1/posts/")[2]["total"] == 0


def test_repeats_on_a_full_disk_keep_nothing_until_one_is_taken(tmp_path: Path, worlds: Worlds) -> None:
    with lonely(tmp_path, worlds, None) as world:
        project_id, key = another_key(world)
        body = {"content": words(), "platforms": [world.target("twitter")], "scheduledFor": later(3600)}
        # Room for the words of the log, and for less than a post: SQLite may begin its own log anew at the start of the file.
        room = (tmp_path / "server.log").stat().st_size + 8192
        _, highest = resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE, (room, highest))
        try:
            assert repeats(world, key, body) == [(503, "store_unavailable")] * 3
        finally:
            resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, highest))
        assert kept(world, project_id) == (0, 0, 0)
        status, _, answer = send(world, key, "node-0.8.1", "POST", "/v1/posts/", body)
        assert (status, answer["status"]) == (202, "scheduled")
        assert kept(world, project_id) == (1, 1, 1)
