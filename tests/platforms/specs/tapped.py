"""Everything that a connector says to its simulator, and what it hears, over all kinds of posts."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from tests.engine.room import Room
from tests.platforms.conformance import Case
from tests.platforms.conformance.stage import Stage, in_room
from tests.platforms.recording import Exchange, recording

from polypost import clock
from polypost.integrations import AccountSession
from polypost.platforms.abilities import MetricsSource
from polypost.platforms.base import Deletes, Proof, Tokens
from polypost.platforms.registry import connector

More = Callable[[Stage], Awaitable[None]]


def exchanges(platform: str, more: More | None = None) -> list[Exchange]:
    """What passed while each kind was published, an answer was lost and looked for, and a post was deleted.

    `more` goes on with whatever else the network's test wants to hear.
    """
    case: Case = import_module(f"tests.platforms.conformance.{platform}").CASE

    async def main(folder: Path) -> list[Exchange]:
        behind = _Behind()
        async with recording(behind) as tap:

            async def act(room: Room) -> None:
                behind.url = room.info.urls[platform]
                await room.start()
                await _tell(room, case, more)

            await in_room(folder, platform, act, stand_in=tap.url)
            return tap.exchanges

    with tempfile.TemporaryDirectory(prefix="polypost-tap-") as folder:
        return asyncio.run(main(Path(folder)))


async def figures(stage: Stage) -> None:
    """As `more`: read the account's newest posts and the figures of each."""
    network = connector(stage.case.platform)
    assert isinstance(network, MetricsSource)
    tokens = stage.known.tokens or Tokens(stage.entry["accessToken"], extra=stage.entry.get("extra", {}))
    session = AccountSession(stage.room.networks.client(stage.case.platform), tokens, stage.known)
    now = clock.now()
    listed = await network.recent(session, since=now - timedelta(days=40), until=now, most=50)
    assert listed
    assert await network.measure(session, [each.proof for each in listed])


class _Behind:
    """The simulator's address, known once it has started."""

    url = ""

    def __str__(self) -> str:
        return self.url


async def _tell(room: Room, case: Case, more: More | None) -> None:
    stage = await Stage.set(room, case)
    await stage.unlimited()
    for kind in case.kinds:
        row = await stage.publish(kind, mark=kind.name)
        assert row.state == "published", (kind.name, row.error_message)
    await stage.fault("lost_answer")
    await stage.publish(case.kinds[0], mark="lost")
    network = connector(case.platform)
    if isinstance(network, Deletes):
        tokens = stage.known.tokens or Tokens(stage.entry["accessToken"], extra=stage.entry.get("extra", {}))
        session = AccountSession(room.networks.client(case.platform), tokens, stage.known)
        await network.delete(session, Proof(row.proof_id, row.proof_url))
    if more is not None:
        await more(stage)
