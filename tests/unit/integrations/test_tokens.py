"""Live tokens: one refresh for all who ask, stored before use, and an honest end (K4, P14)."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

import pytest

from polypost import clock
from polypost.errors import RateLimited, ReconnectRequired, Unavailable
from polypost.integrations import TokenSource, Vault, leases, service
from polypost.integrations.tables import integrations
from polypost.platforms.base import Account, Tokens

DAY = timedelta(days=1)


async def connected(world, *, life=timedelta(seconds=-1), scopes=("read", "write"), **tokens):
    """The id of an account whose access token has `life` left."""
    pair = Tokens("access-0", "refresh-0", access_expires_at=clock.now() + life, scopes=scopes, **tokens)
    added = await world.store.write(
        lambda db: service.add(db, world.vault, "prj_a", Account("42", "ada"), pair, platform="fake")
    )
    return added.id


async def row_of(world, integration_id):
    query = integrations.select().where(integrations.c.id == integration_id)
    return await world.store.read(lambda db: db.execute(query).one())


async def shift(world, integration_id, **values):
    change = integrations.update().where(integrations.c.id == integration_id).values(**values)
    await world.store.write(lambda db: db.execute(change) and None)


class Watched:
    """A store that counts the reads it has answered."""

    def __init__(self, store):
        self._store = store
        self.reads = 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def read(self, fn):
        result = await self._store.read(fn)
        self.reads += 1
        return result


def test_a_living_token_asks_nobody(in_world):
    async def story(world):
        account = await connected(world, life=timedelta(hours=1))
        source = world.make(TokenSource)
        assert (await source.live("prj_a", account)).access_token == "access-0"
        assert (await source.live("prj_a", account, refused="older")).access_token == "access-0"
        assert world.net.requests == []

    in_world(story)


@pytest.mark.parametrize("life", [timedelta(seconds=-1), timedelta(minutes=2)])
def test_twenty_who_ask_at_once_make_one_refresh(in_world, life):
    async def story(world):
        account = await connected(world, life=life)
        if life > timedelta():
            # Stored with an hour of life, of which two minutes are left.
            await shift(world, account, stale_at=clock.now() - timedelta(minutes=3))
        sources = [world.make(TokenSource), world.make(TokenSource)]
        world.net.gate.clear()
        asking = [asyncio.create_task(sources[place % 2].live("prj_a", account)) for place in range(20)]
        while not world.net.requests:
            await asyncio.sleep(0.01)
        world.net.gate.set()
        got = await asyncio.gather(*asking)
        assert {tokens.access_token for tokens in got} == {"access-1"}
        assert {tokens.refresh_token for tokens in got} == {"refresh-1"}
        assert len(world.net.requests) == 1
        fresh = TokenSource(world.store, world.vault, world.networks, world.apps, connectors=world.connectors)
        assert (await fresh.live("prj_a", account)).refresh_token == "refresh-1"

    in_world(story)


def test_a_refused_token_is_refreshed_once_for_all_who_were_refused(in_world):
    async def story(world):
        account = await connected(world, life=timedelta(hours=1))
        sources = [world.make(TokenSource), world.make(TokenSource)]
        got = await asyncio.gather(
            *(sources[place % 2].live("prj_a", account, refused="access-0") for place in range(20))
        )
        assert {tokens.access_token for tokens in got} == {"access-1"}
        assert (await sources[0].live("prj_a", account, refused="access-0")).access_token == "access-1"
        assert len(world.net.requests) == 1
        assert (await sources[0].live("prj_a", account, refused="access-1")).access_token == "access-2"

    in_world(story)


def test_short_lived_tokens_are_not_refreshed_at_each_use(in_world):
    async def story(world):
        world.net.life = 60
        account = await connected(world)
        source = world.make(TokenSource)
        for _ in range(3):
            await source.live("prj_a", account)
        assert len(world.net.requests) == 1

    in_world(story)


def test_who_stops_waiting_does_not_stop_the_refresh(in_world):
    async def story(world):
        account = await connected(world)
        source = world.make(TokenSource)
        world.net.gate.clear()
        asking = asyncio.create_task(source.live("prj_a", account))
        while not world.net.requests:
            await asyncio.sleep(0.01)
        asking.cancel()
        world.net.gate.set()
        await source.aclose()
        row = await row_of(world, account)
        assert (row.token_version, row.refresh_owner) == (2, None)

    in_world(story)


@pytest.mark.parametrize("rotates", [True, False])
def test_a_refusal_marks_the_account(in_world, rotates):
    async def story(world):
        account = await connected(world)
        world.net.mode = "refuse"
        source = world.make(TokenSource)
        for _ in range(2):
            with pytest.raises(ReconnectRequired) as refused:
                await source.live("prj_a", account)
            assert refused.value.reason == "token_expired"
        marked = await world.store.read(lambda db: service.get(db, "prj_a", account))
        assert (marked.auth_status, marked.auth_failure_reason) == ("reconnect_required", "token_expired")
        assert marked.auth_failure_detail == "Fake does not know this token."
        assert len(world.net.requests) == 1

    in_world(story, rotates=rotates)


@pytest.mark.parametrize(
    ("mode", "error"), [("down", Unavailable), ("busy", RateLimited), ("lost", Unavailable)]
)
def test_trouble_of_the_network_passes_and_the_next_try_succeeds(in_world, mode, error):
    async def story(world):
        account = await connected(world)
        world.store = watched = Watched(world.store)
        source = world.make(TokenSource)
        world.net.mode = mode
        world.net.gate.clear()
        asking = [asyncio.create_task(source.live("prj_a", account)) for _ in range(20)]
        # The twenty-first look is that of the one refresh, for its app.
        while watched.reads < 21:
            await asyncio.sleep(0.01)
        world.net.gate.set()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {error}
        assert len(world.net.requests) == 1
        world.net.mode = "ok"
        assert (await source.live("prj_a", account)).refresh_token == "refresh-2"
        row = await row_of(world, account)
        assert (row.auth_status, row.refresh_in_doubt) == ("active", False)

    in_world(story)


def test_an_unreachable_network_leaves_no_doubt(in_world):
    async def story(world):
        account = await connected(world)
        await world.net.stop()
        with pytest.raises(Unavailable):
            await world.make(TokenSource).live("prj_a", account)
        row = await row_of(world, account)
        assert (row.refresh_in_doubt, row.refresh_owner, row.auth_status) == (False, None, "active")
        await world.net.start()

    in_world(story)


def test_a_lost_answer_that_used_the_token_up_is_told_as_such(in_world):
    async def story(world):
        account = await connected(world)
        source = world.make(TokenSource)
        world.net.mode = "lost_after"
        with pytest.raises(Unavailable):
            await source.live("prj_a", account)
        assert (await row_of(world, account)).auth_status == "active"
        world.net.mode = "ok"
        with pytest.raises(ReconnectRequired) as refused:
            await source.live("prj_a", account)
        assert "its answer was lost" in refused.value.message
        assert refused.value.reason == "refresh_rejected"
        assert [form["refresh_token"] for _, form in world.net.requests] == ["refresh-0", "refresh-0"]

    in_world(story)


def test_a_lease_of_a_dead_process_is_taken_over_with_doubt(in_world):
    async def story(world):
        account = await connected(world)
        held, mine = await world.store.write(
            lambda db: leases.claim(db, world.vault, "prj_a", account, None, "lease_dead")
        )
        assert mine
        world.net.refresh_token = "consumed by the dead"
        _, again = await world.store.write(
            lambda db: leases.claim(db, world.vault, "prj_a", account, None, "lease_other")
        )
        assert not again
        await shift(world, account, refresh_until=clock.now() - timedelta(seconds=1))
        with pytest.raises(ReconnectRequired) as refused:
            await world.make(TokenSource).live("prj_a", account)
        assert "its answer was lost" in refused.value.message
        # The dead was only slow: what it brings is the newest pair there is.
        late = Tokens("late-access", "late-refresh")
        assert await world.store.write(lambda db: leases.keep(db, world.vault, held, late)) == late
        assert (await world.make(TokenSource).live("prj_a", account)).access_token == "late-access"

    in_world(story)


def test_a_slow_refresh_does_not_overwrite_a_new_connection(in_world):
    async def story(world):
        account = await connected(world)
        source = world.make(TokenSource)
        world.net.gate.clear()
        asking = asyncio.create_task(source.live("prj_a", account))
        while not world.net.requests:
            await asyncio.sleep(0.01)
        new = Tokens("new-access", "new-refresh", scopes=("read", "write"))
        await world.store.write(
            lambda db: service.add(db, world.vault, "prj_a", Account("42"), new, platform="fake")
        )
        world.net.gate.set()
        assert (await asking).access_token == "new-access"
        assert (await source.live("prj_a", account)).access_token == "new-access"

    in_world(story)


def test_permissions_that_are_taken_back_need_a_person(in_world):
    async def story(world):
        account = await connected(world)
        world.net.scopes = "read"
        with pytest.raises(ReconnectRequired, match="write") as refused:
            await world.make(TokenSource).live("prj_a", account)
        assert refused.value.reason == "access_revoked"
        assert (await row_of(world, account)).auth_failure_reason == "access_revoked"

    in_world(story)


def test_disconnected_foreign_and_absent_accounts_need_a_person(in_world):
    async def story(world):
        account = await connected(world, life=timedelta(hours=1))
        source = world.make(TokenSource)
        await world.store.write(lambda db: service.disconnect(db, "prj_a", account))
        for project, integration in (("prj_a", account), ("prj_b", account), ("prj_a", "int_none")):
            with pytest.raises(ReconnectRequired):
                await source.live(project, integration)
        assert world.net.requests == []

    in_world(story)


def test_without_an_app_nothing_is_asked(in_world):
    async def story(world):
        account = await connected(world)
        world.app = None
        with pytest.raises(Unavailable) as refused:
            await world.make(TokenSource).live("prj_a", account)
        assert refused.value.code == "not_configured"

    in_world(story)


def test_unused_accounts_are_renewed_before_their_time_is_over(in_world):
    async def story(world):
        account = await connected(world, life=60 * DAY, refresh_expires_at=clock.now() + 90 * DAY)
        source = world.make(TokenSource)
        assert await source.renew_due() == 0
        await shift(world, account, renew_at=clock.now() - DAY)
        assert await source.renew_due() == 1
        assert await source.renew_due() == 0
        assert (await source.live("prj_a", account)).refresh_token == "refresh-1"

    in_world(story)


@pytest.mark.parametrize("mode", ["refuse", "down", "busy", "lost"])
def test_an_early_renewal_that_fails_leaves_the_living_token_in_use(in_world, mode):
    async def story(world):
        account = await connected(world, life=10 * DAY)
        await shift(world, account, renew_at=clock.now() - DAY)
        world.net.mode = mode
        source = world.make(TokenSource)
        for _ in range(3):
            assert (await source.live("prj_a", account)).access_token == "access-0"
        row = await row_of(world, account)
        assert (row.auth_status, row.renew_at > clock.now()) == ("active", True)
        assert len(world.net.requests) == 1

    in_world(story)


def test_one_broken_account_does_not_hold_the_others_up(in_world):
    async def story(world):
        account = await connected(world)
        other = await world.store.write(
            lambda db: service.add(
                db,
                world.vault,
                "prj_b",
                Account("7"),
                Tokens("access", "no such token", access_expires_at=clock.now()),
                platform="fake",
            )
        )
        for integration in (account, other.id):
            await shift(world, integration, renew_at=clock.now() - DAY)
        assert await world.make(TokenSource).renew_due() == 2
        assert (await row_of(world, account)).token_version == 2
        assert (await row_of(world, other.id)).auth_status == "reconnect_required"

    in_world(story)


def test_tokens_of_another_master_key_are_not_taken_for_dead(in_world):
    async def story(world):
        account = await connected(world)
        world.vault = Vault(os.urandom(32))
        with pytest.raises(Exception, match="another master key"):
            await world.make(TokenSource).live("prj_a", account)
        assert (await row_of(world, account)).auth_status == "active"

    in_world(story)
