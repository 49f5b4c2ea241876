"""What the error numbers and headers of Threads mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.families.meta.errors import Gone, GraphError, PermissionMissing
from polypost.platforms.families.meta.graph import asked_wait, identity
from polypost.platforms.threads.graph_errors import AlreadyLong, NotReady, commit_error_for, error_for

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


@pytest.mark.parametrize(("status", "expected"), [(401, TokenExpired), (429, RateLimited), (404, Rejected)])
def test_a_refusal_without_numbers(status, expected):
    assert type(error_for(GraphError.of(status, None), now=NOW)) is expected


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
