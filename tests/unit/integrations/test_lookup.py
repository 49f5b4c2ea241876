"""Look-ups for somebody who waits: one live session, one refresh, and trouble told as an error of the API."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from polypost import clock
from polypost.errors import (
    NoAnswer,
    NotFound,
    NotSent,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
    UpstreamError,
)
from polypost.integrations import AccountCalls, Lookup, TokenSource, account_of, service
from polypost.platforms.base import Account, Tokens


async def room(world, *, life=timedelta(hours=1)):
    """A connected account and a room that asks for it."""
    pair = Tokens("access-0", "refresh-0", access_expires_at=clock.now() + life, scopes=("read", "write"))
    account = await world.store.write(
        lambda db: service.add(db, world.vault, "prj_a", Account("42", "ada"), pair, platform="fake")
    )
    calls = AccountCalls(world.store, world.make(TokenSource), world.networks)
    return Lookup(calls), account


def test_a_live_session_is_asked_once(in_world):
    async def story(world):
        lookup, account = await room(world)
        seen = []

        async def call(session):
            seen.append((session.token, session.account.id, session.account.username))
            return "answer"

        assert await lookup.ask(account, call) == "answer"
        assert seen == [("access-0", "42", "ada")]

    in_world(story)


def test_an_expiring_token_is_renewed_before_and_a_refused_one_after(in_world):
    async def story(world):
        lookup, account = await room(world, life=timedelta(seconds=-1))
        seen = []

        async def call(session):
            seen.append(session.token)
            if len(seen) == 1:
                raise TokenExpired("No.")
            return session.token

        assert await lookup.ask(account, call) == seen[1]
        assert len(set(seen)) == 2
        assert "access-0" not in seen
        assert len(world.net.requests) == 2

    in_world(story)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Rejected("No such thing.", code="rejected"), "rejected"),
        (RateLimited(clock.now(), "Later."), "rate_limited"),
        (Unavailable("Down."), "platform_unavailable"),
        (NotSent("Nothing left."), "not_sent"),
        (NoAnswer("Nothing came back."), "no_answer"),
    ],
    ids=["rejected", "rate_limited", "unavailable", "not_sent", "no_answer"],
)
def test_trouble_is_told_and_nothing_is_asked_twice(in_world, trouble, code):
    async def story(world):
        lookup, account = await room(world)
        asked = []

        async def call(session):
            asked.append(session.token)
            raise trouble

        with pytest.raises(UpstreamError) as told:
            await lookup.ask(account, call)
        assert (told.value.status, told.value.code, told.value.__cause__) == (502, code, trouble)
        assert str(trouble) in told.value.message
        assert len(asked) == 1
        found = await world.store.read(lambda db: service.get(db, "prj_a", account.id))
        assert found.auth_status == "active"

    in_world(story)


@pytest.mark.parametrize("error", [TokenExpired, ReconnectRequired])
def test_a_dead_authorisation_is_marked(in_world, error):
    async def story(world):
        lookup, account = await room(world)

        async def call(session):
            raise error("Not any more.", reason="access_revoked")

        for _ in range(2):
            with pytest.raises(UpstreamError) as told:
                await lookup.ask(account, call)
            assert told.value.code == "reconnect_required"
            assert "Connect the account again" in told.value.message
        found = await world.store.read(lambda db: service.get(db, "prj_a", account.id))
        assert (found.auth_status, found.auth_failure_reason) == ("reconnect_required", "access_revoked")

    in_world(story)


def test_a_network_that_is_silent_is_left_alone(in_world):
    async def story(world):
        lookup, account = await room(world)

        async def call(session):
            await asyncio.Event().wait()

        with pytest.raises(UpstreamError) as told:
            await lookup.ask(account, call, seconds=0.01)
        assert told.value.code == "no_answer"

    in_world(story)


def test_a_fault_of_ours_is_no_trouble_of_the_network(in_world):
    async def story(world):
        lookup, account = await room(world)

        async def call(session):
            raise KeyError("name")

        with pytest.raises(KeyError):
            await lookup.ask(account, call)

    in_world(story)


def test_the_account_that_is_asked(in_world):
    async def story(world):
        _, first = await room(world)
        pair = Tokens("a", "b")
        second = await world.store.write(
            lambda db: service.add(db, world.vault, "prj_a", Account("43"), pair, platform="fake")
        )
        other = await world.store.write(
            lambda db: service.add(db, world.vault, "prj_a", Account("44"), pair, platform="other")
        )

        async def chosen(project, platform, integration_id):
            return await world.store.read(lambda db: account_of(db, project, platform, integration_id))

        assert (await chosen("prj_a", "fake", None)).id == first.id
        assert (await chosen("prj_a", "fake", second.id)).id == second.id
        for project, platform, integration_id in (
            ("prj_a", "fake", other.id),
            ("prj_a", "fake", "int_none"),
            ("prj_a", "third", None),
            ("prj_b", "fake", None),
            ("prj_b", "fake", first.id),
        ):
            with pytest.raises(NotFound) as refused:
                await chosen(project, platform, integration_id)
            assert refused.value.code == "integration_not_found"
        await world.store.write(lambda db: service.disconnect(db, "prj_a", first.id))
        assert (await chosen("prj_a", "fake", None)).id == second.id

    in_world(story)
