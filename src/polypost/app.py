"""The composition root: reads settings, opens the rooms, hands each what it needs. The only file that knows everybody."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI
from sqlalchemy import Connection
from starlette.types import ASGIApp

from polypost import access, api, bulk, clock, dashboard, events, webhooks
from polypost.access import Keyring, Throttle
from polypost.ai import Provider
from polypost.api import Services
from polypost.api.http.proxies import Proxies
from polypost.api.openapi.reference import is_wanted
from polypost.engine import Engine
from polypost.engine.embedded import EmbeddedEngine
from polypost.errors import NotConfigured, StoreUnavailable
from polypost.insights import said
from polypost.insights.analytics import Analytics
from polypost.insights.comments import Commenting
from polypost.insights.line import Lines
from polypost.insights.messages import Messaging
from polypost.insights.reader import Reader
from polypost.insights.sending import Sender
from polypost.intake import BodyReader, Intake
from polypost.intake.in_flight import TELL_SECONDS
from polypost.integrations import (
    Apps,
    Connect,
    Disconnect,
    Lookup,
    SignIn,
    TokenSource,
    Vault,
    load_master_key,
)
from polypost.integrations.vault import has_secrets
from polypost.media import Library, PullAddresses, Uploads, bucket_of
from polypost.observability import failpoints
from polypost.outbound import Fetcher, Guard, HookSender, Mailer, Networks
from polypost.planning import maker
from polypost.planning.maker import Maker
from polypost.planning.planner import Planner
from polypost.platforms.base import App
from polypost.platforms.registry import BUILT_IN, connectors, ending
from polypost.posts import accept, deliveries, keys, sweep, waits
from polypost.posts.orders import Context
from polypost.publishing import Policy, Publisher, Remover
from polypost.settings import Settings
from polypost.storage import Store, new_id, open_store, schema
from polypost.storage.lock import DataLock
from polypost.webhooks import Channels, Courier, Plan, Trial

log = structlog.get_logger("polypost")
CLEAN_SECONDS = 600.0
RENEW_SECONDS = 60.0
GATHER_SECONDS = 0.1
SANDBOX_SENDER = "polypost@sandbox.example"


@dataclass(slots=True)
class Surroundings:
    """What stands in for the networks: addresses, app credentials, demo media and mail server of a sandbox; empty without one."""

    urls: dict[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    apps: dict[str, App] = field(default_factory=dict)
    model_url: str | None = None
    smtp_url: str | None = None


@dataclass(slots=True)
class Rooms:
    """Everything that one process has open."""

    settings: Settings
    surroundings: Surroundings
    store: Store
    vault: Vault
    networks: Networks
    guard: Guard
    fetcher: Fetcher
    media: Library
    uploads: Uploads
    engine: Engine
    tokens: TokenSource
    connect: Connect
    disconnect: Disconnect
    sign_in: SignIn
    posts: Context
    publisher: Publisher
    intake: Intake
    bulk: bulk.BulkRun
    maker: Maker
    ai: Provider
    insights: Reader
    keyring: Keyring
    channels: Channels
    courier: Courier
    owner: str
    public_url: str
    proxies: Proxies
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _lock: DataLock | None = None

    async def start(self, *, work_too: bool) -> None:
        """Take over what a dead process left, then begin to work."""
        if self._embedded:
            freed = await self.store.write(lambda db: sweep.take_over(db, clock.now()))
            if freed:
                log.info("took over targets of the process before", targets=freed)
            await self.store.write(lambda db: webhooks.work.take_over(db, clock.now()))
        await self.media.recover()
        await self.uploads.recover()
        self.engine.on(accept.RING, self.publisher.run)
        self.engine.watch(accept.RING, sweep.due)
        self.engine.note(accept.RING, waits.note_share)
        lease = timedelta(seconds=self.settings.lease_seconds)
        self.engine.inherit(partial(sweep.inherit, lease=lease))
        self.engine.on(bulk.RING, self.bulk.run)
        self.engine.watch(bulk.RING, bulk.due)
        self.engine.on(maker.RING, self.maker.run)
        self.engine.watch(maker.RING, maker.due)
        await self.maker.follow_zones()
        self.engine.on(webhooks.RING, self.courier.take)
        self.engine.watch(webhooks.RING, webhooks.work.due)
        await self.engine.start(work=work_too)
        # Every process cleans its own disk, workers or not.
        self._tasks = [
            asyncio.create_task(_every(CLEAN_SECONDS, self._clean_uploads), name="polypost-uploads")
        ]
        if work_too:
            self._tasks += [
                asyncio.create_task(self.publisher.beat_for_ever(), name="polypost-heartbeat"),
                asyncio.create_task(_every(RENEW_SECONDS, self.tokens.renew_due), name="polypost-renew"),
                asyncio.create_task(_every(CLEAN_SECONDS, self._clean), name="polypost-clean"),
                asyncio.create_task(self.courier.spread_for_ever(), name="polypost-webhooks"),
            ]

    async def stop(self) -> None:
        """Let what runs come to its end and close everything, the store last."""
        await self.engine.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.insights.aclose()
        await self.courier.stop()
        await self.channels.hooks.aclose()
        await self.media.close()
        await self.tokens.aclose()
        await self.keyring.aclose()
        await self.fetcher.aclose()
        await self.networks.aclose()
        await self.store.close()
        if self._lock is not None:
            self._lock.release()

    @property
    def _embedded(self) -> bool:
        return self.settings.database_url is None

    async def _clean(self) -> None:
        await self.media.clean(clock.now())
        await self.store.write(bulk.clean)
        await self.store.write(lambda db: said.clean(db, clock.now()))
        await self.store.write(lambda db: keys.clean(db, clock.now()))
        await self.store.write(lambda db: deliveries.forget_servers(db, clock.now()))
        await self.courier.clean()

    async def _clean_uploads(self) -> None:
        await self.uploads.clean(clock.now())


async def open_rooms(
    settings: Settings, surroundings: Surroundings, *, public_url: str, server: str
) -> Rooms:
    """Open every room. Raises DataLocked, SchemaMismatch, MasterKeyMissing, StoreUnavailable, NotConfigured with what to do."""
    mailer = _mailer(settings, surroundings)
    settings.data.mkdir(parents=True, exist_ok=True)
    failpoints.arm(settings.fail_point, settings.data)
    events.heard_by(webhooks.ANYBODY)
    embedded = settings.database_url is None
    lock = DataLock(settings.data) if embedded else None
    try:
        if embedded:
            await asyncio.to_thread(schema.upgrade, settings.data, None)
        else:
            await asyncio.to_thread(schema.check, settings.data, settings.database_url)
        store = open_store(settings.data, settings.database_url, connections=settings.database_connections)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    secrets = await store.read(has_secrets)
    vault = Vault(load_master_key(settings, embedded=embedded, has_secrets=secrets))
    urls = {platform: url for platform in BUILT_IN if (url := _network_url(settings, surroundings, platform))}
    guard = Guard([*settings.allow_addresses, *surroundings.allow])
    named = [each.spec.id for each in connectors() if each.spec.own_servers]
    networks = Networks(urls, guard=guard, guarded=named)
    fetcher = Fetcher(guard)
    owner = new_id("run")
    media, uploads = _media(settings, store, vault, fetcher, server)
    engine = _engine(settings, store, owner)
    apps = Apps(vault, partial(_app_of, settings, surroundings))
    tokens = TokenSource(store, vault, networks, apps)
    policy = _policy(settings)
    posts = Context(engine, settings.price, server, late_grace=policy.late_grace, shared=not embedded)
    reader = BodyReader(store, guard, uploads, horizon=settings.horizon)
    channels = Channels(HookSender(guard, seconds=settings.webhook_timeout_seconds), mailer)
    rooms = Rooms(
        settings=settings,
        surroundings=surroundings,
        store=store,
        vault=vault,
        networks=networks,
        guard=guard,
        fetcher=fetcher,
        media=media,
        uploads=uploads,
        engine=engine,
        tokens=tokens,
        connect=Connect(store, vault, networks, apps, lambda: public_url),
        disconnect=Disconnect(store, vault, networks, apps),
        sign_in=SignIn(store, vault, networks),
        posts=posts,
        intake=Intake(store, posts, reader, media, seconds=settings.publish_wait_seconds),
        bulk=bulk.BulkRun(store, posts, reader),
        publisher=Publisher(
            store, engine, tokens=tokens, media=media, networks=networks, policy=policy, owner=owner
        ),
        maker=Maker(store, posts, settings.horizon),
        ai=_provider(settings, surroundings, networks),
        insights=Reader(store, tokens=tokens, networks=networks),
        keyring=Keyring(store),
        channels=channels,
        courier=Courier(store, engine, vault, channels, _plan(settings)),
        owner=owner,
        public_url=public_url,
        proxies=Proxies(settings.trusted_proxies),
    )
    rooms._lock = lock  # noqa: SLF001  # the lock belongs to the rooms from here on
    for entry in (*settings.allow_addresses, *surroundings.allow):
        log.info("user URLs may reach a private address", address=entry)
    if not embedded and uploads.bucket is None:
        log.warning("uploads stay on the machine that takes them; with several, set POLYPOST_S3_URL")
    for warning in ending(clock.now().date()):
        log.warning(warning)
    return rooms


def _policy(settings: Settings) -> Policy:
    return Policy(
        lease=timedelta(seconds=settings.lease_seconds),
        heartbeat=settings.heartbeat,
        reconcile_at=settings.reconcile_at,
        attempts=settings.attempts,
        attempt_span=timedelta(hours=settings.attempt_hours),
        late_grace=timedelta(hours=settings.late_grace_hours),
    )


def _media(
    settings: Settings, store: Store, vault: Vault, fetcher: Fetcher, server: str
) -> tuple[Library, Uploads]:
    host = f"{socket.gethostname()}:{settings.data.resolve()}"
    uploads = Uploads(
        store,
        settings.data / "uploads",
        host=host,
        secret=vault.derived("uploads"),
        bucket=bucket_of(settings),
        quota=settings.media_bytes,
    )
    media = Library(
        store,
        fetcher,
        settings.data / "media",
        owner=server,
        host=host,
        addresses=PullAddresses(vault.derived("media addresses"), settings.public_url),
        uploads=uploads,
        lease=timedelta(seconds=settings.lease_seconds),
    )
    return media, uploads


def application(rooms: Rooms, *, work_too: bool, sandbox_url: str | None = None) -> ASGIApp:
    """The server's ASGI application; its lifespan starts and stops the rooms."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.services = _services(rooms)
        lost = await rooms.store.write(
            lambda db: deliveries.lose_before_start(db, rooms.posts.server, clock.now())
        )
        if lost:
            log.info("answers of the last minute may not have been delivered", posts=lost)
        cut = await rooms.store.write(lambda db: said.mark_before_start(db, rooms.posts.server, clock.now()))
        if cut:
            log.info("comments or messages were being sent when the server ended", count=cut)
        await rooms.start(work_too=work_too)
        telling = asyncio.create_task(
            _every(TELL_SECONDS, rooms.intake.once.in_flight.tell), name="polypost-answers"
        )
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            await rooms.intake.once.aclose()
            await rooms.stop()

    shown = is_wanted(rooms.settings, rooms.public_url, sandbox=sandbox_url is not None)
    _, served = api.build(
        lifespan,
        lambda app: dashboard.install(app, sandbox_url=sandbox_url),
        reference_at=rooms.public_url if shown else None,
    )
    return served


