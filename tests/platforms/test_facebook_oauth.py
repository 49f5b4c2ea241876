"""Connecting the Pages of a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.platforms.run import MemoryRun
from tests.platforms.scripted_facebook import ACCOUNTS, PAGE, TOKEN, refused, with_network

from polypost import clock
from polypost.errors import RateLimited, ReconnectRequired, Rejected, Unavailable
from polypost.platforms.base import Account, App, Grant, Tokens
from polypost.platforms.facebook import CONNECTOR

APP = App("app", "secret")
GRANT = Grant("the-code#_=_", "https://polypost.example/callback")
LONG, SHORT = f"GET {TOKEN}", f"POST {TOKEN}"
PERMISSIONS, DEBUG = "GET /v26.0/me/permissions", "GET /v26.0/debug_token"
SCOPES = CONNECTOR.spec.oauth.scopes


def permissions(*names, declined=()):
    rows = [{"permission": name, "status": "granted"} for name in names]
    return {"data": rows + [{"permission": name, "status": "declined"} for name in declined]}


def logging_in(net):
    net.on(SHORT, (200, {"access_token": "short", "token_type": "bearer", "expires_in": 5000}))
    net.on(LONG, (200, {"access_token": "long", "token_type": "bearer", "expires_in": 5_183_944}))
    net.on(PERMISSIONS, (200, permissions(*SCOPES)))
    net.on(
        DEBUG, (200, {"data": {"is_valid": True, "user_id": "42", "data_access_expires_at": 1_800_000_000}})
    )


def page(number, *, tasks=("CREATE_CONTENT",), token=True, **more):
    row = {
        "id": str(number),
        "name": f"Page {number}",
        "username": f"page{number}",
        "link": f"https://www.facebook.com/{number}",
        "category": "Community",
        "picture": {"data": {"url": f"https://pictures.example/{number}"}},
        "tasks": list(tasks),
    }
    return row | ({"access_token": f"token-{number}"} if token else {}) | more


def login(net, token="long", account=Account(""), **extra):  # noqa: B008  # frozen
    return MemoryRun(net.http, account, token, extra=extra)


def test_the_code_buys_a_token_of_sixty_days():
    async def story(net):
        logging_in(net)
        tokens = await CONNECTOR.login.exchange(net.http, APP, GRANT)
        assert tokens.access_token == "long"
        assert tokens.refresh_token is None
        assert timedelta(days=59) < tokens.access_expires_at - clock.now() < timedelta(days=61)
        assert set(tokens.scopes) == set(SCOPES)
        assert tokens.extra["user_id"] == "42"
        assert tokens.extra["data_access_until"].startswith("2027-01-15")
        asked = net.calls[SHORT][0].fields
        assert asked == {
            "client_id": "app",
            "client_secret": "secret",
            "redirect_uri": GRANT.redirect_uri,
            "code": "the-code",
        }
        assert net.calls[LONG][0].fields["fb_exchange_token"] == "short"
        assert net.calls[PERMISSIONS][0].headers["authorization"] == "Bearer long"
        assert net.calls[DEBUG][0].fields == {"input_token": "long", "access_token": "app|secret"}

    with_network(story)


@pytest.mark.parametrize("body", [{"access_token": "long"}, {"access_token": "long", "expires_in": 0}])
def test_a_token_without_an_end(body):
    async def story(net):
        logging_in(net)
        net.on(LONG, (200, body))
        assert (await CONNECTOR.login.exchange(net.http, APP, GRANT)).access_expires_at is None

    with_network(story)


def test_a_connection_stands_without_what_debug_token_tells():
    async def story(net):
        logging_in(net)
        net.on(DEBUG, (400, refused(100)))
        assert "user_id" not in (await CONNECTOR.login.exchange(net.http, APP, GRANT)).extra

    with_network(story)


@pytest.mark.parametrize("lacking", ["pages_show_list", "pages_manage_posts", "pages_read_engagement"])
def test_a_login_that_declines_what_is_needed(lacking):
    async def story(net):
        logging_in(net)
        granted = [each for each in SCOPES if each != lacking]
        net.on(PERMISSIONS, (200, permissions(*granted, declined=[lacking])))
        with pytest.raises(Rejected, match=lacking):
            await CONNECTOR.login.exchange(net.http, APP, GRANT)

    with_network(story)


def test_comments_can_be_declined():
    async def story(net):
        logging_in(net)
        net.on(PERMISSIONS, (200, permissions(*SCOPES[:3], declined=SCOPES[3:])))
        assert (await CONNECTOR.login.exchange(net.http, APP, GRANT)).scopes == SCOPES[:3]

    with_network(story)


@pytest.mark.parametrize(
    ("route", "answer", "error"),
    [
        (SHORT, (400, refused(100, 36009)), Rejected),
        (SHORT, (400, refused(190)), Rejected),
        (LONG, (400, refused(190, 463)), Rejected),
        (SHORT, (400, refused(101)), Rejected),
        (SHORT, (500, b""), Unavailable),
        (SHORT, (200, {}), Unavailable),
        (LONG, (400, refused(4)), RateLimited),
    ],
)
def test_a_refused_login(route, answer, error):
    async def story(net):
        logging_in(net)
        net.on(route, answer)
        with pytest.raises(error):
            await CONNECTOR.login.exchange(net.http, APP, GRANT)

    with_network(story)


def test_a_login_stands_for_the_pages_it_can_post_to_over_all_pages_of_the_list():
    async def story(net):
        first = {
            "data": [page(1), page(2, tasks=["ANALYZE", "MODERATE"]), page(3, tasks=["MANAGE"])],
            "paging": {"cursors": {"after": "c1"}, "next": "https://evil.example/me/accounts?after=c1"},
        }
        second = {"data": [page(4, token=False), page(5)], "paging": {"cursors": {"after": "c2"}}}
        net.on(ACCOUNTS, (200, first), (200, second))
        found = await CONNECTOR.identify(login(net, scopes=["a", "b"], user_id="42"))
        assert [account.id for account in found] == ["1", "3", "5"]
        assert {account.kind for account in found} == {"page"}
        assert found[0].tokens == Tokens(
            "token-1", scopes=("a", "b"), extra={"scopes": ["a", "b"], "user_id": "42"}
        )
        assert (found[0].username, found[0].name) == ("page1", "Page 1")
        assert found[0].image_url == "https://pictures.example/1"
        assert found[0].metadata == {"category": "Community"}
        assert [call.fields.get("after") for call in net.calls[ACCOUNTS]] == [None, "c1"]

    with_network(story)


def test_a_person_without_pages():
    async def story(net):
        net.on(ACCOUNTS, (200, {"data": []}))
        assert await CONNECTOR.identify(login(net)) == []

    with_network(story)


def test_a_list_that_never_ends_is_left():
    async def story(net):
        again = {
            "data": [page(1)],
            "paging": {"cursors": {"after": "c"}, "next": "https://graph.facebook.com/"},
        }
        net.on(ACCOUNTS, (200, again))
        assert len(await CONNECTOR.identify(login(net))) == 100

    with_network(story)


def test_a_page_s_own_token_says_which_page_it_is():
    async def story(net):
        net.on(ACCOUNTS, (400, refused(100)))
        net.on("GET /v26.0/me", (200, page(7, token=False)))
        (found,) = await CONNECTOR.identify(login(net, "token-7"))
        assert (found.id, found.kind, found.tokens) == ("7", "page", None)

    with_network(story)


def test_whether_a_connected_page_s_token_lives():
    async def story(net):
        net.on("GET /v26.0/111", (200, page(111, token=False)))
        (found,) = await CONNECTOR.identify(login(net, account=PAGE))
        assert found.id == "111"
        net.on("GET /v26.0/111", (400, refused(190, 460)))
        with pytest.raises(ReconnectRequired) as dead:
            await CONNECTOR.identify(login(net, account=PAGE))
        assert dead.value.reason == "security_invalidation"

    with_network(story)


def test_nothing_renews_a_page_s_token():
    async def story(net):
        with pytest.raises(ReconnectRequired, match="renews no authorisation"):
            await CONNECTOR.login.refresh(net.http, APP, Tokens("token-1"))
        assert net.calls == {}

    with_network(story)
