"""Every kind of post of one network, published on its simulator, so that its figures can be read."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from tests.engine.room import Room
from tests.platforms.conformance.stage import Stage, in_room
from tests.platforms.run import MemoryRun

from polypost.platforms.abilities import Measured, Metrics, MetricsSource
from polypost.platforms.base import Connector, Proof
from polypost.platforms.registry import connector

HOUR = timedelta(hours=1)


@dataclass
class Shown:
    """A stage with what stands on it: `proofs` by the kind of post."""

    stage: Stage
    network: Connector
    session: MemoryRun
    proofs: dict[str, Proof]

    async def figures(self) -> dict[str, Metrics]:
        """The figures of all, by the kind of post."""
        assert isinstance(self.network, MetricsSource)
        told = await self.network.measure(self.session, list(self.proofs.values()))
        return {kind: told[proof.id] for kind, proof in self.proofs.items()}

    async def listed(self, most: int = 100) -> list[Measured]:
        """What the network lists of the last day."""
        assert isinstance(self.network, MetricsSource)
        now = self.session.now()
        rows = await self.network.recent(self.session, since=now - 24 * HOUR, until=now + HOUR, most=most)
        return list(rows)


def on_show(platform: str, story: Callable[[Shown], Awaitable[None]]) -> None:
    """Publish each kind, then tell the story; time that it moves is put back."""
    case = import_module(f"tests.platforms.conformance.{platform}").CASE

    async def act(room: Room) -> None:
        stage = await Stage.set(room, case)
        await stage.unlimited()
        network = connector(platform)
        assert network is not None
        proofs = {}
        for kind in case.kinds:
            run, post = stage.told(kind, mark=kind.name)
            proofs[kind.name] = await network.publish(run, post)
        await story(Shown(stage, network, run, proofs))

    with tempfile.TemporaryDirectory(prefix="polypost-show-") as folder:
        asyncio.run(in_room(Path(folder), platform, act))
