"""X's refusals in our words, the whole table."""

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
from polypost.platforms.twitter.errors import Call, ErrorBody, error_for, exhausted_until

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROBLEMS = "https://api.twitter.com/2/problems"
NEW_PROBLEMS = "https://api.x.com/2/problems"
NOT_PERMITTED = "You are not permitted to perform this action."


def answer(status: int, body: Any = b"", **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.Response(
        status, headers={name.replace("_", "-"): v for name, v in headers.items()}, content=content
    )


def problem(status: int, detail: str = "", kind: str = "about:blank", **more: Any) -> httpx2.Response:
    return answer(status, {"title": "Title", "detail": detail, "type": kind, "status": status, **more})


def invalid(message: str, **parameters: list[str]) -> httpx2.Response:
    return answer(
        400,
        {
            "errors": [{"message": message, "parameters": parameters}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{PROBLEMS}/invalid-request",
        },
    )


def legacy(status: int, code: int) -> httpx2.Response:
    return answer(status, {"errors": [{"code": code, "message": "Said so."}]})


@pytest.mark.parametrize(
    ("said", "call", "error", "code"),
    [
        (problem(401, "Unauthorized"), Call.OTHER, TokenExpired, "reconnect_required"),
        (problem(402, "No credits"), Call.PLAIN_POST, Rejected, "platform_billing"),
        (answer(402), Call.PLAIN_POST, Rejected, "platform_billing"),
        (problem(403, kind=f"{PROBLEMS}/unsupported-authentication"), Call.OTHER, ReconnectRequired, None),
        (
            problem(403, kind=f"{NEW_PROBLEMS}/unsupported-authentication"),
            Call.OTHER,
            ReconnectRequired,
            None,
        ),
        (problem(403, kind=f"{PROBLEMS}/oauth1-permissions"), Call.SPECIAL_POST, ReconnectRequired, None),
        (problem(403, NOT_PERMITTED), Call.PLAIN_POST, ReconnectRequired, None),
        (problem(403, NOT_PERMITTED), Call.SPECIAL_POST, Rejected, "not_permitted"),
        (problem(403, NOT_PERMITTED), Call.OTHER, Rejected, "rejected"),
        (problem(403, "Forbidden"), Call.UPLOAD, ReconnectRequired, None),
        (problem(403, "Forbidden"), Call.PLAIN_POST, Rejected, "rejected"),
        (problem(403, kind=f"{PROBLEMS}/client-forbidden"), Call.UPLOAD, Rejected, "platform_setup"),
        (problem(403, reason="client-not-enrolled"), Call.PLAIN_POST, Rejected, "platform_setup"),
        (
            problem(403, "You are not allowed to create a Tweet with duplicate content."),
            Call.PLAIN_POST,
            Duplicate,
            "duplicate",
        ),
        (legacy(403, 187), Call.PLAIN_POST, Duplicate, "duplicate"),
        (problem(403, kind=f"{PROBLEMS}/user-suspended"), Call.PLAIN_POST, Rejected, "account_restricted"),
        (
            problem(403, "Your account is temporarily locked."),
            Call.PLAIN_POST,
            Rejected,
            "account_restricted",
        ),
        (
            problem(403, "This user is not allowed to post a video longer than 2 minutes."),
            Call.PLAIN_POST,
            Rejected,
            "rejected",
        ),
        (
            invalid("Your media IDs are invalid.", **{"media.media_ids": ["1"]}),
            Call.PLAIN_POST,
            Rejected,
            "media_rejected",
        ),
        (invalid("There is a problem with the url."), Call.PLAIN_POST, Rejected, "rejected"),
        (problem(404), Call.SPECIAL_POST, Rejected, "rejected"),
        (answer(413, b"<html>"), Call.UPLOAD, Rejected, "rejected"),
        (problem(429, "Too Many Requests"), Call.OTHER, RateLimited, "rate_limited"),
        (legacy(429, 88), Call.OTHER, RateLimited, "rate_limited"),
        (legacy(403, 88), Call.OTHER, RateLimited, "rate_limited"),
        (problem(429, kind=f"{PROBLEMS}/usage-capped"), Call.PLAIN_POST, RateLimited, "rate_limited"),
        (answer(503, b"", retry_after="60"), Call.OTHER, RateLimited, "rate_limited"),
        (answer(500), Call.OTHER, Unavailable, "platform_unavailable"),
        (answer(502, b"<html>"), Call.OTHER, Unavailable, "platform_unavailable"),
        (answer(503), Call.OTHER, Unavailable, "platform_unavailable"),
        (answer(504), Call.OTHER, Unavailable, "platform_unavailable"),
        (answer(200, {"errors": [{"title": "odd"}]}), Call.OTHER, Unavailable, "platform_unavailable"),
        (answer(302), Call.OTHER, Unavailable, "platform_unavailable"),
    ],
)
@pytest.mark.parametrize("committing", [False, True])
def test_the_table(
    said: httpx2.Response, call: Call, error: type[PlatformError], code: str | None, committing: bool
) -> None:
    got = error_for(said, NOW, call=call, committing=committing)
    if committing and error is Unavailable:
        error, code = OutcomeUnknown, "outcome_unknown"
    assert type(got) is error
    assert code is None or got.code == code
    assert str(got)


def test_what_x_says_reaches_the_person() -> None:
    assert "There is a problem with the url." in str(
        error_for(invalid("There is a problem with the url."), NOW)
    )
    long = error_for(problem(403, "no " * 1000), NOW)
    assert len(str(long)) < 400
    assert "403" in str(error_for(answer(403, b"<html>"), NOW))


def test_only_the_last_segment_of_the_type_counts() -> None:
    for kind in ("a/b/usage-capped", "https://example.org/usage-capped/", "usage-capped"):
        assert ErrorBody.of(problem(429, kind=kind)).kind == "usage-capped"


def epoch(minutes: int) -> str:
    return str(int((NOW + timedelta(minutes=minutes)).timestamp()))


def bucket(name: str, remaining: int, minutes: int) -> dict[str, str]:
    return {f"{name}-remaining": str(remaining), f"{name}-reset": epoch(minutes)}


WINDOW, APP_DAY, USER_DAY = "x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour"


@pytest.mark.parametrize(
    ("headers", "minutes"),
    [
        (bucket(WINDOW, 0, 7), 7),
        (bucket(WINDOW, 0, 7) | bucket(USER_DAY, 0, 600), 600),
        (bucket(WINDOW, 0, 7) | bucket(USER_DAY, 3, 600), 7),
        (bucket(WINDOW, 42, 7) | bucket(APP_DAY, 0, 300), 300),
        (bucket(APP_DAY, 0, 300) | bucket(USER_DAY, 0, 200), 300),
        (bucket(WINDOW, 42, 7), 7),
        ({"retry-after": "120"}, 2),
        (bucket(WINDOW, 0, 7) | {"retry-after": "120"}, 7),
        ({}, 15),
        ({f"{WINDOW}-remaining": "0", f"{WINDOW}-reset": "soon"}, 15),
        ({"retry-after": "Tue, 24 Nov 2026 13:00:00 GMT"}, 15),
    ],
)
def test_a_limit_lasts_until_the_latest_reset_of_what_is_used_up(
    headers: dict[str, str], minutes: int
) -> None:
    limited = error_for(httpx2.Response(429, headers=headers), NOW)
    assert isinstance(limited, RateLimited)
    assert limited.until == NOW + timedelta(minutes=minutes)


def test_a_reset_in_the_past_still_makes_a_pause() -> None:
    limited = error_for(httpx2.Response(429, headers=bucket(WINDOW, 0, -5)), NOW)
    assert isinstance(limited, RateLimited)
    assert limited.until == NOW + timedelta(seconds=1)


def test_the_monthly_cap_is_not_asked_about_soon() -> None:
    capped = problem(429, kind=f"{PROBLEMS}/usage-capped")
    limited = error_for(capped, NOW)
    assert isinstance(limited, RateLimited)
    assert limited.until >= NOW + timedelta(hours=1)


def test_room_left_is_no_reason_to_rest() -> None:
    assert exhausted_until(bucket(WINDOW, 1, 7)) is None
    assert exhausted_until({}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["errors", "detail", "title", "type", "reason", "message", "code", "parameters", "data"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.integers(200, 599).filter(lambda status: status != 204), JSON | st.binary(max_size=40), st.booleans()
)
def test_no_answer_is_too_strange(status: int, body: Any, committing: bool) -> None:
    error = error_for(answer(status, body), NOW, committing=committing)
    assert isinstance(error, PlatformError)
    if committing and (status >= 500 or status < 400):
        assert isinstance(error, OutcomeUnknown | RateLimited)
