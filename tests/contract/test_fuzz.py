"""Bodies that nobody would write: whatever comes, the answer is never a 500, and it is one of the documented shapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tenant import Tenant
from tests.processes import World

CALM = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["", " ", "\0", "é" * 300, "null", "true", "\u202e", "https://example.com/a.jpg", "http://10.0.0.1/"]
)
numbers = (
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([10**300, -1, 60.0])
)
scalars = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
times = texts | st.sampled_from(
    ["2027-01-01T09:00:00", "2027-03-14T02:30", "2027-01-01T09:00:00Z", "2027-01-01 09:00:00+14:00"]
)
zones = st.sampled_from(["UTC", "America/New_York", "Etc/GMT+12", "utc", "../etc", ""]) | texts
media = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["image", "video", "gif", "document", "x"]) | anything, "url": texts},
        optional={"thumbnail": anything, "alt": anything},
    )
    | anything,
    max_size=4,
)
options = st.dictionaries(
    st.sampled_from(
        [
            "poll",
            "threadItems",
            "longPost",
            "replySettings",
            "communityId",
            "coverUrl",
            "thumbOffset",
            "collaborators",
            "contentType",
            "shareToFeed",
        ]
    )
    | texts,
    anything
    | st.fixed_dictionaries({"options": st.lists(texts, max_size=5), "durationMinutes": numbers})
    | st.lists(st.fixed_dictionaries({"content": texts}, optional={"mediaItems": media}), max_size=3),
    max_size=3,
)


def bodies(accounts: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Create bodies that are mostly right, with anything in any place."""
    entry = st.fixed_dictionaries(
        {
            "platform": st.sampled_from(["twitter", "instagram", "reddit", "x"]),
            "accountId": st.sampled_from(accounts) | texts,
        },
        optional={"content": texts | anything, "platformSpecificData": options | anything, "other": anything},
    )
    good = st.fixed_dictionaries(
        {"content": texts | anything, "platforms": st.lists(entry | anything, max_size=4) | anything},
        optional={
            "mediaItems": media | anything,
            "scheduledFor": times | anything,
            "scheduledAt": times,
            "timezone": zones | anything,
            "publishNow": st.booleans() | anything,
        },
    )
    return good | st.dictionaries(texts, anything, max_size=5)


@pytest.fixture(scope="module")
def strategy(tenant: Tenant) -> st.SearchStrategy[dict[str, Any]]:
    return bodies([tenant.account("twitter").id, tenant.account("instagram").id])


def documented(answer: Any) -> None:
    """A status and a shape of the contract."""
    assert answer.status_code in {202, 400}, answer.text
    said = answer.json()
    if answer.status_code == 202:
        assert said["postId"]
        return
    assert said["success"] is False
    assert said["message"]
    assert said["errors"]
    assert all(set(problem) == {"path", "message", "hint", "code"} for problem in said["errors"])


def encoded(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def test_create(tenant: Tenant, strategy: st.SearchStrategy[dict[str, Any]]) -> None:
    @CALM
    @given(strategy)
    def run(body: dict[str, Any]) -> None:
        # Prefer: what happens to be good need not be waited for.
        answer = tenant.client.post("/v1/posts", content=encoded(body), headers={"Prefer": "respond-async"})
        documented(answer)

    run()


def test_a_dry_run_and_acceptance_agree(tenant: Tenant, strategy: st.SearchStrategy[dict[str, Any]]) -> None:
    @CALM
    @given(strategy)
    def run(body: dict[str, Any]) -> None:
        dry = tenant.client.post("/v1/posts/validate", content=encoded(body))
        assert dry.status_code == 200, dry.text
        real = tenant.client.post("/v1/posts", content=encoded(body), headers={"Prefer": "respond-async"})
        documented(real)
        assert dry.json()["valid"] == (real.status_code == 202)
        assert dry.json()["errors"] == real.json().get("errors", [])

    run()


def test_edit_and_reschedule(tenant: Tenant, strategy: st.SearchStrategy[dict[str, Any]]) -> None:
    path = f"/v1/posts/scheduled/{tenant.scheduled(seconds=10**6)['postId']}"

    @CALM
    @given(strategy)
    def run(body: dict[str, Any]) -> None:
        for method in ("PUT", "PATCH"):
            answer = tenant.client.request(method, path, content=encoded(body))
            assert answer.status_code in {200, 400}, answer.text

    run()


def test_bytes(tenant: Tenant) -> None:
    good = encoded(tenant.body("fuzz"))

    @CALM
    @given(st.data())
    def run(data: st.DataObject) -> None:
        broken = bytearray(good)
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(broken) - 1))
            broken[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        answer = tenant.client.post("/v1/posts", content=bytes(broken), headers={"Prefer": "respond-async"})
        documented(answer)

    run()


def test_queries(tenant: Tenant) -> None:
    names = st.sampled_from(
        [
            "limit",
            "offset",
            "sort",
            "status",
            "platform",
            "profileId",
            "createdAfter",
            "scheduledBefore",
            "q",
            "from",
            "to",
            "integrationId",
        ]
    )

    @CALM
    @given(st.lists(st.tuples(names, texts | st.integers().map(str) | times), max_size=4))
    def run(query: list[tuple[str, str]]) -> None:
        for path in ("/v1/posts", "/v1/posts/scheduled", "/v1/connect/integrations", "/v1/usage"):
            answer = tenant.client.get(path, params=query)
            assert answer.status_code in {200, 400, 404}, answer.text

    run()


def test_the_server_is_well_after_all_this(world: World, new: Callable[..., Tenant]) -> None:
    with world.client() as client:
        assert client.get("/healthz/ready").status_code == 200
    assert new(world).published()["status"] == "published"
    log = (world.folder / "server.log").read_text()
    assert "unexpected error" not in log
    assert "Traceback" not in log
