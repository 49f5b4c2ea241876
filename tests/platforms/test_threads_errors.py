"""What the error numbers and headers of Threads mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.families.meta.graph import asked_wait, identity, nearly_full
from polypost.platforms.threads.graph_errors import (
    AlreadyLong,
    Gone,
    GraphError,
    NotReady,
    PermissionMissing,
    commit_error_for,
    error_for,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

# What the numbers mean before the publishing call, by class.
TABLE = {
    TokenExpired: [(190, 0), (190, 463), (190, 467), (102, 0), (452, 0)],
    PermissionMissing: [(3, 0), (10, 0), (200, 0), (230, 0), (299, 0)],
    ReconnectRequired: [(190, 458), (190, 459), (190, 460), (190, 464), (190, 492)],
    RateLimited: [*((code, 0) for code in (4, 9, 17, 32, 341, 613)), (9, 2207042)],
    Gone: [(100, 33), (24, 0), (24, 4279009), (100, 4279004), (1, 4279004)],
    Unavailable: [(1, 0), (2, 0)],
    Duplicate: [(506, 0)],
    AlreadyLong: [(452, 4279019)],
    Rejected: [
        (4, 2207051),
        (25, 4279013),
        (10, 4279013),
        (1, 2207052),
        (9004, 2207052),
        (100, 0),
        (110, 0),
        (368, 0),
        (2500, 0),
        (123456, 0),
    ],
}
# In the publishing call some of them mean something else.
COMMITTING = {Unavailable: OutcomeUnknown, Gone: NotReady}
ROWS = [(kind, numbers) for kind, rows in TABLE.items() for numbers in rows]


def body(code, subcode=0, **more):
    error = {"message": "words", "type": "OAuthException", "code": code, "fbtrace_id": "A"} | more
    return {"error": error | ({"error_subcode": subcode} if subcode else {})}


@pytest.mark.parametrize(("expected", "numbers"), ROWS)
def test_an_error_is_known_by_its_numbers(expected, numbers):
    assert type(error_for(GraphError.of(400, body(*numbers)), now=NOW)) is expected


@pytest.mark.parametrize(("expected", "numbers"), ROWS)
def test_what_it_means_in_the_publishing_call(expected, numbers):
    found = commit_error_for(GraphError.of(400, body(*numbers)), now=NOW)
    # Code 10 has been seen on posts that went out.
    meant = OutcomeUnknown if numbers == (10, 0) else COMMITTING.get(expected, expected)
    assert type(found) is meant


@pytest.mark.parametrize("status", [302, 500, 502, 503, 504])
def test_a_status_without_numbers(status):
    assert type(error_for(GraphError.of(status, None), now=NOW)) is Unavailable
    assert type(commit_error_for(GraphError.of(status, None), now=NOW)) is OutcomeUnknown


@pytest.mark.parametrize(("status", "expected"), [(401, TokenExpired), (429, RateLimited), (404, Rejected)])
def test_a_refusal_without_numbers(status, expected):
    assert type(error_for(GraphError.of(status, None), now=NOW)) is expected


def test_a_server_error_with_a_clear_number_is_still_unclear_in_the_publishing_call():
    assert type(commit_error_for(GraphError.of(500, body(24, 4279009)), now=NOW)) is OutcomeUnknown


def test_a_transient_flag_counts_where_the_number_says_nothing():
    error = GraphError.of(400, body(987654, is_transient=True))
    assert type(error_for(error, now=NOW)) is Unavailable
    assert type(commit_error_for(error, now=NOW)) is OutcomeUnknown


def test_told_to_come_back_before_anything_was_done():
    later = commit_error_for(
        GraphError.of(503, None), now=NOW, wait=asked_wait({"retry-after": "90"}), told_to_wait=True
    )
    assert isinstance(later, RateLimited)
    assert later.until == NOW + timedelta(seconds=90)
    doubtful = commit_error_for(GraphError.of(503, body(2)), now=NOW, told_to_wait=True)
    assert isinstance(doubtful, OutcomeUnknown)


@pytest.mark.parametrize(
    ("subcode", "reason"),
    [
        (458, "access_revoked"),
        (459, "security_invalidation"),
        (460, "security_invalidation"),
        (463, "token_expired"),
        (464, "security_invalidation"),
        (467, "token_expired"),
        (492, "access_revoked"),
    ],
)
def test_why_an_account_has_to_be_connected_again(subcode, reason):
    found = error_for(GraphError.of(400, body(190, subcode)), now=NOW)
    assert isinstance(found, ReconnectRequired)
    assert found.reason == reason


def test_the_pause_of_a_rate_limit():
    usage = '{"2487":[{"type":"threads","call_count":100,"estimated_time_to_regain_access":12}]}'
    wait = asked_wait({"x-business-use-case-usage": usage})
    limited = error_for(GraphError.of(400, body(4)), now=NOW, wait=wait)
    assert isinstance(limited, RateLimited)
    assert limited.until == NOW + timedelta(minutes=12)
    unsaid = error_for(GraphError.of(400, body(17)), now=NOW, wait=asked_wait({}))
    assert isinstance(unsaid, RateLimited)
    assert unsaid.until == NOW + timedelta(hours=1)
    soon = commit_error_for(GraphError.of(400, body(24, 4279009)), now=NOW)
    assert isinstance(soon, NotReady)
    assert NOW < soon.until <= NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("headers", "full"),
    [
        ({}, False),
        ({"x-app-usage": '{"call_count":94,"total_time":1,"total_cputime":1}'}, False),
        ({"x-app-usage": '{"call_count":1,"total_time":95,"total_cputime":1}'}, True),
        ({"x-business-use-case-usage": '{"1":[{"call_count":3},{"total_cputime":100}]}'}, True),
        ({"x-app-usage": "not json", "x-business-use-case-usage": "[1]"}, False),
        ({"x-app-usage": '{"call_count":"many"}', "x-business-use-case-usage": '{"1":5}'}, False),
    ],
)
def test_usage_headers(headers, full):
    assert nearly_full(headers) is full


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ((4, 2207051), "account_restricted"),
        ((25, 4279013), "account_restricted"),
        ((368, 0), "account_restricted"),
        ((1, 2207052), "media_unreachable"),
        ((100, 0), "rejected"),
    ],
)
def test_a_refusal_has_a_word_for_machines(numbers, code):
    assert error_for(GraphError.of(400, body(*numbers)), now=NOW).code == code


def test_a_refusal_carries_the_networks_words_and_what_to_change():
    words = "The media could not be fetched from this URI. " * 20
    refused = error_for(GraphError.of(400, body(1, 2207052, error_user_msg=words)), now=NOW)
    assert "could not be fetched from this URI" in str(refused)
    assert len(refused.message) < 500
    assert "reachable from the internet" in refused.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2**53 + 1, "9007199254740993"), ("18", "18"), ("", None), (None, None), (True, None), (1.5, None)],
)
def test_ids_are_text_whatever_they_come_as(value, expected):
    assert identity({"id": value}) == expected
    assert identity([value]) is None


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: (
            st.lists(c)
            | st.dictionaries(
                st.sampled_from(
                    ["error", "code", "error_subcode", "message", "error_user_msg", "is_transient"]
                ),
                c,
            )
        ),
    )
)
def test_no_answer_is_too_strange_to_be_classified(strange):
    for status in (200, 400, 500):
        error = GraphError.of(status, strange)
        assert str(error_for(error, now=NOW))
        assert str(commit_error_for(error, now=NOW))
