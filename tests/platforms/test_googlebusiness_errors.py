"""What Google's refusals are taken for, and how long it is waited."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from tests.platforms.scripted_googlebusiness import broken, reason, refused

from polypost.errors import PlatformError, RateLimited, Rejected, Unavailable
from polypost.platforms.googlebusiness.errors import ErrorBody, error_for

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.Response(status, content=content, headers=headers)


def error(told: tuple[int, Any], headers: dict[str, str] | None = None) -> PlatformError:
    return error_for(answer(*told, headers), NOW)


def retry(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


@pytest.mark.parametrize(
    ("details", "headers", "seconds"),
    [
        ((), {}, 60),
        ((retry("120s"),), {}, 120),
        ((retry("1.5s"),), {"retry-after": "9"}, 2),
        ((retry("soon"),), {"retry-after": "9"}, 9),
        ((reason("RATE_LIMIT_EXCEEDED", quota_limit_value="300"), retry("0s")), {}, 60),
        ((), {"retry-after": "tomorrow"}, 60),
        ((), {"retry-after": "999999999"}, 86_400),
    ],
)
def test_how_long_a_limit_lasts(details: Any, headers: dict[str, str], seconds: int) -> None:
    found = error(refused(429, "RESOURCE_EXHAUSTED", *details), headers)
    assert isinstance(found, RateLimited)
    assert found.until == NOW + timedelta(seconds=seconds)


def test_a_project_that_is_not_approved() -> None:
    found = error(refused(429, "", reason("RATE_LIMIT_EXCEEDED", quota_limit_value="0")))
    assert isinstance(found, Rejected)
    assert "Basic API Access" in found.message


def test_the_sentence_of_the_detail_is_shown() -> None:
    assert 'Google says: "This is wrong."' in str(error(broken(2, "summary")))
    assert 'Google says: "no"' in str(error(refused(400)))
    violation = {"fieldViolations": [{"field": "read_mask", "description": "It is missing."}]}
    assert "It is missing." in str(error(refused(400, "INVALID_ARGUMENT", violation)))
    assert "status 400" in str(error((400, b"<html>")))
    long = error(refused(400, "INVALID_ARGUMENT", text="x" * 1000))
    assert len(str(long)) < 400


def test_an_event_that_was_refused_says_what_is_needed() -> None:
    assert "eventTitle" in error(broken(2, "event.schedule.start_time")).message


@pytest.mark.parametrize(
    "details",
    [
        None,
        "x",
        [5],
        [{"errorDetails": 5}],
        [{"errorDetails": [{"code": "5", "field": None}]}],
        [{"reason": 7}],
    ],
)
def test_details_of_any_shape(details: Any) -> None:
    body = {"error": {"code": 400, "message": "no", "details": details}}
    assert type(error((400, body))) is Rejected


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"error": 5}', b"\xff"])
def test_answers_that_are_no_errors_of_googles(body: bytes) -> None:
    assert type(error((500, body))) is Unavailable
    assert type(error((200, body))) is Unavailable
    assert ErrorBody.of(answer(418, body)).text == ""
