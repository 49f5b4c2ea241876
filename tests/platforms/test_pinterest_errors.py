"""Pinterest's refusals: what each is for us, and how long to stay away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.pinterest.errors import Missing, error_for, used_up_until

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TRIAL = "Apps with Trial access may not create Pins in production https://api.pinterest.com - use API Sandbox instead."


def refused(status: int, code: Any = 1, message: Any = "no", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"code": code, "message": message}, headers=headers)


def error(answer: httpx2.Response, *, committing: bool = False) -> PlatformError:
    return error_for(answer, NOW, committing=committing)


@pytest.mark.parametrize("committing", [False, True])
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (refused(401, 2, "Authentication failed."), TokenExpired, "reconnect_required"),
        (refused(401, 3, "insufficient permissions"), ReconnectRequired, "reconnect_required"),
        (refused(403, 29, TRIAL), Rejected, "platform_setup"),
        (refused(403, 29, "You are not permitted to access that resource."), Rejected, "not_permitted"),
        (refused(404, 40, "Board not found."), Missing, "rejected"),
        (refused(404, 50, "Pin not found."), Missing, "rejected"),
        (refused(409, 58), Duplicate, "duplicate"),
        (refused(413), Rejected, "media_rejected"),
        (refused(400, 1, "Invalid request: 'x' does not match '^\\d+$'"), Rejected, "rejected"),
        (refused(400, 1, "Sorry, we could not fetch the image."), Unavailable, "platform_unavailable"),
        (refused(400, 1, "Unable to reach the URL."), Unavailable, "platform_unavailable"),
        (refused(400, 9, "You've hit a block we have in place to combat spam"), RateLimited, "rate_limited"),
        (refused(403, 9, "You've hit a block we have in place to combat spam"), RateLimited, "rate_limited"),
        (refused(429, 8), RateLimited, "rate_limited"),
        (refused(403, 8), RateLimited, "rate_limited"),
        (refused(503, 12, "later", **{"retry-after": "30"}), RateLimited, "rate_limited"),
        (httpx2.Response(418, content=b"<html>"), Rejected, "rejected"),
        (refused(400, True, ["odd"]), Rejected, "rejected"),
    ],
)
def test_refusals(answer: httpx2.Response, kind: type[PlatformError], code: str, committing: bool) -> None:
    found = error(answer, committing=committing)
    assert type(found) is kind
    assert found.code == code
    assert str(found)


@pytest.mark.parametrize(
    "answer",
    [
        refused(500, 12, "Something went wrong on our end. Sorry about that."),
        refused(400, 1, "Something went wrong on our end. Sorry about that."),
        refused(404, 12),
        refused(408),
        httpx2.Response(502, content=b"<html>"),
        httpx2.Response(201, content=b"{}"),
        httpx2.Response(200, content=b"not JSON"),
        httpx2.Response(302, headers={"location": "https://elsewhere.example"}),
    ],
)
def test_trouble_of_their_own(answer: httpx2.Response) -> None:
    assert type(error(answer)) is Unavailable
    assert type(error(answer, committing=True)) is OutcomeUnknown


def test_a_missing_scope_is_not_refreshed() -> None:
    found = error(refused(401, 3))
    assert not isinstance(found, TokenExpired)
    assert isinstance(found, ReconnectRequired)
    assert found.reason == "access_revoked"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"x-ratelimit-reset": "17"}, 17),
        ({"x-ratelimit-reset": "100, 100;w=1, 1000;w=60"}, 100),
        ({"x-ratelimit-reset": "soon"}, 60),
        ({"x-ratelimit-reset": "0"}, 1),
        ({"x-ratelimit-reset": "999999"}, 86_400),
        ({"retry-after": "5", "x-ratelimit-reset": "17"}, 5),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
    ],
)
def test_waits(headers: dict[str, str], seconds: int) -> None:
    found = error(refused(429, 8, **headers))
    assert isinstance(found, RateLimited)
    assert found.until - NOW == timedelta(seconds=seconds)


def test_spam_waits_for_hours() -> None:
    found = error(refused(403, 9, "a block we have in place to combat spam"))
    assert isinstance(found, RateLimited)
    assert found.until - NOW >= timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "5"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, 5),
        ({"x-ratelimit-remaining": "0, 900", "x-ratelimit-reset": "5, 60"}, 5),
        ({"x-ratelimit-remaining": "0"}, 60),
        ({"x-ratelimit-remaining": "none"}, None),
    ],
)
def test_the_allowance_in_the_headers(headers: dict[str, str], seconds: int | None) -> None:
    until = used_up_until(headers, NOW)
    assert until == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_long_messages_are_shortened() -> None:
    assert len(str(error(refused(400, 1, "x" * 5000)))) < 300
