"""Asking politely: one call at a time for an account, no question twice, and an end to waiting."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import update

from polypost import access, clock
from polypost.analytics import metrics, reader
from polypost.analytics.metrics import Wanted
from polypost.analytics.reader import Reader, Resting, StillReading
from polypost.errors import NoAnswer, RateLimited, ReconnectRequired
from polypost.integrations import AccountCalls, Integration, Vault
from polypost.integrations import service as integrations
from polypost.integrations.tables import integrations as accounts
from polypost.outbound import Networks
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Account, Proof, Tokens
from polypost.storage import Store, metadata, open_store

DAY = timedelta(days=1)


@dataclass
class Network:
    """Tells what a test wants; `gate` holds its answers back, `most` is how many calls were on their way at once."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: Exception | None = None
    calls: list[Any] = field(default_factory=list)
    now: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def measure(self, session: Any, proofs: Sequence[Proof]) -> dict[str, Metrics]:
        await self._called([proof.id for proof in proofs])
        return {proof.id: Metrics(views=1) for proof in proofs if proof.id != "gone"}

    async def recent(self, session: Any, *, since: datetime, until: datetime, most: int) -> list[Measured]:
        await self._called(most)
        at = clock.now() - timedelta(minutes=1)
        return [
            Measured(Proof(f"p{n}", "https://threads.net/x"), "Text", at, Metrics(views=n))
            for n in range(min(most, 300))
        ]

    async def _called(self, what: Any) -> None:
        self.calls.append(what)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.gate.wait()
        finally:
            self.now -= 1
        if self.trouble is not None:
            raise self.trouble


@dataclass
class Scene:
    """A reader with one connected account."""

    store: Store
    reader: Reader
    account: Integration
    network: Network
    span: tuple[datetime, datetime] = field(default_factory=lambda: (clock.now() - DAY, clock.now() + DAY))

    def wanted(self, *ids: str) -> list[Wanted]:
        return [Wanted(self.account.id, "threads", Proof(each), clock.now()) for each in ids]

    async def ask(self, *ids: str) -> None:
        asked = [(self.account, self.network, self.wanted(*ids))]
        await self.reader.refresh(asked, self.reader.deadline())

    async def list(self) -> metrics.Listing:
        return await self.reader.read_list(self.account, self.network, self.span, self.reader.deadline())

    async def kept(self, *ids: str) -> dict[str, metrics.Kept]:
        found = await self.store.read(lambda db: metrics.kept(db, self.account.project_id, self.wanted(*ids)))
        return {proof_id: each for (_, proof_id), each in found.items()}


class LiveTokens:
    """Stands in for the source of tokens: what it gives always lives."""

    async def live(self, project_id: str, integration_id: str, *, refused: str | None = None) -> Tokens:
        return Tokens("token")


