"""An operator's day on one server: what is told of trouble, by a key, and as traces (`day.py` measures the seconds)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.engine import day
from tests.processes import Process, World

KEY = "a-key-for-the-metrics"


class Collector(ThreadingHTTPServer):
    """Takes traces as an OpenTelemetry collector does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.spans: list[Any] = []
        self.services: set[str] = set()

    def take(self, body: bytes) -> None:
        """Keep the spans of a request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            }
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def until(self, name: str, seconds: float = 30.0) -> Any:
        """The first span of this name, once it has come."""
        end = time.monotonic() + seconds
        while not (found := [span for span in list(self.spans) if span.name == name]):
            assert time.monotonic() < end, sorted({span.name for span in self.spans})
            time.sleep(0.1)
        return found[0]


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        import gzip

        body = self.rfile.read(int(self.headers["content-length"]))
        body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        assert isinstance(self.server, Collector)
        if self.path == "/v1/traces":
            self.server.take(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector on loopback."""
    server = Collector()
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    running.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[World]:
    """A server that is watched by key and by a collector."""
    env = {
        "POLYPOST_METRICS_KEY": KEY,
        "POLYPOST_LOG_REQUESTS": "all",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_address[1]}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    running = World(tmp_path_factory.mktemp("day"), env=day.APP | env)
    running.start()
    yield running
    running.stop()


def test_metrics_want_their_key(world: World) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": KEY}, {"x-access-key": KEY}):
        refused = httpx2.get(f"{world.url}/metrics", headers=headers, trust_env=False)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert day.value(day.samples(world.url, key=KEY), "polypost_store_ok") == 1
    assert KEY not in world.server.log.read_text()


def test_a_publication_is_traced(world: World, collector: Collector) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with world.client() as client:
        headers = {"traceparent": f"00-{trace}-{parent}-01"}
        body = {"content": "Traced", "publishNow": True, "platforms": [world.target("bluesky")]}
        assert client.post("/v1/posts", json=body, headers=headers).json()["status"] == "published"
    asked, done = collector.until("POST /v1/posts"), collector.until("publish")
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (trace, parent)
    told = {each.key: each.value.string_value for each in done.attributes}
    assert (told["network"], told["outcome"]) == ("bluesky", "published")
    calls = [span for span in collector.spans if span.parent_span_id == done.span_id]
    assert calls
    assert {each.key for each in calls[0].attributes} == {"server.address", "http.response.status_code"}
    assert collector.services == {"polypost"}


def test_every_request_has_a_line_where_that_is_asked_for(world: World) -> None:
    start = world.server.log.stat().st_size
    with world.client() as client:
        request_id = client.get("/v1/posts").headers["x-request-id"]
    end = time.monotonic() + 30
    while not (
        found := [each for each in day.lines(world.server.log, start) if each.get("id") == request_id]
    ):
        assert time.monotonic() < end
        time.sleep(0.05)
    (line,) = found
    assert (line["event"], line["method"], line["path"], line["status"]) == (
        "request",
        "GET",
        "/v1/posts",
        200,
    )


def test_a_wrong_secret_is_no_dead_token(world: World) -> None:
    day.wrong_secret(world)
    found = day.samples(world.url, key=KEY)
    assert day.value(found, "polypost_token_refreshes_total", network="twitter", outcome="app_refused") == 1
    assert day.value(found, "polypost_dead_tokens_total", network="twitter") is None
    app = {"clientId": "of-the-operator", "clientSecret": "right-secret"}
    world.control("POST", "apps", json={"platform": "twitter", **app})


def test_a_dead_token(world: World) -> None:
    day.dead_token(world)


def test_a_network_at_which_nobody_answers(world: World) -> None:
    day.network_down(world)
    said = day.lines(world.server.log)
    (call,) = [
        line
        for line in said
        if line["event"] == "a call to a network failed" and line["network"] == "threads"
    ]
    assert (call["outcome"], call["reason"]) == ("refused", "the connection was refused")
    (down,) = [line for line in said if line["event"] == "nobody answers at a network"]
    assert (down["place"], down["accounts"]) == ("threads", 1)


def test_a_worker_is_watched_at_a_port_of_its_own(tmp_path: Path, fresh_database: str) -> None:
    env = {"POLYPOST_METRICS_PORT": "0", "POLYPOST_METRICS_KEY": KEY}
    world = World(tmp_path, database_url=fresh_database, env=env)
    world.command("migrate")
    worker = Process("worker", "--json", log=tmp_path / "worker.log", env=world.env)
    try:
        url = worker.start()["url"]
        found = day.samples(url, key=KEY)
        assert day.value(found, "polypost_build_info", store="postgresql") == 1
        assert day.value(found, "polypost_seats") == 32
        assert 0 <= (day.value(found, "polypost_worker_silence_seconds") or 0) < 30
        assert httpx2.get(f"{url}/metrics", trust_env=False).status_code == 401
        ready = httpx2.get(f"{url}/healthz/ready", trust_env=False)
        assert (ready.status_code, ready.json()["ok"]) == (200, True)
        assert httpx2.get(f"{url}/v1/posts", trust_env=False).status_code == 404
    finally:
        worker.stop()
    assert not [line for line in day.lines(worker.log) if line["level"] == "error"]


def test_a_certificate_that_has_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    import structlog

    from polypost.errors import NotSent
    from polypost.observability import metrics
    from polypost.outbound import Networks, calls
    from polypost.outbound.transport import tls_context

    async def story(address: str) -> None:
        networks = Networks({"pinterest": address})
        with pytest.raises(NotSent):
            await networks.client("pinterest").request("GET", "https://api.pinterest.com/v5/user_account")
        await networks.aclose()

    calls._told.clear()
    with day.expired(tmp_path) as (address, trusted), structlog.testing.capture_logs() as said:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        tls_context.cache_clear()
        asyncio.run(story(address))
    tls_context.cache_clear()
    (line,) = said
    assert (line["network"], line["host"], line["outcome"]) == ("pinterest", "127.0.0.1", "tls")
    assert line["reason"] == "the certificate is not good: certificate has expired"
    assert sum(metrics.NETWORK_CALLS.values["pinterest", "tls"][:-1]) == 1
