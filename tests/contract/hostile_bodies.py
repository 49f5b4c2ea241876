"""The largest hostile bodies at every call that takes one, and how long the server lets others wait meanwhile.

`python -m tests.contract.hostile_bodies` takes the calls from the document of a running server on each store, sends
every shape to each of them, and asks `/v1/health` and `GET /v1/posts?limit=1` all the while, and the page of the
sandbox, another process, whose waits are the machine's own. It prints each request as it is measured, those that were
slow on standard error too, then the tables. Exit status 1 when an answer is no clear 4xx (or one that such a body may
have), or larger than the body.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests import databases
from tests.contract import hostile_shapes
from tests.contract.hostile_shapes import ENTRIES, SHAPES, Call
from tests.contract.tenant import Linked, Tenant, later
from tests.processes import World

STORES = ("sqlite", "postgresql")
MOST_PROBLEMS = 200
# What no answer to a body that is refused is larger than: 200 problems of a few hundred bytes, and the texts of a dry run.
ANSWER_BYTES = 600_000
# What is told at once: an answer slower than this, somebody else who waited longer.
SLOW, LATE = 1.0, 0.05
# So often is such a request sent again, and the best counts: what the body costs comes again, a busy machine passes.
AGAIN = 2
_FILES = {"text/csv", "application/x-ndjson"}
_CROWD = ("twitter", "threads", "instagram")
_VALUES: dict[str, Any] = {
    "aspectRatio": "1:1",
    "channel": "webhook",
    "enabled": True,
    "eventTypes": ["post.published"],
    "hidden": True,
    "mediaItems": [],
    "mimeType": "image/png",
    "onlyScheduledPosts": False,
    "platform": "twitter",
    "rule": "FREQ=DAILY",
    "size": 1000,
    "slots": [{"day": "monday", "time": "09:00"}],
    "startsAt": "2099-01-01T09:00:00",
    "timezone": "UTC",
    "webhook": "https://example.com/hook",
}


@dataclass
class Seen:
    """One request: what, how long it took, and how long others waited meanwhile; in seconds and bytes."""

    call: str
    shape: str
    status: int
    size: int
    took: float
    waited: float
    listed: float
    machine: float
    wrong: str = ""

    @property
    def late(self) -> bool:
        """Whether it is to be told at once; a file may take its time."""
        return self.waited > LATE or (self.took > SLOW and ":" not in self.shape)


@dataclass
class Poller:
    """Asks all the while, each time from one thread an address: whether the server lives, its posts, the idle sandbox."""

    world: World
    slowest: dict[str, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[Poller]:
        """Ask until it ends."""
        threads = [threading.Thread(target=self._ask, args=(url,)) for url in self._urls()]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _urls(self) -> tuple[str, str, str]:
        url = self.world.url
        return f"{url}/v1/health", f"{url}/v1/posts?limit=1", self.world.sandbox.ready["sandboxUrl"]

    def _ask(self, url: str) -> None:
        with httpx2.Client(
            headers={"x-access-key": self.world.key}, timeout=120, trust_env=False, follow_redirects=True
        ) as client:
            while not self._over.wait(0.01):
                began = time.perf_counter()
                assert client.get(url).status_code == 200, url
                took = time.perf_counter() - began
                self.slowest[url] = max(took, self.slowest.get(url, 0.0))

    def take(self) -> tuple[float, float, float]:
        """The slowest answers since the last time, in the order of the addresses."""
        time.sleep(0.03)
        found, self.slowest = self.slowest, {}
        health, posts, machine = (found.get(url, 0.0) for url in self._urls())
        return health, posts, machine


def calls(tenant: Tenant) -> list[Call]:
    """Every operation of the server's document that takes a body, with things of the tenant's own in its path."""
    document = tenant.client.get("/openapi.json").json()
    ids = _things(tenant)
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for media_type, told in operation.get("requestBody", {}).get("content", {}).items():
                address = "".join(
                    ids(path, part) if at % 2 else part
                    for at, part in enumerate(re.split(r"\{(\w+)\}", path))
                )
                body = _body(document, told.get("schema", {}), tenant)
                found.append(Call(method, address, media_type, body))
    return found


def _things(tenant: Tenant) -> Any:
    """Says what stands in a path for a parameter."""
    entry = {"content": "x", "platforms": [tenant.entry()]}
    scheduled = tenant.scheduled(seconds=10**6)["postId"]
    draft = tenant.client.post("/v1/posts/drafts", json=entry).json()["postId"]
    plan = {"rule": "FREQ=YEARLY", "startsAt": later(10**7)[:19], "timezone": "UTC"}
    schedule = tenant.client.post("/v1/schedules", json=entry | plan).json()["schedule"]["id"]

    def thing(path: str, name: str) -> str:
        known = {"platform": "bluesky", "scheduleId": schedule, "integrationId": tenant.entry()["accountId"]}
        return str(known.get(name, (draft if "drafts" in path else scheduled) if name == "postId" else "x"))

    return thing


def _body(document: dict[str, Any], schema: dict[str, Any], tenant: Tenant) -> dict[str, Any]:
    """A small body with every property that the document names."""
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    body = {}
    for name, told in schema.get("properties", {}).items():
        if name == "platforms":
            body[name] = (
                [tenant.entry()] if "RetryEntry" in str(told) or "PlatformEntry" in str(told) else ["twitter"]
            )
        elif name == "accountId":
            body[name] = tenant.entry()["accountId"]
        elif name not in {"scheduledAt", "publishNow", "force", "queue"}:
            kind = "array" if "'array'" in str(told) else "string"
            body[name] = _VALUES.get(
                name, later(10**6) if name == "scheduledFor" else [] if kind == "array" else "x"
            )
    return body


def demo(world: World, client: httpx2.Client) -> Tenant:
    """The project that a new sandbox has, with an account on every network."""
    accounts = [Linked(account, platform, "", "") for platform, account in world.accounts.items()]
    return Tenant(world, "", world.key, client, accounts)


def crowd(tenant: Tenant, most: int = ENTRIES) -> list[dict[str, str]]:
    """Entries of as many accounts as one post may name."""
    found = [{"platform": each.platform, "accountId": each.id} for each in tenant.accounts]
    while len(found) < most:
        linked = tenant.connect(_CROWD[len(found) % len(_CROWD)])
        found.append({"platform": linked.platform, "accountId": linked.id})
    return found


def wrong_with(answer: httpx2.Response) -> str:
    """What an answer to a hostile body must not be; empty when it is a good one."""
    if answer.status_code >= 500 and answer.status_code != 501:
        return f"{answer.status_code}: {answer.text[:200]}"
    if len(answer.content) > ANSWER_BYTES:
        return f"an answer of {len(answer.content)} bytes"
    if answer.headers["content-type"].startswith("application/json"):
        told = answer.json()
        problems = told.get("errors") or []
        if len(problems) > MOST_PROBLEMS:
            return f"{len(problems)} problems"
        if answer.status_code >= 400 and not (told.get("message") or told.get("error")):
            return "no message"
    return ""


def send(tenant: Tenant, call: Call, body: bytes, media_type: str = "") -> httpx2.Response:
    """The body to the call; what happens to be good need not be waited for."""
    headers = {"content-type": media_type or call.media_type, "prefer": "respond-async"}
    if media_type:
        # Else the same file again is the same upload.
        headers["idempotency-key"] = uuid.uuid4().hex
    return tenant.client.request(call.method, call.path, content=body, headers=headers, timeout=300)


def _bulk_over(tenant: Tenant, answer: httpx2.Response) -> None:
    """Wait until an upload's rows are judged, which the server does beside its answers."""
    if answer.status_code != 202 or "bulkId" not in answer.json():
        return
    path = f"/v1/posts/bulk/{answer.json()['bulkId']}?limit=1"
    end = time.monotonic() + 60
    while tenant.client.get(path).json()["status"] == "running":
        if time.monotonic() > end:
            tenant.client.delete(path)
            return
        time.sleep(0.1)