def tell(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main(folder: Path) -> None:
        store, networks = open_store(folder, None), Networks()
        await store.write(metadata.create_all)
        vault = Vault(bytes(32))
        project = await store.write(lambda db: access.create_project(db, "test"))
        known = (project.id, Account("1"), Tokens("token"))
        account = await store.write(lambda db: integrations.add(db, vault, *known, platform="threads"))
        calls = AccountCalls(store, cast("Any", LiveTokens()), networks)
        asking = Reader(store, calls, networks)
        try:
            await story(Scene(store, asking, account, Network()))
        finally:
            await asking.aclose()
            await networks.aclose()
            await store.close()

    with tempfile.TemporaryDirectory(prefix="polypost-reader-") as folder:
        asyncio.run(main(Path(folder)))


async def called(network: Network, times: int) -> None:
    """Wait until the network was asked so often."""
    while len(network.calls) < times:
        await asyncio.sleep(0)


def test_one_call_at_a_time_and_no_question_twice() -> None:
    async def story(scene: Scene) -> None:
        scene.network.gate.clear()
        asking = [asyncio.create_task(scene.ask("a", "b")) for _ in range(4)]
        asking.append(asyncio.create_task(scene.ask("b", "c")))
        await called(scene.network, 1)
        scene.network.gate.set()
        await asyncio.gather(*asking)
        assert scene.network.calls == [["a", "b"], ["c"]]
        assert scene.network.most == 1
        assert scene.reader._turns == {}

    tell(story)


def test_many_posts_are_asked_for_in_parts() -> None:
    async def story(scene: Scene) -> None:
        ids = [f"p{number}" for number in range(120)]
        await scene.ask(*ids)
        assert [len(part) for part in scene.network.calls] == [50, 50, 20]
        assert set(await scene.kept(*ids)) == set(ids)

    tell(story)


def test_what_the_network_does_not_know_is_remembered_as_such() -> None:
    async def story(scene: Scene) -> None:
        await scene.ask("a", "gone")
        kept = await scene.kept("a", "gone")
        assert (kept["a"].known, kept["gone"].known) == (True, False)
        assert kept["gone"].measured_at is None
        await scene.ask("a", "gone")
        assert len(scene.network.calls) == 1

    tell(story)


def test_waiting_ends_and_the_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WAIT_SECONDS", 0.01)

    async def story(scene: Scene) -> None:
        scene.network.gate.clear()
        await scene.ask("a")
        assert await scene.kept("a") == {}
        with pytest.raises(StillReading):
            await scene.list()
        scene.network.gate.set()
        await asyncio.gather(*scene.reader._tasks)
        assert (await scene.kept("a"))["a"].known
        monkeypatch.setattr(reader, "WAIT_SECONDS", 20.0)
        assert (await scene.list()).asked_at is not None
        assert len(scene.network.calls) == 2

    tell(story)


def test_the_future_is_not_asked_for() -> None:
    async def story(scene: Scene) -> None:
        scene.span = (clock.now() + DAY, clock.now() + 9 * DAY)
        assert (await scene.list()).complete is True
        assert scene.network.calls == []

    tell(story)


def test_a_list_is_cut_and_says_so() -> None:
    async def story(scene: Scene) -> None:
        assert (await scene.list()).complete is False
        assert scene.network.calls == [201]
        assert len(await scene.kept(*(f"p{n}" for n in range(300)))) == 200

    tell(story)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (NoAnswer("Lost."), "platform_unavailable"),
        (ReconnectRequired("Dead."), "reconnect_required"),
        (RateLimited(clock.now() + timedelta(days=9), "Slow."), "rate_limited"),
    ],
    ids=["lost", "dead", "limited"],
)
def test_trouble_is_noted_and_the_network_left_alone(trouble: Exception, code: str) -> None:
    async def story(scene: Scene) -> None:
        scene.network.trouble = trouble
        await scene.ask("a")
        scene.network.trouble = None
        await scene.ask("a")
        with pytest.raises(Resting) as caught:
            await scene.list()
        assert caught.value.rest.code == code
        assert caught.value.rest.until <= clock.now() + DAY
        assert len(scene.network.calls) == 1
        # Connected again, nothing is held against a dead account.
        at = clock.now()
        mine = accounts.c.id == scene.account.id
        await scene.store.write(lambda db: db.execute(update(accounts).where(mine).values(updated_at=at)))
        scene.account = await scene.store.read(
            lambda db: integrations.get(db, scene.account.project_id, scene.account.id)
        )
        await scene.ask("a")
        assert len(scene.network.calls) == (2 if code == "reconnect_required" else 1)

    tell(story)


def test_our_own_mistakes_are_not_hidden() -> None:
    async def story(scene: Scene) -> None:
        scene.network.trouble = KeyError("ours")
        with pytest.raises(KeyError):
            await scene.ask("a")

    tell(story)


def test_closing_does_not_wait_for_a_slow_network() -> None:
    async def story(scene: Scene) -> None:
        scene.network.gate.clear()
        asking = asyncio.create_task(scene.ask("a"))
        await called(scene.network, 1)
        await scene.reader.aclose()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert scene.reader._tasks == set()

    tell(story)
