"""What the Graph API's error numbers and headers mean for a Page."""

from __future__ import annotations

import json
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
    Unavailable,
)
from polypost.platforms.facebook.graph_errors import Nowhere, WrongOffset, commit_error_for, error_for
from polypost.platforms.families.meta.errors import Gone, GraphError, ParameterRefused, PermissionMissing
from polypost.platforms.families.meta.graph import asked_wait, nearly_full

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

TABLE = {
    ReconnectRequired: [(102, 0), *((190, sub) for sub in (0, 458, 459, 460, 463, 464, 467, 492))],
    PermissionMissing: [(3, 0), (10, 0), (200, 0), (230, 0), (299, 0), (100, 1363042)],
    RateLimited: [(code, 0) for code in (4, 17, 32, 341, 613, 80001)],
    Gone: [(100, 33), (6000, 1363041)],
    WrongOffset: [(6000, 1363037)],
    Unavailable: [(1, 0), (2, 0), (6000, 1363030)],
    Duplicate: [(506, 0), (506, 1455006), (100, 1366051), (1366051, 0)],
    ParameterRefused: [(100, 0), (100, 9_999_999)],
    Rejected: [
        (324, 0),
        (324, 2069019),
        (352, 0),
        (352, 1363024),
        (6000, 0),
        (6000, 1363019),
        (100, 1363047),
        (1363026, 0),
        (100, 1366046),
        (1, 1366046),
        (368, 0),
        (368, 1390008),
        (368, 1346003),
        (200, 1404078),
        (100, 1404006),
        (100, 1404102),
        (100, 1404112),
        (200, 4854002),
        (1609005, 0),
        (100, 1609005),
        (100, 1609008),
        (100, 1609010),
        (110, 0),
    ],
}
ROWS = [(kind, code, subcode) for kind, numbers in TABLE.items() for code, subcode in numbers]


def said(code: int, subcode: int = 0, status: int = 400, **more: object) -> GraphError:
    error = {"code": code, "message": f"(#{code}) no"} | more
    return GraphError.of(status, {"error": error | ({"error_subcode": subcode} if subcode else {})})


@pytest.mark.parametrize(("kind", "code", "subcode"), ROWS)
def test_numbers_before_the_publishing_call(kind, code, subcode):
    assert type(error_for(said(code, subcode), now=NOW)) is kind


@pytest.mark.parametrize(("kind", "code", "subcode"), ROWS)
def test_numbers_in_the_answer_to_the_publishing_call(kind, code, subcode):
    found = commit_error_for(said(code, subcode), now=NOW)
    if kind is Unavailable:
        assert type(found) is OutcomeUnknown
    elif kind in {Gone, WrongOffset}:
        assert type(found) is Nowhere
    else:
        assert type(found) is kind


def test_policy_blocks_pause_the_account():
    for numbers in [(368, 0), (368, 1390008), (200, 1404078), (200, 4854002)]:
        assert error_for(said(*numbers), now=NOW).code == "account_restricted"


def test_short_subcodes_count_with_their_own_code_only():
    assert type(error_for(said(100, 460), now=NOW)) is ParameterRefused
    assert type(error_for(said(324, 33), now=NOW)) is Rejected


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [None, {}, [], {"error": "no"}, {"error": {"code": 368}}])
def test_a_5xx_to_the_publishing_call_leaves_it_open(status, body):
    assert type(commit_error_for(GraphError.of(status, body), now=NOW)) is OutcomeUnknown


def test_unknown_numbers_are_read_by_their_status():
    assert type(error_for(GraphError.of(429, None), now=NOW)) is RateLimited
    assert type(error_for(GraphError.of(401, None), now=NOW)) is ReconnectRequired
    assert type(error_for(GraphError.of(408, None), now=NOW)) is Unavailable
    assert type(error_for(said(99_999, is_transient=True), now=NOW)) is Unavailable
    assert type(error_for(said(99_999), now=NOW)) is Rejected


def test_the_offset_to_go_on_with_is_read():
    for data in ({"start_offset": 5, "end_offset": 9}, {"start_offset": "5", "end_offset": "9"}):
        assert error_for(said(6000, 1363037, error_data=data), now=NOW).piece == (5, 9)
    for data in ({}, {"start_offset": 5}, {"start_offset": "x", "end_offset": "9"}, "no"):
        assert error_for(said(6000, 1363037, error_data=data), now=NOW).piece is None


def test_what_people_are_told():
    told = error_for(said(368, error_user_msg="You cannot  post\nnow"), now=NOW)
    assert 'It says: "You cannot post now"' in str(told)
    assert told.next_step


def headers(app: int = 1, page: int = 1, bucket: int = 1, minutes: int = 0) -> dict[str, str]:
    row = {"type": "pages", "call_count": bucket, "total_time": 1, "estimated_time_to_regain_access": minutes}
    return {
        "x-app-usage": json.dumps({"call_count": app, "total_time": 1, "total_cputime": 1}),
        "x-page-usage": json.dumps({"call_count": 1, "total_time": page, "total_cputime": 1}),
        "x-business-use-case-usage": json.dumps({"111": [row]}),
    }


def test_usage_headers():
    assert not nearly_full(headers())
    assert not nearly_full(headers(94, 94, 94))
    assert nearly_full(headers(app=95))
    assert nearly_full(headers(page=95))
    assert nearly_full(headers(bucket=95))
    assert asked_wait(headers()) is None
    assert asked_wait(headers(minutes=7)) == timedelta(minutes=7)
    assert asked_wait(headers(minutes=7) | {"retry-after": "30"}) == timedelta(seconds=30)
    assert asked_wait(headers(minutes=10**9)) == timedelta(days=1)
    assert asked_wait({"retry-after": "9" * 30}) == timedelta(days=1)
    assert error_for(said(4), now=NOW, wait=timedelta(minutes=7)).until == NOW + timedelta(minutes=7)
    assert error_for(said(4), now=NOW).until == NOW + timedelta(minutes=15)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "code", "x"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=20), JSON)
def test_any_header_is_read(text, value):
    for raw in (text, json.dumps(value)):
        found = dict.fromkeys(
            ["x-app-usage", "x-page-usage", "x-business-use-case-usage", "retry-after"], raw
        )
        assert nearly_full(found) in {True, False}
        asked_wait(found)