def measure(tenant: Tenant, poller: Poller, only: str = "") -> Iterator[Seen]:
    """Every shape to every call, every file to those that take files."""
    accounts = crowd(tenant)
    requests: list[tuple[Call, str, bytes, str]] = []
    for call in calls(tenant):
        if call.media_type == "application/json":
            requests += [(call, name, shape(call.body, accounts), "") for name, shape in SHAPES.items()]
        elif call.media_type == "text/csv":
            post = {"content": "x", "platforms": [accounts[0]], "publishNow": True}
            requests += [
                (call, f"{kind}: {name}", body, kind)
                for name, kind, body in hostile_shapes.files(post, accounts)
            ]
        elif call.media_type not in _FILES:
            requests += [(call, "form", b"account=" + b"a&account=" * 50_000, "")]
    for call, name, body, kind in requests:
        if only and only not in f"{call} {name}":
            continue
        seen = _once(tenant, poller, call, name, body, kind)
        for _ in range(AGAIN):
            if seen.late and not seen.wrong:
                again = _once(tenant, poller, call, name, body, kind)
                seen = min(seen, again, key=lambda one: max(one.took / SLOW, one.waited / LATE))
        yield seen


def _once(tenant: Tenant, poller: Poller, call: Call, name: str, body: bytes, kind: str) -> Seen:
    poller.take()
    began = time.perf_counter()
    try:
        answer = send(tenant, call, body, kind)
    except httpx2.HTTPError as error:
        return Seen(str(call), name, 0, 0, time.perf_counter() - began, *poller.take(), repr(error)[:100])
    took = time.perf_counter() - began
    if kind:
        _bulk_over(tenant, answer)
    waited = poller.take()
    return Seen(str(call), name, answer.status_code, len(answer.content), took, *waited, wrong_with(answer))


