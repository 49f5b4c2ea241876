"""What is sent once more, and what never: answers that are lost, servers that are busy, and servers without keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from polypost import AnswerLost, Refused, Unreachable
from polypost.client import calls
from tests.client.fixtures import Opened
from tests.client.servers import Asked, Said, answering

READY = {"ok": True, "checks": {}}
ENTRY = {"platform": "twitter", "accountId": "int_1"}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.001)


def first_then(*first: Said, polypost: bool = True) -> Callable[[Asked], Said]:
    """These answers to calls, then success; `polypost` is whether the server has a readiness page."""
    left = list(first)

    def answer(asked: Asked) -> Said:
        if asked.path == "/healthz/ready":
            return Said(body=READY) if polypost else Said(404, {"message": "Not found"})
        return (
            left.pop(0) if left else Said(body={"success": True, "postId": "post_1", "status": "published"})
        )

    return answer


def test_a_server_without_keys_is_never_asked_twice_to_post(opened: Opened) -> None:
    with answering(first_then(Said(lost=True), polypost=False)) as small:
        client = opened(small.url)
        with pytest.raises(AnswerLost) as raised:
            client("create_post", "Hello", [ENTRY], publish_now=True)
        assert small.calls() == ["POST /v1/posts", "GET /healthz/ready"]
        assert raised.value.idempotency_key == small.asked[0].headers["idempotency-key"]
        assert raised.value.idempotency_key in str(raised.value)
        assert not raised.value.harmless


def test_what_is_only_read_is_harmless_when_it_is_lost(opened: Opened) -> None:
    with answering(lambda asked: Said(lost=True)) as small, pytest.raises(AnswerLost) as raised:
        opened(small.url)("list_posts")
    assert raised.value.harmless
    assert "Perhaps" not in str(raised.value)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_proxys_words_are_a_lost_answer(opened: Opened, status: int) -> None:
    page = Said(status, None, {"Content-Type": "text/html"})
    with answering(first_then(page)) as small:
        assert opened(small.url)("create_post", "Hello", [ENTRY])["postId"] == "post_1"
        assert small.calls() == ["POST /v1/posts", "GET /healthz/ready", "POST /v1/posts"]
    with answering(first_then(page, polypost=False)) as small, pytest.raises(AnswerLost):
        opened(small.url)("create_post", "Hello", [ENTRY])


def test_a_call_without_a_key_is_not_repeated_after_a_lost_answer(opened: Opened) -> None:
    with answering(first_then(Said(lost=True))) as small:
        with pytest.raises(AnswerLost):
            opened(small.url)("create_profile", "Shop")
        assert small.calls() == ["POST /v1/profiles"]
        assert opened(small.url)("get_profile", "prf_1")["success"] is True


@pytest.mark.parametrize(
    ("said", "repeated"),
    [
        (Said(429, {"message": "Slower", "code": "rate_limited"}, {"Retry-After": "0"}), True),
        (Said(503, {"message": "Full", "code": "unavailable"}, {"Retry-After": "1"}), True),
        (Said(503, {"success": False, "message": "Scheduling unavailable"}), True),
        (Said(503, {"message": "Set it up", "code": "ai_not_configured"}), False),
        (Said(429, {"message": "Tomorrow", "code": "rate_limited"}, {"Retry-After": "3600"}), False),
        (Said(502, {"message": "Perhaps", "code": "outcome_unknown"}), False),
        (Said(500, {"message": "Oh", "code": "internal_error"}), False),
        (Said(409, {"message": "Under way", "code": "already_publishing"}), False),
        (Said(400, {"message": "Wrong", "code": "validation_error", "errors": [{"path": "content"}]}), False),
    ],
)
def test_which_answers_are_repeated(opened: Opened, said: Said, repeated: bool) -> None:
    with answering(first_then(said)) as small:
        client = opened(small.url)
        if repeated:
            assert client("create_post", "Hello", [ENTRY])["postId"] == "post_1"
            keys = {each.headers["idempotency-key"] for each in small.asked}
            assert (len(small.asked), len(keys)) == (2, 1)
        else:
            with pytest.raises(Refused) as raised:
                client("create_post", "Hello", [ENTRY])
            assert (raised.value.status, raised.value.error_code) == (said.status, said.body["code"])
            assert raised.value.problems == said.body.get("errors", [])
            assert len(small.asked) == 1


def test_a_deletion_whose_answer_was_lost_is_done(opened: Opened) -> None:
    with answering(first_then(Said(lost=True), Said(404, {"message": "There is none"}))) as small:
        assert opened(small.url)("delete_post", "post_1")["success"] is True
    none = first_then(Said(404, {"message": "There is none"}))
    with answering(none) as small, pytest.raises(Refused, match="There is none"):
        opened(small.url)("delete_post", "post_1")


def test_nobody_is_there(opened: Opened, unused_port: int) -> None:
    with pytest.raises(Unreachable, match=str(unused_port)):
        opened(f"http://127.0.0.1:{unused_port}")("health_check")


def test_what_is_no_api_is_said(opened: Opened) -> None:
    page = Said(200, None, {"Content-Type": "text/html"})
    with answering(lambda asked: page) as small, pytest.raises(Refused, match="address"):
        opened(small.url)("health_check")
    away = Said(308, None, {"Location": "https://elsewhere.example/v1/health"})
    with answering(lambda asked: away) as small:
        with pytest.raises(Refused, match=r"elsewhere\.example"):
            opened(small.url)("health_check")
        assert len(small.asked) == 1


def test_pages_of_all_three_kinds(opened: Opened) -> None:
    def listed(asked: Asked) -> Said:
        query = dict(pair.split("=") for pair in asked.path.partition("?")[2].split("&") if pair)
        if asked.path.startswith("/v1/profiles"):
            page = int(query.get("page", 1))
            return Said(
                body={"total": 5, "page": page, "limit": 2, "profiles": [page] * (2 if page < 3 else 1)}
            )
        if asked.path.startswith("/v1/comments"):
            after = int(query.get("after", 0))
            return Said(body={"comments": [after], "nextCursor": str(after + 1) if after < 3 else None})
        offset = int(query.get("offset", 0))
        return Said(body={"total": 5, "posts": list(range(offset, min(offset + 2, 5)))})

    with answering(listed) as small:
        client = opened(small.url)
        assert client.every("list_profiles") == [1, 1, 2, 2, 3]
        assert client.every("list_comments", "instagram", "int_1", "9") == [0, 1, 2, 3]
        assert client.every("list_posts", limit=2) == [0, 1, 2, 3, 4]
        assert client.every("list_posts", limit=2, offset=3) == [3, 4]


def test_the_key_is_not_in_what_is_raised(opened: Opened) -> None:
    refused = Said(401, {"message": "The key is not valid.", "code": "unauthorized"})
    with answering(lambda asked: refused) as small, pytest.raises(Refused) as raised:
        opened(small.url, "sk_secret")("health_check_auth")
    told: Any = [str(raised.value), repr(raised.value), json.dumps(raised.value.body)]
    assert "sk_secret" not in " ".join(told)