def _services(rooms: Rooms) -> Services:
    per_minute = rooms.settings.rate_limit_per_minute
    lines = Lines(rooms.store, tokens=rooms.tokens, networks=rooms.networks)
    sender = Sender(rooms.store)
    return Services(
        settings=rooms.settings,
        store=rooms.store,
        keyring=rooms.keyring,
        throttle=Throttle(key_per_minute=per_minute, address_per_minute=per_minute * 5),
        proxies=rooms.proxies,
        posts=rooms.posts,
        guard=rooms.guard,
        media=rooms.media,
        uploads=rooms.uploads,
        connect=rooms.connect,
        disconnect=rooms.disconnect,
        sign_in=rooms.sign_in,
        vault=rooms.vault,
        ai=rooms.ai,
        remover=Remover(rooms.store, tokens=rooms.tokens, networks=rooms.networks),
        lookup=Lookup(rooms.store, rooms.tokens, rooms.networks),
        commenting=Commenting(lines, sender),
        messaging=Messaging(lines, sender),
        analytics=Analytics(rooms.store, rooms.insights),
        channels=rooms.channels,
        trial=Trial(rooms.store, rooms.vault, rooms.channels),
        intake=rooms.intake,
        planner=Planner(rooms.store, rooms.posts, rooms.intake),
        bulk=bulk.BulkReceiver(rooms.store, rooms.engine, rooms.intake.once),
        health={
            "store": partial(_store_health, rooms.store),
            "worker": partial(_worker_health, rooms.engine),
            "load": partial(_load_health, rooms.store, rooms.engine),
            "time": partial(_time_health, rooms.engine),
            "networks": _versions_health,
        },
    )


