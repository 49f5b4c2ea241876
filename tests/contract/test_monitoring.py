"""What an operator sees of a running server: its metrics, each of them moved once, and its log, which has ids and no secrets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from polypost.observability import metrics as known
from polypost.observability.families import Family
from tests.contract.receivers import Receiver
from tests.contract.tenant import Tenant, visit
from tests.contract.test_notifications import subscribe
from tests.engine.day import lines, samples, value
from tests.processes import World

PATIENCE = 60.0
# Where they are seen to move; those of `day.py` need trouble that a shared server does not bear.
ELSEWHERE = {
    known.NETWORKS_RESTING: "tests/engine/test_day.py",
    known.LOG_LINES_LOST: "tests/unit/test_logs.py",
    known.SLOW_STEPS: "tests/unit/test_watching.py",
    known.RECONNECT: "tests/unit/test_watching.py, asked once a minute",
    known.MEDIA: "tests/unit/test_watching.py, asked once a minute",
}
THERE = (
    known.BUILD,
    known.SEATS,
    known.SEATS_TAKEN,
    known.ASIDE,
    known.LANES_WAITING,
    known.SILENCE,
    known.CLOCK_OK,
    known.CLOCK_OFF,
    known.STORE_OK,
    known.STORE_FREE,
    known.OVERDUE,
    known.OVERDUE_FOR,
    known.EVENTS,
    known.BACKLOG,
    known.BACKLOG_FOR,
    known.MEMORY,
    known.CPU,
    known.STARTED,
    known.FILES,
)


def eventually(holds: Callable[[], Any]) -> Any:
    """What it says once it says something."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def day(tenant: Tenant, receiver: Receiver) -> tuple[dict[Any, float], dict[str, Any]]:
    """A few things happen to a project; the metrics before, and the ids of what happened."""
    world = tenant.world
    before = samples(world.url)
    ids: dict[str, Any] = {"log": world.server.log.stat().st_size}
    ids["out"] = tenant.published()["postId"]
    tenant.scheduled()
    account = tenant.account("twitter")
    tenant.fault("lost_answer", account, times=1)
    ids["doubt"] = tenant.post(tenant.body()).json()["postId"]
    tenant.settle(ids["doubt"])
    tenant.fault("rate_limited", account, times=1, seconds=1)
    tenant.settle(tenant.post(tenant.body()).json()["postId"])
    tenant.fault("token_expired", account, times=1)
    tenant.published()
    began = tenant.client.get("/v1/connect/twitter").json()["url"]
    visit(world, began, decision="deny")
    httpx2.get(f"{world.url}/v1/connect/twitter/callback?state=guessed", trust_env=False, timeout=30)
    ids["hook"] = subscribe(
        tenant, webhook={"url": receiver.url(tenant.project_id)}, eventTypes=["post.failed"]
    )
    tenant.fault("token_dead", account, times=1)
    ids["dead"] = tenant.post(tenant.body()).json()["postId"]
    tenant.settle(ids["dead"])
    receiver.wait(tenant.project_id)
    return before, ids


def test_each_metric_says_what_happened(tenant: Tenant, day: tuple[dict[Any, float], dict[str, Any]]) -> None:
    before, _ = day
    after = eventually(lambda: _delivered(tenant.world))
    network = {"network": "twitter"}
    moved: list[tuple[Family, dict[str, str], str, float]] = [
        (known.REQUESTS, {"method": "POST", "route": "/v1/posts", "status": "2xx"}, "_count", 6),
        (known.REQUESTS, {"method": "GET", "route": "/v1/posts/{post_id}", "status": "2xx"}, "_count", 1),
        (
            known.REQUESTS,
            {"method": "GET", "route": "/v1/connect/{platform}/callback", "status": "4xx"},
            "_count",
            1,
        ),
        (known.STORE_WRITES, {"outcome": "kept"}, "_count", 20),
        (known.LOG_LINES, {"level": "warning", "room": "publishing"}, "", 2),
        (known.ACCEPTED, {"due": "now"}, "", 5),
        (known.ACCEPTED, {"due": "later"}, "", 1),
        (known.START_LAG, {}, "_count", 4),
        (known.SEAT_WAIT, {"kind": "publish"}, "_count", 4),
        (known.TARGETS_ENDED, network | {"outcome": "published", "code": ""}, "", 4),
        (known.TARGETS_ENDED, network | {"outcome": "failed", "code": "reconnect_required"}, "", 1),
        (known.TARGET_TIME, network | {"outcome": "published"}, "_count", 4),
        (known.WAITS, network | {"reason": "rate_limited"}, "", 1),
        (known.DOUBTS, network, "", 1),
        (known.DOUBTS_ENDED, network | {"outcome": "found"}, "", 1),
        (known.NETWORK_CALLS, network | {"outcome": "2xx"}, "_count", 4),
        (known.NETWORK_CALLS, network | {"outcome": "429"}, "_count", 1),
        (known.NETWORK_CALLS, network | {"outcome": "no_answer"}, "_count", 1),
        (known.CONSENTS, network | {"outcome": "connected"}, "", 1),
        (known.CONSENTS, network | {"outcome": "denied", "code": "access_denied"}, "", 1),
        (known.CONSENTS, network | {"outcome": "failed", "code": "link_unknown"}, "", 1),
        (known.REFRESHES, network | {"outcome": "renewed"}, "", 1),
        (known.DEAD_TOKENS, network, "", 1),
        (known.DELIVERIES, {"channel": "webhook", "outcome": "delivered"}, "", 1),
    ]
    for family, labels, suffix, least in moved:
        name = family.name + suffix
        grown = (value(after, name, **labels) or 0) - (value(before, name, **labels) or 0)
        assert grown >= least, (name, labels, grown)
    there = {*THERE, known.STORE_BYTES} if tenant.world.database_url is None else set(THERE)
    for family in there:
        assert value(after, family.name) is not None, family.name
    assert (value(after, "polypost_store_ok"), value(after, "polypost_clock_ok")) == (1, 1)
    assert 0 <= (value(after, "polypost_worker_silence_seconds") or 0) < PATIENCE
    tested = {family for family, *_ in moved} | {*THERE, known.STORE_BYTES, known.WAITING} | set(ELSEWHERE)
    assert {family.name for family in tested} == set(Family.all)


