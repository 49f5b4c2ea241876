"""What each of YouTube's refusals means for us."""

from __future__ import annotations

import json
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
from polypost.platforms.youtube.errors import (
    REASONS,
    ErrorBody,
    Forbidden,
    Kind,
    Missing,
    error_for,
    next_midnight,
)

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
# California is eight hours behind in November.
MIDNIGHT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
UPLOADS = (
    "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service"
    " 'youtube.googleapis.com' for consumer 'project_number:1'."
)


def answer(status: int, reason: str = "", message: str = "No.", **headers: str) -> httpx2.Response:
    entry = {"message": message, "domain": "youtube.x", "reason": reason}
    body = {"error": {"code": status, "message": message, "errors": [entry]}}
    return httpx2.Response(status, json=body, headers=headers)


def refused(status: int, reason: str = "", message: str = "No.", **headers: str) -> PlatformError:
    return error_for(answer(status, reason, message, **headers), NOW)


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (401, "authError", TokenExpired),
        (401, "required", TokenExpired),
        (401, "", TokenExpired),
        (401, "youtubeSignupRequired", Rejected),
        (403, "insufficientPermissions", Forbidden),
        (403, "forbidden", Forbidden),
        (403, "authenticatedUserAccountClosed", Rejected),
        (403, "authenticatedUserAccountSuspended", Rejected),
        (403, "authenticatedUserNotChannel", Rejected),
        (403, "accessNotConfigured", Rejected),
        (403, "quotaExceeded", RateLimited),
        (403, "dailyLimitExceeded", RateLimited),
        (403, "userRateLimitExceeded", RateLimited),
        (429, "rateLimitExceeded", RateLimited),
        (429, "uploadRateLimitExceeded", RateLimited),
        (429, "", RateLimited),
        (400, "uploadLimitExceeded", RateLimited),
        (400, "invalidTitle", Rejected),
        (400, "invalidDescription", Rejected),
        (400, "invalidTags", Rejected),
        (400, "invalidCategoryId", Rejected),
        (400, "invalidPublishAt", Rejected),
        (400, "invalidVideoMetadata", Rejected),
        (400, "invalidFilename", Rejected),
        (400, "defaultLanguageNotSet", Rejected),
        (400, "mediaBodyRequired", Rejected),
        (400, "invalidRecordingDetails", Rejected),
        (400, "neverHeardOf", Rejected),
        (403, "forbiddenPrivacySetting", Rejected),
        (403, "forbiddenLicenseSetting", Rejected),
        (404, "videoNotFound", Missing),
        (404, "", Missing),
        (409, "duplicate", Duplicate),
        (409, "", Duplicate),
        (503, "backendError", Unavailable),
        (500, "internalError", Unavailable),
        (500, "processingFailure", Unavailable),
        (502, "", Unavailable),
        (408, "", Unavailable),
        (200, "", Unavailable),
    ],
)
def test_the_reason_decides(status: int, reason: str, error: type[PlatformError]) -> None:
    made = refused(status, reason)
    assert type(made) is error
    assert str(made)


@pytest.mark.parametrize(
    ("status", "reason", "message", "until"),
    [
        (403, "quotaExceeded", "No.", MIDNIGHT),
        (403, "dailyLimitExceeded", "No.", MIDNIGHT),
        (429, "rateLimitExceeded", UPLOADS, MIDNIGHT),
        (429, "rateLimitExceeded", "Slow down.", NOW + timedelta(minutes=1)),
        (403, "userRateLimitExceeded", "Slow down.", NOW + timedelta(minutes=1)),
        (400, "uploadLimitExceeded", "Too many.", NOW + timedelta(hours=24)),
    ],
)
def test_how_long_to_wait(status: int, reason: str, message: str, until: datetime) -> None:
    made = refused(status, reason, message)
    assert isinstance(made, RateLimited)
    assert made.until == until


@pytest.mark.parametrize(("told", "seconds"), [("7", 7), ("0", 1), ("soon", 60), ("99999999", 60), ("", 60)])
def test_retry_after_is_obeyed_when_it_is_a_number(told: str, seconds: int) -> None:
    made = refused(429, "rateLimitExceeded", "Slow down.", **{"retry-after": told})
    assert isinstance(made, RateLimited)
    assert made.until == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        (datetime(2026, 7, 1, 6, 59, tzinfo=UTC), datetime(2026, 7, 1, 7, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 7, 0, tzinfo=UTC), datetime(2026, 7, 2, 7, 0, tzinfo=UTC)),
        # The clocks go forward and back in the night before 8 March and 1 November.
        (datetime(2026, 3, 8, 9, 0, tzinfo=UTC), datetime(2026, 3, 9, 7, 0, tzinfo=UTC)),
        (datetime(2026, 11, 1, 8, 0, tzinfo=UTC), datetime(2026, 11, 2, 8, 0, tzinfo=UTC)),
    ],
)
def test_midnight_in_california(now: datetime, midnight: datetime) -> None:
    assert next_midnight(now) == midnight


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (500, "", OutcomeUnknown),
        (503, "backendError", OutcomeUnknown),
        (408, "", OutcomeUnknown),
        (200, "", OutcomeUnknown),
        (302, "", OutcomeUnknown),
        (400, "processingFailure", OutcomeUnknown),
        (400, "invalidTitle", Rejected),
        (401, "authError", TokenExpired),
        (403, "quotaExceeded", RateLimited),
        (429, "rateLimitExceeded", RateLimited),
        (403, "forbidden", ReconnectRequired),
        (409, "duplicate", Duplicate),
    ],
)
def test_the_publishing_call_is_only_refused_by_a_clear_no(
    status: int, reason: str, error: type[PlatformError]
) -> None:
    made = error_for(answer(status, reason), NOW, committing=True)
    assert isinstance(made, error)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'"no"', b'{"error": 5}', b'{"error": {"errors": [1]}}']
)
@pytest.mark.parametrize(("status", "error"), [(400, Rejected), (503, Unavailable), (200, Unavailable)])
def test_answers_that_are_no_envelope(content: bytes, status: int, error: type[PlatformError]) -> None:
    made = error_for(httpx2.Response(status, content=content), NOW)
    assert type(made) is error
    assert str(status) in str(made)


def test_what_youtube_says_is_shown_and_bounded() -> None:
    said = ErrorBody.of(answer(400, "invalidTitle", "x " * 500))
    assert len(str(said)) < 330
    assert str(ErrorBody.of(answer(400, "invalidTitle", "Too  short."))) == 'YouTube says: "Too short."'
    assert ErrorBody.of(
        httpx2.Response(400, json={"error": "invalid_grant", "error_description": "Dead."})
    ) == ErrorBody(400, "invalid_grant", "Dead.")


def test_every_row_says_something_and_has_an_error() -> None:
    for reason, row in REASONS.items():
        status = 401 if row.kind is Kind.TOKEN else 400
        made = error_for(httpx2.Response(status, content=envelope(reason)), NOW)
        assert row.says in str(made)
        if row.kind is Kind.REFUSED:
            assert row.change


def envelope(reason: str) -> bytes:
    body: dict[str, Any] = {"error": {"errors": [{"reason": reason}]}}
    return json.dumps(body).encode()