async def _store_health(store: Store) -> dict[str, Any]:
    reason = await store.trouble()
    return {"ok": True} if reason is None else {"ok": False, "reason": reason}


async def _worker_health(engine: Engine) -> dict[str, Any]:
    silence = await engine.silence()
    if silence > 30:
        return {"ok": False, "reason": "No worker has been heard for 30 seconds. Start `polypost worker`."}
    return {"ok": True, "lastHeardSeconds": round(silence, 1)}


async def _load_health(store: Store, engine: Engine) -> dict[str, Any]:
    """Good whatever it says: numbers only, for this address is open to all."""
    try:
        due, since = await store.read(lambda db: waits.overdue(db, clock.now()))
    except StoreUnavailable:
        # The store's own entry says so.
        return {"ok": True, **engine.numbers()}
    return {"ok": True, **engine.numbers(), "overdue": due, "overdueSeconds": round(since, 1)}


async def _versions_health() -> dict[str, Any]:
    """Good whatever it says: a version that ends soon is a warning, and other networks go on after it."""
    warnings = ending(clock.now().date())
    return {"ok": True, "warnings": warnings} if warnings else {"ok": True}


async def _time_health(engine: Engine) -> dict[str, Any]:
    trouble = engine.clock_trouble()
    told: dict[str, Any] = {"now": clock.iso(clock.now()), "tzdata": clock.tzdata_version()}
    return {"ok": True, **told} if trouble is None else {"ok": False, "reason": trouble, **told}


