"""Tokens that live now: refreshed ahead of their end, by one at a time, stored before they are used (K4, P14)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, bindparam, select

from polypost import clock
from polypost.errors import (
    NoAnswer,
    NotSent,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    StoreUnavailable,
    Unavailable,
)
from polypost.integrations import leases, service
from polypost.integrations.apps import Apps
from polypost.integrations.leases import Held
from polypost.integrations.tables import RENEWED, integrations
from polypost.integrations.vault import Vault
from polypost.observability import failpoints, metrics
from polypost.outbound import Networks, on_behalf_of
from polypost.platforms import registry
from polypost.platforms.base import Connector, Tokens
from polypost.storage import Store, new_id

log = structlog.get_logger("polypost.integrations")
AGAIN = timedelta(hours=1)
STORE_PAUSES = (0.1, 0.5, 2.0, 5.0)
RENEWALS = 20
_LOST = (
    "The network renewed this account's authorisation, but its answer was lost on the way, and it does not "
    "take the old token any more."
)

_TO_RENEW = (
    select(integrations.c.project_id, integrations.c.id)
    .where(RENEWED, integrations.c.renew_at <= bindparam("now"))
    .order_by(integrations.c.renew_at)
    .limit(RENEWALS)
)


class TokenSource:
    """Gives out live tokens; one instance a process, on one event loop."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        networks: Networks,
        apps: Apps,
        *,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._store = store
        self._vault = vault
        self._networks = networks
        self._apps = apps
        self._connectors = connectors
        self._flights: dict[tuple[str, str, str | None], asyncio.Task[Tokens]] = {}

    def at_hand(
        self, db: Connection, row: service.WholeRow | None
    ) -> tuple[service.Integration | None, Tokens | None]:
        """The account, None when it is gone, and its tokens if they live now; else `live` renews them, or says why not.

        `row` is what `leases.question` found.
        """
        account, held = leases.at_hand(db, self._vault, row)
        return account, None if held is None or held.due(None, clock.now()) else held.tokens

    async def live(self, project_id: str, integration_id: str, *, refused: str | None = None) -> Tokens:
        """Tokens that live now; with `refused`, others than the access token that a network just refused.

        Raises ReconnectRequired when only a person can help, Unavailable or RateLimited when the network
        could not be asked.
        """
        held = await self._store.read(lambda db: leases.load(db, self._vault, project_id, integration_id))
        if not held.due(refused, clock.now()):
            return held.tokens
        key = (project_id, integration_id, refused)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._renew(*key))
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        # A refresh that has begun must end in the store, whoever stops waiting for it.
        return await asyncio.shield(flight)

    async def renew_due(self) -> int:
        """Renew accounts whose authorisation would end unused, twenty at most; returns how many were tried.

        For a periodic job of the server. What fails is tried again later or marked on the account.
        """
        now = clock.now()
        rows = await self._store.read(lambda db: db.execute(_TO_RENEW, {"now": now}).all())
        tries = [self.live(row.project_id, row.id) for row in rows]
        for outcome in await asyncio.gather(*tries, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, PlatformError):
                raise outcome
        return len(rows)

    async def aclose(self) -> None:
        """Let refreshes that have begun come to their end."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    async def _renew(self, project_id: str, integration_id: str, refused: str | None) -> Tokens:
        owner = new_id("lease")
        with self._store.signals.listen(leases.topic(integration_id)) as news:
            while True:
                held, mine = await self._store.write(
                    lambda db: leases.claim(db, self._vault, project_id, integration_id, refused, owner)
                )
                if mine:
                    break
                if not held.due(refused, clock.now()):
                    return held.tokens
                await news.wait(1.0)
        return await self._refresh(held, refused, owner)

    async def _refresh(self, held: Held, refused: str | None, owner: str) -> Tokens:
        on_behalf_of(held.project_id)
        connector = self._connectors(held.platform)
        app = await self._store.read(
            lambda db: self._apps.find(db, held.project_id, held.platform, held.app_id)
        )
        if connector is None or app is None:
            trouble = Unavailable(f"This server has no app for {held.platform}.", code="not_configured")
            return await self._not_now(held, refused, owner, trouble, in_doubt=held.in_doubt)
        # Where each refresh token works once, an answer that was lost may have taken the last one along.
        oauth = connector.spec.oauth
        rotates = oauth is None or oauth.refresh_rotates
        doubt = rotates and held.in_doubt
        try:
            fresh = await connector.login.refresh(self._networks.client(held.platform), app, held.tokens)
        except ReconnectRequired as refusal:
            return await self._refused(held, refused, owner, refusal, in_doubt=doubt)
        except Rejected as refusal:
            # The app is refused, not the account: its tokens are as they were.
            _tell(held, "app_refused", refusal)
            await self._release(held, owner, in_doubt=doubt, renew_at=held.renew_at)
            raise
        except RateLimited as limited:
            return await self._not_now(held, refused, owner, limited, in_doubt=doubt)
        except NotSent as trouble:
            return await self._not_now(held, refused, owner, _unavailable(trouble), in_doubt=doubt)
        except (NoAnswer, Unavailable) as trouble:
            return await self._not_now(held, refused, owner, _unavailable(trouble), in_doubt=rotates)
        except Exception:
            await self._release(held, owner, in_doubt=rotates, renew_at=held.renew_at)
            raise
        failpoints.hit("P14", held.platform)
        metrics.REFRESHES.add(held.platform, "renewed")
        return await self._keep(held, _completed(held.tokens, fresh))

    async def _keep(self, held: Held, fresh: Tokens) -> Tokens:
        kept = await self._stored(held, fresh)
        lost = set(held.tokens.scopes) - set(kept.scopes)
        if lost:
            said = f"The account took back permissions: {', '.join(sorted(lost))}."
            await self._store.write(
                lambda db: service.mark_reconnect(db, held.project_id, held.id, "access_revoked", detail=said)
            )
            raise ReconnectRequired(said, reason="access_revoked")
        return kept

    async def _stored(self, held: Held, fresh: Tokens) -> Tokens:
        """Store the new pair, with some patience: a pair that is lost here may be the last one."""
        for pause in STORE_PAUSES:
            try:
                return await self._store.write(lambda db: leases.keep(db, self._vault, held, fresh))
            except StoreUnavailable:
                await asyncio.sleep(pause)
        return await self._store.write(lambda db: leases.keep(db, self._vault, held, fresh))

    async def _refused(
        self, held: Held, refused: str | None, owner: str, refusal: ReconnectRequired, *, in_doubt: bool
    ) -> Tokens:
        metrics.REFRESHES.add(held.platform, "refused")
        if not held.expiring(refused, clock.now()):
            # Some accounts cannot be renewed, and yet work until their token ends.
            await self._release(held, owner, in_doubt=in_doubt, renew_at=held.tokens.access_expires_at)
            return held.tokens
        said = _LOST if in_doubt else str(refusal)
        reason = "refresh_rejected" if in_doubt else refusal.reason
        newer = await self._store.write(lambda db: leases.give_up(db, self._vault, held, reason, said))
        if newer is not None:
            return newer
        raise ReconnectRequired(said, reason=reason) from refusal

    async def _not_now(
        self, held: Held, refused: str | None, owner: str, error: PlatformError, *, in_doubt: bool
    ) -> Tokens:
        """The network could not be asked: go on with a token that still lives, else say so."""
        _tell(held, "later", error)
        if held.expiring(refused, clock.now()):
            await self._release(held, owner, in_doubt=in_doubt, renew_at=held.renew_at)
            raise error
        await self._release(held, owner, in_doubt=in_doubt, renew_at=clock.now() + AGAIN)
        return held.tokens

    async def _release(self, held: Held, owner: str, *, in_doubt: bool, renew_at: datetime | None) -> None:
        await self._store.write(
            partial(leases.release, held=held, owner=owner, in_doubt=in_doubt, renew_at=renew_at)
        )


def _tell(held: Held, outcome: str, error: PlatformError) -> None:
    """Say that an authorisation was not renewed."""
    metrics.REFRESHES.add(held.platform, outcome)
    told = {"integration": held.id, "network": held.platform, "project": held.project_id, "outcome": outcome}
    log.warning("an authorisation was not renewed", **told, code=error.code, reason=error.message)


def _unavailable(trouble: NotSent | NoAnswer | Unavailable) -> Unavailable:
    return Unavailable(str(trouble), code=trouble.code)


def _completed(old: Tokens, fresh: Tokens) -> Tokens:
    """`fresh` with what networks leave out of a refresh because it has not changed."""
    kept = fresh.refresh_token is None
    return replace(
        fresh,
        refresh_token=old.refresh_token if kept else fresh.refresh_token,
        refresh_expires_at=fresh.refresh_expires_at or (old.refresh_expires_at if kept else None),
        scopes=fresh.scopes or old.scopes,
        extra={**old.extra, **fresh.extra},
    )
