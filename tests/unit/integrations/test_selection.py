"""Logins that stand for several accounts: offered once, chosen once, one authorisation for all of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from polypost import clock
from polypost.errors import InvalidRequest, NotFound
from polypost.integrations import Connect, Disconnect, TokenSource, service
from polypost.integrations.tables import selections
from polypost.platforms.base import Account, Tokens

BACK = "http://localhost:9/back"


def public_url():
    return "http://127.0.0.1:8080"


def choosy(world):
    """The network's logins stand for two pages from now on, the second with a token of its own."""
    world.connector.spec = replace(world.connector.spec, account_choice=True)
    ends = clock.now() + timedelta(days=60)

    async def identify(session):
        own = Tokens("page-token", access_expires_at=ends, scopes=("read",), extra={"page": "2"})
        return [
            Account("1", "one", "Page One", kind="page"),
            Account("2", "two", "Page Two", kind="page", tokens=own),
        ]

    world.connector.identify = identify
    return world.make(Connect, public_url)


async def token_of(world, connect, *, headless=True, redirect_uri=BACK):
    url = await connect.begin("prj_a", "fake", headless=headless, redirect_uri=redirect_uri)
    state = parse_qs(urlsplit(url).query)["state"][0]
    finished = await connect.finish("fake", {"state": state, "code": "c"})
    assert finished.error is None
    assert not finished.integrations
    return finished.redirect_to


def said(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_page_of_ones_own_is_told(in_world):
    async def story(world):
        connect = choosy(world)
        asked = said(await token_of(world, connect))
        assert (asked["status"], asked["platform"]) == ("selection_required", "fake")
        offer = await connect.offered("fake", asked["selectionToken"])
        assert [(each.id, each.kind, each.name) for each in offer.accounts] == [
            ("1", "page", "Page One"),
            ("2", "page", "Page Two"),
        ]
        assert 590 <= offer.seconds_left <= 600
        finished = await connect.choose("fake", asked["selectionToken"], ["2"])
        assert said(finished.redirect_to)["status"] == "success"
        (account,) = finished.integrations
        held = await world.make(TokenSource).live("prj_a", account.id)
        assert (held.access_token, held.extra["page"]) == ("page-token", "2")

    in_world(story)


def test_without_one_the_choice_is_made_here(in_world):
    async def story(world):
        connect = choosy(world)
        for headless, back in ((False, BACK), (True, None), (False, None)):
            away = await token_of(world, connect, headless=headless, redirect_uri=back)
            assert away.startswith(f"{public_url()}/v1/connect/fake/choose/")

    in_world(story)


def test_a_login_with_one_account_needs_no_choice(in_world):
    async def story(world):
        world.connector.spec = replace(world.connector.spec, account_choice=True)
        connect = world.make(Connect, public_url)
        url = await connect.begin("prj_a", "fake")
        state = parse_qs(urlsplit(url).query)["state"][0]
        finished = await connect.finish("fake", {"state": state, "code": "c"})
        assert [each.platform_user_id for each in finished.integrations] == ["42"]

    in_world(story)


def test_a_token_works_once_for_its_network_and_for_ten_minutes(in_world):
    async def story(world):
        connect = choosy(world)
        token = said(await token_of(world, connect))["selectionToken"]
        with pytest.raises(NotFound):
            await connect.offered("other", token)
        with pytest.raises(NotFound):
            await connect.choose("fake", token + "x", ["1"])
        with pytest.raises(InvalidRequest) as wrong:
            await connect.choose("fake", token, ["1", "3"])
        assert wrong.value.problems[0].path == "selectedAccountIds[1]"
        outcomes = await asyncio.gather(
            *(connect.choose("fake", token, ["1"]) for _ in range(5)), return_exceptions=True
        )
        assert sum(isinstance(each, NotFound) for each in outcomes) == 4
        late = said(await token_of(world, connect))["selectionToken"]
        clock.advance(601)
        with pytest.raises(NotFound):
            await connect.offered("fake", late)

    in_world(story)


def test_nothing_of_a_login_stands_open_in_the_store(in_world):
    async def story(world):
        connect = choosy(world)
        token = said(await token_of(world, connect))["selectionToken"]
        row = await world.store.read(lambda db: db.execute(select(selections)).one())
        assert "page-token" not in str(row)
        assert "access-" not in str(row)
        assert token not in str(row)
        await connect.choose("fake", token, ["1", "1"])
        row = await world.store.read(lambda db: db.execute(select(selections)).one())
        assert row.accounts == ""

    in_world(story)


def test_an_authorisation_ends_with_its_last_account(in_world):
    async def story(world):
        revoked = []

        async def revoke(http, app, tokens):
            revoked.append(tokens.access_token)

        world.connector.revoke = revoke
        connect = choosy(world)
        token = said(await token_of(world, connect))["selectionToken"]
        both = (await connect.choose("fake", token, ["1", "2"])).integrations
        disconnect = world.make(Disconnect)
        await disconnect("prj_a", both[0].id)
        assert revoked == []
        await disconnect("prj_a", both[1].id)
        assert revoked == ["page-token"]
        _, left = await world.store.read(
            lambda db: service.list_integrations(db, "prj_a", limit=10, offset=0, sort="asc")
        )
        assert left == []

    in_world(story)
