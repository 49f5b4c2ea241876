"""The composition root: reads settings, opens the rooms, hands each what it needs. The only file that knows everybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI
from sqlalchemy import Connection
from starlette.types import ASGIApp

from polypost import access, api, bulk, clock, dashboard, events, housekeeping, webhooks
from polypost.access import Keyring, Throttle, people, request_log
from polypost.access.clients import Clients
from polypost.analytics.reader import Reader
from polypost.analytics.service import Analytics
from polypost.api.openapi.reference import is_wanted
from polypost.approvals import Approvals
from polypost.configured import (
    Surroundings,
    app_of,
    engine_of,
    guard_of,
    mailer_of,
    media_of,
    networks_of,
    plan_of,
    policy_of,
    provider_of,
)
from polypost.conversations import sent
from polypost.conversations.account import ConnectedAccounts
from polypost.conversations.comments import Commenting
from polypost.conversations.messages import Messaging
from polypost.conversations.sender import Sender
from polypost.engine import Engine, Handler, Source
from polypost.entrance import held
from polypost.entrance.address import only_here
from polypost.entrance.health import checks
from polypost.entrance.monitoring import Monitoring
from polypost.entrance.proxies import Proxies
from polypost.entrance.services import Services
from polypost.errors import PolypostError
from polypost.intake import BodyReader, Intake
from polypost.intake.in_flight import TELL_SECONDS
from polypost.integrations import (
    AccountCalls,
    Apps,
    Connect,
    Disconnect,
    Lookup,
    SignIn,
    TokenSource,
    Vault,
    load_master_keys,
)
from polypost.integrations.vault import has_secrets
from polypost.mcp import Agents
from polypost.media import Uploads
from polypost.media.holds import AFTER_END
from polypost.observability import failpoints
from polypost.outbound import Fetcher, HookSender, Networks
from polypost.planning import materializer
from polypost.planning.materializer import Materializer
from polypost.planning.planner import Planner
from polypost.platforms.registry import ending
from polypost.posts import accept, deliveries, sweep, waits
from polypost.posts.orders import Context
from polypost.publishing import Publisher, Remover
from polypost.settings import Settings
from polypost.storage import Store, new_id, open_store, schema
from polypost.storage.lock import DataLock
from polypost.webhooks import Channels, Dispatcher, Trial

log = structlog.get_logger("polypost")
CLEAN_SECONDS = 600.0
RENEW_SECONDS = 60.0
# How exactly is known when a folder was alive for the last time.
SIGN_SECONDS = 30.0
Call = Callable[[], Awaitable[object]]
Loop = Callable[[], Coroutine[Any, Any, None]]


async def _nothing() -> None:
    """For a room that has nothing to do."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a room does with the server it stands in; it leaves out what it has no need of.

    `recover` sees to what a dead process left, before anything is worked on; `handlers` answer wake-ups of a kind, which
    the sweeper finds in a source; `clean` runs every few minutes, and `loops` for as long as the process works.
    """

    recover: Call = _nothing
    handlers: Mapping[str, tuple[Handler, Source]] = field(default_factory=dict)
    loops: Mapping[str, Loop] = field(default_factory=dict)
    clean: Call = _nothing
    close: Call = _nothing


@dataclass(slots=True)
class Rooms:
    """What one process has open: services for the entrances, and rooms that live as long as it does."""

    services: Services
    networks: Networks
    engine: Engine
    public_url: str
    _rooms: Sequence[Room]
    _lock: DataLock | None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _waiting: asyncio.Task[None] | None = None

    async def enter(self) -> Rooms:
        """Go on with the store's life. One of a copy, of which nobody has said what became of the original, is held."""
        store, settings = self.services.store, self.services.settings
        file = settings.data / schema.DATABASE if settings.database_url is None else None
        life = await held.live(store, file, self._lock)
        if life.held:
            self.engine.rests = self.networks.held = await held.sentence(store, life)
            log.warning("the store is held", reason=self.engine.rests)
        return self

    async def start(self, *, work_too: bool) -> None:
        """Take over what a dead process left, then begin to work; a held store waits for its operator's word."""
        if self.engine.rests is None:
            await self._begin(work_too=work_too)
        else:
            self._waiting = asyncio.create_task(self._begin_at_word(work_too=work_too), name="polypost-held")

    async def _begin_at_word(self, *, work_too: bool) -> None:
        await held.word(self.services.store)
        self.engine.rests = self.networks.held = None
        log.info("the store is released")
        try:
            await self._begin(work_too=work_too)
        except PolypostError as error:
            # Readiness says that nobody works.
            log.exception("the work did not begin; start the server again", reason=error.message)

    async def _begin(self, *, work_too: bool) -> None:
        for room in self._rooms:
            await room.recover()
            for kind, (handler, source) in room.handlers.items():
                self.engine.on(kind, handler)
                self.engine.watch(kind, source)
        await self.engine.start(work=work_too)
        # Every process cleans its own disk, workers or not.
        loops: dict[str, Loop] = {"uploads": partial(_every, CLEAN_SECONDS, self._clean_uploads)}
        if self._lock is not None:
            self._lock.touch()
            loops["sign"] = partial(_every, SIGN_SECONDS, self._give_sign)
        if work_too:
            loops["clean"] = partial(_every, CLEAN_SECONDS, self._clean)
            for room in self._rooms:
                loops |= room.loops
        self._tasks = [asyncio.create_task(run(), name=f"polypost-{name}") for name, run in loops.items()]

    async def stop(self) -> None:
        """Let what runs come to its end and close everything, the store last."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
        await self.engine.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for room in self._rooms:
            await room.close()
        await self.services.store.close()
        if self._lock is not None:
            self._lock.release()

    async def _give_sign(self) -> None:
        if self._lock is not None:
            self._lock.touch()

    async def _clean(self) -> None:
        for room in self._rooms:
            await room.clean()

    async def _clean_uploads(self) -> None:
        await self.services.uploads.clean(_over(self.services.settings))


async def open_rooms(
    settings: Settings, surroundings: Surroundings, *, public_url: str, server: str
) -> Rooms:
    """Open every room. Raises DataLocked, SchemaMismatch, MasterKeyMissing, StoreUnavailable, NotConfigured with what to do."""
    mailer = mailer_of(settings, surroundings)
    failpoints.arm(settings.fail_point, settings.data)
    events.heard_by(webhooks.ANYBODY)
    embedded = settings.database_url is None
    store, lock = await _store(settings)
    secrets = await store.read(has_secrets)
    vault = Vault(load_master_keys(settings, embedded=embedded, has_secrets=secrets))
    guard = guard_of(settings, surroundings)
    networks = networks_of(settings, surroundings, guard)
    fetcher = Fetcher(guard)
    owner = new_id("run")
    media, uploads = media_of(settings, store, vault, fetcher, server, public_url)
    engine = engine_of(settings, store, owner)
    apps = Apps(vault, partial(app_of, settings, surroundings))
    tokens = TokenSource(store, vault, networks, apps)
    policy = policy_of(settings, networks)
    posts = Context(engine, settings.price, server, late_grace=policy.late_grace, shared=not embedded)
    channels = Channels(HookSender(guard, seconds=settings.webhook_timeout_seconds), mailer)
    bodies = BodyReader(
        store, guard, uploads, horizon=settings.horizon, late_grace=policy.late_grace, rules=policy.rules
    )
    intake = Intake(store, posts, bodies, media, seconds=settings.publish_wait_seconds)
    calls = AccountCalls(store, tokens, networks)
    planner = Planner(store, posts, intake)
    metrics = Reader(store, calls, networks)
    accounts, sender = ConnectedAccounts(store, calls), Sender(store)
    publisher = Publisher(
        store, engine, tokens=tokens, media=media, networks=networks, policy=policy, owner=owner
    )
    begins = partial(Connect, loopback=surroundings.loopback, introduce=surroundings.introduce)
    services = Services(
        settings=settings,
        store=store,
        keyring=Keyring(store),
        clients=Clients(store, fetcher),
        throttle=_throttle(settings.rate_limit_per_minute),
        proxies=Proxies(settings.trusted_proxies),
        posts=posts,
        media=media,
        uploads=uploads,
        connect=begins(store, vault, networks, apps, lambda: public_url),
        disconnect=Disconnect(store, vault, networks, apps),
        sign_in=SignIn(store, vault, networks),
        vault=vault,
        ai=provider_of(settings, surroundings, networks),
        remover=Remover(store, calls),
        lookup=Lookup(calls),
        commenting=Commenting(accounts, sender),
        messaging=Messaging(accounts, sender),
        analytics=Analytics(store, metrics),
        channels=channels,
        trial=Trial(store, vault, channels),
        intake=intake,
        planner=planner,
        approvals=Approvals(store, posts, intake, planner.slot),
        bulk=bulk.BulkReceiver(store, engine, intake.once),
        health=checks(store, engine, publisher.resting),
        monitoring=Monitoring(store, engine, settings.data, publisher.resting),
    )
    engine.note(accept.KIND, waits.note_share)
    engine.inherit(partial(sweep.inherit, lease=policy.lease))
    # In the order in which they end.
    rooms = [
        _publishing(settings, store, publisher),
        *_making(services, bodies),
        *_webhooks(settings, services),
        Room(close=metrics.aclose),
        Room(recover=media.recover, clean=lambda: media.clean(_over(settings)), close=media.close),
        Room(recover=partial(_recover_uploads, settings, uploads)),
        Room(loops={"renew": partial(_every, RENEW_SECONDS, tokens.renew_due)}, close=tokens.aclose),
        Room(close=services.keyring.aclose),
        Room(close=fetcher.aclose),
        Room(close=networks.aclose),
    ]
    _warn(settings, surroundings, uploads)
    return await Rooms(services, networks, engine, public_url, rooms, lock).enter()


def _over(settings: Settings) -> datetime:
    """The instant by which the time of files must be over that go now; their rows hold what is the least."""
    return clock.now() - (settings.kept.media - AFTER_END)


def _throttle(per_minute: int) -> Throttle:
    return Throttle(key_per_minute=per_minute, address_per_minute=per_minute * 5)


async def _store(settings: Settings) -> tuple[Store, DataLock | None]:
    settings.data.mkdir(parents=True, exist_ok=True)
    lock = DataLock(settings.data) if settings.database_url is None else None
    try:
        if lock is not None:
            await asyncio.to_thread(schema.upgrade, settings.data, None)
        else:
            await asyncio.to_thread(schema.check, settings.data, settings.database_url)
        return open_store(
            settings.data, settings.database_url, connections=settings.database_connections
        ), lock
    except BaseException:
        if lock is not None:
            lock.release()
        raise


async def _recover_uploads(settings: Settings, uploads: Uploads) -> None:
    if settings.database_url is None:
        # What is in no row of this folder is removed next.
        await uploads.rehouse()
    await uploads.recover()


def _publishing(settings: Settings, store: Store, publisher: Publisher) -> Room:
    async def recover() -> None:
        # Where no other process may have it, what the one before had in hand is free at once.
        if settings.database_url is None:
            freed = await store.write(lambda db: sweep.take_over(db, clock.now()))
            if freed:
                log.info("took over targets of the process before", targets=freed)
            await store.write(lambda db: webhooks.work.take_over(db, clock.now()))

    return Room(
        recover=recover,
        handlers={accept.KIND: (publisher.run, sweep.due)},
        loops={"heartbeat": publisher.beat_for_ever},
        clean=partial(housekeeping.clean, store, settings.kept),
    )


def _making(services: Services, bodies: BodyReader) -> Iterator[Room]:
    """What makes posts by itself."""
    store, posts = services.store, services.posts
    planned, uploaded = Materializer(store, posts, bodies.horizon), bulk.BulkRun(store, posts, bodies)
    yield Room(recover=planned.follow_zones, handlers={materializer.KIND: (planned.run, materializer.due)})
    yield Room(handlers={bulk.KIND: (uploaded.run, bulk.due)})


def _webhooks(settings: Settings, services: Services) -> Iterator[Room]:
    channels, engine = services.channels, services.posts.engine
    dispatcher = Dispatcher(services.store, engine, services.vault, channels, plan_of(settings))
    yield Room(
        handlers={webhooks.KIND: (dispatcher.take, webhooks.work.due)},
        loops={"webhooks": dispatcher.fan_out_for_ever},
        close=dispatcher.stop,
    )
    yield Room(close=channels.hooks.aclose)


def _warn(settings: Settings, surroundings: Surroundings, uploads: Uploads) -> None:
    for entry in (*settings.allow_addresses, *surroundings.allow):
        log.info("user URLs may reach a private address", address=entry)
    if settings.database_url is not None and uploads.bucket is None:
        log.warning("uploads stay on the machine that takes them; with several, set POLYPOST_S3_URL")
    for warning in ending(clock.now().date()):
        log.warning(warning)


def application(rooms: Rooms, *, work_too: bool, sandbox_url: str | None = None) -> ASGIApp:
    """The server's ASGI application; its lifespan starts and stops the rooms."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = app.state.services = rooms.services
        server, store, once = services.posts.server, services.store, services.intake.once
        lost = await store.write(lambda db: deliveries.lose_before_start(db, server, clock.now()))
        if lost:
            log.info("answers of the last minute may not have been delivered", posts=lost)
        cut = await store.write(lambda db: sent.mark_before_start(db, server, clock.now()))
        if cut:
            log.info("comments or messages were being sent when the server ended", count=cut)
        await rooms.start(work_too=work_too)
        tasks = [
            asyncio.create_task(_every(seconds, tell), name=f"polypost-{name}")
            for name, seconds, tell in (
                ("answers", TELL_SECONDS, once.in_flight.tell),
                ("requests", request_log.FLUSH_SECONDS, asked.flush),
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await agents.aclose()
            await once.aclose()
            await asked.flush()
            await rooms.stop()

    asked, agents = request_log.RequestLog(rooms.services.store), Agents()

    def more(app: FastAPI) -> None:
        dashboard.install(app)
        agents.install(app, rooms.services.settings)

    rooms.services.sandbox_url = sandbox_url
    rooms.services.only_here = only_here(rooms.services.settings, rooms.public_url)
    shown = rooms.services.reference = is_wanted(
        rooms.services.settings, rooms.public_url, sandbox=sandbox_url is not None
    )
    _, served = api.build(
        lifespan,
        more,
        note=asked.note,
        logged=rooms.services.settings.log_requests,
        reference_at=rooms.public_url if shown else None,
    )
    return served


async def _every(seconds: float, call: Callable[[], Any]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await call()
        except Exception:
            log.exception("housekeeping failed")


async def first_link(rooms: Rooms) -> str:
    """The dashboard's address; until somebody can sign in, that of the page on which the first person says how."""

    def invite(db: Connection) -> str:
        return "" if people.anybody(db) else people.invite(db, "first")

    secret = await rooms.services.store.write(invite)
    home = f"{rooms.public_url.rstrip('/')}{dashboard.HOME}"
    if not secret:
        return home
    # Whoever reads this log runs the server.
    log.info("nobody has an account yet; this link makes the first", url=f"{home}/join/{secret}")
    return f"{home}/join/{secret}"


async def demo_project(rooms: Rooms, name: str) -> access.Project:
    """The project called `name`; made when there is none."""

    def find_or_make(db: Connection) -> access.Project:
        for project in access.list_projects(db):
            if project.name == name:
                return project
        return access.create_project(db, name)

    return await rooms.services.store.write(find_or_make)


__all__ = ["Rooms", "Surroundings", "application", "demo_project", "first_link", "open_rooms"]
