"""What every network's login by OAuth 2.0 promises, on each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.platforms.answering import Answer, Asked, Net, with_answers
from tests.platforms.logins import APP, COMMON, LOGINS, OLD, TROUBLE, Login, long_lived

from polypost import clock
from polypost.errors import NotSent, PolypostError, RateLimited, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, OnServers, Tokens
from polypost.platforms.families.meta.errors import ParameterRefused
from polypost.platforms.registry import connector, connectors

Call = Callable[[NetworkClient], Awaitable[Any]]
IN_PAIRS = [login for login in LOGINS if login.renews == "refresh_token"]
BY_ITSELF = [login for login in LOGINS if login.renews not in {"", "refresh_token"}]
REFUSALS = [
    (login, answer, ends)
    for login in LOGINS
    for ends, answers in ((TROUBLE, COMMON), (login.limited, ((429, b""),)), *login.refusals.items())
    for answer in answers
]
KINDS = {
    "rejected": Rejected,
    "platform_setup": Rejected,
    "app_unknown": Rejected,
    "reconnect_required": ReconnectRequired,
    "platform_unavailable": Unavailable,
    "rate_limited": RateLimited,
}


def on(logins: Any) -> Any:
    return pytest.mark.parametrize("login", logins, ids=lambda login: login.platform)


def flow(login: Login) -> Any:
    network = connector(login.platform)
    assert network is not None
    return network.login


def exchanging(login: Login) -> Call:
    return lambda http: flow(login).exchange(http, APP, login.grant)


def renewing(login: Login, tokens: Tokens = OLD, app: App = APP) -> Call:
    return lambda http: flow(login).refresh(http, app, tokens)


def told(login: Login, call: Call, answers: Mapping[str, Answer]) -> tuple[Any, list[Asked]]:
    """What a call comes to, which may be an error, and what it asked for; the rest is refused."""
    found: list[Any] = []

    async def story(net: Net) -> None:
        try:
            found.append(await call(net.session.http))
        except PolypostError as error:
            found.append(error)
        found.append(net.asked)

    with_answers(login.platform, Account("1"), lambda asked: answers.get(route(asked), (403, {})), story)
    return found[0], found[1]


def exchanged(login: Login, **instead: Answer) -> tuple[Any, list[Asked]]:
    """The same of a login, with some other answers."""
    answers: dict[str, Answer] = {name: (200, answer) for name, (_, answer) in login.calls.items()}
    return told(login, exchanging(login), answers | instead)


def route(asked: Asked) -> str:
    return f"{asked.method} {asked.path}"


def fields(asked: Asked) -> dict[str, str]:
    """The parameters of query and form, and the token of the header."""
    found = dict(parse_qsl(f"{asked.raw}&{asked.body.decode()}", keep_blank_values=True))
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    return found | ({"bearer": token} if scheme == "Bearer" else {})


def plain(tokens: Tokens) -> Tokens:
    """Tokens without their ends; those that are renewed by themselves are so at their half."""
    extra, end = dict(tokens.extra), tokens.access_expires_at
    if issued := extra.pop("issued_at", None):
        born, half = datetime.fromisoformat(issued), extra.pop("refresh_at", None)
        assert (half and datetime.fromisoformat(half) - born) == (end and (end - born) / 2)
    return replace(tokens, access_expires_at=None, refresh_expires_at=None, extra=extra)


def live(tokens: Tokens, lives: tuple[float | None, float | None], before: datetime) -> bool:
    """Whether the tokens end so many seconds after they came, which was not before `before`."""
    ends = (tokens.access_expires_at, tokens.refresh_expires_at)
    return all(
        end is None if life is None else end and before <= end - timedelta(seconds=life) <= clock.now()
        for end, life in zip(ends, lives, strict=True)
    )


def expect(error: Any, code: str, answer: Any, says: str = "") -> None:
    # Meta tells a refused parameter apart.
    assert (type(error), error.code) in {(KINDS[code], code), (ParameterRefused, code)}
    named = answer[1].get("error_description", "") if isinstance(answer[1], dict) else ""
    assert named in error.message
    assert says in error.message


def test_every_network_with_such_a_login_is_told() -> None:
    having = {each.spec.id for each in connectors() if each.spec.oauth or isinstance(each, OnServers)}
    assert {login.platform for login in LOGINS} == having


@on(LOGINS)
def test_a_code_becomes_tokens(login: Login) -> None:
    before = clock.now()
    tokens, asked = exchanged(login)
    sent = [(name, form) for name, (form, _) in login.calls.items()]
    assert [(route(each), fields(each)) for each in asked] == sent
    assert asked[0].headers.get("authorization") == login.header
    assert plain(tokens) == login.got
    assert live(tokens, login.lives, before)


@pytest.mark.parametrize(
    ("login", "answer", "ends"), REFUSALS, ids=[f"{each[0].platform}-{each[1]}" for each in REFUSALS]
)
def test_refusals(login: Login, answer: Answer, ends: tuple[str, str]) -> None:
    redeemed, renewed = ends
    error, asked = exchanged(login, **{login.token: answer})
    says = (
        {"rejected": "refused the login", "platform_setup": "redirect address"} if login in IN_PAIRS else {}
    )
    expect(error, redeemed, answer, "without a token" if answer == (200, {}) else says.get(redeemed, ""))
    # A code is shown once, whatever comes of it.
    assert [route(each) for each in asked].count(login.token) == 1
    if login.renews:
        error, _ = told(login, renewing(login), {login.renewal: answer})
        ended = renewed == "reconnect_required"
        expect(error, renewed, answer, "did not renew the authorisation" if ended else "")
        assert not ended or error.reason == "refresh_rejected"


@pytest.mark.parametrize(
    ("login", "answers", "becomes", "more"),
    [(login, *variant) for login in LOGINS for variant in login.variants],
    ids=[f"{login.platform}-{variant[0]}" for login in LOGINS for variant in login.variants],
)
def test_a_login_with_another_answer(login: Login, answers: Any, becomes: Tokens | str, more: Any) -> None:
    before = clock.now()
    found, _ = exchanged(login, **answers)
    if isinstance(becomes, Tokens):
        assert plain(found) == becomes
        assert live(found, more, before)
    else:
        (answer,) = answers.values()
        expect(found, becomes, answer, more)


@on(LOGINS)
def test_a_network_that_is_away_stays_the_clients_error(login: Login) -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        networks = Networks({login.platform: f"http://127.0.0.1:{port}"})
        for call in (exchanging(login), *([renewing(login)] if login.renews else [])):
            with pytest.raises(NotSent):
                await call(networks.client(login.platform))
        await networks.aclose()

    asyncio.run(main())


@on(IN_PAIRS)
def test_a_renewal_gives_a_new_pair(login: Login) -> None:
    before = clock.now()
    answer = {login.token: (200, login.calls[login.token][1] | {"refresh_token": "refresh-2"})}
    tokens, asked = told(login, renewing(login), answer)
    sent = {"grant_type": "refresh_token", "refresh_token": "refresh-1"}
    app = {name: value for name, value in login.form.items() if name.startswith("client_")}
    assert [fields(each) for each in asked] == [sent | app]
    assert asked[0].headers.get("authorization") == login.header
    assert plain(tokens) == replace(login.got, refresh_token="refresh-2", extra=OLD.extra)
    assert live(tokens, login.lives, before)
    # An app without a secret names itself in the form.
    _, asked = told(login, renewing(login, app=App(APP.client_id, "")), answer)
    assert fields(asked[0]) == sent | {next(iter(app), "client_id"): APP.client_id}
    assert "authorization" not in asked[0].headers


@on(IN_PAIRS)
@pytest.mark.parametrize(
    "more", [{}, {"refresh_token": ""}, {"refresh_token": None, "scope": None, "expires_in": None}]
)
def test_what_a_renewal_leaves_out_stays_as_it_was(login: Login, more: dict[str, Any]) -> None:
    old = replace(OLD, access_expires_at=clock.now(), refresh_expires_at=clock.now() + timedelta(days=20))
    answer = (200, {"access_token": "access-2"} | more)
    tokens, _ = told(login, renewing(login, old), {login.token: answer})
    assert tokens == replace(old, access_token="access-2", access_expires_at=None)


@on(IN_PAIRS)
@pytest.mark.parametrize(
    "name", ["refresh_token_expires_in", "refresh_expires_in", "refresh_token_expires_at", "another"]
)
def test_a_new_refresh_token_has_an_end_of_its_own(login: Login, name: str) -> None:
    before, life = clock.now(), 604_799
    end = before.replace(microsecond=0) + timedelta(days=7)
    body = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 60, "scope": "b c"}
    answer = (200, body | {name: int(end.timestamp()) if name.endswith("_at") else life})
    old = replace(OLD, refresh_expires_at=before + timedelta(days=20))
    tokens, _ = told(login, renewing(login, old), {login.token: answer})
    assert plain(tokens) == replace(
        OLD, access_token="access-2", refresh_token="refresh-2", scopes=("b", "c")
    )
    if name.endswith("_at"):
        assert tokens.refresh_expires_at == end
    else:
        assert live(tokens, (60, life if name.endswith("_in") else None), before)


@on([login for login in LOGINS if login not in BY_ITSELF])
def test_nothing_is_asked_without_a_refresh_token(login: Login) -> None:
    error, asked = told(login, renewing(login, replace(OLD, refresh_token=None)), {})
    assert (type(error), asked) == (ReconnectRequired, [])
    assert login.unrenewed in error.message


@on(BY_ITSELF)
def test_a_token_is_renewed_by_itself(login: Login) -> None:
    before = clock.now()
    answer = (200, long_lived(5_184_000) | {"permissions": "b,c"})
    old = replace(OLD, extra={"issued_at": (before - timedelta(hours=25)).isoformat()})
    tokens, asked = told(login, renewing(login, old), {login.renewal: answer})
    assert [route(each) for each in asked] == [login.renewal]
    assert fields(asked[0]) == {"grant_type": login.renews, "access_token": "access-1"}
    scopes = ("b", "c") if login.platform == "instagram" else OLD.scopes
    assert plain(tokens) == Tokens("access-2", scopes=scopes)
    assert live(tokens, (5_184_000, None), before)
    # One of today is left alone.
    young = replace(OLD, extra={"issued_at": (before - timedelta(hours=23)).isoformat()})
    tokens, asked = told(login, renewing(login, young), {})
    assert tokens is young
    assert asked == []


@on(LOGINS)
def test_an_authorisation_is_ended(login: Login) -> None:
    def revoked(answer: Answer) -> tuple[Any, list[Asked]]:
        return told(login, lambda http: flow(login).revoke(http, APP, OLD), {login.revoke: answer})

    for answer in ((200, {}), *login.dead):
        ended, asked = revoked(answer)
        assert ended is None
        assert [(route(each), fields(each)) for each in asked] == [
            (login.revoke, form) for form in login.ended
        ]
        assert {each.headers.get("authorization") for each in asked} <= {login.header}
    for code, answer in (
        {"platform_unavailable": (503, b""), **login.unrevoked}.items() if login.revoke else ()
    ):
        error, asked = revoked(answer)
        assert isinstance(error, KINDS[code])
        assert (error.code, len(asked)) == (code, 1)
