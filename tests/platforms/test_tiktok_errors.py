"""TikTok's codes, fail reasons and shapes, as the connector reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from polypost.errors import (
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
    Undone,
)
from polypost.platforms.tiktok.errors import (
    CODES,
    FAIL_REASONS,
    ErrorBody,
    commit_error_for,
    error_for,
    undone,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MEANS = {
    "access_token_invalid": (TokenExpired, "reconnect_required"),
    "scope_not_authorized": (ReconnectRequired, "reconnect_required"),
    "scope_permission_missed": (ReconnectRequired, "reconnect_required"),
    "invalid_param": (Rejected, "rejected"),
    "invalid_params": (Rejected, "rejected"),
    "invalid_file_upload": (Rejected, "media_rejected"),
    "invalid_publish_id": (Rejected, "rejected"),
    "token_not_authorized_for_specified_publish_id": (Rejected, "rejected"),
    "publish_not_cancellable": (Rejected, "rejected"),
    "app_version_check_failed": (Rejected, "not_permitted"),
    "spam_risk": (Rejected, "account_restricted"),
    "spam_risk_too_many_posts": (RateLimited, "rate_limited"),
    "spam_risk_too_many_pending_share": (RateLimited, "rate_limited"),
    "spam_risk_user_banned_from_posting": (Rejected, "account_restricted"),
    "reached_active_user_cap": (RateLimited, "rate_limited"),
    "unaudited_client_can_only_post_to_private_accounts": (Rejected, "platform_setup"),
    "url_ownership_unverified": (Rejected, "platform_setup"),
    "privacy_level_option_mismatch": (Rejected, "not_permitted"),
    "rate_limit_exceeded": (RateLimited, "rate_limited"),
    "internal_error": (Unavailable, "platform_unavailable"),
}


def heard(code: str, status: int = 400) -> ErrorBody:
    body = {"error": {"code": code, "message": "why", "log_id": "1"}}
    return ErrorBody.of(httpx2.Response(status, json=body))


@pytest.mark.parametrize(("code", "meaning"), MEANS.items())
@pytest.mark.parametrize("status", [200, 400, 403])
def test_the_code_decides_whatever_the_status(code, meaning, status):
    error = error_for(heard(code, status), NOW)
    assert (type(error), error.code) == meaning
    assert "why" in str(error)


def test_the_table_is_complete():
    assert set(MEANS) == set(CODES)


def test_a_limit_is_a_minute_and_a_cap_an_hour():
    minute, cap = (
        error_for(heard("rate_limit_exceeded"), NOW),
        error_for(heard("reached_active_user_cap"), NOW),
    )
    assert (minute.until, cap.until) == (NOW + timedelta(minutes=1), NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (500, b"", Unavailable),
        (503, b"<html>", Unavailable),
        (429, b"", RateLimited),
        (401, b"{}", TokenExpired),
        (404, b"not here", Rejected),
        (418, b'{"error":{"code":"teapot"}}', Rejected),
        (200, b"[]", Unavailable),
        (200, b'{"data":{}}', Unavailable),
        (200, b'{"error":"flat"}', Unavailable),
        (200, b'{"error":{"code":7}}', Unavailable),
        (302, b"", Unavailable),
        (408, b"", Unavailable),
    ],
)
def test_answers_without_a_known_code(status, content, kind):
    answer = ErrorBody.of(httpx2.Response(status, content=content))
    assert not answer.good
    assert type(error_for(answer, NOW)) is kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (heard("internal_error", 500), OutcomeUnknown),
        (heard("new_word", 200), OutcomeUnknown),
        (heard("new_word", 502), OutcomeUnknown),
        (heard("ok", 200), OutcomeUnknown),
        (ErrorBody(200, "", "", {}), OutcomeUnknown),
        (heard("new_word", 403), Rejected),
        (heard("spam_risk", 200), Rejected),
        (heard("rate_limit_exceeded", 429), RateLimited),
        (heard("access_token_invalid", 401), TokenExpired),
    ],
)
def test_after_the_publishing_call_only_a_plain_refusal_says_that_nothing_is_out(answer, kind):
    assert type(commit_error_for(answer, NOW)) is kind


@pytest.mark.parametrize("reason", FAIL_REASONS)
def test_every_fail_reason_says_what_to_do(reason):
    error = undone(reason)
    assert isinstance(error, Undone)
    assert error.code == FAIL_REASONS[reason][2]
    assert error.next_step or reason == "publish_cancelled"


def test_a_fail_reason_of_tomorrow_is_shown():
    assert "too_boring" in str(undone("too_boring"))
    assert "none given" in str(undone(""))


def test_a_long_message_is_cut():
    body = json.dumps({"error": {"code": "invalid_params", "message": "x " * 300}}).encode()
    assert len(ErrorBody.of(httpx2.Response(400, content=body)).text) == 200
