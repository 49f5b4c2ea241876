"""Connecting the Pages of a person."""

from __future__ import annotations

import pytest
from tests.platforms.run import MemoryRun
from tests.platforms.scripted_facebook import ACCOUNTS, PAGE, Script, refused

from polypost.errors import ReconnectRequired
from polypost.platforms.base import Account, Tokens
from polypost.platforms.facebook import CONNECTOR

pytestmark = pytest.mark.anyio


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


async def test_a_login_stands_for_the_pages_it_can_post_to_over_all_pages_of_the_list(net: Script):
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


async def test_a_person_without_pages(net: Script):
    net.on(ACCOUNTS, (200, {"data": []}))
    assert await CONNECTOR.identify(login(net)) == []


async def test_a_list_that_never_ends_is_left(net: Script):
    again = {
        "data": [page(1)],
        "paging": {"cursors": {"after": "c"}, "next": "https://graph.facebook.com/"},
    }
    net.on(ACCOUNTS, (200, again))
    assert len(await CONNECTOR.identify(login(net))) == 100


async def test_a_page_s_own_token_says_which_page_it_is(net: Script):
    net.on(ACCOUNTS, (400, refused(100)))
    net.on("GET /v26.0/me", (200, page(7, token=False)))
    (found,) = await CONNECTOR.identify(login(net, "token-7"))
    assert (found.id, found.kind, found.tokens) == ("7", "page", None)


async def test_whether_a_connected_page_s_token_lives(net: Script):
    net.on("GET /v26.0/111", (200, page(111, token=False)))
    (found,) = await CONNECTOR.identify(login(net, account=PAGE))
    assert found.id == "111"
    net.on("GET /v26.0/111", (400, refused(190, 460)))
    with pytest.raises(ReconnectRequired) as dead:
        await CONNECTOR.identify(login(net, account=PAGE))
    assert dead.value.reason == "security_invalidation"
