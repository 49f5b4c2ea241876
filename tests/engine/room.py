"""The publishing pipeline in one process: a real store, the embedded engine, the simulators over loopback."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import Row, select

from polypost import access, clock
from polypost.access import Project
from polypost.credits import service as credits
from polypost.credits.tables import ledger
from polypost.doctor import findings
from polypost.engine.embedded import EmbeddedEngine
from polypost.events import outbox
from polypost.integrations import Apps, TokenSource, Vault
from polypost.integrations import service as integrations
from polypost.media import Library
from polypost.outbound import Fetcher, Guard, Networks
from polypost.platforms import registry
from polypost.platforms.base import Account as NetworkAccount
from polypost.platforms.base import App, Connector, MediaRef, Tokens
from polypost.posts import accept, changes, mending, sweep
from polypost.posts import timeline as diary
from polypost.posts.orders import Context, NewPost, NewTarget, When
from polypost.posts.tables import attempts
from polypost.publishing import Policy, Publisher
from polypost.sandbox import Sandbox
from polypost.storage import Store, new_id
from tests.engine.stand_ins import Gate, Shaky, Shelf
from tests.platforms.simulators.helpers import register

T = TypeVar("T")
PATIENCE = 60.0
LEASE = timedelta(seconds=30)
DONE = {"published", "failed", "draft"}


def policy(**more: Any) -> Policy:
    """The defaults of the settings."""
    values: dict[str, Any] = {
        "lease": LEASE,
        "heartbeat": 10.0,
        "reconcile_at": (2, 10, 60, 300, 1800),
        "attempts": 5,
        "attempt_span": timedelta(hours=6),
        "late_grace": timedelta(hours=24),
    }
    return Policy(**(values | more))


@dataclass
class Worker:
    """An engine with a publisher, as one process has them."""

    engine: EmbeddedEngine
    publisher: Publisher
    store: Store
    beating: asyncio.Task[None] | None = None


@dataclass
class Room:
    """Everything a story needs; `accounts` are our ids by platform, the first of each network."""

    store: Store
    folder: Path
    control: httpx2.AsyncClient
    info: Any
    networks: Networks
    media: Library
    vault: Vault
    tokens: TokenSource
    shelf: Shelf
    gate: Gate
    project: Project
    context: Context
    workers: list[Worker] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    posted: list[str] = field(default_factory=list)

    @property
    def pair(self) -> dict[str, str]:
        """An account on each of two networks that take the demo picture without further options."""
        return {platform: self.accounts[platform] for platform in ("twitter", "instagram")}

    # The sandbox

    async def order(self, path: str, **body: Any) -> Any:
        answer = await self.control.post(f"/_sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def fault(
        self, fault: str, *, platform: str = "twitter", times: int | None = 1, **more: Any
    ) -> None:
        await self.order(
            "faults", platform=platform, fault=fault, **({"times": times} if times else {}), **more
        )

    async def no_faults(self) -> None:
        await self.control.delete("/_sandbox/faults")

    async def pass_time(self, wait: timedelta) -> None:
        await self.order("clock", advance=max(wait.total_seconds(), 0.0))

    async def visible(self, platform: str | None = None) -> list[dict[str, Any]]:
        """Every post that was ever visible, oldest first."""
        answer = await self.control.get("/_sandbox/posts", params={"platform": platform} if platform else {})
        found: list[dict[str, Any]] = answer.json()["posts"]
        return found[::-1]

    async def calls(self, path: str, method: str = "POST", platform: str = "twitter") -> int:
        """How many calls a network has had at a path."""
        answer = await self.control.get("/_sandbox/requests", params={"platform": platform, "limit": "500"})
        return sum(each["path"] == path and each["method"] == method for each in answer.json()["requests"])

    async def connect(
        self, platform: str = "twitter", entry: dict[str, Any] | None = None, *, ends_known: bool = True
    ) -> str:
        """Connect an account that the network opens for it; with `ends_known` off, when its token ends is not known."""
        if entry is None:
            entry = (await self.order("seed", accounts=1, platform=platform))["accounts"][0]
        life = entry.get("expiresIn") if ends_known else None
        tokens = Tokens(
            entry["accessToken"],
            entry["refreshToken"],
            clock.now() + timedelta(seconds=life) if life else None,
            scopes=tuple(entry["scopes"]),
        )
        account = NetworkAccount(entry["platformUserId"], entry["username"])
        added = await self.store.write(
            lambda db: integrations.add(db, self.vault, self.project.id, account, tokens, platform=platform)
        )
        return added.id

    async def network_id(self, platform: str) -> str:
        """What the network calls this room's first account there."""
        found = await self.store.read(
            lambda db: integrations.get(db, self.project.id, self.accounts[platform])
        )
        return found.platform_user_id

    # Workers

    def worker(
        self,
        *,
        store: Store | None = None,
        owner: str = "run_1",
        connectors: Callable[[str], Connector | None] = registry.connector,
        networks: Networks | None = None,
        **more: Any,
    ) -> Worker:
        """A worker that does not run yet; `more` changes the policy."""
        own = store or self.store
        engine = EmbeddedEngine(own, workers=8)
        publisher = Publisher(
            own,
            engine,
            tokens=self.tokens,
            media=self.media,
            networks=networks or self.networks,
            policy=policy(**more),
            owner=owner,
            connectors=connectors,
        )
        engine.on(accept.KIND, publisher.run)
        engine.watch(accept.KIND, sweep.due)
        return Worker(engine, publisher, own)

    async def start(self, worker: Worker | None = None, *, beat: bool = True, **more: Any) -> Worker:
        worker = worker or self.worker(**more)
        await worker.engine.start()
        if beat:
            worker.beating = asyncio.create_task(worker.publisher.beat_for_ever())
        self.workers.append(worker)
        self.context = Context(worker.engine, lambda _: 1, "embedded")
        return worker

    async def stop(self) -> None:
        for worker in self.workers:
            if isinstance(worker.store, Shaky):
                worker.store.flows.set()
            await worker.engine.stop()
            if worker.beating is not None:
                worker.beating.cancel()
                await asyncio.gather(worker.beating, return_exceptions=True)
        self.workers.clear()

    async def wake_up(self) -> None:
        """Ring for everything that is due, as the sweeper would in a moment."""
        for worker in self.workers:
            await self.store.write(
                lambda db, engine=worker.engine: engine.wake(
                    db, sweep.due(db, until=clock.now(), limit=1000, unrung_since=None)
                )
            )

    # Posts

    def draft(
        self,
        text: str,
        *,
        accounts: dict[str, str] | None = None,
        after: float | None = None,
        options: dict[str, Any] | None = None,
        media: tuple[MediaRef, ...] = (),
    ) -> NewPost:
        when = None if after is None else When(clock.now() + timedelta(seconds=after), "UTC")
        chosen = accounts or {"twitter": self.accounts["twitter"]}
        targets = [NewTarget(platform, account, None, options or {}) for platform, account in chosen.items()]
        return NewPost(text, targets, media, when, "UTC", {"content": text}, api_key_id="key_1")

    async def post(self, text: str, **more: Any) -> str:
        """Accept a post; its id."""
        order = self.draft(text, **more)
        made = await self.store.write(lambda db: accept.create(db, self.context, self.project, order))
        self.posted.append(made.post_id)
        return made.post_id

    async def publish(self, text: str, **more: Any) -> Row[Any]:
        """Accept a post for one account and wait until it is done; its target."""
        (row,) = await self.settle(await self.post(text, **more))
        return row

    async def targets(self, post_id: str) -> list[Row[Any]]:
        return list(await self.store.read(lambda db: changes.targets_of(db, self.project.id, post_id)))

    async def target(self, post_id: str) -> Row[Any]:
        (row,) = await self.targets(post_id)
        return row

    async def status(self, post_id: str) -> str:
        row = await self.store.read(lambda db: changes.load(db, self.project.id, post_id))
        return str(row.status)

    async def attempts(self, post_id: str) -> list[Row[Any]]:
        ids = [row.id for row in await self.targets(post_id)]
        query = select(attempts).where(attempts.c.target_id.in_(ids))
        query = query.order_by(attempts.c.generation, attempts.c.started_at, attempts.c.number)
        return list(await self.store.read(lambda db: db.execute(query).all()))

    async def outcomes(self, post_id: str) -> list[str | None]:
        return [row.outcome for row in await self.attempts(post_id)]

    async def said(self, post_id: str) -> list[str]:
        """The kinds of the timeline's lines, exchanges left out."""
        lines = await self.store.read(lambda db: diary.read(db, self.project.id, post_id))
        return [line.kind for line in lines if line.kind != "exchange"]

    async def retry(self, post_id: str, *, force: bool = False) -> None:
        await self.store.write(
            lambda db: changes.retry(db, self.context, self.project, post_id, None, force=force)
        )

    async def mend(
        self,
        post_id: str,
        text: str | None = None,
        *,
        media: Sequence[MediaRef] | None = None,
        changes: Sequence[mending.Change] | None = None,
        force: bool = False,
    ) -> None:
        """Change what failed, and try it once more."""
        wanted = mending.Mend(text, media, changes, force, "key_1")
        await self.store.write(
            lambda db: mending.mend_failed(db, self.context, self.project, post_id, wanted)
        )

    async def used(self) -> int:
        """Credits that are spent or reserved."""
        return await self.store.read(lambda db: credits.used(db, self.project.id))

    async def ledger(self, post_id: str) -> list[tuple[int, str]]:
        ids = [row.id for row in await self.targets(post_id)]
        query = select(ledger.c.generation, ledger.c.kind).where(ledger.c.target_id.in_(ids))
        rows = await self.store.read(lambda db: db.execute(query).all())
        return sorted((row.generation, row.kind) for row in rows)

    async def events(self, subject: str) -> list[str]:
        query = select(outbox.c.type).where(outbox.c.subject == subject).order_by(outbox.c.id)
        return list(await self.store.read(lambda db: db.execute(query).scalars().all()))

    async def settle(self, *post_ids: str) -> list[Row[Any]]:
        """The targets of these posts when all are done; waits that the pipeline has arranged pass at once."""

        async def look() -> list[Row[Any]] | None:
            rows = [row for post_id in post_ids for row in await self.targets(post_id)]
            still = [row for row in rows if row.state not in DONE or row.next_at is not None]
            if still:
                await self._hurry(still)
            return None if still else rows

        return await self.until(look)

    async def _hurry(self, still: list[Row[Any]]) -> None:
        if any(row.lease_until is not None and row.state != "scheduled" for row in still):
            return
        first = min(row.next_at for row in still)
        if first > clock.now():
            await self.pass_time(first - clock.now() + timedelta(milliseconds=10))
        await self.wake_up()

    async def until(self, look: Callable[[], Awaitable[T | None]]) -> T:
        """What `look` gives as soon as it is not None."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await look()
                if found is not None:
                    return found
                await asyncio.sleep(0.02)

    async def until_state(self, post_id: str, *states: str) -> Row[Any]:
        async def look() -> Row[Any] | None:
            nonlocal row
            row = await self.target(post_id)
            return row if row.state in states else None

        row: Row[Any] | None = None
        try:
            return await self.until(look)
        except TimeoutError:
            raise AssertionError(
                f"never {' or '.join(states)}: {row}; said {await self.said(post_id)}"
            ) from None

    async def until_visible(self, count: int = 1, platform: str = "twitter") -> None:
        async def look() -> bool | None:
            return len(await self.visible(platform)) >= count or None

        await self.until(look)

    async def healthy(self) -> None:
        """Every invariant holds, and credits are what is published."""
        assert await self.store.read(lambda db: findings(db, clock.now())) == []

    def now(self) -> datetime:
        return clock.now()

    @property
    def picture(self) -> MediaRef:
        return MediaRef("image", f"{self.info.media_url}/demo.jpg")


Story = Callable[[Room], Awaitable[None]]


def play(
    story: Story, *, gated: bool = False, only: str | None = None, stand_in: str | None = None
) -> Callable[[Store], Awaitable[None]]:
    """The story as `with_store` takes it, with a sandbox around it; time that it moves is put back.

    With `gated`, everything that goes to X goes through the room's gate; with `only`, no account is connected yet;
    `stand_in` is an address that this network is reached by, in place of its simulator's.
    """

    async def main(store: Store, folder: Path) -> None:
        shelf = Shelf()
        await shelf.open()
        sandbox = Sandbox(folder / "sandbox", allow=[shelf.address])
        info = await sandbox.start()
        register(sandbox, info)
        guard = Guard([urlsplit(info.media_url).netloc, shelf.address])
        fetcher = Fetcher(guard)
        gate = Gate()
        await gate.build()
        gate.behind = info.urls["twitter"]
        instead = {only: stand_in} if only and stand_in else {}
        doors = Networks({**info.urls, **({"twitter": gate.address} if gated else {}), **instead})
        media = Library(store, fetcher, folder / "media", owner="embedded", host="test")
        async with httpx2.AsyncClient(base_url=info.url, trust_env=False) as control:
            listed = (await control.get("/_sandbox/accounts")).json()["accounts"]
            apps = {each["platform"]: App(each["clientId"], each["clientSecret"]) for each in listed}
            vault = Vault(bytes(32))
            tokens = TokenSource(store, vault, doors, Apps(vault, apps.get))
            project = await store.write(lambda db: access.create_project(db, new_id("test")))
            context = Context(EmbeddedEngine(store), lambda _: 1, "embedded")
            room = Room(
                store, folder, control, info, doors, media, vault, tokens, shelf, gate, project, context
            )
            for entry in listed:
                if only is None and entry["platform"] not in room.accounts:
                    room.accounts[entry["platform"]] = await room.connect(entry["platform"], entry)
            try:
                await story(room)
            finally:
                await room.stop()
                await media.close()
                await tokens.aclose()
                await fetcher.aclose()
                await doors.aclose()
                await gate.take_down()
                await sandbox.stop()
                await shelf.close()

    async def timed(store: Store, folder: Path) -> None:
        before = clock._Advance.seconds
        try:
            await main(store, folder)
        finally:
            clock._Advance.seconds = before

    async def run(store: Store) -> None:
        with tempfile.TemporaryDirectory(prefix="polypost-room-") as folder:
            await timed(store, Path(folder))

    return run