def _table(store: str, seen: list[Seen]) -> Iterator[str]:
    """The slowest of each shape and of each call, and of all."""
    yield f"{store}: {len(seen)} requests, load {os.getloadavg()[0]:.1f}"
    yield f"  {'':42} {'answer':>9} {'health':>9} {'list':>9} {'machine':>9}   slowest at"
    for name, key in (("shape", "shape"), ("call", "call")):
        for each in dict.fromkeys(getattr(one, key) for one in seen):
            of = [one for one in seen if getattr(one, key) == each]
            worst = max(of, key=lambda one: one.took)
            other = worst.call if name == "shape" else worst.shape
            late = max(of, key=lambda one: one.waited)
            listed = max(one.listed for one in of)
            yield f"  {each[:42]:42} {_ms(worst.took)} {_ms(late.waited)} {_ms(listed)} {_ms(late.machine)}   {other}"
    took, waited = max(one.took for one in seen), max(one.waited for one in seen)
    size = max(one.size for one in seen)
    yield f"  slowest answer{_ms(took)}, slowest health call{_ms(waited)}, largest answer {size:,} bytes"
    yield from (f"  WRONG {one.call}: {one.shape}: {one.wrong}" for one in seen if one.wrong)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:6.0f} ms"


def main() -> int:
    """Both stores, each with a world of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="only this one")
    parser.add_argument("--only", default="", help="only calls and shapes whose line holds this")
    asked = parser.parse_args()
    # Else a run that is ended leaves its servers behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    good = True
    with databases.server() as server, tempfile.TemporaryDirectory(prefix="polypost-hostile-") as folder:
        for store in asked.store or STORES:
            url = databases.fresh_database(server) if store == "postgresql" else None
            env = {"POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000"}
            world = World(Path(folder) / store, database_url=url, env=env)
            world.start()
            try:
                world.control("POST", "limits", json={"enforced": False})
                with world.client() as client, Poller(world).running() as poller:
                    seen = []
                    for one in measure(demo(world, client), poller, asked.only):
                        seen.append(one)
                        line = " ".join(map(_ms, (one.took, one.waited, one.listed, one.machine)))
                        line += f" {one.status} {one.size:9,} {one.call}: {one.shape}"
                        print(line, flush=True)
                        if one.late or one.wrong:
                            print(line, one.wrong, file=sys.stderr, flush=True)
            finally:
                world.stop()
            print("\n".join(_table(store, seen)), flush=True)
            good = good and not any(one.wrong for one in seen)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
