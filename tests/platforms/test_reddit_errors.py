"""Reddit's refusals in our words, the whole table."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from polypost.platforms.kit.answers import parsed
from polypost.platforms.reddit.errors import ErrorBody, error_for, exhausted_until, refused

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
INVALID = 'Bearer realm="reddit", error="invalid_token"'
SCOPE = 'Bearer realm="reddit", error="insufficient_scope"'


def answer(status: int, body: Any = b"", **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=named, content=content)


def said(code: str, message: str = "Said so.", **more: Any) -> httpx2.Response:
    return answer(200, {"json": {**more, "errors": [[code, message, "sr"]]}})


def rule(reason: str) -> httpx2.Response:
    body = {"fields": ["title"], "explanation": "You may not.", "message": "Bad Request", "reason": reason}
    return answer(400, {**body, "error_type": "SUBMIT_VALIDATION_ERROR"})


@pytest.mark.parametrize(
    ("got", "error", "code"),
    [
        (said("ALREADY_SUB"), Duplicate, "duplicate"),
        *((said(code), Rejected, "account_restricted") for code in ("IN_TIMEOUT", "VERIFIED_USER_REQUIRED")),
        *(
            (said(code), Rejected, "not_permitted")
            for code in ("SUBREDDIT_NOTALLOWED", "BANNED_FROM_SUBREDDIT")
        ),
        (said("USER_REQUIRED"), ReconnectRequired, "reconnect_required"),
        (said("MISSING_VIDEO_URLS"), Rejected, "media_rejected"),
        *(
            (said(code), Rejected, "rejected")
            for code in (
                "SUBREDDIT_NOEXIST",
                "NO_SELFS",
                "NO_LINKS",
                "TOO_LONG",
                "NO_TEXT",
                "BAD_URL",
                "NO_URL",
                "DOMAIN_BANNED",
                "SUBMIT_VALIDATION_FLAIR_REQUIRED",
                "BAD_FLAIR_TEMPLATE_ID",
                "NO_IMAGES",
                "NO_VIDEOS",
                "GALLERIES_DISABLED",
                "POLLS_DISABLED",
                "SOMETHING_NEW",
            )
        ),
        *((said(code), RateLimited, None) for code in ("RATELIMIT", "SUBREDDIT_RATELIMIT", "QUOTA_FILLED")),
        (answer(401, {"error": 401}, www_authenticate=INVALID), TokenExpired, "reconnect_required"),
        (answer(403, {"error": 403}, www_authenticate=SCOPE), ReconnectRequired, "reconnect_required"),
        (answer(403, {"error": 403}, www_authenticate=INVALID), TokenExpired, "reconnect_required"),
        (answer(403, {"reason": "private", "error": 403}), Rejected, "not_permitted"),
        (answer(403, {"reason": "quarantined", "error": 403}), Rejected, "not_permitted"),
        (answer(403, {"message": "Forbidden", "error": 403}), Rejected, "rejected"),
        (answer(403, b"<html>blocked by network security"), Rejected, "platform_setup"),
        (answer(404, {"reason": "banned", "error": 404}), Rejected, "not_permitted"),
        (answer(404, {"error": 404}), Rejected, "rejected"),
        (rule("SUBMIT_VALIDATION_TITLE_BLACKLISTED_STRING"), Rejected, "rejected"),
        (answer(413, b""), Rejected, "rejected"),
        (answer(415, {"special_errors": ["TROLL"]}), Rejected, "rejected"),
        (answer(429, b""), RateLimited, "rate_limited"),
        (
            answer(302, b"", location="https://www.reddit.com/login/?dest=x"),
            TokenExpired,
            "reconnect_required",
        ),
    ],
)
@pytest.mark.parametrize("committing", [False, True])
def test_the_table(
    got: httpx2.Response, error: type[PlatformError], code: str | None, committing: bool
) -> None:
    found = error_for(got, NOW, committing=committing)
    assert type(found) is error
    assert code is None or found.code == code
    assert found.message


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 522, 200, 301])
def test_what_is_unclear_depends_on_what_was_asked(status: int) -> None:
    assert isinstance(error_for(answer(status, b"<html>"), NOW), Unavailable)
    assert isinstance(error_for(answer(status, b"<html>"), NOW, committing=True), OutcomeUnknown)


def test_a_rule_is_told_in_reddits_words() -> None:
    found = error_for(rule("SUBMIT_VALIDATION_TITLE_BLACKLISTED_STRING"), NOW)
    assert "You may not." in str(found)
    assert "A rule of the subreddit" in str(found)


@pytest.mark.parametrize(
    ("got", "seconds"),
    [
        (said("RATELIMIT", "Take a break for 14 minutes before trying again.", ratelimit=535.2), 535.2),
        (said("RATELIMIT", "Take a break for 14 minutes before trying again."), 840),
        (said("RATELIMIT", "you are doing that too much. try again in 9 minutes."), 540),
        (said("RATELIMIT", "try again in 32 seconds."), 32),
        (said("RATELIMIT", "try again in 1 hour."), 3600),
        (said("RATELIMIT", "try again in 250 milliseconds."), 1),
        (said("RATELIMIT", "Not now."), 600),
        (said("RATELIMIT", "Not now.", ratelimit=True), 600),
        (said("RATELIMIT", "Not now.", ratelimit="soon"), 600),
        (said("QUOTA_FILLED", "Please try again in an hour."), 3600),
        (said("QUOTA_FILLED", "No."), 3600),
        (said("SUBREDDIT_RATELIMIT", "try again later."), 600),
        (answer(429, b""), 600),
        (answer(429, b"", retry_after="7"), 7),
        (answer(429, b"", x_ratelimit_remaining="0.0", x_ratelimit_reset="55"), 55),
        (answer(429, b"", x_ratelimit_remaining="12.0", x_ratelimit_reset="55"), 600),
        (answer(503, b"", retry_after="30"), 30),
    ],
)
def test_how_long_to_wait(got: httpx2.Response, seconds: float) -> None:
    found = error_for(got, NOW)
    assert isinstance(found, RateLimited)
    assert found.until == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "120"}, 120),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, 1),
        ({"x-ratelimit-remaining": "0.9", "x-ratelimit-reset": "5"}, 5),
        ({"x-ratelimit-remaining": "597.0", "x-ratelimit-reset": "5"}, None),
        ({"x-ratelimit-remaining": "0.0"}, None),
        ({"x-ratelimit-remaining": "soon", "x-ratelimit-reset": "5"}, None),
        ({}, None),
    ],
)
def test_when_a_window_is_used_up(headers: dict[str, str], seconds: int | None) -> None:
    assert exhausted_until(headers, NOW) == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("errors", [3, True, "no", {"a": 1}, [], [3], [[]], [[None, None]]])
def test_a_list_of_errors_that_is_none(errors: Any) -> None:
    got = answer(200, {"json": {"errors": errors}})
    assert isinstance(error_for(got, NOW, committing=True), OutcomeUnknown | Rejected)


def test_what_is_said_is_cut_to_a_readable_length() -> None:
    text = str(ErrorBody.of(said("TOO_LONG", "x" * 1000)))
    assert len(text) < 400
    assert text.endswith("(TOO_LONG)")


@given(
    st.integers(200, 599),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["json", "errors", "data", "ratelimit", "reason", "message"]), inner
            )
        ),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_no_answer_is_too_strange(status: int, body: Any, committing: bool) -> None:
    got = answer(status, body)
    assert isinstance(error_for(got, NOW, committing=committing), PlatformError)
    assert isinstance(parsed(got), dict)
    assert isinstance(refused(got), bool)
