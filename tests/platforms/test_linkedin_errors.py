"""LinkedIn's error table: every mark of the sources, in each of the three places in which it may stand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
from polypost.platforms.linkedin.errors import ErrorBody, error_for

NOW = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)


def answer(status: int, body: Any = None, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return httpx2.Response(status, content=content, headers=headers)


def marked(status: int, mark: str, place: str = "code") -> httpx2.Response:
    body: dict[str, Any] = {"status": status, "message": "Said so"}
    if place == "code":
        body["code"] = mark
    elif place == "inputErrors":
        body["errorDetails"] = {"inputErrors": [{"code": mark, "description": "d", "input": {}}]}
    else:
        body["serviceErrorCode"] = int(mark)
    return answer(status, body)


TABLE: list[tuple[int, str, type[PlatformError], str]] = [
    (400, "VERSION_MISSING", Rejected, "platform_setup"),
    (400, "MISSING_FIELD", Rejected, "rejected"),
    (400, "INVALID_VALUE_FOR_FIELD", Rejected, "rejected"),
    (400, "FIELD_LENGTH_TOO_LONG", Rejected, "rejected"),
    (400, "INVALID_URN_ID", Rejected, "rejected"),
    (400, "INVALID_URN_TYPE", Rejected, "rejected"),
    (400, "INVALID_VIDEO_ID", Rejected, "media_rejected"),
    (400, "MEDIA_ASSET_WAITING_UPLOAD", Unavailable, "platform_unavailable"),
    (400, "MEDIA_ASSET_PROCESSING", Unavailable, "platform_unavailable"),
    (400, "MEDIA_ASSET_PROCESSING_FAILED", Rejected, "media_rejected"),
    (400, "EXPIRED_UPLOAD_URL", Rejected, "media_rejected"),
    (401, "INVALID_ACCESS_TOKEN", TokenExpired, "reconnect_required"),
    (401, "REVOKED_ACCESS_TOKEN", TokenExpired, "reconnect_required"),
    (401, "EXPIRED_ACCESS_TOKEN", TokenExpired, "reconnect_required"),
    (401, "EMPTY_ACCESS_TOKEN", TokenExpired, "reconnect_required"),
    (401, "RESTRICTED_MEMBER", Rejected, "account_restricted"),
    (403, "ACCESS_DENIED", ReconnectRequired, "reconnect_required"),
    (409, "CONFLICT", Unavailable, "platform_unavailable"),
    (422, "DUPLICATE_POST", Duplicate, "duplicate"),
    (426, "NONEXISTENT_VERSION", Rejected, "platform_setup"),
    (429, "TOO_MANY_REQUESTS", RateLimited, "rate_limited"),
]


@pytest.mark.parametrize("place", ["code", "inputErrors"])
@pytest.mark.parametrize("committing", [True, False])
@pytest.mark.parametrize(("status", "mark", "kind", "code"), TABLE)
def test_the_table(
    status: int, mark: str, kind: type[PlatformError], code: str, committing: bool, place: str
) -> None:
    error = error_for(marked(status, mark, place), NOW, committing=committing)
    assert type(error) is kind
    assert error.code == code


@pytest.mark.parametrize(
    ("status", "number", "kind"),
    [
        (401, "65600", TokenExpired),
        (401, "65601", TokenExpired),
        (401, "65602", TokenExpired),
        (401, "65608", Rejected),
        (403, "100", ReconnectRequired),
        (429, "101", RateLimited),
    ],
)
def test_numbers_alone_are_enough(status: int, number: str, kind: type[PlatformError]) -> None:
    assert type(error_for(marked(status, number, "serviceErrorCode"), NOW)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, TokenExpired),
        (403, ReconnectRequired),
        (404, Rejected),
        (409, Unavailable),
        (413, Rejected),
        (415, Rejected),
        (422, Rejected),
        (426, Rejected),
        (429, RateLimited),
    ],
)
@pytest.mark.parametrize("body", [None, b"<html>no</html>", [], {"message": 7}])
def test_a_status_alone_is_enough(status: int, kind: type[PlatformError], body: Any) -> None:
    assert type(error_for(answer(status, body), NOW, committing=True)) is kind


@pytest.mark.parametrize("status", [200, 201, 302, 500, 502, 503, 504])
def test_what_is_unclear_is_in_doubt_only_for_the_publishing_call(status: int) -> None:
    assert type(error_for(answer(status), NOW, committing=True)) is OutcomeUnknown
    assert type(error_for(answer(status, b"<html>"), NOW)) is Unavailable


def test_waiting_is_until_midnight_unless_a_time_is_told() -> None:
    limited = error_for(answer(429), NOW)
    assert isinstance(limited, RateLimited)
    assert limited.until == datetime(2026, 11, 25, tzinfo=UTC)
    for status in (429, 503):
        told = error_for(answer(status, None, **{"retry-after": "90"}), NOW, committing=True)
        assert isinstance(told, RateLimited)
        assert (told.until - NOW).total_seconds() == 90
    soon = error_for(answer(429, None, **{"retry-after": "0"}), NOW)
    assert isinstance(soon, RateLimited)
    assert soon.until > NOW


def test_a_duplicate_keeps_the_name_of_the_other_post() -> None:
    body = {
        "errorDetailType": "com.linkedin.common.error.BadRequest",
        "message": "Content is a duplicate of urn:li:share:7141138937766391808",
        "errorDetails": {"inputErrors": [{"description": "d", "input": {}, "code": "DUPLICATE_POST"}]},
        "status": 422,
    }
    error = error_for(answer(422, body), NOW, committing=True)
    assert "urn:li:share:7141138937766391808" in error.message


def test_revoked_is_told_from_expired() -> None:
    reasons = [
        error.reason
        for mark in ("REVOKED_ACCESS_TOKEN", "EXPIRED_ACCESS_TOKEN")
        if isinstance(error := error_for(marked(401, mark), NOW), ReconnectRequired)
    ]
    assert reasons == ["access_revoked", "token_expired"]


def test_long_sentences_are_cut() -> None:
    said = str(ErrorBody.of(answer(400, {"message": "x" * 1000})))
    assert len(said) < 330
    assert str(ErrorBody.of(answer(404))) == "LinkedIn answered with status 404."


def test_a_refused_reshare_does_not_put_the_account_in_question() -> None:
    refused = marked(403, "ACCESS_DENIED")
    error = error_for(refused, NOW, committing=True, resharing=True)
    assert (type(error), error.code) == (Rejected, "not_permitted")
    assert type(error_for(refused, NOW, committing=True)) is ReconnectRequired


def test_the_trace_by_which_support_finds_a_call_is_kept() -> None:
    for status in (400, 403, 500):
        error = error_for(answer(status, {"message": "No"}, **{"x-li-uuid": "AAX=="}), NOW)
        assert "(trace AAX==)" in error.message