def _delivered(world: World) -> dict[Any, float] | None:
    found = samples(world.url)
    return found if value(found, known.DELIVERIES.name, outcome="delivered") else None


def test_no_label_names_who_uses_the_server(
    tenant: Tenant, day: tuple[dict[Any, float], dict[str, Any]]
) -> None:
    page = httpx2.get(f"{tenant.world.url}/metrics", trust_env=False).text
    assert re.findall(r"[a-z]+_[0-9a-f]{16,}", page) == []
    assert not any(account.username in page for account in tenant.accounts)


def test_the_log_tells_the_story_by_its_ids(
    tenant: Tenant, day: tuple[dict[Any, float], dict[str, Any]]
) -> None:
    _, ids = day
    said = lines(tenant.world.server.log, ids["log"])
    mine = [line for line in said if line.get("project") == tenant.project_id]

    def events(post: str) -> list[str]:
        return [line["event"] for line in mine if line.get("post") == post]

    assert events(ids["out"]) == ["post accepted", "target published"]
    assert events(ids["doubt"]) == [
        "post accepted",
        "an answer was lost",
        "a doubt ended",
        "target published",
    ]
    assert events(ids["dead"]) == ["post accepted", "target failed"]
    failed = next(line for line in mine if line["event"] == "target failed")
    assert (failed["level"], failed["room"], failed["code"]) == (
        "warning",
        "publishing",
        "reconnect_required",
    )
    assert failed["integration"] == tenant.account("twitter").id
    consents = [(line["event"], line.get("code")) for line in said if line["event"].startswith("consent")]
    assert {("consent denied", "access_denied"), ("consent failed", "link_unknown")} <= set(consents)
    (dead,) = [line for line in mine if line["event"] == "an account has to be connected again"]
    assert (dead["network"], dead["integration"]) == ("twitter", tenant.account("twitter").id)


def of(request_id: str, log: Path, start: int) -> dict[str, Any] | None:
    """The line of a request."""
    return next((each for each in lines(log, start) if each.get("id") == request_id), None)


def test_the_log_has_requests_that_were_refused(tenant: Tenant) -> None:
    log = tenant.world.server.log
    start = log.stat().st_size
    answer = tenant.post({"content": "Nobody's"})
    assert answer.status_code == 400
    request_id = answer.headers["x-request-id"]
    # It is written when the answer is out.
    line = eventually(lambda: of(request_id, log, start))
    assert (line["event"], line["status"], line["path"]) == ("request", 400, "/v1/posts")
    assert (line["project"], line["code"]) == (tenant.project_id, answer.json()["code"])
    asked = httpx2.get(
        f"{tenant.world.url}/v1/connect/facebook/choose/a-secret-of-a-link?token=b", trust_env=False
    )
    assert asked.status_code == 404
    line = eventually(lambda: of(asked.headers["x-request-id"], log, start))
    assert line["path"] == "/v1/connect/{platform}/choose/{token}"


def test_the_log_has_no_secret(tenant: Tenant, day: tuple[dict[Any, float], dict[str, Any]]) -> None:
    _, ids = day
    text = tenant.world.server.log.read_text()
    secrets = [tenant.key, tenant.world.key, str(ids["hook"]["webhook"]["secret"]), "a-secret-of-a-link"]
    assert all(len(secret) > 10 and secret not in text for secret in secrets)
    box = tenant.world.control("GET", "requests?platform=twitter")["requests"]
    bearers = {
        words.split()[-1]
        for each in box
        for name, words in dict(each.get("headers", {})).items()
        if name.lower() == "authorization"
    }
    assert all(bearer not in text for bearer in bearers)


@pytest.mark.parametrize(
    "headers",
    [{"host": "posts.example.com"}, {"x-forwarded-for": "203.0.113.7"}, {"forwarded": "for=203.0.113.7"}],
)
def test_metrics_are_this_machines_own_without_a_key(embedded: World, headers: dict[str, str]) -> None:
    answer = httpx2.get(f"{embedded.url}/metrics", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "metrics_off")
    assert "POLYPOST_METRICS_KEY" in answer.json()["message"]
