"""What the settings mean: each room's own values and tools, made of them."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from polypost.ai import Provider
from polypost.engine import Engine
from polypost.engine.embedded import EmbeddedEngine
from polypost.errors import NotConfigured
from polypost.integrations import Introduce, Vault
from polypost.media import Library, PullAddresses, Signer, Uploads, bucket_of
from polypost.outbound import Fetcher, Guard, Mailer, Networks
from polypost.platforms.base import App
from polypost.platforms.registry import BUILT_IN, connectors
from polypost.posts.media_fit import Rules
from polypost.publishing import Policy
from polypost.settings import Settings
from polypost.storage import Store
from polypost.webhooks import Plan

GATHER_SECONDS = 0.1
SANDBOX_SENDER = "polypost@sandbox.example"


@dataclass(slots=True)
class Surroundings:
    """What stands in for the networks: addresses, app credentials, demo media and mail server of a sandbox; empty without one.

    `loopback` says that nobody else reaches this server, so that it may reach what runs beside it. `introduce` makes an
    app and its redirect address known to a network.
    """

    urls: dict[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    loopback: bool = False
    apps: dict[str, App] = field(default_factory=dict)
    model_url: str | None = None
    smtp_url: str | None = None
    introduce: Introduce | None = None


def guard_of(settings: Settings, surroundings: Surroundings) -> Guard:
    """Where users' URLs may lead: an operator's own list says all."""
    return Guard(
        [*settings.allow_addresses, *surroundings.allow],
        loopback=surroundings.loopback and not settings.allow_addresses,
    )


def networks_of(settings: Settings, surroundings: Surroundings, guard: Guard) -> Networks:
    """The networks, at their own addresses or at those that stand in for them."""
    urls = {platform: url for platform in BUILT_IN if (url := _network_url(settings, surroundings, platform))}
    named = [each.spec.id for each in connectors() if each.spec.own_servers]
    return Networks(urls, guard=guard, guarded=named)


def policy_of(settings: Settings, networks: Networks) -> Policy:
    """How publishing tries, waits and gives up."""
    return Policy(
        lease=timedelta(seconds=settings.lease_seconds),
        heartbeat=settings.heartbeat,
        reconcile_at=settings.reconcile_at,
        attempts=settings.attempts,
        attempt_span=timedelta(hours=settings.attempt_hours),
        late_grace=timedelta(hours=settings.late_grace_hours),
        rules=rules_of(settings, networks),
    )


def rules_of(settings: Settings, networks: Networks) -> Rules:
    """What this server does with media."""
    return Rules(
        strict=settings.media_fit == "strict",
        keep_metadata=settings.keep_media_metadata,
        lends=PullAddresses(Signer(tuple), settings.public_url).lends,
        nearby=frozenset(networks.overrides),
    )


def host_of(settings: Settings) -> str:
    """How rows of files name this machine's data folder."""
    return f"{socket.gethostname()}:{settings.data.resolve()}"


def media_of(
    settings: Settings, store: Store, vault: Vault, fetcher: Fetcher, server: str, public_url: str
) -> tuple[Library, Uploads]:
    """The library of media, and what was uploaded."""
    host = host_of(settings)
    lending = Signer(partial(vault.derived, "media addresses"))
    uploads = Uploads(
        store,
        settings.data / "uploads",
        host=host,
        signer=Signer(partial(vault.derived, "uploads")),
        bucket=bucket_of(settings),
        quota=settings.media_bytes,
    )
    media = Library(
        store,
        fetcher,
        settings.data / "media",
        owner=server,
        host=host,
        addresses=PullAddresses(lending, settings.public_url, public_url),
        uploads=uploads,
        lease=timedelta(seconds=settings.lease_seconds),
    )
    return media, uploads


def engine_of(settings: Settings, store: Store, owner: str) -> Engine:
    """The engine that goes with the store."""
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


def provider_of(settings: Settings, surroundings: Surroundings, networks: Networks) -> Provider:
    """The operator's endpoint for texts and images; the sandbox's own where there is one and none is named."""
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


def app_of(settings: Settings, surroundings: Surroundings, platform: str) -> App | None:
    """The operator's OAuth app on a network; the sandbox's where none is set; None without either."""
    client_id = settings.platform(platform, "CLIENT_ID")
    if client_id is not None:
        further = (settings.platform(platform, "SCOPES") or "").replace(",", " ").split()
        return App(client_id, settings.platform(platform, "CLIENT_SECRET") or "", scopes=tuple(further))
    return surroundings.apps.get(platform)


def plan_of(settings: Settings) -> Plan:
    """How webhooks are tried and gathered."""
    lease = timedelta(seconds=settings.webhook_timeout_seconds + settings.lease_seconds)
    # One writer does everything on SQLite; PostgreSQL finds few events faster than many.
    gather = GATHER_SECONDS if settings.database_url is None else 0.0
    return Plan(lease=lease, retry_at=settings.webhook_retry_at, gather=gather)


def mailer_of(settings: Settings, surroundings: Surroundings) -> Mailer | None:
    """Who sends mails; None where nobody does. Raises NotConfigured."""
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
