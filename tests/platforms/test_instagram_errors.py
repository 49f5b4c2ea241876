"""What Instagram's error numbers and headers mean."""

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
from polypost.platforms.families.meta.graph import asked_wait
from polypost.platforms.instagram.graph_errors import commit_error_for, container_error, error_for

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

# What the numbers mean before the publishing call, by class.
TABLE = {
    TokenExpired: [(190, 0), (190, 463), (190, 467), (102, 0)],
    PermissionMissing: [(3, 0), (10, 0), (200, 0), (230, 0), (299, 0)],
    ReconnectRequired: [(190, 458), (190, 459), (190, 460), (190, 464), (190, 492)],
    RateLimited: [
        *((code, 0) for code in (4, 17, 32, 341, 613, 80001, 80002)),
        (9, 2207042),
        (9007, 2207027),
    ],
    Gone: [(100, 33), (24, 2207006), (24, 2207008), (-2, 2207020)],
    Unavailable: [
        (1, 0),
        (2, 0),
        (-2, 2207003),
        (-1, 2207001),
        (-1, 2207032),
        (-1, 2207053),
        (-1, 2207077),
        (-1, 2207082),
    ],
    Duplicate: [(506, 0)],
    Rejected: [
        (1, 2207057),
        (4, 2207051),
        (10, 2207081),
        (25, 2207050),
        (100, 2207023),
        (100, 2207028),
        (100, 2207035),
        (100, 2207036),
        (100, 2207037),
        (100, 2207040),
        (100, 2207064),
        (110, 0),
        (324, 0),
        (352, 2207026),
        (368, 0),
        (9004, 2207052),
        (36000, 2207004),
        (36001, 2207005),
        (36003, 2207009),
        (36004, 2207010),
        (123456, 0),
    ],
}


def body(code, subcode=0, **more):
    error = {"message": "words", "type": "OAuthException", "code": code, "fbtrace_id": "A"} | more
    return {"error": error | ({"error_subcode": subcode} if subcode else {})}


@pytest.mark.parametrize(
    ("expected", "numbers"), [(kind, numbers) for kind, rows in TABLE.items() for numbers in rows]
)
def test_an_error_is_known_by_its_numbers(expected, numbers):
    assert type(error_for(GraphError.of(400, body(*numbers)), now=NOW)) is expected


@pytest.mark.parametrize(
    ("expected", "numbers"), [(kind, numbers) for kind, rows in TABLE.items() for numbers in rows]
)
def test_in_the_publishing_call_trouble_is_no_answer(expected, numbers):
    found = commit_error_for(GraphError.of(400, body(*numbers)), now=NOW)
    assert type(found) is (OutcomeUnknown if expected is Unavailable else expected)


def test_the_pause_of_a_rate_limit():
    usage = '{"1784":[{"type":"instagram","call_count":100,"estimated_time_to_regain_access":12}]}'
    wait = asked_wait({"x-business-use-case-usage": usage})
    for error, pause in ((body(80002), timedelta(minutes=12)), (body(4), timedelta(minutes=12))):
        limited = error_for(GraphError.of(400, error), now=NOW, wait=wait)
        assert isinstance(limited, RateLimited)
        assert limited.until == NOW + pause
    unsaid = error_for(GraphError.of(400, body(17)), now=NOW, wait=asked_wait({}))
    assert isinstance(unsaid, RateLimited)
    assert unsaid.until == NOW + timedelta(hours=1)
    soon = error_for(GraphError.of(400, body(9007, 2207027)), now=NOW)
    assert isinstance(soon, RateLimited)
    assert soon.until <= NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Error: Media upload has failed with error code 2207026", Rejected),
        ("2207009", Rejected),
        ("Error: Media upload has failed with error code 2207082", Unavailable),
        ("Error: Media upload has failed with error code 2207020", Gone),
        ("Error: something else", Unavailable),
        ("", Unavailable),
    ],
)
def test_a_container_says_why_it_failed(status, expected):
    assert type(container_error(status, now=NOW)) is expected


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ((4, 2207051), "account_restricted"),
        ((25, 2207050), "account_restricted"),
        ((368, 0), "account_restricted"),
        ((9004, 2207052), "media_unreachable"),
        ((352, 2207026), "media_rejected"),
        ((36003, 2207009), "media_rejected"),
        ((100, 2207028), "rejected"),
    ],
)
def test_a_refusal_has_a_word_for_machines(numbers, code):
    assert error_for(GraphError.of(400, body(*numbers)), now=NOW).code == code


def test_a_refusal_carries_the_networks_words_and_what_to_change():
    words = "The aspect ratio is not supported. " * 20
    refused = error_for(GraphError.of(400, body(36003, 2207009, error_user_msg=words)), now=NOW)
    assert "The aspect ratio is not supported." in str(refused)
    assert len(refused.message) < 500
    assert "Crop" in refused.message
