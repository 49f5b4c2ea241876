"""What a Mastodon server's refusals are for us, and how long to stay away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from polypost.errors import (
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.mastodon.errors import Missing, error_for, said, used_up_until

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def refused(status: int, text: Any = "no", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": text}, headers=headers)


@pytest.mark.parametrize("committing", [False, True])
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (refused(401, "The access token is invalid"), ReconnectRequired, "reconnect_required"),
        (refused(403, "Your login is currently disabled"), ReconnectRequired, "reconnect_required"),
        (refused(403, "Cette action est hors de portée"), ReconnectRequired, "reconnect_required"),
        (refused(404, "Record not found"), Missing, "rejected"),
        (refused(410), Missing, "rejected"),
        (refused(413), Rejected, "media_rejected"),
        (refused(422, "Validation failed: Text can't be blank"), Rejected, "rejected"),
        (refused(429, "Too many requests"), RateLimited, "rate_limited"),
        (refused(503, "later", **{"retry-after": "30"}), RateLimited, "rate_limited"),
        (httpx2.Response(413, content=b"<html>"), Rejected, "media_rejected"),
        (refused(400, ["odd"]), Rejected, "rejected"),
    ],
)
def test_refusals(answer: httpx2.Response, kind: type[PlatformError], code: str, committing: bool) -> None:
    found = error_for(answer, NOW, committing=committing)
    assert type(found) is kind
    assert found.code == code
    # Nothing renews these tokens, so that no refresh is tried.
    assert not isinstance(found, TokenExpired)


@pytest.mark.parametrize(
    "answer",
    [
        refused(500),
        refused(502),
        refused(503, "There was a temporary problem serving your request, please try again"),
        refused(504),
        refused(408),
        httpx2.Response(502, content=b"<html><h1>502 Bad Gateway</h1></html>"),
        httpx2.Response(200, content=b"<html>"),
        httpx2.Response(200, content=b"{}"),
        httpx2.Response(302, headers={"location": "https://elsewhere.example"}),
    ],
)
def test_trouble_of_their_own(answer: httpx2.Response) -> None:
    assert type(error_for(answer, NOW)) is Unavailable
    assert type(error_for(answer, NOW, committing=True)) is OutcomeUnknown


def test_a_post_that_may_not_be_answered_does_not_cost_the_account() -> None:
    found = error_for(refused(403, "This action is not allowed"), NOW, special=True)
    assert (type(found), found.code) == (Rejected, "not_permitted")
    found = error_for(refused(403, "This action is outside the authorized scopes"), NOW, special=True)
    assert isinstance(found, ReconnectRequired)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 300),
        ({"x-ratelimit-reset": "2026-11-24T12:02:00.000000Z"}, 120),
        ({"x-ratelimit-reset": "2026-11-24T12:02:00"}, 120),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"x-ratelimit-reset": "45"}, 45),
        ({"x-ratelimit-reset": "soon"}, 300),
        ({"x-ratelimit-reset": "2020-01-01T00:00:00Z"}, 1),
        ({"x-ratelimit-reset": "2099-01-01T00:00:00Z"}, 86_400),
        ({"retry-after": "5", "x-ratelimit-reset": "2026-11-24T12:02:00Z"}, 5),
    ],
)
def test_waits(headers: dict[str, str], seconds: int) -> None:
    found = error_for(refused(429, **headers), NOW)
    assert isinstance(found, RateLimited)
    assert found.until - NOW == timedelta(seconds=seconds)


def test_an_allowance_that_is_used_up_is_known_from_the_headers() -> None:
    reset = {"x-ratelimit-reset": "2026-11-24T12:05:00.000000Z"}
    assert used_up_until({"x-ratelimit-remaining": "0", **reset}, NOW) == NOW + timedelta(minutes=5)
    assert used_up_until({"x-ratelimit-remaining": "1", **reset}, NOW) is None
    assert used_up_until({}, NOW) is None


def test_the_servers_own_words_are_told_but_not_at_length() -> None:
    assert said(refused(422, "a\n b")) == 'The server says: "a b"'
    assert len(said(refused(422, "x" * 5000))) < 400
    assert "status 502" in said(httpx2.Response(502, content=b"<html>"))