def _engine(settings: Settings, store: Store, owner: str) -> Engine:
    if settings.database_url is None:
        return EmbeddedEngine(store, workers=settings.workers)
    from polypost.engine.pgqueuer import PgQueuerEngine
    from polypost.storage.postgres import PostgresStore

    assert isinstance(store, PostgresStore)
    return PgQueuerEngine(
        store,
        settings.database_url,
        workers=settings.workers,
        lease=timedelta(seconds=settings.lease_seconds),
        owner=owner,
    )


def _provider(settings: Settings, surroundings: Surroundings, networks: Networks) -> Provider:
    """The operator's endpoint for texts and pictures; the sandbox's own where there is one and none is named."""
    if settings.ai_url is None and surroundings.model_url is not None:
        return Provider(
            networks,
            url=surroundings.model_url,
            key="sandbox",
            text_model="sandbox-text",
            image_model="sandbox-image",
        )
    return Provider(
        networks,
        url=settings.ai_url,
        key=settings.ai_key,
        text_model=settings.ai_text_model,
        image_model=settings.ai_image_model,
    )


def _network_url(settings: Settings, surroundings: Surroundings, platform: str) -> str | None:
    return settings.platform(platform, "URL") or surroundings.urls.get(platform)


def _app_of(settings: Settings, surroundings: Surroundings, platform: str) -> App | None:
    client_id = settings.platform(platform, "CLIENT_ID")
    if client_id is not None:
        further = (settings.platform(platform, "SCOPES") or "").replace(",", " ").split()
        return App(client_id, settings.platform(platform, "CLIENT_SECRET") or "", scopes=tuple(further))
    return surroundings.apps.get(platform)


def _plan(settings: Settings) -> Plan:
    lease = timedelta(seconds=settings.webhook_timeout_seconds + settings.lease_seconds)
    # One writer does everything on SQLite; PostgreSQL finds few events faster than many.
    gather = GATHER_SECONDS if settings.database_url is None else 0.0
    return Plan(lease=lease, retry_at=settings.webhook_retry_at, gather=gather)


def _mailer(settings: Settings, surroundings: Surroundings) -> Mailer | None:
    if settings.smtp_url is not None:
        if settings.mail_from is None:
            raise NotConfigured(
                "POLYPOST_SMTP_URL is set, and nobody to send as.",
                next_step="Set POLYPOST_MAIL_FROM to the address that mails come from.",
            )
        return Mailer(settings.smtp_url, settings.mail_from)
    if surroundings.smtp_url is not None:
        return Mailer(surroundings.smtp_url, settings.mail_from or SANDBOX_SENDER)
    return None


async def _every(seconds: float, call: Callable[[], Any]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await call()
        except Exception:
            log.exception("housekeeping failed")


async def demo_project(rooms: Rooms, name: str) -> access.Project:
    """The project called `name`; made when there is none."""

    def find_or_make(db: Connection) -> access.Project:
        for project in access.list_projects(db):
            if project.name == name:
                return project
        return access.create_project(db, name)

    return await rooms.store.write(find_or_make)


__all__ = ["Rooms", "Surroundings", "application", "demo_project", "open_rooms"]
