"""What every network that tells figures is put through: a post made here, as time passes, beside one that is not there."""

from __future__ import annotations

import asyncio
from dataclasses import astuple, replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.engine.room import Room, play
from tests.platforms.conformance import Case
from tests.platforms.conformance.stage import Stage

from polypost import clock
from polypost.errors import TokenExpired
from polypost.integrations import AccountSession
from polypost.platforms.abilities import MetricsSource
from polypost.platforms.base import App, Proof, Tokens
from polypost.platforms.registry import BUILT_IN, connector
from polypost.storage import metadata, open_store

TELLING = [platform for platform in BUILT_IN if isinstance(connector(platform), MetricsSource)]
NOTHING = (None,) * 9
# Of the networks that are built in, this one counts nothing of a single post.
SILENT = {"googlebusiness"}
# Figures are open to everybody here, and read without a token.
OPEN = {"bluesky"}
LATER = timedelta(hours=30)


def session_of(stage: Stage) -> AccountSession:
    tokens = stage.known.tokens or Tokens(stage.entry["accessToken"], extra=stage.entry.get("extra", {}))
    return AccountSession(stage.room.networks.client(stage.case.platform), tokens, stage.known)


async def renewed(stage: Stage) -> AccountSession:
    """The same when its token has ended."""
    entry, network = stage.entry, connector(stage.case.platform)
    assert network is not None
    old = session_of(stage)
    tokens = replace(old.tokens, refresh_token=entry["refreshToken"])
    app = App(entry["clientId"], entry["clientSecret"])
    return AccountSession(old.http, await network.login.refresh(old.http, app, tokens), stage.known)


def another(number: str) -> str:
    """An id of the same form that nothing has."""
    last = number[-1]
    return number[:-1] + (str((int(last) + 1) % 10) if last.isdecimal() else "a" if last != "a" else "b")


def on_stage(case: Case, folder: Path, story: Any) -> None:
    async def act(room: Room) -> None:
        await room.start()
        await story(await Stage.set(room, case))

    async def main() -> None:
        store = open_store(folder / "data", None)
        try:
            await store.write(metadata.create_all)
            await play(act, only=case.platform)(store)
        finally:
            await store.close()

    asyncio.run(main())


def test_who_tells_figures() -> None:
    # The other three are added in a branch of their own.
    assert set(BUILT_IN) - set(TELLING) - {"facebook", "instagram", "threads"} == SILENT


@pytest.mark.parametrize("platform", TELLING)
def test_figures_of_a_post(platform: str, tmp_path: Path) -> None:
    case: Case = import_module(f"tests.platforms.conformance.{platform}").CASE
    network = connector(platform)
    assert isinstance(network, MetricsSource)

    async def story(stage: Stage) -> None:
        begun = clock.now() - timedelta(seconds=2)
        row = await stage.publish(case.kinds[0])
        proof = Proof(row.proof_id, row.proof_url)
        unknown = Proof(another(proof.id))
        session = session_of(stage)

        figures = await network.measure(session, [unknown, proof, proof])
        assert set(figures) == {proof.id}
        first = figures[proof.id]
        assert astuple(first) != NOTHING
        assert first.engagement_rate is None
        assert await network.measure(session, [unknown]) == {}
        assert await network.measure(session, []) == {}
        # What no network would give as an id is not asked for.
        assert await network.measure(session, [Proof("no such/id?&"), Proof("")]) == {}

        await stage.room.pass_time(LATER)
        if case.lasting and timedelta(seconds=case.lasting) < LATER:
            if platform not in OPEN:
                with pytest.raises(TokenExpired):
                    await network.measure(session, [proof])
            session = await renewed(stage)
        later = (await network.measure(session, [proof]))[proof.id]
        grown = list(zip(astuple(first), astuple(later), strict=True))
        assert all((old is None) == (new is None) for old, new in grown)
        assert all(new >= old for old, new in grown if old is not None)
        assert any(new > old for old, new in grown if old is not None)

        until = clock.now()
        (found,) = await network.recent(session, since=begun, until=until, most=10)
        assert found.proof.id == proof.id
        assert found.published_at is not None
        assert begun <= found.published_at <= until
        assert found.metrics == later
        assert case.kinds[0].text in (found.text or "")
        assert await network.recent(session, since=begun + timedelta(hours=20), until=until, most=10) == []
        before = begun - timedelta(days=1)
        assert await network.recent(session, since=before, until=begun, most=10) == []

    on_stage(case, tmp_path, story)


@pytest.mark.parametrize("platform", TELLING)
def test_the_newest_posts_come_first(platform: str, tmp_path: Path) -> None:
    case: Case = import_module(f"tests.platforms.conformance.{platform}").CASE
    network = connector(platform)
    assert isinstance(network, MetricsSource)

    async def story(stage: Stage) -> None:
        begun = clock.now() - timedelta(seconds=2)
        ids = []
        for number in range(3):
            row = await stage.publish(case.kinds[0], mark=f"number {number}")
            ids.append(row.proof_id)
            await stage.room.pass_time(timedelta(minutes=10))
        until = clock.now()
        session = session_of(stage)
        found = await network.recent(session, since=begun, until=until, most=2)
        assert [each.proof.id for each in found] == [ids[2], ids[1]]
        assert set(await network.measure(session, [Proof(number) for number in ids])) == set(ids)

        # Somebody else's posts are not this account's.
        (stranger,) = (await stage.room.order("seed", accounts=1, platform=platform))["accounts"]
        other = replace(stage, entry=stranger)
        await other.connect()
        assert await network.measure(session_of(other), [Proof(number) for number in ids]) == {}
        assert await network.recent(session_of(other), since=begun, until=clock.now(), most=10) == []

    on_stage(case, tmp_path, story)
