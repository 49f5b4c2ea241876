"""What Bluesky's error answers mean for us."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import Response

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.bluesky.errors import BlobGone, ErrorBody, error_for, exhausted_until

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def answer(
    status: int, name: str = "", headers: dict[str, str] | None = None, message: Any = "Said so"
) -> Response:
    body = json.dumps({"error": name, "message": message}).encode() if name else b"<html>"
    return Response(status, content=body, headers=headers or {})


@pytest.mark.parametrize(
    ("status", "name", "error", "code"),
    [
        (400, "ExpiredToken", TokenExpired, "reconnect_required"),
        (400, "InvalidToken", TokenExpired, "reconnect_required"),
        (401, "AuthMissing", TokenExpired, "reconnect_required"),
        (401, "invalid_token", TokenExpired, "reconnect_required"),
        (401, "", TokenExpired, "reconnect_required"),
        (403, "InsufficientScope", ReconnectRequired, "reconnect_required"),
        (403, "", ReconnectRequired, "reconnect_required"),
        (401, "AccountTakedown", Rejected, "account_restricted"),
        (400, "AccountTakedown", Rejected, "account_restricted"),
        (400, "AccountDeactivated", Rejected, "account_restricted"),
        (400, "AccountSuspended", Rejected, "account_restricted"),
        (403, "AccountNotFound", Rejected, "account_restricted"),
        (400, "RepoNotFound", Rejected, "account_restricted"),
        (400, "InvalidSwap", Duplicate, "duplicate"),
        (400, "BlobNotFound", BlobGone, "media_rejected"),
        (400, "InvalidMimeType", Rejected, "media_rejected"),
        (400, "BlobTooLarge", Rejected, "media_rejected"),
        (413, "", Rejected, "media_rejected"),
        (400, "UploadForbidden", Rejected, "not_permitted"),
        (501, "MethodNotImplemented", Rejected, "not_permitted"),
        (501, "", Rejected, "not_permitted"),
        (404, "XRPCNotSupported", Rejected, "not_permitted"),
        (400, "InvalidRequest", Rejected, "rejected"),
        (400, "SomethingNew", Rejected, "rejected"),
        (404, "", Rejected, "rejected"),
    ],
)
@pytest.mark.parametrize("committing", [False, True])
def test_refusals(status: int, name: str, error: type[Exception], code: str, committing: bool) -> None:
    found = error_for(answer(status, name), NOW, committing=committing)
    assert (type(found), found.code) == (error, code)


@pytest.mark.parametrize(
    ("status", "name"),
    [(500, "InternalServerError"), (502, "UpstreamFailure"), (503, ""), (504, ""), (200, ""), (302, "")],
)
def test_trouble_of_theirs(status: int, name: str) -> None:
    assert type(error_for(answer(status, name), NOW)) is Unavailable
    assert type(error_for(answer(status, name), NOW, committing=True)) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "name", "headers", "seconds"),
    [
        (
            429,
            "RateLimitExceeded",
            {"ratelimit-remaining": "0", "ratelimit-reset": str(int(NOW.timestamp()) + 90)},
            90,
        ),
        (429, "", {"retry-after": "7"}, 7),
        (429, "", {}, 300),
        (429, "", {"retry-after": "soon", "ratelimit-remaining": "0", "ratelimit-reset": "never"}, 300),
        (429, "", {"ratelimit-remaining": "0", "ratelimit-reset": "1"}, 1),
        (400, "DailyLimitExceeded", {}, 300),
        (503, "ServiceOverloaded", {}, 300),
        (503, "", {"retry-after": "3"}, 3),
    ],
)
def test_limits(status: int, name: str, headers: dict[str, str], seconds: int) -> None:
    found = error_for(answer(status, name, headers), NOW, committing=True)
    assert isinstance(found, RateLimited)
    assert found.until == NOW + timedelta(seconds=seconds)


def test_an_allowance_without_room_for_a_post() -> None:
    reset = str(int(NOW.timestamp()))
    assert exhausted_until({"ratelimit-remaining": "2", "ratelimit-reset": reset}) == NOW
    assert exhausted_until({"ratelimit-remaining": "3", "ratelimit-reset": reset}) is None
    assert exhausted_until({"ratelimit-remaining": "x", "ratelimit-reset": reset}) is None
    assert exhausted_until({"ratelimit-remaining": "0"}) is None
    assert exhausted_until({}) is None


def test_what_is_said() -> None:
    assert str(ErrorBody.of(answer(400, "InvalidRequest", message="a\n b"))) == 'Bluesky says: "a b"'
    assert str(ErrorBody.of(answer(400, "InvalidRequest", message=7))) == 'Bluesky says: "InvalidRequest"'
    assert str(ErrorBody.of(answer(418))) == "Bluesky answered with status 418."
    assert str(ErrorBody.of(Response(400, content=b"[]"))) == "Bluesky answered with status 400."
    assert len(str(ErrorBody.of(answer(400, "x", message="y" * 999)))) < 330
