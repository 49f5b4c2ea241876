"""What the numbers, statuses and headers of Meta's Graph APIs mean on each of its networks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polypost.errors import OutcomeUnknown, PlatformError, RateLimited, ReconnectRequired, Unavailable
from polypost.platforms.facebook import graph_errors as facebook
from polypost.platforms.families.meta.graph import asked_wait, nearly_full
from polypost.platforms.instagram import graph_errors as instagram
from polypost.platforms.threads import graph_errors as threads

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NETWORKS = {"facebook": facebook, "instagram": instagram, "threads": threads}
each = pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS)


def said(net: ModuleType, code: int, subcode: int = 0, status: int = 400, **more: Any) -> Any:
    error = {"message": "words", "type": "OAuthException", "code": code, "fbtrace_id": "A"} | more
    return net.GraphError.of(status, {"error": error | ({"error_subcode": subcode} if subcode else {})})


@each
@pytest.mark.parametrize("status", [302, 500, 502, 503, 504])
def test_a_status_without_numbers(net: ModuleType, status: int) -> None:
    assert type(net.error_for(net.GraphError.of(status, None), now=NOW)) is Unavailable
    assert type(net.commit_error_for(net.GraphError.of(status, None), now=NOW)) is OutcomeUnknown


@each
def test_a_server_error_with_a_clear_number_is_still_unclear_in_the_publishing_call(net: ModuleType) -> None:
    for numbers in ((36003, 2207009), (24, 4279009), (368,)):
        error = said(net, *numbers, status=500)
        assert type(net.commit_error_for(error, now=NOW)) is OutcomeUnknown


@each
def test_a_transient_flag_counts_where_the_number_says_nothing(net: ModuleType) -> None:
    error = said(net, 987654, is_transient=True)
    assert type(net.error_for(error, now=NOW)) is Unavailable
    assert type(net.commit_error_for(error, now=NOW)) is OutcomeUnknown


@each
def test_told_to_come_back_before_anything_was_done(net: ModuleType) -> None:
    wait = asked_wait({"retry-after": "90"})
    later = net.commit_error_for(net.GraphError.of(503, None), now=NOW, wait=wait, told_to_wait=True)
    assert isinstance(later, RateLimited)
    assert later.until == NOW + timedelta(seconds=90)
    doubtful = net.commit_error_for(said(net, 2, status=503), now=NOW, told_to_wait=True)
    assert isinstance(doubtful, OutcomeUnknown)


@each
@pytest.mark.parametrize(
    ("subcode", "reason"),
    [
        (0, "token_expired"),
        (458, "access_revoked"),
        (459, "security_invalidation"),
        (460, "security_invalidation"),
        (463, "token_expired"),
        (464, "security_invalidation"),
        (467, "token_expired"),
        (492, "access_revoked"),
    ],
)
def test_why_an_account_has_to_be_connected_again(net: ModuleType, subcode: int, reason: str) -> None:
    found = net.error_for(said(net, 190, subcode), now=NOW)
    assert isinstance(found, ReconnectRequired)
    assert found.reason == reason


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
def test_usage_headers(headers: dict[str, str], full: bool) -> None:
    assert nearly_full(headers) is full


MEMBERS = ["error", "code", "error_subcode", "message", "error_user_msg", "is_transient"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(MEMBERS), inner),
)


@each
@settings(deadline=None)
@given(status=st.sampled_from([200, 400, 500]) | st.integers(100, 599), strange=JSON)
def test_no_answer_is_too_strange_to_be_classified(net: ModuleType, status: int, strange: Any) -> None:
    error = net.GraphError.of(status, strange)
    for found in (net.error_for(error, now=NOW), net.commit_error_for(error, now=NOW)):
        assert isinstance(found, PlatformError)
        assert str(found)
