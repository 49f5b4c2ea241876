"""What may end an account when its token is renewed: a refusal that the network names, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from tests.platforms.answering import Net, with_answers
from tests.platforms.conformance import Case

from polypost.errors import PolypostError, RateLimited, ReconnectRequired, Unavailable
from polypost.platforms.base import Account, App, Tokens
from polypost.platforms.registry import BUILT_IN, connector

CASES: list[Case] = [import_module(f"tests.platforms.conformance.{name}").CASE for name in BUILT_IN]
ASKING = [case for case in CASES if case.dead]
DEAD = [(case, answer) for case in ASKING for answer in case.dead]
TOKENS = Tokens("token-1", "refresh-1", extra={"server": "example.social", "pds": "https://pds.example"})
APP = App("app-1", "secret-1")

# What stands between us and a network says such things; none of it is about the token.
PAGE = b"<!doctype html><title>Maintenance</title>"
NOT_SAID: dict[str, tuple[int, Any]] = {
    "400 without a word": (400, b""),
    "400 with a page": (400, PAGE),
    "400 with an empty object": (400, {}),
    "400 with a list": (400, ["invalid_grant"]),
    "400 with a word of its own": (400, {"error": "bad_gateway_policy", "code": "x", "message": "No."}),
    "401 with a page": (401, PAGE),
    "403 with a page": (403, PAGE),
    "403 of a firewall": (403, {"message": "Forbidden"}),
    "404 with a page": (404, PAGE),
    "404 of a gateway": (404, {"message": "no Route matched with those values"}),
    "405": (405, PAGE),
    "407": (407, PAGE),
    "408": (408, b""),
    "410": (410, PAGE),
    "413": (413, PAGE),
    "418": (418, {"error": "blocked"}),
    "451": (451, PAGE),
    "302 to a login page": (302, PAGE),
    "200 with a page": (200, PAGE),
    "200 with an empty object": (200, {}),
    "429": (429, PAGE),
    "500": (500, b""),
    "501": (501, PAGE),
    "502": (502, PAGE),
    "503": (503, PAGE),
    "504": (504, {"error": "invalid_grant"}),
}


def _renewed(case: Case, answer: tuple[int, Any]) -> Exception | None:
    """What a renewal that is answered so raises."""
    raised: list[Exception] = []

    async def story(net: Net) -> None:
        network = connector(case.platform)
        assert network is not None
        try:
            await network.login.refresh(net.session.http, APP, TOKENS)
        except PolypostError as error:
            raised.append(error)
        assert net.asked

    # Elsewhere it is asked whether the app is to blame; it is not.
    with_answers(
        case.platform,
        Account("1"),
        lambda asked: answer if asked.path == (case.refreshes or asked.path) else (403, {}),
        story,
    )
    return raised[0] if raised else None


@pytest.mark.parametrize("case", ASKING, ids=lambda case: case.platform)
def test_what_names_no_refusal_ends_no_account(case: Case) -> None:
    raised = {name: _renewed(case, said) for name, said in NOT_SAID.items()}
    assert {
        name: error for name, error in raised.items() if not isinstance(error, Unavailable | RateLimited)
    } == {}


@pytest.mark.parametrize(("case", "answer"), DEAD, ids=[f"{case.platform}-{answer}" for case, answer in DEAD])
def test_a_named_refusal_ends_the_account(case: Case, answer: tuple[int, Any]) -> None:
    assert isinstance(_renewed(case, answer), ReconnectRequired)


@pytest.mark.parametrize("case", [case for case in CASES if not case.dead], ids=lambda case: case.platform)
def test_where_nothing_renews_nobody_is_asked(case: Case) -> None:
    async def story(net: Net) -> None:
        network = connector(case.platform)
        assert network is not None
        with pytest.raises(ReconnectRequired):
            await network.login.refresh(net.session.http, APP, TOKENS)
        assert net.asked == []

    with_answers(case.platform, Account("1"), lambda _: (200, {}), story)
